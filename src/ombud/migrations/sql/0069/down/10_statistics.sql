SELECT pg_advisory_xact_lock(hashtextextended('ombud.ticket_stats', 0));

CREATE OR REPLACE FUNCTION ombud.fold_statistics(batch integer DEFAULT 20000) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog'
    AS $$
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

DROP FUNCTION ombud.stretch_start(text, date);
DELETE FROM ombud.ticket_stats WHERE grain = 'ever';
ALTER TABLE ombud.ticket_stats DROP CONSTRAINT ck_ticket_stats_grain;
ALTER TABLE ombud.ticket_stats ADD CONSTRAINT ck_ticket_stats_grain CHECK (grain IN ('day', 'month', 'year'));
