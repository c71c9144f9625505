CREATE OR REPLACE FUNCTION ombud.keep_new_ticket() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  IF ombud.actor_kind() = 'customer' AND
     (NEW.requester_id, NEW.assignee_id, NEW.team_id) IS DISTINCT FROM (ombud.actor_id(), NULL, NULL) THEN
    RAISE EXCEPTION 'a customer asks for themselves, and the team routes it'
      USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'ombud_rights';
  END IF;
  NEW.creator_id := coalesce(NEW.creator_id, NEW.requester_id);
  IF NEW.organization_id IS NULL AND NOT ombud.is_curating() THEN
    NEW.organization_id := (SELECT u.organization_id FROM ombud.users u WHERE u.id = NEW.requester_id);
  END IF;
  IF NEW.status IN ('resolved', 'closed') THEN
    NEW.resolved_at := coalesce(NEW.resolved_at, now());
  END IF;
  NEW.last_activity_at := greatest(NEW.last_activity_at, NEW.created_at);
  IF NEW.created_at < now() AND NEW.last_activity_at = now() THEN
    -- a ticket from the past (an import) has its own last activity
    NEW.last_activity_at := greatest(NEW.created_at, NEW.first_response_at, NEW.resolved_at);
  END IF;
  RETURN NEW;
END $$;
