-- A ticket of who was merged is that of who they are, however close the two come.
CREATE OR REPLACE FUNCTION ombud.keep_new_ticket() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  asked bigint := NEW.requester_id;
  company bigint;
  moved_to bigint;
BEGIN
  IF ombud.actor_kind() = 'customer' AND
     (NEW.requester_id, NEW.assignee_id, NEW.team_id) IS DISTINCT FROM (ombud.actor_id(), NULL, NULL) THEN
    RAISE EXCEPTION 'a customer asks for themselves, and the team routes it'
      USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'ombud_rights';
  END IF;
  IF NOT ombud.is_curating() THEN
    -- Of who was merged meanwhile nothing would move any more: it waits for the merge, or the merge for it.
    LOOP
      SELECT u.organization_id, u.merged_into_id INTO company, moved_to
        FROM ombud.users u WHERE u.id = NEW.requester_id FOR KEY SHARE;
      EXIT WHEN moved_to IS NULL;
      NEW.requester_id := moved_to;
    END LOOP;
    IF NEW.creator_id = asked THEN
      NEW.creator_id := NEW.requester_id;
    END IF;
    NEW.organization_id := coalesce(NEW.organization_id, company);
  END IF;
  NEW.creator_id := coalesce(NEW.creator_id, NEW.requester_id);
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
