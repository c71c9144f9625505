-- Pairs of customers who may be one person. Those with somebody younger than `above` are looked for, all for 0; the
-- weights are those of `curation.rules`, which names the reasons. A name that more than 20 people have says nothing
-- about any two of them. Told apart or not: who asks leaves those out that are.
CREATE FUNCTION ombud.people_pairs_now(worth double precision, strangers text[], above bigint)
RETURNS TABLE (user_id bigint, other_id bigint, alike double precision, score double precision)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog
SET enable_hashagg = off SET max_parallel_workers_per_gather = 0 SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  firsts bigint[];
  seconds bigint[];
  inboxes text[];
  names text[];
BEGIN
  IF above > 0 THEN
    SELECT array_agg(DISTINCT ombud.address_key(u.email_norm)),
           array_agg(DISTINCT ombud.name_key(u.full_name)) FILTER (WHERE u.full_name <> '')
      INTO inboxes, names FROM ombud.users u
     WHERE u.id > above AND u.role = 'customer' AND u.merged_into_id IS NULL AND u.anonymised_at IS NULL;
    inboxes := coalesce(inboxes, '{}');
    names := coalesce(names, '{}');
  END IF;
  WITH groups AS (
    SELECT array_agg(u.id) AS ids FROM ombud.users u
     WHERE u.role = 'customer' AND u.merged_into_id IS NULL AND u.anonymised_at IS NULL
       AND (above = 0 OR ombud.address_key(u.email_norm) = ANY (inboxes))
     GROUP BY ombud.address_key(u.email_norm) HAVING count(*) BETWEEN 2 AND 20
     UNION ALL
    SELECT array_agg(u.id) FROM ombud.users u
     WHERE u.role = 'customer' AND u.merged_into_id IS NULL AND u.anonymised_at IS NULL AND u.full_name <> ''
       AND (above = 0 OR ombud.name_key(u.full_name) = ANY (names))
     GROUP BY ombud.name_key(u.full_name)
    HAVING count(*) BETWEEN 2 AND 20 AND ombud.name_key(u.full_name) LIKE '% %'),
  pairs AS (
    SELECT DISTINCT a.id AS first, b.id AS second
      FROM groups g CROSS JOIN LATERAL unnest(g.ids) a(id) CROSS JOIN LATERAL unnest(g.ids) b(id)
     WHERE a.id < b.id AND b.id > above)
  SELECT array_agg(p.first), array_agg(p.second) INTO firsts, seconds FROM pairs p;
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
    SELECT w.first, w.second, w.names::double precision, w.score FROM weighed w
     WHERE w.score >= people_pairs_now.worth;
END $$;

-- The likeliest first, after a place among them: whoever goes on from page to page sees all of them. What was found
-- lately is taken from what is kept, and only those with younger people are looked for.
CREATE OR REPLACE FUNCTION ombud.people_pairs(
  worth double precision, strangers text[], after double precision, after_one bigint, after_other bigint, most int
) RETURNS TABLE (user_id bigint, other_id bigint, alike real, score double precision)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  above bigint;
BEGIN
  IF ombud.actor_kind() IS NULL OR ombud.actor_kind() = 'customer' THEN
    RETURN;
  END IF;
  above := coalesce((SELECT f.last_id FROM ombud.alike_finds f
                      WHERE f.kind = 'people' AND f.least <= worth AND ombud.is_lately(f.found_at, f.seconds)), 0);
  RETURN QUERY
    SELECT p.* FROM (
      (SELECT k.user_id, k.other_id, k.names::real, k.score FROM ombud.alike_people k
         JOIN ombud.users a ON a.id = k.user_id JOIN ombud.users b ON b.id = k.other_id
        WHERE k.other_id <= above AND k.score >= worth
          AND a.role = 'customer' AND a.merged_into_id IS NULL AND a.anonymised_at IS NULL
          AND b.role = 'customer' AND b.merged_into_id IS NULL AND b.anonymised_at IS NULL
          AND NOT EXISTS (SELECT FROM ombud.distinct_people d
                           WHERE d.user_id = k.user_id AND d.other_id = k.other_id)
          AND (people_pairs.after IS NULL
               OR (-k.score, k.user_id, k.other_id) > (people_pairs.after, after_one, after_other))
        ORDER BY k.score DESC, k.user_id, k.other_id LIMIT most)
      UNION ALL
      (SELECT n.user_id, n.other_id, n.alike::real, n.score
         FROM ombud.people_pairs_now(worth, strangers, above) n
        WHERE NOT EXISTS (SELECT FROM ombud.distinct_people d
                           WHERE d.user_id = n.user_id AND d.other_id = n.other_id)
          AND (people_pairs.after IS NULL
               OR (-n.score, n.user_id, n.other_id) > (people_pairs.after, after_one, after_other))
        ORDER BY n.score DESC, n.user_id, n.other_id LIMIT most)) p
     ORDER BY p.score DESC, p.user_id, p.other_id LIMIT most;
END $$;
