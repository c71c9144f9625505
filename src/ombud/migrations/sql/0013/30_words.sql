-- Gathering what has some words, or a part of a text, without ranks: a rank reads the whole document, which takes ten
-- times as long as finding it. Sequential scans are off, because the planner does not know that it would have to
-- unpack every document.

-- The tickets that have these words, at most so many (NULL: all), as match_tickets finds them.
CREATE FUNCTION ombud.found_tickets(
  typed text, kind text, actor bigint, organization bigint, most bigint DEFAULT NULL
) RETURNS bigint[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog SET enable_seqscan = off AS $$
DECLARE
  wanted tsquery := ombud.search_query(typed);
BEGIN
  IF kind IS NULL THEN
    RETURN '{}';
  ELSIF kind = 'customer' THEN
    RETURN ARRAY(
      SELECT s.ticket_id FROM ombud.ticket_search s
       WHERE s.public_document @@ wanted
         AND s.ticket_id IN (
           SELECT t.id FROM ombud.tickets t WHERE t.requester_id = actor
            UNION ALL SELECT t.id FROM ombud.tickets t WHERE t.organization_id = organization
            UNION ALL SELECT p.ticket_id FROM ombud.ticket_participants p WHERE p.user_id = actor)
       LIMIT most);
  END IF;
  RETURN ARRAY(
    SELECT m.ticket_id
      FROM (SELECT s.ticket_id FROM ombud.ticket_search s WHERE s.is_indexed AND s.document @@ wanted
            UNION ALL
            SELECT s.ticket_id FROM ombud.ticket_search s WHERE NOT s.is_indexed AND s.document @@ wanted) m
     LIMIT most);
END $$;

-- The tickets that may have a part in one of their texts, as texts_with finds them, at most so many; for staff.
CREATE FUNCTION ombud.found_texts(part text, kind text, most bigint) RETURNS bigint[]
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog SET enable_seqscan = off AS $$
DECLARE
  pattern text := ombud.containing(part);
BEGIN
  IF kind IS NULL OR kind = 'customer' OR part !~ '[[:alnum:]]{3}' THEN
    RETURN '{}';
  END IF;
  RETURN ARRAY(
    SELECT m.ticket_id
      FROM (SELECT x.ticket_id FROM ombud.ticket_texts x WHERE x.body ILIKE pattern
            UNION ALL
            SELECT s.ticket_id FROM ombud.ticket_search s WHERE NOT s.is_indexed
            UNION ALL
            SELECT s.ticket_id FROM ombud.ticket_search s WHERE s.texts_missing) m
     LIMIT most);
END $$;

REVOKE ALL ON FUNCTION ombud.found_tickets(text, text, bigint, bigint, bigint),
  ombud.found_texts(text, text, bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ombud.found_tickets(text, text, bigint, bigint, bigint),
  ombud.found_texts(text, text, bigint) TO ombud_app;
GRANT CREATE ON SCHEMA ombud TO ombud_search;
ALTER FUNCTION ombud.found_tickets(text, text, bigint, bigint, bigint) OWNER TO ombud_search;
ALTER FUNCTION ombud.found_texts(text, text, bigint) OWNER TO ombud_search;
REVOKE CREATE ON SCHEMA ombud FROM ombud_search;

-- About how many tickets have these words, from the planner's statistics: no row is read. It never expects a prefix in
-- fewer than one ticket in a thousand; that says nothing, and counts as few. (VOLATILE only because EXPLAIN asks.)
CREATE OR REPLACE FUNCTION ombud.search_weight(typed text) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  plan json;
  found bigint;
  everything CONSTANT real := (SELECT c.reltuples FROM pg_class c WHERE c.oid = 'ombud.ticket_search'::regclass);
BEGIN
  EXECUTE format('EXPLAIN (FORMAT JSON) SELECT FROM ombud.ticket_search s WHERE s.document @@ %L::tsquery',
                 ombud.search_query(typed)) INTO plan;
  found := (plan -> 0 -> 'Plan' ->> 'Plan Rows')::bigint;
  RETURN CASE WHEN found <= everything / 900 THEN least(found, 1000) ELSE found END;
END $$;
