-- What a customer moves a ticket to: back to the desk, or their own to resolved.

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
      NEW.team_id, NEW.organization_id, NEW.ticket_number, NEW.deleted_at, NEW.merged_into_id)
       IS DISTINCT FROM (OLD.title, OLD.description, OLD.priority, OLD.channel, OLD.requester_id, OLD.creator_id,
                         OLD.assignee_id, OLD.team_id, OLD.organization_id, OLD.ticket_number, OLD.deleted_at,
                         OLD.merged_into_id) THEN
    RAISE EXCEPTION 'a customer changes nothing but the status'
      USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'ombud_rights';
  END IF;
  IF ombud.actor_kind() = 'customer' AND NEW.status <> OLD.status AND NEW.status <> 'open'
     AND NOT (NEW.status = 'resolved' AND OLD.requester_id = ombud.actor_id()) THEN
    RAISE EXCEPTION 'a customer brings tickets back, and declares their own resolved'
      USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'ombud_rights';
  END IF;
  IF ombud.actor_kind() = 'agent' AND
     (ombud.actor_reads_only(OLD.team_id) AND (edited OR NEW.deleted_at IS DISTINCT FROM OLD.deleted_at
                                               OR NEW.merged_into_id IS DISTINCT FROM OLD.merged_into_id)
      OR NEW.deleted_at IS DISTINCT FROM OLD.deleted_at AND NOT ombud.actor_may('tickets.delete')
      OR edited AND NOT ombud.actor_may('tickets.change')
         AND NOT (ombud.actor_may('tickets.reply') AND NEW.status <> OLD.status
                  -- an answer moves the status and nothing else
                  AND (NEW.title, NEW.description, NEW.priority, NEW.channel, NEW.requester_id, NEW.assignee_id,
                       NEW.team_id, NEW.organization_id, NEW.ticket_number)
                    IS NOT DISTINCT FROM (OLD.title, OLD.description, OLD.priority, OLD.channel, OLD.requester_id,
                                          OLD.assignee_id, OLD.team_id, OLD.organization_id, OLD.ticket_number))
      OR NEW.merged_into_id IS DISTINCT FROM OLD.merged_into_id AND NOT ombud.actor_may('tickets.change')) THEN
    RAISE EXCEPTION 'this agent may not change that of ticket %', OLD.id
      USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'ombud_rights';
  END IF;
  IF edited AND OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS NOT NULL AND NOT ombud.is_curating() THEN
    RAISE EXCEPTION 'ticket % is deleted', OLD.id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'ck_tickets_not_deleted';
  END IF;
  IF NEW.requester_id <> OLD.requester_id AND NEW.organization_id IS NOT DISTINCT FROM OLD.organization_id
     AND coalesce(current_setting('ombud.undoing', true), '') <> 'on' THEN
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
  IF edited OR NEW.deleted_at IS DISTINCT FROM OLD.deleted_at
     OR NEW.merged_into_id IS DISTINCT FROM OLD.merged_into_id THEN
    -- What people edit moves the version; a comment's arrival does not make their edits conflict.
    NEW.version := OLD.version + 1;
    IF NOT ombud.is_curating() THEN
      NEW.last_activity_at := greatest(NEW.last_activity_at, now());
    END IF;
  ELSE
    NEW.version := OLD.version;
  END IF;
  NEW.updated_at := now();
  RETURN NEW;
END $$;
