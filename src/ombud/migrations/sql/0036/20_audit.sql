-- The audit log's generator again, with another way to the same differences: each column that has something to say
-- adds its piece of text, and the whole is read as a document once. Building a document for each column, one of them
-- all, and a third without what did not change took a third longer (docs/performance.md). What is stored, and so what
-- is hashed, is the same; but nulls inside a document that is created or deleted are now kept, as they always were
-- when it changed. Tables of later versions, and those whose columns change, get this form by calling it.
CREATE OR REPLACE FUNCTION ombud.audit_table(
  target regclass, keys text[], ticket_column text DEFAULT NULL, secrets text[] DEFAULT '{}',
  omitted text[] DEFAULT '{}'
) RETURNS void LANGUAGE plpgsql SET search_path = pg_catalog AS $generator$
DECLARE
  name text := (SELECT c.relname FROM pg_class c WHERE c.oid = target);
  function_name text := format('ombud.%I', 'audit_of_' || name);
  id text := CASE WHEN 'id' = ANY (keys) THEN 'r.id' ELSE 'NULL::bigint' END;
  key text := (SELECT format('jsonb_build_object(%s)', string_agg(format('%1$L, r.%1$I', k), ', ')) FROM unnest(keys) k);
  document CONSTANT text := $code$('{' || substr(concat(%s), 2) || '}')::jsonb$code$;
  ticket text := CASE WHEN ticket_column IS NULL THEN 'NULL::bigint' ELSE format('r.%I', ticket_column) END;
  created text;
  deleted text;
  changed text;
BEGIN
  SELECT string_agg(format('%1$L || to_json(r.%2$I)::text || '',null]''', named || '[', c), ', ')
           FILTER (WHERE NOT c = ANY (secrets)),
         string_agg(format('%1$L || to_json(r.%2$I)::text || '']''', named || '[null,', c), ', ')
           FILTER (WHERE NOT c = ANY (omitted || secrets)),
         string_agg(format('CASE WHEN o.%1$I IS DISTINCT FROM r.%1$I THEN %2$s END', c,
                           CASE WHEN c = ANY (secrets) THEN quote_literal(named || '["***","***"]')
                                ELSE format('concat(%1$L, coalesce(to_json(o.%2$I)::text, ''null''), '','', '
                                            'coalesce(to_json(r.%2$I)::text, ''null''), '']'')', named || '[', c) END), ', ')
           FILTER (WHERE NOT c = ANY (omitted))
    INTO deleted, created, changed
    FROM (SELECT a.attname::text AS c, ',' || to_json(a.attname::text) || ':' AS named
            FROM pg_attribute a
           WHERE a.attrelid = target AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum) columns;
  created := format(document, created);
  deleted := format(document, deleted);
  changed := format(document, changed);
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

-- The two that bulk changes write.
SELECT ombud.audit_table('ombud.tickets', '{id}', 'id', omitted => '{updated_at,version,priority_rank}');
SELECT ombud.audit_table('ombud.comments', '{id}', 'ticket_id', omitted => '{updated_at}');
