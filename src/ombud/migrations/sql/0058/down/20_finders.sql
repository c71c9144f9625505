-- As 0042 has it.
CREATE OR REPLACE FUNCTION ombud.people_pairs(
  worth double precision, strangers text[], after double precision, after_one bigint, after_other bigint, most int
) RETURNS TABLE (user_id bigint, other_id bigint, alike real, score double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  IF ombud.actor_kind() IS NULL OR ombud.actor_kind() = 'customer' THEN
    RETURN;
  END IF;
  RETURN QUERY
    WITH customers AS MATERIALIZED (
      SELECT u.id, u.full_name, u.organization_id, k.inbox, ombud.name_key(u.full_name) AS name,
             split_part(k.inbox, '@', 1) AS local, split_part(k.inbox, '@', 2) AS domain
        FROM ombud.users u CROSS JOIN LATERAL (SELECT ombud.address_key(u.email_norm) AS inbox) k
       WHERE u.role = 'customer' AND u.merged_into_id IS NULL AND u.anonymised_at IS NULL),
    groups AS (
      SELECT array_agg(c.id) AS ids FROM customers c GROUP BY c.inbox HAVING count(*) BETWEEN 2 AND 20
       UNION ALL
      SELECT array_agg(c.id) FROM customers c
       WHERE c.name LIKE '% %' GROUP BY c.name HAVING count(*) BETWEEN 2 AND 20),
    pairs AS (
      SELECT DISTINCT a.id AS first, b.id AS second
        FROM groups g CROSS JOIN LATERAL unnest(g.ids) a(id) CROSS JOIN LATERAL unnest(g.ids) b(id)
       WHERE a.id < b.id
         AND NOT EXISTS (SELECT FROM ombud.distinct_people d WHERE d.user_id = a.id AND d.other_id = b.id)),
    compared AS (
      SELECT a AS one, b AS other,
             CASE WHEN a.full_name = '' OR b.full_name = '' THEN 0
                  ELSE ombud.similarity(a.full_name, b.full_name) END AS names
        FROM pairs p JOIN customers a ON a.id = p.first JOIN customers b ON b.id = p.second),
    weighed AS (
      SELECT (c.one).id AS first, (c.other).id AS second, c.names, round(least(1,
               CASE WHEN (c.one).inbox = (c.other).inbox THEN 0.9 ELSE 0 END
               + CASE WHEN c.names >= 0.99 THEN 0.5 WHEN c.names >= 0.5 THEN 0.4 * c.names::numeric ELSE 0 END
               + CASE WHEN (c.one).organization_id = (c.other).organization_id THEN 0.2 ELSE 0 END
               + CASE WHEN (c.one).domain = (c.other).domain AND (c.one).domain <> ALL (strangers)
                           AND (c.one).inbox <> (c.other).inbox THEN 0.15 ELSE 0 END
               + CASE WHEN (c.one).local = (c.other).local AND (c.one).domain <> (c.other).domain
                           AND length((c.one).local) >= 4 THEN 0.25 ELSE 0 END), 2)::double precision AS score
        FROM compared c)
    SELECT w.first, w.second, w.names::real, w.score FROM weighed w
     WHERE w.score >= people_pairs.worth
       AND (people_pairs.after IS NULL OR (-w.score, w.first, w.second) > (people_pairs.after, after_one, after_other))
     ORDER BY w.score DESC, w.first, w.second LIMIT most;
END $$;
-- As 0026 has it.
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
