-- The same data with what the guide only names: composite and partial indexes,
-- full-text and trigram search, roll-ups.  Search lives in a table of its own so
-- that a status change does not rewrite inverted-index entries.
SET maintenance_work_mem='1500MB'; SET synchronous_commit=off;
CREATE EXTENSION IF NOT EXISTS pg_trgm;
DROP INDEX ix_tickets_status, ix_tickets_priority, ix_tickets_created_at;  -- replaced below
CREATE INDEX t_live_created ON tickets(created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX t_live_status  ON tickets(status, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX t_live_asg     ON tickets(assignee_id, status, created_at DESC, id DESC) WHERE deleted_at IS NULL;
CREATE INDEX t_live_prio    ON tickets(priority, created_at DESC, id DESC) WHERE deleted_at IS NULL AND status IN ('OPEN','IN_PROGRESS','WAITING_ON_CUSTOMER');
CREATE INDEX tt_tag         ON ticket_tags(tag_id, ticket_id);
CREATE INDEX c_ticket       ON comments(ticket_id, created_at, id);
DROP INDEX ix_comments_ticket_id;
DROP INDEX ix_tickets_assignee_id;

-- Roll-ups (built once here; a live system keeps them by statement trigger or queue).
CREATE TABLE stat_day_sp  AS SELECT (created_at AT TIME ZONE 'UTC')::date AS day, status, priority, count(*) AS n,
   count(resolved_at) AS nres, coalesce(sum(extract(epoch FROM resolved_at-created_at)),0) AS sres FROM tickets WHERE deleted_at IS NULL GROUP BY 1,2,3;
CREATE TABLE stat_day_asg AS SELECT (created_at AT TIME ZONE 'UTC')::date AS day, assignee_id, count(*) AS n,
   count(resolved_at) AS nres, coalesce(sum(extract(epoch FROM resolved_at-created_at)),0) AS sres FROM tickets WHERE deleted_at IS NULL AND assignee_id IS NOT NULL GROUP BY 1,2;
CREATE TABLE stat_all_sp  AS SELECT status, priority, sum(n)::bigint n, sum(nres)::bigint nres, sum(sres) sres FROM stat_day_sp GROUP BY 1,2;
CREATE TABLE stat_all_asg AS SELECT assignee_id, sum(n)::bigint n, sum(nres)::bigint nres, sum(sres) sres FROM stat_day_asg GROUP BY 1;
ALTER TABLE stat_day_sp ADD PRIMARY KEY(day,status,priority);
ALTER TABLE stat_day_asg ADD PRIMARY KEY(day,assignee_id);
ALTER TABLE stat_all_sp ADD PRIMARY KEY(status,priority);
ALTER TABLE stat_all_asg ADD PRIMARY KEY(assignee_id);

CREATE TABLE ticket_search AS
 SELECT id AS ticket_id, created_at, ticket_number||E'\n'||title||E'\n'||description AS doc,
        strip(to_tsvector('simple', ticket_number||E'\n'||title||E'\n'||description)) AS tsv
 FROM tickets WHERE deleted_at IS NULL;
ALTER TABLE ticket_search ADD PRIMARY KEY(ticket_id);
CREATE INDEX ts_created ON ticket_search(created_at DESC, ticket_id DESC);
CREATE INDEX ts_fts ON ticket_search USING gin(tsv);
CREATE INDEX ts_trgm ON ticket_search USING gin(doc gin_trgm_ops);
