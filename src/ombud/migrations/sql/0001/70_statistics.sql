-- Statistics: what tickets count for, kept as they change and read without looking at closed history.
-- Writers only append to ticket_stats_delta, so they never wait for each other; the worker folds those rows into
-- ticket_stats; readers add the two up. Runs after 60_security, so its own policies and grants stand at the end.

-- The bucket of a duration in milliseconds: 0 is less than a minute, then eight to each doubling, up to five years.
-- Bounds are whole numbers, round(60000 * 2^(k/8)), so that no machine's logarithm puts a ticket elsewhere.
-- ombud.analytics.rules has the same formula, and a test compares the two.
CREATE FUNCTION ombud.duration_bucket(milliseconds bigint) RETURNS int
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT pg_catalog.width_bucket(milliseconds, '{
    60000,65430,71352,77810,84853,92533,100908,110040,120000,130861,142705,155621,169706,185065,201815,220081,
    240000,261722,285410,311241,339411,370131,403630,440162,480000,523444,570819,622483,678823,740261,807261,
    880324,960000,1046887,1141639,1244966,1357645,1480522,1614521,1760648,1920000,2093775,2283278,2489932,
    2715290,2961045,3229042,3521296,3840000,4187550,4566555,4979864,5430580,5922090,6458084,7042591,7680000,
    8375099,9133111,9959728,10861160,11844179,12916169,14085182,15360000,16750199,18266221,19919456,21722320,
    23688358,25832338,28170364,30720000,33500398,36532443,39838911,43444641,47376717,51664676,56340728,
    61440000,67000795,73064885,79677822,86889281,94753433,103329352,112681457,122880000,134001590,146129770,
    159355644,173778563,189506866,206658703,225362914,245760000,268003180,292259541,318711289,347557125,
    379013732,413317406,450725827,491520000,536006361,584519081,637422578,695114250,758027465,826634812,
    901451655,983040000,1072012722,1169038162,1274845156,1390228500,1516054930,1653269624,1802903309,
    1966080000,2144025443,2338076325,2549690312,2780457001,3032109860,3306539248,3605806619,3932160000,
    4288050886,4676152649,5099380623,5560914001,6064219719,6613078496,7211613237,7864320000,8576101772,
    9352305299,10198761246,11121828003,12128439438,13226156993,14423226474,15728640000,17152203544,
    18704610597,20397522493,22243656006,24256878877,26452313986,28846452948,31457280000,34304407089,
    37409221195,40795044986,44487312011,48513757754,52904627971,57692905896,62914560000,68608814177,
    74818442389,81590089971,88974624023,97027515508,105809255943,115385811793,125829120000,137217628354,
    149636884779,163180179943}'::bigint[])
$$;

-- Under which keys one ticket counts. 'quarter' is the quarter of an hour of its UTC day, for days of other zones.
CREATE FUNCTION ombud.ticket_stat_keys(
  created_at timestamptz, status text, priority text, channel text, assignee_id bigint, response_ms bigint,
  resolution_ms bigint
) RETURNS TABLE (dimension text, key text) LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT k.dimension, k.key
    FROM (VALUES ('all', ''),
                 ('status', status),
                 ('priority', priority),
                 ('channel', channel),
                 ('assignee', coalesce(assignee_id::text, '')),
                 ('response', ombud.duration_bucket(response_ms)::text),
                 ('resolution', ombud.duration_bucket(resolution_ms)::text),
                 ('quarter', floor(extract(epoch FROM (created_at AT TIME ZONE 'UTC')::time) / 900)::text)
         ) k (dimension, key)
   WHERE k.key IS NOT NULL
$$;

CREATE FUNCTION ombud.stats_new_tickets() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  INSERT INTO ombud.ticket_stats_delta
    (weight, created_at, status, priority, channel, team_id, assignee_id, response_ms, resolution_ms)
  SELECT 1, n.created_at, n.status, n.priority, n.channel, coalesce(n.team_id, 0), n.assignee_id,
         (extract(epoch FROM n.first_response_at - n.created_at) * 1000)::bigint,
         (extract(epoch FROM n.resolved_at - n.created_at) * 1000)::bigint
    FROM new_rows n
   WHERE n.deleted_at IS NULL;
  RETURN NULL;
END $$;

-- What a change leaves the same cancels out: a comment, a new title or a tag adds no row.
CREATE FUNCTION ombud.stats_changed_tickets() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  INSERT INTO ombud.ticket_stats_delta
    (weight, created_at, status, priority, channel, team_id, assignee_id, response_ms, resolution_ms)
  SELECT sum(c.weight), c.created_at, c.status, c.priority, c.channel, coalesce(c.team_id, 0), c.assignee_id,
         (extract(epoch FROM c.first_response_at - c.created_at) * 1000)::bigint,
         (extract(epoch FROM c.resolved_at - c.created_at) * 1000)::bigint
    FROM (SELECT -1 AS weight, o.created_at, o.status, o.priority, o.channel, o.team_id, o.assignee_id,
                 o.first_response_at, o.resolved_at
            FROM old_rows o WHERE o.deleted_at IS NULL
          UNION ALL
          SELECT 1, n.created_at, n.status, n.priority, n.channel, n.team_id, n.assignee_id,
                 n.first_response_at, n.resolved_at
            FROM new_rows n WHERE n.deleted_at IS NULL) c
   GROUP BY c.created_at, c.status, c.priority, c.channel, c.team_id, c.assignee_id, c.first_response_at,
            c.resolved_at
  HAVING sum(c.weight) <> 0;
  RETURN NULL;
END $$;

CREATE FUNCTION ombud.stats_gone_tickets() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  INSERT INTO ombud.ticket_stats_delta
    (weight, created_at, status, priority, channel, team_id, assignee_id, response_ms, resolution_ms)
  SELECT -1, o.created_at, o.status, o.priority, o.channel, coalesce(o.team_id, 0), o.assignee_id,
         (extract(epoch FROM o.first_response_at - o.created_at) * 1000)::bigint,
         (extract(epoch FROM o.resolved_at - o.created_at) * 1000)::bigint
    FROM old_rows o
   WHERE o.deleted_at IS NULL;
  RETURN NULL;
END $$;

CREATE TRIGGER s_stats_insert AFTER INSERT ON ombud.tickets
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.stats_new_tickets();
CREATE TRIGGER s_stats_update AFTER UPDATE ON ombud.tickets
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION ombud.stats_changed_tickets();
CREATE TRIGGER s_stats_delete AFTER DELETE ON ombud.tickets
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.stats_gone_tickets();

-- Add the oldest changes to the sums of their day, month and year; returns how many. The worker calls it until it
-- returns 0. One at a time: whoever comes second leaves the work to the first.
CREATE FUNCTION ombud.fold_statistics(batch int DEFAULT 20000) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  ids bigint[];
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtextextended('ombud.ticket_stats', 0)) THEN
    RETURN 0;
  END IF;
  ids := ARRAY(SELECT d.id FROM ombud.ticket_stats_delta d ORDER BY d.id LIMIT batch);
  IF ids = '{}' THEN
    RETURN 0;
  END IF;
  MERGE INTO ombud.ticket_stats s
  USING (
    SELECT g.grain, date_trunc(g.grain, f.day::timestamp)::date AS starts_on, f.dimension, f.team_id, f.key,
           sum(f.tickets) AS tickets, sum(f.responded) AS responded, sum(f.response_ms) AS response_ms,
           sum(f.resolved) AS resolved, sum(f.resolution_ms) AS resolution_ms
      FROM (SELECT (d.created_at AT TIME ZONE 'UTC')::date AS day, k.dimension, d.team_id, k.key,
                   sum(d.weight) AS tickets,
                   coalesce(sum(d.weight) FILTER (WHERE d.response_ms IS NOT NULL), 0) AS responded,
                   coalesce(sum(d.weight * d.response_ms), 0) AS response_ms,
                   coalesce(sum(d.weight) FILTER (WHERE d.resolution_ms IS NOT NULL), 0) AS resolved,
                   coalesce(sum(d.weight * d.resolution_ms), 0) AS resolution_ms
              FROM ombud.ticket_stats_delta d
             CROSS JOIN LATERAL ombud.ticket_stat_keys(d.created_at, d.status, d.priority, d.channel,
                                                       d.assignee_id, d.response_ms, d.resolution_ms) k
             WHERE d.id = ANY(ids)
             GROUP BY 1, 2, 3, 4) f
     CROSS JOIN (VALUES ('day'), ('month'), ('year')) g (grain)
     WHERE f.dimension <> 'quarter' OR g.grain = 'day'
     GROUP BY 1, 2, 3, 4, 5
    HAVING (sum(f.tickets), sum(f.responded), sum(f.response_ms), sum(f.resolved), sum(f.resolution_ms))
           <> (0, 0, 0, 0, 0)
  ) d
  ON (s.grain, s.dimension, s.starts_on, s.team_id, s.key)
     = (d.grain, d.dimension, d.starts_on, d.team_id, d.key)
  WHEN MATCHED AND s.tickets + d.tickets = 0 AND s.responded + d.responded = 0 AND s.resolved + d.resolved = 0
               AND s.response_ms + d.response_ms = 0 AND s.resolution_ms + d.resolution_ms = 0 THEN
    DELETE
  WHEN MATCHED THEN
    UPDATE SET tickets = s.tickets + d.tickets, responded = s.responded + d.responded,
               response_ms = s.response_ms + d.response_ms, resolved = s.resolved + d.resolved,
               resolution_ms = s.resolution_ms + d.resolution_ms
  WHEN NOT MATCHED THEN
    INSERT (grain, starts_on, dimension, team_id, key, tickets, responded, response_ms, resolved, resolution_ms)
    VALUES (d.grain, d.starts_on, d.dimension, d.team_id, d.key, d.tickets, d.responded, d.response_ms, d.resolved,
            d.resolution_ms);
  DELETE FROM ombud.ticket_stats_delta d WHERE d.id = ANY(ids);
  RETURN cardinality(ids);
END $$;

-- The rows that wait are all churn: cleared away early, so that a reader of the few fresh ones reads few pages.
ALTER TABLE ombud.ticket_stats_delta SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
ALTER TABLE ombud.ticket_stats SET (fillfactor = 80);

-- Figures are for the desk's people. An agent of some teams reads the rows of those and of no team.
CREATE POLICY staff ON ombud.ticket_stats FOR SELECT TO ombud_web USING (
  (SELECT ombud.actor_kind()) <> 'customer'
  AND ((SELECT ombud.actor_scope()) = 'all'
       OR team_id = 0 OR team_id = ANY ((SELECT ombud.actor_teams())::bigint[])));
CREATE POLICY staff ON ombud.ticket_stats_delta FOR SELECT TO ombud_web USING (
  (SELECT ombud.actor_kind()) <> 'customer'
  AND ((SELECT ombud.actor_scope()) = 'all'
       OR team_id = 0 OR team_id = ANY ((SELECT ombud.actor_teams())::bigint[])));
GRANT SELECT ON ombud.ticket_stats, ombud.ticket_stats_delta TO ombud_app;

REVOKE ALL ON FUNCTION ombud.duration_bucket(bigint),
  ombud.ticket_stat_keys(timestamptz, text, text, text, bigint, bigint, bigint), ombud.stats_new_tickets(),
  ombud.stats_changed_tickets(), ombud.stats_gone_tickets(), ombud.fold_statistics(int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ombud.duration_bucket(bigint),
  ombud.ticket_stat_keys(timestamptz, text, text, text, bigint, bigint, bigint) TO ombud_app;
GRANT EXECUTE ON FUNCTION ombud.fold_statistics(int) TO ombud_worker;
