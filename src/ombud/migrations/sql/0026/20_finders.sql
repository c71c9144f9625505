-- The finders of 0005 without pairs that are kept apart.

CREATE OR REPLACE FUNCTION ombud.people_like(person bigint, most int) RETURNS TABLE (user_id bigint, alike real)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  known ombud.users := (SELECT u FROM ombud.users u WHERE u.id = person);
BEGIN
  IF ombud.actor_kind() IS NULL OR ombud.actor_kind() = 'customer' OR known.id IS NULL THEN
    RETURN;
  END IF;
  PERFORM set_config('pg_trgm.similarity_threshold', '0.5', true);
  RETURN QUERY
    SELECT u.id, CASE WHEN known.full_name = '' THEN 0 ELSE ombud.similarity(u.full_name, known.full_name) END
      FROM (SELECT k.id FROM ombud.users k WHERE ombud.address_key(k.email_norm) = ombud.address_key(known.email_norm)
             UNION (SELECT k.id FROM ombud.users k
                     WHERE k.full_name <> '' AND ombud.name_key(k.full_name) = ombud.name_key(known.full_name)
                     LIMIT most)
             UNION (SELECT k.id FROM ombud.users k
                     WHERE k.role = 'customer' AND k.merged_into_id IS NULL
                       AND k.full_name OPERATOR(ombud.%) known.full_name
                     LIMIT most)) found
      JOIN ombud.users u USING (id)
     WHERE u.id <> person AND u.role = 'customer' AND u.merged_into_id IS NULL AND u.anonymised_at IS NULL
       AND NOT EXISTS (SELECT FROM ombud.distinct_people d
                        WHERE d.user_id = least(u.id, person) AND d.other_id = greatest(u.id, person))
     ORDER BY 2 DESC, 1 LIMIT most;
END $$;

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
