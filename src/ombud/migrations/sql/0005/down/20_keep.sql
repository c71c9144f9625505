-- The functions as they were.

CREATE OR REPLACE FUNCTION ombud.touch() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  NEW.updated_at := now();
  RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION ombud.keep_new_ticket() RETURNS trigger
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

CREATE OR REPLACE FUNCTION ombud.keep_ticket() RETURNS trigger
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

CREATE OR REPLACE FUNCTION ombud.after_comments() RETURNS trigger
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

CREATE OR REPLACE FUNCTION ombud.search_changed_comments() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  ids bigint[] := ARRAY(SELECT DISTINCT o.ticket_id FROM old_rows o);
BEGIN
  IF ids <> '{}' THEN
    PERFORM ombud.write_documents(ids);
  END IF;
  RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER s_search_update AFTER UPDATE ON ombud.comments
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION ombud.search_changed_comments();

DROP FUNCTION ombud.is_curating();
