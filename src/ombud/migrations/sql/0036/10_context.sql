-- What triggers and policies ask for every row, so that asking costs next to nothing: PostgreSQL writes a function
-- into the statement that calls it if it has no SET, and one whose body is parsed when it is made needs none, for no
-- search_path can change what it means. Called, each took one to two microseconds, and an update of one ticket made
-- six such calls (docs/performance.md).
CREATE OR REPLACE FUNCTION ombud.actor_kind() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
  RETURN nullif(current_setting('ombud.kind', true), '');

CREATE OR REPLACE FUNCTION ombud.actor_id() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
  RETURN nullif(current_setting('ombud.user_id', true), '')::bigint;

CREATE OR REPLACE FUNCTION ombud.is_curating() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
  RETURN coalesce(current_setting('ombud.curating', true), '') = 'on';

CREATE OR REPLACE FUNCTION ombud.actor_may(VARIADIC wanted text[]) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
  RETURN current_setting('ombud.kind', true) IN ('admin', 'customer', 'system')
      OR coalesce(nullif(current_setting('ombud.permissions', true), ''), '{}')::text[] && wanted;

CREATE OR REPLACE FUNCTION ombud.actor_reads_only(team bigint) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
  RETURN current_setting('ombud.kind', true) = 'agent'
     AND coalesce(team = ANY (coalesce(nullif(current_setting('ombud.read_teams', true), ''), '{}')::bigint[]), false);

CREATE OR REPLACE FUNCTION ombud.is_status_move(old_status text, new_status text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
  RETURN CASE old_status
    WHEN 'open' THEN new_status IN ('in_progress', 'waiting_on_customer', 'resolved', 'closed')
    WHEN 'in_progress' THEN new_status IN ('open', 'waiting_on_customer', 'resolved', 'closed')
    WHEN 'waiting_on_customer' THEN new_status IN ('open', 'in_progress', 'resolved', 'closed')
    WHEN 'resolved' THEN new_status IN ('open', 'in_progress', 'closed')
    WHEN 'closed' THEN new_status = 'open'
    ELSE false END;

-- It has the owner's power over the sequence, so it keeps its SET; PL/pgSQL is called at half the cost.
CREATE OR REPLACE FUNCTION ombud.next_ticket_number() RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  RETURN nextval('ombud.ticket_number_seq')::text;
END $$;
