-- What a customer sees follows from their address (a new password goes there) and from their organization. An agent who
-- sees some teams only would see the others by an account that they made their own: who sees all says these.
CREATE FUNCTION ombud.keep_sight_of_user() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF NEW.id = ombud.actor_id() THEN
    RETURN NEW;
  END IF;
  IF TG_OP = 'UPDATE' AND NEW.password_hash IS DISTINCT FROM OLD.password_hash THEN
    RAISE EXCEPTION 'an agent sets nobody else''s password'
      USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'ombud_rights';
  END IF;
  IF current_setting('ombud.scope', true) = 'all' THEN
    RETURN NEW;
  END IF;
  IF TG_OP = 'UPDATE' AND (NEW.email, NEW.organization_id) IS DISTINCT FROM (OLD.email, OLD.organization_id)
     OR TG_OP = 'INSERT' AND NEW.organization_id IS NOT NULL
        AND NOT EXISTS (SELECT FROM ombud.organization_domains d
                         WHERE d.organization_id = NEW.organization_id
                           AND d.domain = lower(substring(NEW.email FROM '@([^@]*)$'))) THEN
    RAISE EXCEPTION 'who sees all teams says what a customer sees'
      USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'ombud_rights';
  END IF;
  RETURN NEW;
END $$;
CREATE FUNCTION ombud.keep_sight_of_organization() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF TG_OP = 'INSERT' AND NEW.shares_tickets
     OR TG_OP = 'UPDATE' AND NEW.shares_tickets IS DISTINCT FROM OLD.shares_tickets THEN
    RAISE EXCEPTION 'who sees all teams says what an organization shares'
      USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'ombud_rights';
  END IF;
  RETURN NEW;
END $$;
REVOKE ALL ON FUNCTION ombud.keep_sight_of_user(), ombud.keep_sight_of_organization() FROM PUBLIC;

CREATE TRIGGER keep_sight BEFORE INSERT OR UPDATE OF email, organization_id, password_hash ON ombud.users
  FOR EACH ROW WHEN (ombud.actor_kind() = 'agent') EXECUTE FUNCTION ombud.keep_sight_of_user();
CREATE TRIGGER keep_sight BEFORE INSERT OR UPDATE OF shares_tickets ON ombud.organizations
  FOR EACH ROW WHEN (ombud.actor_kind() = 'agent' AND current_setting('ombud.scope', true) <> 'all')
  EXECUTE FUNCTION ombud.keep_sight_of_organization();

CREATE POLICY sight_add ON ombud.organization_domains AS RESTRICTIVE FOR INSERT TO ombud_web
  WITH CHECK ((SELECT nullif(current_setting('ombud.scope', true), '') = 'all'));
CREATE POLICY sight_change ON ombud.organization_domains AS RESTRICTIVE FOR UPDATE TO ombud_web USING (true)
  WITH CHECK ((SELECT nullif(current_setting('ombud.scope', true), '') = 'all'));
CREATE POLICY sight_remove ON ombud.organization_domains AS RESTRICTIVE FOR DELETE TO ombud_web
  USING ((SELECT nullif(current_setting('ombud.scope', true), '') = 'all'));
