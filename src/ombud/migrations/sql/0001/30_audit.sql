-- The audit log: one row per changed row, whatever changed it. Statement-level triggers with transition
-- tables, so that bulk statements, COPY and cascades cost one insert per statement and none escapes.
-- Each table has a trigger function of its own, made by ombud.audit_table: comparing columns by name costs a
-- third of comparing two documents (docs/adr/0013-audit.md).

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

-- What all rows of one statement have in common, as the beginning of what is hashed (see ombud.audit.leaves,
-- which does the same in Python). The lengths keep two texts from sharing a beginning.
CREATE FUNCTION ombud.audit_head(
  xid bigint, moment timestamptz, table_name text, action text, actor text, user_id bigint, request text
) RETURNS text LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
  SELECT concat_ws(E'\n', 'ombud-audit-1', xid, (extract(epoch FROM moment) * 1000000)::bigint, table_name,
                   action, coalesce(user_id::text, ''), length(actor), actor, length(request), request)
$$;

-- The hash of one row of the log. Without SET, so that PostgreSQL writes it into the statement that calls it.
CREATE FUNCTION ombud.audit_leaf(
  head text, id bigint, record_id bigint, ticket_id bigint, record_key jsonb, changes jsonb
) RETURNS bytea LANGUAGE sql STABLE AS $$
  SELECT pg_catalog.sha256(pg_catalog.convert_to(
    head || E'\n' || id::text || E'\n' || coalesce(record_id::text, '') || E'\n' || coalesce(ticket_id::text, '')
      || E'\n' || record_key::text || E'\n'
      || pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(changes::text, 'UTF8')), 'hex'), 'UTF8'))
$$;

-- One statement that logs the rows of `source`. What it computes for each row is put together from the
-- table's columns; what a statement's rows share (moment, actor, ...) are variables of the trigger function.
CREATE FUNCTION ombud.audit_insert(action text, record_id text, record_key text, ticket_id text, changes text,
                                   source text)
RETURNS text LANGUAGE sql IMMUTABLE SET search_path = pg_catalog AS $$
  SELECT format($code$
    INSERT INTO ombud.audit_logs
      (id, created_at, xid, table_name, record_id, record_key, ticket_id, action, actor, user_id, request_id,
       changes, leaf)
    SELECT d.id, moment, transaction_id, TG_TABLE_NAME, d.record_id, d.record_key, d.ticket_id, %L, actor,
           person, request, d.changes,
           ombud.audit_leaf(head, d.id, d.record_id, d.ticket_id, d.record_key, d.changes)
      FROM (SELECT nextval('ombud.audit_logs_id_seq') AS id, %s AS record_id, %s AS record_key,
                   %s AS ticket_id, %s AS changes
              FROM %s) d;$code$, action, record_id, record_key, ticket_id, changes, source)
$$;

-- Put the trigger function and its three triggers on a table, or make them anew after its columns changed.
-- `keys`: the key's columns. `ticket_column`: the column that holds the ticket's id. `secrets`: columns of which
-- the log says only that they changed. `omitted`: columns that follow from others or move with every change.
CREATE FUNCTION ombud.audit_table(
  target regclass, keys text[], ticket_column text DEFAULT NULL, secrets text[] DEFAULT '{}',
  omitted text[] DEFAULT '{}'
) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $generator$
DECLARE
  name text := (SELECT c.relname FROM pg_class c WHERE c.oid = target);
  function_name text := format('ombud.%I', 'audit_of_' || name);
  id text := CASE WHEN 'id' = ANY (keys) THEN 'r.id' ELSE 'NULL::bigint' END;
  key text := (SELECT format('jsonb_build_object(%s)', string_agg(format('%1$L, r.%1$I', k), ', ')) FROM unnest(keys) k);
  ticket text := CASE WHEN ticket_column IS NULL THEN 'NULL::bigint' ELSE format('r.%I', ticket_column) END;
  created text;
  deleted text;
  changed text;
  documents text;  -- stripping nulls would reach into JSON columns, so they are added one by one
BEGIN
  SELECT string_agg(format('%1$L, CASE WHEN r.%1$I IS NOT NULL THEN jsonb_build_array(r.%1$I, NULL) END', c), ', ')
           FILTER (WHERE NOT c = ANY (secrets)),
         string_agg(format('%1$L, CASE WHEN r.%1$I IS NOT NULL THEN jsonb_build_array(NULL, r.%1$I) END', c), ', ')
           FILTER (WHERE NOT c = ANY (omitted || secrets)),
         string_agg(format('%1$L, CASE WHEN o.%1$I IS DISTINCT FROM r.%1$I THEN %2$s END', c,
                           CASE WHEN c = ANY (secrets) THEN '''["***", "***"]''::jsonb'
                                ELSE format('jsonb_build_array(o.%1$I, r.%1$I)', c) END), ', ')
           FILTER (WHERE NOT c = ANY (omitted) AND NOT is_document),
         string_agg(format(' || CASE WHEN o.%1$I IS DISTINCT FROM r.%1$I '
                           'THEN jsonb_build_object(%1$L, jsonb_build_array(o.%1$I, r.%1$I)) ELSE ''{}'' END', c), '')
           FILTER (WHERE NOT c = ANY (omitted || secrets) AND is_document)
    INTO deleted, created, changed, documents
    FROM (SELECT a.attname::text AS c, a.atttypid IN ('json'::regtype, 'jsonb'::regtype) AS is_document
            FROM pg_attribute a
           WHERE a.attrelid = target AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum) columns;
  created := format('jsonb_strip_nulls(jsonb_build_object(%s))', created);
  deleted := format('jsonb_strip_nulls(jsonb_build_object(%s))', deleted);
  changed := format('jsonb_strip_nulls(jsonb_build_object(%s))%s', changed, documents);
  EXECUTE format($function$
CREATE OR REPLACE FUNCTION %1$s() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog SET plan_cache_mode = force_generic_plan SET enable_nestloop = off AS $body$
DECLARE
  actor text;
  head text;
  moment CONSTANT timestamptz := now();
  transaction_id bigint;
  person bigint;
  request text;
  touched int;
BEGIN
  IF TG_OP = 'DELETE' THEN
    touched := (SELECT count(*) FROM (SELECT FROM old_rows LIMIT 2) seen);
  ELSE
    touched := (SELECT count(*) FROM (SELECT FROM new_rows LIMIT 2) seen);
  END IF;
  IF touched = 0 THEN
    RETURN NULL;
  END IF;
  actor := ombud.audit_actor();
  transaction_id := pg_current_xact_id()::text::bigint;
  person := nullif(current_setting('ombud.user_id', true), '')::bigint;
  request := coalesce(nullif(current_setting('ombud.request_id', true), ''), '-');
  head := ombud.audit_head(transaction_id, moment, TG_TABLE_NAME,
                           CASE TG_OP WHEN 'INSERT' THEN 'CREATE' ELSE TG_OP END, actor, person, request);
  IF TG_OP = 'INSERT' THEN%2$s
  ELSIF TG_OP = 'DELETE' THEN%3$s
  ELSIF touched = 1 THEN%4$s
  ELSE
    -- Both tables list the rows in the same order: numbering pairs them even if a key changed.%5$s
  END IF;
  RETURN NULL;
END $body$$function$, function_name,
    ombud.audit_insert('CREATE', id, key, ticket, created, 'new_rows r'),
    ombud.audit_insert('DELETE', id, key, ticket, deleted, 'old_rows r'),
    ombud.audit_insert('UPDATE', id, key, ticket, changed, 'old_rows o CROSS JOIN new_rows r'),
    ombud.audit_insert('UPDATE', id, key, ticket, changed,
                       '(SELECT *, row_number() OVER () AS audit_row FROM old_rows) o '
                       'JOIN (SELECT *, row_number() OVER () AS audit_row FROM new_rows) r USING (audit_row)'));
  EXECUTE format('CREATE OR REPLACE TRIGGER z_audit_insert AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows '
                 'FOR EACH STATEMENT EXECUTE FUNCTION %s()', target, function_name);
  EXECUTE format('CREATE OR REPLACE TRIGGER z_audit_update AFTER UPDATE ON %s '
                 'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows '
                 'FOR EACH STATEMENT EXECUTE FUNCTION %s()', target, function_name);
  EXECUTE format('CREATE OR REPLACE TRIGGER z_audit_delete AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows '
                 'FOR EACH STATEMENT EXECUTE FUNCTION %s()', target, function_name);
END $generator$;

-- What every change moves (updated_at, version) is implied by the row's place in the log, and generated columns
-- by the others; both are left out of differences.
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

-- Partitions by month, made ahead. The default ones catch what nobody foresaw, so no write ever fails.
CREATE TABLE ombud.audit_logs_default PARTITION OF ombud.audit_logs DEFAULT;
CREATE TABLE ombud.access_logs_default PARTITION OF ombud.access_logs DEFAULT;

CREATE FUNCTION ombud.ensure_audit_partitions(months_ahead int DEFAULT 3) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  log text;
  month_start timestamptz;
  partition_name text;
  made int := 0;
BEGIN
  FOREACH log IN ARRAY ARRAY['audit_logs', 'access_logs'] LOOP
    FOR i IN 0..months_ahead LOOP
      month_start :=
        (date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => i)) AT TIME ZONE 'UTC';
      partition_name := log || '_' || to_char(month_start AT TIME ZONE 'UTC', 'YYYY_MM');
      IF to_regclass('ombud.' || partition_name) IS NULL THEN
        EXECUTE format(
          'CREATE TABLE ombud.%I PARTITION OF ombud.%I FOR VALUES FROM (%L) TO (%L)', partition_name, log,
          month_start, ((month_start AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC');
        EXECUTE format('ALTER TABLE ombud.%I ENABLE ROW LEVEL SECURITY', partition_name);
        EXECUTE format('ALTER TABLE ombud.%I FORCE ROW LEVEL SECURITY', partition_name);
        made := made + 1;
      END IF;
    END LOOP;
  END LOOP;
  RETURN made;
END $$;

SELECT ombud.ensure_audit_partitions();

-- Which tickets changed between a moment (pg_current_snapshot, as text) and now, whoever changed them and in
-- whatever order they committed; more than 100 mean "look again". Each process with open pages asks it
-- when an edge has nudged, and every half second: NOTIFY in the trigger makes all commits wait for each other (docs/adr/0013-audit.md).
CREATE FUNCTION ombud.tickets_changed(since text) RETURNS TABLE (moment text, ticket_ids bigint[])
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT pg_current_snapshot()::text,
         ARRAY(SELECT DISTINCT l.ticket_id FROM ombud.audit_logs l
                WHERE l.xid >= pg_snapshot_xmin(since::pg_snapshot)::text::bigint
                  AND NOT pg_visible_in_snapshot(l.xid::text::xid8, since::pg_snapshot)
                  AND l.ticket_id IS NOT NULL
                LIMIT 101)
$$;

-- How many rows one request wrote, whoever may see them: what takes a request back must see all of it.
CREATE FUNCTION ombud.count_request_changes(request text) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS
$$ SELECT count(*) FROM ombud.audit_logs WHERE request_id = request $$;
