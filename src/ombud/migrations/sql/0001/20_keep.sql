-- What the database keeps by itself, whatever program writes.

CREATE FUNCTION ombud.touch() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  NEW.updated_at := now();
  RETURN NEW;
END $$;

CREATE TRIGGER touch BEFORE UPDATE ON ombud.users FOR EACH ROW EXECUTE FUNCTION ombud.touch();
CREATE TRIGGER touch BEFORE UPDATE ON ombud.organizations FOR EACH ROW EXECUTE FUNCTION ombud.touch();
CREATE TRIGGER touch BEFORE UPDATE ON ombud.teams FOR EACH ROW EXECUTE FUNCTION ombud.touch();
CREATE TRIGGER touch BEFORE UPDATE ON ombud.comments FOR EACH ROW EXECUTE FUNCTION ombud.touch();

-- is_staff follows role, and role follows is_staff, whichever a writer sets.
-- Nobody but an administrator (or the system) changes what a person may do.
CREATE FUNCTION ombud.keep_user() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND ombud.actor_kind() IN ('agent', 'customer') AND
     (NEW.role, NEW.is_staff, NEW.is_active, NEW.sees_all_teams)
       IS DISTINCT FROM (OLD.role, OLD.is_staff, OLD.is_active, OLD.sees_all_teams) THEN
    RAISE EXCEPTION 'only an administrator changes rights'
      USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'ombud_rights';
  END IF;
  IF TG_OP = 'UPDATE' AND ombud.actor_kind() = 'customer' AND
     NEW.organization_id IS DISTINCT FROM OLD.organization_id THEN
    -- an organization that shares its tickets opens them all to whoever joins
    RAISE EXCEPTION 'only staff changes who belongs where'
      USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'ombud_rights';
  END IF;
  IF TG_OP = 'INSERT' THEN
    IF NEW.is_staff AND NEW.role = 'customer' THEN
      NEW.role := 'agent';
    END IF;
  ELSIF NEW.is_staff <> OLD.is_staff AND NEW.role = OLD.role THEN
    NEW.role := CASE WHEN NEW.is_staff THEN 'agent' ELSE 'customer' END;
  END IF;
  NEW.is_staff := NEW.role <> 'customer';
  RETURN NEW;
END $$;

CREATE TRIGGER keep BEFORE INSERT OR UPDATE OF is_staff, role, is_active, sees_all_teams, organization_id ON ombud.users
  FOR EACH ROW EXECUTE FUNCTION ombud.keep_user();

-- The legal moves of a ticket's status; ombud.tickets.rules says the same and a test compares them.
CREATE FUNCTION ombud.is_status_move(old_status text, new_status text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
  SELECT CASE old_status
    WHEN 'open' THEN new_status IN ('in_progress', 'waiting_on_customer', 'resolved', 'closed')
    WHEN 'in_progress' THEN new_status IN ('open', 'waiting_on_customer', 'resolved', 'closed')
    WHEN 'waiting_on_customer' THEN new_status IN ('open', 'in_progress', 'resolved', 'closed')
    WHEN 'resolved' THEN new_status IN ('open', 'in_progress', 'closed')
    WHEN 'closed' THEN new_status = 'open'
    ELSE false END
$$;

CREATE FUNCTION ombud.keep_new_ticket() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  IF ombud.actor_kind() = 'customer' AND
     (NEW.requester_id, NEW.assignee_id, NEW.team_id) IS DISTINCT FROM (ombud.actor_id(), NULL, NULL) THEN
    RAISE EXCEPTION 'a customer asks for themselves, and the team routes it'
      USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'ombud_rights';
  END IF;
  NEW.creator_id := coalesce(NEW.creator_id, NEW.requester_id);
  IF NEW.organization_id IS NULL THEN
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

CREATE TRIGGER keep_new BEFORE INSERT ON ombud.tickets FOR EACH ROW EXECUTE FUNCTION ombud.keep_new_ticket();

CREATE FUNCTION ombud.keep_ticket() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  edited boolean := (NEW.title, NEW.description, NEW.status, NEW.priority, NEW.channel, NEW.requester_id,
                     NEW.assignee_id, NEW.team_id, NEW.organization_id, NEW.ticket_number)
    IS DISTINCT FROM (OLD.title, OLD.description, OLD.status, OLD.priority, OLD.channel, OLD.requester_id,
                      OLD.assignee_id, OLD.team_id, OLD.organization_id, OLD.ticket_number);
BEGIN
  IF ombud.actor_kind() = 'customer' AND
     (NEW.title, NEW.description, NEW.priority, NEW.channel, NEW.requester_id, NEW.creator_id, NEW.assignee_id,
      NEW.team_id, NEW.organization_id, NEW.ticket_number, NEW.deleted_at)
       IS DISTINCT FROM (OLD.title, OLD.description, OLD.priority, OLD.channel, OLD.requester_id, OLD.creator_id,
                         OLD.assignee_id, OLD.team_id, OLD.organization_id, OLD.ticket_number, OLD.deleted_at) THEN
    RAISE EXCEPTION 'a customer changes nothing but the status'
      USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'ombud_rights';
  END IF;
  IF edited AND OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS NOT NULL THEN
    RAISE EXCEPTION 'ticket % is deleted', OLD.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_tickets_not_deleted';
  END IF;
  IF NEW.requester_id <> OLD.requester_id AND NEW.organization_id IS NOT DISTINCT FROM OLD.organization_id THEN
    -- The ticket is another customer's now; colleagues of the one before must not go on reading it.
    NEW.organization_id := (SELECT u.organization_id FROM ombud.users u WHERE u.id = NEW.requester_id);
  END IF;
  IF NEW.status <> OLD.status THEN
    -- Taking a request back goes the way that was legal, in the other direction.
    IF NOT (ombud.is_status_move(OLD.status, NEW.status)
            OR (coalesce(current_setting('ombud.undoing', true), '') = 'on'
                AND ombud.is_status_move(NEW.status, OLD.status))) THEN
      RAISE EXCEPTION 'a ticket cannot go from % to %', OLD.status, NEW.status
        USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_tickets_status_move';
    END IF;
    IF NEW.status NOT IN ('resolved', 'closed') THEN
      NEW.resolved_at := NULL;
    ELSIF OLD.status NOT IN ('resolved', 'closed') AND NEW.resolved_at IS NOT DISTINCT FROM OLD.resolved_at THEN
      NEW.resolved_at := now();
    END IF;
  END IF;
  IF edited OR NEW.deleted_at IS DISTINCT FROM OLD.deleted_at THEN
    -- What people edit moves the version; a comment's arrival does not make their edits conflict.
    NEW.version := OLD.version + 1;
    NEW.last_activity_at := greatest(NEW.last_activity_at, now());
  ELSE
    NEW.version := OLD.version;
  END IF;
  NEW.updated_at := now();
  RETURN NEW;
END $$;

CREATE TRIGGER keep BEFORE UPDATE ON ombud.tickets FOR EACH ROW EXECUTE FUNCTION ombud.keep_ticket();

-- A comment is activity; the first public one by staff is the response. Deleted tickets take none.
CREATE FUNCTION ombud.after_comments() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  IF EXISTS (SELECT FROM fresh f JOIN ombud.tickets t ON t.id = f.ticket_id WHERE t.deleted_at IS NOT NULL) THEN
    RAISE EXCEPTION 'a deleted ticket takes no comment'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_tickets_not_deleted';
  END IF;
  UPDATE ombud.tickets t
     SET last_activity_at = greatest(t.last_activity_at, c.last_at),
         first_response_at = coalesce(t.first_response_at, c.first_reply_at)
    FROM (SELECT f.ticket_id,
                 max(f.created_at) AS last_at,
                 min(f.created_at) FILTER (
                   WHERE NOT f.is_internal AND u.is_staff AND f.author_id <> k.requester_id) AS first_reply_at
            FROM fresh f
            JOIN ombud.users u ON u.id = f.author_id
            JOIN ombud.tickets k ON k.id = f.ticket_id
           GROUP BY f.ticket_id) c
   WHERE t.id = c.ticket_id
     AND (c.last_at > t.last_activity_at OR (t.first_response_at IS NULL AND c.first_reply_at IS NOT NULL));
  RETURN NULL;
END $$;

CREATE TRIGGER a_keep AFTER INSERT ON ombud.comments
  REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION ombud.after_comments();
