-- The guide's schema as its models would create it. Keys and indexes come in 30_keys.sql: the load is quick then.
CREATE TYPE ticketstatus   AS ENUM ('OPEN','IN_PROGRESS','WAITING_ON_CUSTOMER','RESOLVED','CLOSED');
CREATE TYPE ticketpriority AS ENUM ('LOW','MEDIUM','HIGH','URGENT');

CREATE TABLE users (
  id serial NOT NULL, email varchar(255) NOT NULL, full_name varchar(255) NOT NULL,
  is_active boolean NOT NULL, is_staff boolean NOT NULL, password_hash varchar(255) NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(),
  last_login timestamptz);
CREATE TABLE tickets (
  id serial NOT NULL, ticket_number varchar(50) NOT NULL, title varchar(500) NOT NULL,
  description text NOT NULL, status ticketstatus NOT NULL, priority ticketpriority NOT NULL,
  creator_id integer NOT NULL, assignee_id integer, deleted_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(),
  resolved_at timestamptz);
CREATE TABLE comments (
  id serial NOT NULL, content text NOT NULL, is_internal boolean NOT NULL,
  ticket_id integer NOT NULL, author_id integer NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE tags (
  id serial NOT NULL, name varchar(100) NOT NULL, color varchar(7) NOT NULL,
  description varchar(500), created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE ticket_tags (
  ticket_id integer NOT NULL, tag_id integer NOT NULL, created_at timestamptz DEFAULT now());
-- Named by a relationship in the guide but never defined there; least that lets it map.
CREATE TABLE attachments (
  id serial NOT NULL, ticket_id integer NOT NULL, filename varchar(255) NOT NULL);
CREATE TABLE audit_logs (
  id serial NOT NULL, table_name varchar(100) NOT NULL, record_id integer NOT NULL,
  action varchar(50) NOT NULL, user_id integer, changes json,
  created_at timestamptz NOT NULL DEFAULT now());
