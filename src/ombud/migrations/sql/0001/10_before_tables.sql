-- What the tables' defaults and generated columns need. Runs as ombud_owner, inside schema ombud.

CREATE SEQUENCE ombud.ticket_number_seq START 1001;

CREATE FUNCTION ombud.next_ticket_number() RETURNS text
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS
$$ SELECT nextval('ombud.ticket_number_seq')::text $$;

-- The context of a transaction. Empty string is what a setting reads as after the transaction that set it.
CREATE FUNCTION ombud.actor_id() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog AS
$$ SELECT nullif(current_setting('ombud.user_id', true), '')::bigint $$;

CREATE FUNCTION ombud.actor_kind() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog AS
$$ SELECT nullif(current_setting('ombud.kind', true), '') $$;

CREATE FUNCTION ombud.actor_scope() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog AS
$$ SELECT nullif(current_setting('ombud.scope', true), '') $$;

CREATE FUNCTION ombud.actor_teams() RETURNS bigint[] LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog AS
$$ SELECT coalesce(nullif(current_setting('ombud.teams', true), ''), '{}')::bigint[] $$;

CREATE FUNCTION ombud.actor_organization() RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog AS
$$ SELECT nullif(current_setting('ombud.organization_id', true), '')::bigint $$;
