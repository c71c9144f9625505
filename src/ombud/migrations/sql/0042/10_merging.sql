-- The moves of merging people stand once: `merge_people_portion` does a part of them, or with no `most` all.
CREATE OR REPLACE FUNCTION ombud.merge_people(sources bigint[], target bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  PERFORM ombud.merge_people_portion(sources, target, NULL);
  PERFORM set_config('ombud.curating', 'on', true);
  INSERT INTO ombud.drafts (user_id, ticket_id, is_internal, content, updated_at)
  SELECT DISTINCT ON (d.ticket_id, d.is_internal) target, d.ticket_id, d.is_internal, d.content, d.updated_at
    FROM ombud.drafts d WHERE d.user_id = ANY (sources) ORDER BY d.ticket_id, d.is_internal, d.updated_at DESC
  ON CONFLICT DO NOTHING;
  INSERT INTO ombud.ticket_reads (user_id, ticket_id, seen_at)
  SELECT target, r.ticket_id, max(r.seen_at) FROM ombud.ticket_reads r
   WHERE r.user_id = ANY (sources) GROUP BY r.ticket_id
  ON CONFLICT DO NOTHING;
  DELETE FROM ombud.web_sessions WHERE user_id = ANY (sources);
  UPDATE ombud.api_tokens SET revoked_at = now() WHERE user_id = ANY (sources) AND revoked_at IS NULL;
  UPDATE ombud.users SET merged_into_id = target, is_active = false
   WHERE id = ANY (sources) OR merged_into_id = ANY (sources);
  PERFORM set_config('ombud.curating', '', true);
END $$;
