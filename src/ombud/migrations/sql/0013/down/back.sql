-- The policies as they were: the same conditions, with the settings read by functions.
CREATE FUNCTION ombud.older_policy(expression text) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog AS $$
DECLARE
  setting text[];
BEGIN
  FOREACH setting SLICE 1 IN ARRAY ARRAY[
    ['(COALESCE(NULLIF(current_setting(''ombud.teams''::text, true), ''''::text), ''{}''::text))::bigint[]', 'teams'],
    ['(NULLIF(current_setting(''ombud.organization_id''::text, true), ''''::text))::bigint', 'organization'],
    ['(NULLIF(current_setting(''ombud.user_id''::text, true), ''''::text))::bigint', 'id'],
    ['NULLIF(current_setting(''ombud.kind''::text, true), ''''::text)', 'kind'],
    ['NULLIF(current_setting(''ombud.scope''::text, true), ''''::text)', 'scope']]
  LOOP
    expression := replace(expression, setting[1], format('ombud.actor_%s()', setting[2]));
  END LOOP;
  RETURN expression;
END $$;

DO $$
DECLARE
  found record;
BEGIN
  FOR found IN
    SELECT p.polname, p.polrelid::regclass AS target, p.polqual IS NOT NULL AS has_using,
           p.polwithcheck IS NOT NULL AS has_check,
           ombud.older_policy(pg_get_expr(p.polqual, p.polrelid)) AS using_now,
           ombud.older_policy(pg_get_expr(p.polwithcheck, p.polrelid)) AS check_now
      FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
     WHERE c.relnamespace = 'ombud'::regnamespace
  LOOP
    EXECUTE format('ALTER POLICY %I ON %s', found.polname, found.target)
      || CASE WHEN found.has_using THEN format(' USING (%s)', found.using_now) ELSE '' END
      || CASE WHEN found.has_check THEN format(' WITH CHECK (%s)', found.check_now) ELSE '' END;
  END LOOP;
END $$;

DROP POLICY people ON ombud.tickets;
CREATE POLICY people ON ombud.tickets TO ombud_web USING (
  (SELECT ombud.actor_scope()) = 'all'
  OR ((SELECT ombud.actor_scope()) = 'teams'
      AND (team_id IS NULL OR team_id = ANY ((SELECT ombud.actor_teams())::bigint[])
           OR assignee_id = (SELECT ombud.actor_id())
           OR id = ANY (ARRAY(SELECT p.ticket_id FROM ombud.ticket_participants p
                               WHERE p.user_id = (SELECT ombud.actor_id())))))
  OR ((SELECT ombud.actor_scope()) = 'own' AND deleted_at IS NULL
      AND (requester_id = (SELECT ombud.actor_id())
           OR organization_id = (SELECT ombud.actor_organization())
           OR id = ANY (ARRAY(SELECT p.ticket_id FROM ombud.ticket_participants p
                               WHERE p.user_id = (SELECT ombud.actor_id()))))));
DROP FUNCTION ombud.older_policy(text), ombud.followed_tickets();

-- Search as it was; what waited for its document gets it now.
SELECT ombud.write_documents(ARRAY(SELECT q.ticket_id FROM ombud.search_queue q));
DROP FUNCTION ombud.index_search_tail(int), ombud.write_queued_documents(int);
ALTER FUNCTION ombud.index_search_documents(int) RENAME TO index_search_tail;
GRANT EXECUTE ON FUNCTION ombud.index_search_tail(int) TO ombud_worker;
CREATE OR REPLACE FUNCTION ombud.search_waiting() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS
$$ SELECT (SELECT count(*) FROM ombud.ticket_search s WHERE NOT s.is_indexed)
        + (SELECT count(*) FROM ombud.ticket_search s WHERE s.texts_missing AND s.is_indexed) $$;
DROP TABLE ombud.search_queue;

CREATE OR REPLACE FUNCTION ombud.search_new_tickets() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  INSERT INTO ombud.ticket_search (ticket_id, document, public_document)
  SELECT f.id, words.d, words.d
    FROM fresh f
    JOIN ombud.users u ON u.id = f.requester_id
   CROSS JOIN LATERAL (SELECT ombud.words(f.ticket_number || ' ' || f.title, 'A')
                           || ombud.words(u.full_name || ' ' || u.email, 'B')
                           || ombud.words(f.description, 'C') AS d) words;
  RETURN NULL;
END $$;

DROP FUNCTION ombud.found_tickets(text, text, bigint, bigint, bigint), ombud.found_texts(text, text, bigint);
CREATE OR REPLACE FUNCTION ombud.search_weight(typed text) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  plan json;
BEGIN
  EXECUTE format('EXPLAIN (FORMAT JSON) SELECT FROM ombud.ticket_search s WHERE s.document @@ %L::tsquery',
                 ombud.search_query(typed)) INTO plan;
  RETURN (plan -> 0 -> 'Plan' ->> 'Plan Rows')::bigint;
END $$;
