-- Custom roles and rights by team go; an agent may do again all that agents may.
DO $$
DECLARE
  one record;
BEGIN
  FOR one IN SELECT p.polname, p.polrelid::regclass AS target FROM pg_policy p
               JOIN pg_class c ON c.oid = p.polrelid
              WHERE c.relnamespace = 'ombud'::regnamespace AND p.polname IN ('rights_add', 'rights_change', 'rights_remove')
  LOOP
    EXECUTE format('DROP POLICY %I ON %s', one.polname, one.target);
  END LOOP;
END $$;

DROP TRIGGER keep ON ombud.users;
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

CREATE OR REPLACE FUNCTION ombud.keep_user() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
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

DROP FUNCTION ombud.principal(bigint), ombud.find_session(bytea), ombud.find_token(text);
CREATE FUNCTION ombud.principal(wanted bigint)
RETURNS TABLE (user_id bigint, email text, full_name text, role text, sees_all_teams boolean, team_ids bigint[],
               shared_organization_id bigint, theme text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT u.id, u.email, u.full_name, u.role, u.sees_all_teams,
         ARRAY(SELECT m.team_id FROM ombud.team_members m WHERE m.user_id = u.id),
         (SELECT o.id FROM ombud.organizations o WHERE o.id = u.organization_id AND o.shares_tickets), u.theme
    FROM ombud.users u WHERE u.id = wanted AND u.is_active
$$;
CREATE FUNCTION ombud.find_session(hash bytea, idle interval)
RETURNS TABLE (session_id bigint, last_seen_at timestamptz, user_id bigint, email text, full_name text, role text,
               sees_all_teams boolean, team_ids bigint[], shared_organization_id bigint, theme text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT s.id, s.last_seen_at, p.user_id, p.email, p.full_name, p.role, p.sees_all_teams, p.team_ids,
         p.shared_organization_id, p.theme
    FROM ombud.web_sessions s
   CROSS JOIN LATERAL ombud.principal(s.user_id) p
   WHERE s.token_hash = hash AND s.expires_at > now() AND s.last_seen_at > now() - idle
$$;
CREATE FUNCTION ombud.find_token(wanted text)
RETURNS TABLE (token_id bigint, secret_hash bytea, scopes text[], last_used_at timestamptz, user_id bigint, email text,
               full_name text, role text, sees_all_teams boolean, team_ids bigint[],
               shared_organization_id bigint, theme text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
  SELECT k.id, k.secret_hash, k.scopes::text[], k.last_used_at, p.user_id, p.email, p.full_name, p.role,
         p.sees_all_teams, p.team_ids, p.shared_organization_id, p.theme
    FROM ombud.api_tokens k
   CROSS JOIN LATERAL ombud.principal(k.user_id) p
   WHERE k.key_id = wanted AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now())
$$;
REVOKE ALL ON FUNCTION ombud.principal(bigint), ombud.find_session(bytea, interval), ombud.find_token(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ombud.principal(bigint), ombud.find_session(bytea, interval), ombud.find_token(text)
  TO ombud_app;

ALTER TABLE ombud.web_sessions DROP COLUMN confirmed_at, DROP COLUMN idle_seconds;
ALTER TABLE ombud.api_tokens DROP COLUMN confirmed_at;
ALTER TABLE ombud.team_members DROP COLUMN reads_only;
ALTER TABLE ombud.users DROP COLUMN custom_role_id;
DROP TABLE ombud.roles;
DROP FUNCTION ombud.actor_may(text[]), ombud.actor_reads_only(bigint), ombud.actor_only_reads_ticket(bigint),
  ombud.audit_of_roles();
SELECT ombud.audit_table('ombud.team_members', '{team_id,user_id}');
SELECT ombud.audit_table('ombud.users', '{id}', secrets => '{password_hash}', omitted => '{updated_at,email_norm}');
SELECT ombud.audit_table('ombud.api_tokens', '{id}', secrets => '{secret_hash}', omitted => '{last_used_at}');
