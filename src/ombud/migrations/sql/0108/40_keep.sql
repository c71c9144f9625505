-- Find all pairs again and keep what changed; returns how many. Once at a time; not before a minute is over, or fifty
-- times as long as it took last. Told apart or done since: who asks leaves those out.
CREATE FUNCTION ombud.keep_alike(worth double precision, strangers text[], days int, within int) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  began timestamptz := clock_timestamp();
  last bigint;
  changed bigint;
  more bigint;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtextextended('ombud.alike_finds', 0))
     OR EXISTS (SELECT FROM ombud.alike_finds f WHERE f.found_at > began
                  - make_interval(secs => greatest(60, 50 * (SELECT sum(g.seconds) FROM ombud.alike_finds g)))) THEN
    RETURN 0;
  END IF;

  SELECT coalesce(max(u.id), 0) INTO last FROM ombud.users u;
  WITH found AS MATERIALIZED (SELECT * FROM ombud.people_pairs_now(worth, strangers, 0)),
  gone AS (
    DELETE FROM ombud.alike_people k
     WHERE NOT EXISTS (SELECT FROM found f WHERE f.user_id = k.user_id AND f.other_id = k.other_id) RETURNING 1),
  put AS (
    INSERT INTO ombud.alike_people AS k (user_id, other_id, names, score)
    SELECT f.user_id, f.other_id, f.alike, f.score FROM found f
    ON CONFLICT (user_id, other_id) DO UPDATE SET names = excluded.names, score = excluded.score
     WHERE (k.names, k.score) IS DISTINCT FROM (excluded.names, excluded.score) RETURNING 1)
  SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM put) INTO changed;
  INSERT INTO ombud.alike_finds AS f (kind, found_at, seconds, least, last_id)
  VALUES ('people', began, extract(epoch FROM clock_timestamp() - began), worth, last)
  ON CONFLICT (kind) DO UPDATE SET found_at = excluded.found_at, seconds = excluded.seconds,
                                   least = excluded.least, last_id = excluded.last_id;

  began := clock_timestamp();
  WITH found AS MATERIALIZED (
    SELECT * FROM ombud.ticket_pairs_now(days, now() - make_interval(days => within), worth)),
  gone AS (
    DELETE FROM ombud.alike_tickets k
     WHERE NOT EXISTS (SELECT FROM found f WHERE f.ticket_id = k.ticket_id AND f.other_id = k.other_id) RETURNING 1),
  put AS (
    INSERT INTO ombud.alike_tickets AS k (ticket_id, other_id, titles, texts, hours, score)
    SELECT f.ticket_id, f.other_id, f.titles, f.texts, f.hours, f.score FROM found f
    ON CONFLICT (ticket_id, other_id) DO UPDATE
       SET titles = excluded.titles, texts = excluded.texts, hours = excluded.hours, score = excluded.score
     WHERE (k.titles, k.texts, k.hours, k.score)
           IS DISTINCT FROM (excluded.titles, excluded.texts, excluded.hours, excluded.score) RETURNING 1)
  SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM put) INTO more;
  INSERT INTO ombud.alike_finds AS f (kind, found_at, seconds, least, last_id)
  VALUES ('tickets', began, extract(epoch FROM clock_timestamp() - began), worth, 0)
  ON CONFLICT (kind) DO UPDATE SET found_at = excluded.found_at, seconds = excluded.seconds, least = excluded.least;
  RETURN changed + more;
END $$;

REVOKE ALL ON FUNCTION ombud.people_pairs_now(double precision, text[], bigint),
  ombud.ticket_pairs_now(int, timestamptz, double precision), ombud.is_lately(timestamptz, double precision),
  ombud.keep_alike(double precision, text[], int, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ombud.ticket_pairs_now(int, timestamptz, double precision),
  ombud.is_lately(timestamptz, double precision) TO ombud_app;
GRANT EXECUTE ON FUNCTION ombud.keep_alike(double precision, text[], int, int) TO ombud_worker;
