-- How common a phrase is, by the newest tickets.

CREATE OR REPLACE FUNCTION ombud.search_weight(typed text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
DECLARE
  wanted CONSTANT tsquery := ombud.search_query(typed);
  plan json;
  found bigint;
  everything CONSTANT real := (SELECT c.reltuples FROM pg_class c WHERE c.oid = 'ombud.ticket_search'::regclass);
BEGIN
  EXECUTE format('EXPLAIN (FORMAT JSON) SELECT FROM ombud.ticket_search s WHERE s.document @@ %L::tsquery',
                 wanted) INTO plan;
  found := (plan -> 0 -> 'Plan' ->> 'Plan Rows')::bigint;
  IF found > 1000 AND wanted::text ~ '<(-|\d+)>' THEN
    -- The plan knows how common each word is, not how often they stand side by side.
    found := least(found, (
      SELECT (count(*) FILTER (WHERE n.document @@ wanted) * everything / greatest(count(*), 1))::bigint
        FROM (SELECT s.document FROM ombud.ticket_search s ORDER BY s.ticket_id DESC LIMIT 200) n));
  END IF;
  RETURN CASE WHEN found <= everything / 900 THEN least(found, 1000) ELSE found END;
END $$;
