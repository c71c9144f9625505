-- The functions as they were.

CREATE OR REPLACE FUNCTION ombud.actor_kind() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog AS
$$ SELECT nullif(current_setting('ombud.kind', true), '') $$;

CREATE OR REPLACE FUNCTION ombud.actor_id() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog AS
$$ SELECT nullif(current_setting('ombud.user_id', true), '')::bigint $$;

CREATE OR REPLACE FUNCTION ombud.is_curating() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog AS
$$ SELECT coalesce(current_setting('ombud.curating', true), '') = 'on' $$;

CREATE OR REPLACE FUNCTION ombud.actor_may(VARIADIC wanted text[]) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
  SELECT current_setting('ombud.kind', true) IN ('admin', 'customer', 'system')
      OR coalesce(nullif(current_setting('ombud.permissions', true), ''), '{}')::text[] && wanted
$$;

CREATE OR REPLACE FUNCTION ombud.actor_reads_only(team bigint) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
  SELECT current_setting('ombud.kind', true) = 'agent'
     AND coalesce(team = ANY (coalesce(nullif(current_setting('ombud.read_teams', true), ''), '{}')::bigint[]), false)
$$;

CREATE OR REPLACE FUNCTION ombud.is_status_move(old_status text, new_status text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
  SELECT CASE old_status
    WHEN 'open' THEN new_status IN ('in_progress', 'waiting_on_customer', 'resolved', 'closed')
    WHEN 'in_progress' THEN new_status IN ('open', 'waiting_on_customer', 'resolved', 'closed')
    WHEN 'waiting_on_customer' THEN new_status IN ('open', 'in_progress', 'resolved', 'closed')
    WHEN 'resolved' THEN new_status IN ('open', 'in_progress', 'closed')
    WHEN 'closed' THEN new_status = 'open'
    ELSE false END
$$;

CREATE OR REPLACE FUNCTION ombud.next_ticket_number() RETURNS text
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS
$$ SELECT nextval('ombud.ticket_number_seq')::text $$;
