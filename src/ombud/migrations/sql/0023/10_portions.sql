-- Moves at most `most` tickets, comments, files and followed tickets each, and returns the largest of these counts:
-- one statement for a hundred thousand would meet the limit of a statement's time. `merge_people` moves the rest.
CREATE FUNCTION ombud.merge_people_portion(sources bigint[], target bigint, most int) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  moved bigint;
  largest bigint;
BEGIN
  PERFORM ombud.require_curator();
  PERFORM set_config('ombud.curating', 'on', true);
  UPDATE ombud.tickets
     SET requester_id = CASE WHEN requester_id = ANY (sources) THEN target ELSE requester_id END,
         creator_id = CASE WHEN creator_id = ANY (sources) THEN target ELSE creator_id END
   WHERE id IN (SELECT t.id FROM ombud.tickets t
                 WHERE t.requester_id = ANY (sources) OR t.creator_id = ANY (sources) LIMIT most);
  GET DIAGNOSTICS largest = ROW_COUNT;
  UPDATE ombud.comments SET author_id = target
   WHERE id IN (SELECT c.id FROM ombud.comments c WHERE c.author_id = ANY (sources) LIMIT most);
  GET DIAGNOSTICS moved = ROW_COUNT;
  largest := greatest(largest, moved);
  UPDATE ombud.attachments SET uploader_id = target
   WHERE id IN (SELECT a.id FROM ombud.attachments a WHERE a.uploader_id = ANY (sources) LIMIT most);
  GET DIAGNOSTICS moved = ROW_COUNT;
  largest := greatest(largest, moved);
  -- All of a ticket's at once, because the earliest moment counts.
  WITH few AS (
    SELECT DISTINCT p.ticket_id FROM ombud.ticket_participants p WHERE p.user_id = ANY (sources) LIMIT most
  ), gone AS (
    DELETE FROM ombud.ticket_participants p USING few
     WHERE p.ticket_id = few.ticket_id AND p.user_id = ANY (sources)
    RETURNING p.ticket_id, p.created_at
  ), kept AS (
    INSERT INTO ombud.ticket_participants (ticket_id, user_id, created_at)
    SELECT ticket_id, target, min(created_at) FROM gone GROUP BY ticket_id
    ON CONFLICT DO NOTHING
  )
  SELECT count(*) INTO moved FROM few;
  PERFORM set_config('ombud.curating', '', true);
  RETURN greatest(largest, moved);
END $$;

REVOKE ALL ON FUNCTION ombud.merge_people_portion(bigint[], bigint, int) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ombud.merge_people_portion(bigint[], bigint, int) TO ombud_app;
