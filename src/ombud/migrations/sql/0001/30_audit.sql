-- The audit log: one row per changed row, whatever changed it. Statement-level triggers with transition
-- tables, so that bulk statements, COPY and cascades cost one insert per statement and none escapes.

-- Who acts, or an error: a write that nobody answers for is refused.
CREATE FUNCTION ombud.audit_actor() RETURNS text LANGUAGE plpgsql STABLE SET search_path = pg_catalog AS $$
DECLARE
  actor text := nullif(current_setting('ombud.actor', true), '');
BEGIN
  IF actor IS NULL THEN
    RAISE EXCEPTION 'no actor is set for this transaction'
      USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'ombud_actor_required';
  END IF;
  RETURN actor;
END $$;

-- Columns whose values never enter the log, and those that every change moves.
CREATE FUNCTION ombud.audit_row(r jsonb, omitted text[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS
$$ SELECT jsonb_strip_nulls(r - omitted) $$;

CREATE FUNCTION ombud.audit_diff(o jsonb, n jsonb, omitted text[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
  SELECT coalesce(jsonb_object_agg(e.key, jsonb_build_array(o -> e.key, e.value)), '{}')
    FROM jsonb_each(n - omitted) e
   WHERE e.value IS DISTINCT FROM o -> e.key
$$;

CREATE FUNCTION ombud.audit_masked(changes jsonb, o jsonb, n jsonb, secrets text[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
  SELECT changes || coalesce((SELECT jsonb_object_agg(s, '["***", "***"]'::jsonb) FROM unnest(secrets) s
                               WHERE o -> s IS DISTINCT FROM n -> s), '{}')
$$;

CREATE FUNCTION ombud.audit_key(r jsonb, key_columns text[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS
$$ SELECT jsonb_object_agg(k, r -> k) FROM unnest(key_columns) k $$;

-- Arguments: key columns, secret columns, columns omitted, the column that holds the ticket's id ('' if none).
CREATE FUNCTION ombud.audit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  keys text[] := TG_ARGV[0]::text[];
  secrets text[] := TG_ARGV[1]::text[];
  omitted text[] := TG_ARGV[2]::text[] || secrets;
  ticket_column text := TG_ARGV[3];
  actor text;
  request text := coalesce(nullif(current_setting('ombud.request_id', true), ''), '-');
  touched bigint[];
BEGIN
  IF TG_OP = 'INSERT' THEN
    PERFORM FROM new_rows LIMIT 1;
    IF NOT FOUND THEN RETURN NULL; END IF;
    actor := ombud.audit_actor();
    INSERT INTO ombud.audit_logs
      (table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id, changes)
    SELECT TG_TABLE_NAME, (r ->> 'id')::bigint, ombud.audit_key(r, keys), (r ->> ticket_column)::bigint,
           'CREATE', actor, ombud.actor_id(), request,
           (SELECT coalesce(jsonb_object_agg(e.key, jsonb_build_array(NULL, e.value)), '{}')
              FROM jsonb_each(ombud.audit_row(r, omitted)) e)
      FROM (SELECT to_jsonb(n) AS r FROM new_rows n) rows;
  ELSIF TG_OP = 'UPDATE' THEN
    PERFORM FROM new_rows LIMIT 1;
    IF NOT FOUND THEN RETURN NULL; END IF;
    actor := ombud.audit_actor();
    -- Both transition tables list the rows in the same order: the numbering pairs them even if a key moved.
    INSERT INTO ombud.audit_logs
      (table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id, changes)
    SELECT TG_TABLE_NAME, (n.r ->> 'id')::bigint, ombud.audit_key(n.r, keys), (n.r ->> ticket_column)::bigint,
           'UPDATE', actor, ombud.actor_id(), request,
           ombud.audit_masked(ombud.audit_diff(o.r, n.r, omitted), o.r, n.r, secrets)
      FROM (SELECT to_jsonb(t) AS r, row_number() OVER () AS i FROM old_rows t) o
      JOIN (SELECT to_jsonb(t) AS r, row_number() OVER () AS i FROM new_rows t) n USING (i);
  ELSE
    PERFORM FROM old_rows LIMIT 1;
    IF NOT FOUND THEN RETURN NULL; END IF;
    actor := ombud.audit_actor();
    INSERT INTO ombud.audit_logs
      (table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id, changes)
    SELECT TG_TABLE_NAME, (r ->> 'id')::bigint, ombud.audit_key(r, keys), (r ->> ticket_column)::bigint,
           'DELETE', actor, ombud.actor_id(), request,
           (SELECT coalesce(jsonb_object_agg(e.key, jsonb_build_array(e.value, NULL)), '{}')
              FROM jsonb_each(jsonb_strip_nulls(r - secrets)) e)
      FROM (SELECT to_jsonb(o) AS r FROM old_rows o) rows;
  END IF;
  IF ticket_column <> '' THEN
    -- Open pages listen: at most 100 numbers fit a message, more means "look again".
    IF TG_OP = 'DELETE' THEN
      touched := ARRAY(SELECT DISTINCT (to_jsonb(o) ->> ticket_column)::bigint FROM old_rows o LIMIT 101);
    ELSE
      touched := ARRAY(SELECT DISTINCT (to_jsonb(n) ->> ticket_column)::bigint FROM new_rows n LIMIT 101);
    END IF;
    PERFORM pg_notify('ombud_tickets',
                      CASE WHEN cardinality(touched) > 100 THEN '*' ELSE array_to_string(touched, ',') END);
  END IF;
  RETURN NULL;
END $$;

-- Put the three triggers on a table. Later tables call this in their own migration.
CREATE FUNCTION ombud.audit_table(
  target regclass, keys text[], ticket_column text DEFAULT '', secrets text[] DEFAULT '{}',
  omitted text[] DEFAULT '{}'
) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $$
DECLARE
  arguments text := format('%L, %L, %L, %L', keys, secrets, omitted, ticket_column);
BEGIN
  EXECUTE format('CREATE TRIGGER z_audit_insert AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows '
                 'FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit(%s)', target, arguments);
  EXECUTE format('CREATE TRIGGER z_audit_update AFTER UPDATE ON %s '
                 'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows '
                 'FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit(%s)', target, arguments);
  EXECUTE format('CREATE TRIGGER z_audit_delete AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows '
                 'FOR EACH STATEMENT EXECUTE FUNCTION ombud.audit(%s)', target, arguments);
END $$;

-- What every change moves (updated_at, version) is implied by the row's place in the log, and generated
-- columns by the others; both are left out of differences.
SELECT ombud.audit_table('ombud.users', '{id}', secrets => '{password_hash}', omitted => '{updated_at,email_norm}');
SELECT ombud.audit_table('ombud.organizations', '{id}', omitted => '{updated_at}');
SELECT ombud.audit_table('ombud.organization_domains', '{domain}');
SELECT ombud.audit_table('ombud.teams', '{id}', omitted => '{updated_at}');
SELECT ombud.audit_table('ombud.team_members', '{team_id,user_id}');
SELECT ombud.audit_table('ombud.tickets', '{id}', 'id', omitted => '{updated_at,version,priority_rank}');
SELECT ombud.audit_table('ombud.ticket_participants', '{ticket_id,user_id}', 'ticket_id');
SELECT ombud.audit_table('ombud.comments', '{id}', 'ticket_id', omitted => '{updated_at}');
SELECT ombud.audit_table('ombud.attachments', '{id}', 'ticket_id');
SELECT ombud.audit_table('ombud.tags', '{id}');
SELECT ombud.audit_table('ombud.ticket_tags', '{ticket_id,tag_id}', 'ticket_id');
SELECT ombud.audit_table('ombud.api_tokens', '{id}', secrets => '{secret_hash}', omitted => '{last_used_at}');

-- Partitions by month, made ahead. The default one catches what nobody foresaw, so no write ever fails.
CREATE TABLE ombud.audit_logs_default PARTITION OF ombud.audit_logs DEFAULT;

CREATE FUNCTION ombud.ensure_audit_partitions(months_ahead int DEFAULT 3) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  month_start timestamptz;
  partition_name text;
  made int := 0;
BEGIN
  FOR i IN 0..months_ahead LOOP
    month_start := (date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => i)) AT TIME ZONE 'UTC';
    partition_name := 'audit_logs_' || to_char(month_start AT TIME ZONE 'UTC', 'YYYY_MM');
    IF to_regclass('ombud.' || partition_name) IS NULL THEN
      EXECUTE format(
        'CREATE TABLE ombud.%I PARTITION OF ombud.audit_logs FOR VALUES FROM (%L) TO (%L)', partition_name,
        month_start, ((month_start AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC');
      EXECUTE format('ALTER TABLE ombud.%I ENABLE ROW LEVEL SECURITY', partition_name);
      EXECUTE format('ALTER TABLE ombud.%I FORCE ROW LEVEL SECURITY', partition_name);
      made := made + 1;
    END IF;
  END LOOP;
  RETURN made;
END $$;

SELECT ombud.ensure_audit_partitions();
