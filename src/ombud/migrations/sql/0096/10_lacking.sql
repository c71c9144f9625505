-- Words that are only left out (-printer) and the first letters of most: counted from the list's newer end, in place
-- of a whole index.

CREATE OR REPLACE FUNCTION ombud.found_tickets(typed text, kind text, actor bigint, organization bigint, most bigint DEFAULT NULL::bigint) RETURNS bigint[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET enable_seqscan TO 'off'
    AS $$
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
  ELSIF querytree(wanted) = 'T'
        OR (most IS NOT NULL AND wanted::text ~ '''[^'']{1,3}'':\*$' AND ombud.search_weight(typed) >
            (SELECT c.reltuples FROM pg_class c WHERE c.oid = 'ombud.ticket_search'::regclass) / 3) THEN
    -- No index knows what lacks a word, and of some first letters it knows too much: the newest are looked at, until
    -- there are enough.
    RETURN ARRAY(
      SELECT s.ticket_id FROM ombud.ticket_search s
       WHERE (s.document @@ wanted) IS TRUE
       ORDER BY s.ticket_id DESC
       LIMIT most);
  END IF;
  RETURN ARRAY(
    SELECT m.ticket_id
      FROM (SELECT s.ticket_id FROM ombud.ticket_search s WHERE s.is_indexed AND s.document @@ wanted
            UNION ALL
            SELECT s.ticket_id FROM ombud.ticket_search s WHERE NOT s.is_indexed AND s.document @@ wanted) m
     LIMIT most);
END $$;

GRANT EXECUTE ON FUNCTION ombud.search_weight(text) TO ombud_search;
