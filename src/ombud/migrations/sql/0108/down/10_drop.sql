DROP FUNCTION ombud.keep_alike(double precision, text[], int, int);
DROP FUNCTION ombud.ticket_pairs_now(int, timestamptz, double precision);
CREATE OR REPLACE FUNCTION ombud.people_pairs(worth double precision, strangers text[], after double precision, after_one bigint, after_other bigint, most integer) RETURNS TABLE(user_id bigint, other_id bigint, alike real, score double precision)
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    SET enable_hashagg TO 'off'
    SET max_parallel_workers_per_gather TO '0'
    AS $$
DECLARE
  firsts bigint[];
  seconds bigint[];
BEGIN
  IF ombud.actor_kind() IS NULL OR ombud.actor_kind() = 'customer' THEN
    RETURN;
  END IF;
  WITH groups AS (
    SELECT array_agg(u.id) AS ids FROM ombud.users u
     WHERE u.role = 'customer' AND u.merged_into_id IS NULL AND u.anonymised_at IS NULL
     GROUP BY ombud.address_key(u.email_norm) HAVING count(*) BETWEEN 2 AND 20
     UNION ALL
    SELECT array_agg(u.id) FROM ombud.users u
     WHERE u.role = 'customer' AND u.merged_into_id IS NULL AND u.anonymised_at IS NULL AND u.full_name <> ''
     GROUP BY ombud.name_key(u.full_name)
    HAVING count(*) BETWEEN 2 AND 20 AND ombud.name_key(u.full_name) LIKE '% %'),
  pairs AS (
    SELECT DISTINCT a.id AS first, b.id AS second
      FROM groups g CROSS JOIN LATERAL unnest(g.ids) a(id) CROSS JOIN LATERAL unnest(g.ids) b(id)
     WHERE a.id < b.id)
  SELECT array_agg(p.first), array_agg(p.second) INTO firsts, seconds FROM pairs p
   WHERE NOT EXISTS (SELECT FROM ombud.distinct_people d WHERE d.user_id = p.first AND d.other_id = p.second);
  RETURN QUERY
    WITH compared AS (
      SELECT a AS one, b AS other,
             CASE WHEN a.full_name = '' OR b.full_name = '' THEN 0
                  ELSE ombud.similarity(a.full_name, b.full_name) END AS names
        FROM unnest(firsts, seconds) p(first, second)
       CROSS JOIN LATERAL (
              SELECT u.id, u.full_name, u.organization_id, k.inbox,
                     split_part(k.inbox, '@', 1) AS local, split_part(k.inbox, '@', 2) AS domain
                FROM ombud.users u CROSS JOIN LATERAL (SELECT ombud.address_key(u.email_norm) AS inbox OFFSET 0) k
               WHERE u.id = p.first) a
       CROSS JOIN LATERAL (
              SELECT u.id, u.full_name, u.organization_id, k.inbox,
                     split_part(k.inbox, '@', 1) AS local, split_part(k.inbox, '@', 2) AS domain
                FROM ombud.users u CROSS JOIN LATERAL (SELECT ombud.address_key(u.email_norm) AS inbox OFFSET 0) k
               WHERE u.id = p.second) b),
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
DROP FUNCTION ombud.people_pairs_now(double precision, text[], bigint);
DROP FUNCTION ombud.is_lately(timestamptz, double precision);
DROP TABLE ombud.alike_people, ombud.alike_tickets, ombud.alike_finds;
