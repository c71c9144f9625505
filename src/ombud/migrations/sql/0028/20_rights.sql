-- Rights below administrator, for custom roles only: keeping everybody's webhooks, and keeping roles. Neither opens more
-- than who has it may do already.

ALTER TABLE ombud.roles DROP CONSTRAINT ck_roles_permissions;
ALTER TABLE ombud.roles ADD CONSTRAINT ck_roles_permissions CHECK (permissions <@ ARRAY['tickets.open', 'tickets.reply',
  'tickets.change', 'tickets.delete', 'notes.write', 'tags.keep', 'people.keep', 'exports.make',
  'imports.make', 'webhooks.keep', 'roles.keep']::text[]);

-- A role that holds a right which the actor has not is not theirs to keep: neither as it is, nor as it becomes.
CREATE FUNCTION ombud.actor_keeps_role(rights text[]) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
  SELECT current_setting('ombud.kind', true) = 'agent'
     AND coalesce(nullif(current_setting('ombud.permissions', true), ''), '{}')::text[] @> (rights || 'roles.keep'::text)
$$;
CREATE POLICY keepers_add ON ombud.roles FOR INSERT TO ombud_web WITH CHECK (ombud.actor_keeps_role(permissions));
CREATE POLICY keepers_change ON ombud.roles FOR UPDATE TO ombud_web USING (ombud.actor_keeps_role(permissions))
  WITH CHECK (ombud.actor_keeps_role(permissions));
CREATE POLICY keepers_remove ON ombud.roles FOR DELETE TO ombud_web USING (ombud.actor_keeps_role(permissions));

-- A webhook tells what its owner sees. Who keeps everybody's switches them on and off, tries and deletes them, but
-- turns no other one's words to another place, nor to more of them.
DROP POLICY own ON ombud.webhook_endpoints;
CREATE POLICY own ON ombud.webhook_endpoints TO ombud_web USING (
  (SELECT ombud.actor_kind()) <> 'customer'
  AND ((SELECT ombud.actor_kind()) = 'admin' OR owner_id = (SELECT ombud.actor_id())
       OR ((SELECT ombud.actor_kind()) = 'agent' AND (SELECT ombud.actor_may('webhooks.keep')))));
CREATE POLICY own_only ON ombud.webhook_endpoints AS RESTRICTIVE FOR INSERT TO ombud_web WITH CHECK (
  (SELECT ombud.actor_kind()) = 'admin' OR owner_id = (SELECT ombud.actor_id()));

CREATE FUNCTION ombud.keep_endpoint() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF ombud.actor_kind() = 'agent' AND (NEW.owner_id <> OLD.owner_id OR OLD.owner_id IS DISTINCT FROM ombud.actor_id()) THEN
    RAISE EXCEPTION 'only its owner says what webhook % tells, and where', OLD.id
      USING ERRCODE = 'insufficient_privilege', CONSTRAINT = 'ombud_rights';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER keep BEFORE UPDATE ON ombud.webhook_endpoints FOR EACH ROW
  WHEN ((NEW.owner_id, NEW.url, NEW.events, NEW.includes_notes, NEW.secret, NEW.old_secret, NEW.old_secret_until)
        IS DISTINCT FROM (OLD.owner_id, OLD.url, OLD.events, OLD.includes_notes, OLD.secret, OLD.old_secret,
                          OLD.old_secret_until))
  EXECUTE FUNCTION ombud.keep_endpoint();

ALTER FUNCTION ombud.actor_keeps_role(text[]) OWNER TO ombud_owner;
ALTER FUNCTION ombud.keep_endpoint() OWNER TO ombud_owner;
REVOKE ALL ON FUNCTION ombud.actor_keeps_role(text[]), ombud.keep_endpoint() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ombud.actor_keeps_role(text[]) TO ombud_app;
