-- As 0026 has it.
DROP FUNCTION ombud.people_pairs(double precision, text[], double precision, bigint, bigint, int);
CREATE OR REPLACE FUNCTION ombud.people_alike(most int) RETURNS TABLE (user_id bigint, other_id bigint, alike real)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  -- Each pair that is kept apart fills at most one place among the groups.
  groups bigint := most + (SELECT count(*) FROM ombud.distinct_people);
BEGIN
  IF ombud.actor_kind() IS NULL OR ombud.actor_kind() = 'customer' THEN
    RETURN;
  END IF;
  RETURN QUERY
    WITH customers AS (
      SELECT u.id, u.email_norm, u.full_name FROM ombud.users u
       WHERE u.role = 'customer' AND u.merged_into_id IS NULL AND u.anonymised_at IS NULL),
    inboxes AS (
      SELECT array_agg(c.id ORDER BY c.id) AS ids FROM customers c GROUP BY ombud.address_key(c.email_norm)
      HAVING count(*) BETWEEN 2 AND 20 LIMIT groups),
    names AS (
      SELECT array_agg(c.id ORDER BY c.id) AS ids FROM customers c
       WHERE ombud.name_key(c.full_name) LIKE '% %' GROUP BY ombud.name_key(c.full_name)
      HAVING count(*) BETWEEN 2 AND 20 LIMIT groups),
    pairs AS (
      SELECT DISTINCT a.id AS first, b.id AS second
        FROM (TABLE inboxes UNION ALL TABLE names) g
       CROSS JOIN LATERAL unnest(g.ids) a(id)
       CROSS JOIN LATERAL unnest(g.ids) b(id)
       WHERE a.id < b.id
         AND NOT EXISTS (SELECT FROM ombud.distinct_people d WHERE d.user_id = a.id AND d.other_id = b.id))
    SELECT p.first, p.second,
           CASE WHEN a.full_name = '' OR b.full_name = '' THEN 0 ELSE ombud.similarity(a.full_name, b.full_name) END
      FROM pairs p JOIN ombud.users a ON a.id = p.first JOIN ombud.users b ON b.id = p.second
     ORDER BY (ombud.address_key(a.email_norm) = ombud.address_key(b.email_norm)) DESC, 3 DESC, 1, 2 LIMIT most;
END $$;
REVOKE ALL ON FUNCTION ombud.people_alike(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ombud.people_alike(int) TO ombud_app;
