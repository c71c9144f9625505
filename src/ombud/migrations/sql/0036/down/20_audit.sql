-- The generator as it was, and the functions that it made.
CREATE OR REPLACE FUNCTION ombud.audit_table(
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

SELECT ombud.audit_table('ombud.tickets', '{id}', 'id', omitted => '{updated_at,version,priority_rank}');
SELECT ombud.audit_table('ombud.comments', '{id}', 'ticket_id', omitted => '{updated_at}');
