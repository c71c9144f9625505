-- Is what somebody computed at the moment `since` still so? A moment is the server's start and a snapshot. Everything
-- that figures are made of is audited, so an answer holds as long as the audit log has no row that its snapshot does
-- not see. A replica has no snapshot that could be compared: there the moment is null, and nothing holds.
CREATE FUNCTION ombud.unchanged_since(since text, OUT moment text, OUT holds boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog
SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  started text := extract(epoch FROM pg_postmaster_start_time())::text;
  seen pg_snapshot;
BEGIN
  holds := false;
  IF pg_is_in_recovery() THEN
    RETURN;
  END IF;
  moment := started || '/' || pg_current_snapshot();
  IF split_part(since, '/', 1) = started AND split_part(since, '/', 2) ~ '^\d{1,19}:\d{1,19}:(\d{1,19}(,\d{1,19})*)?$' THEN
    seen := split_part(since, '/', 2)::pg_snapshot;
    holds := NOT EXISTS (SELECT FROM ombud.audit_logs l
                          WHERE l.xid >= pg_snapshot_xmin(seen)::text::bigint
                            AND NOT pg_visible_in_snapshot(l.xid::text::xid8, seen));
  END IF;
END
$$;
REVOKE ALL ON FUNCTION ombud.unchanged_since(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ombud.unchanged_since(text) TO ombud_app;
