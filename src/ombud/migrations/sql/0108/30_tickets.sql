-- Pairs of tickets of one requester that may be one matter: one that was opened since, and is not done, beside each of
-- the 20 that were opened before it, within so many days. A sender of a thousand messages makes no million pairs.
-- The weights are those of `curation.rules`. Texts are long: they are compared where they can still decide.
CREATE FUNCTION ombud.ticket_pairs_now(days int, since timestamptz, worth double precision)
RETURNS TABLE (ticket_id bigint, other_id bigint, titles double precision, texts double precision,
               hours double precision, score double precision)
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
  WITH openers AS (
    SELECT t.requester_id FROM ombud.tickets t
     WHERE t.created_at >= since AND t.deleted_at IS NULL
       AND t.status IN ('open', 'in_progress', 'waiting_on_customer')),
  recent AS (
    SELECT t.id, t.created_at, t.status, array_agg(t.id) OVER (
             PARTITION BY t.requester_id ORDER BY t.created_at, t.id ROWS BETWEEN 20 PRECEDING AND 1 PRECEDING
           ) AS before
      FROM ombud.tickets t
     WHERE t.created_at >= since - make_interval(days => days) AND t.deleted_at IS NULL
       AND t.merged_into_id IS NULL AND t.requester_id IN (SELECT o.requester_id FROM openers o)),
  paired AS (
    SELECT f.id AS one, s.id AS other, f.description AS said, s.description AS said_again,
           extract(epoch FROM s.created_at - f.created_at)::double precision / 3600 AS hours,
           ombud.similarity(f.title, s.title)::double precision AS titles
      FROM recent r CROSS JOIN LATERAL unnest(r.before) b(id)
      JOIN ombud.tickets f ON f.id = b.id
      JOIN ombud.tickets s ON s.id = r.id
     WHERE r.created_at >= since AND r.status IN ('open', 'in_progress', 'waiting_on_customer')
       AND f.created_at >= s.created_at - make_interval(days => days)
    OFFSET 0),
  titled AS (
    SELECT p.*, CASE WHEN p.titles >= 0.99 THEN 0.5 WHEN p.titles >= 0.3 THEN 0.5 * p.titles ELSE 0 END AS by_title,
           CASE WHEN p.hours <= 24 THEN 0.1 ELSE 0 END AS by_day
      FROM paired p),
  compared AS (
    SELECT t.*, CASE WHEN t.by_title + 0.4 + t.by_day >= worth - 0.01
                     THEN ombud.similarity(left(t.said, 2000), left(t.said_again, 2000))::double precision
                     ELSE 0 END AS texts
      FROM titled t OFFSET 0),
  weighed AS (
    SELECT c.*, round(least(1.0, c.by_title
             + CASE WHEN c.texts >= 0.99 THEN 0.4 WHEN c.texts >= 0.3 THEN 0.4 * c.texts ELSE 0 END
             + CASE WHEN c.titles >= 0.3 OR c.texts >= 0.3 THEN c.by_day ELSE 0 END)::numeric, 2)::double precision
           AS score
      FROM compared c)
  SELECT w.one, w.other, w.titles, w.texts, w.hours, w.score FROM weighed w WHERE w.score >= worth
$$;
