-- As it was.

CREATE OR REPLACE FUNCTION ombud.search_weight(typed text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
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
