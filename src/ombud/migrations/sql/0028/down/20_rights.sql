DROP TRIGGER keep ON ombud.webhook_endpoints;
DROP POLICY own_only ON ombud.webhook_endpoints;
DROP POLICY own ON ombud.webhook_endpoints;
CREATE POLICY own ON ombud.webhook_endpoints TO ombud_web USING (
  (SELECT ombud.actor_kind()) <> 'customer'
  AND ((SELECT ombud.actor_kind()) = 'admin' OR owner_id = (SELECT ombud.actor_id())));
DROP POLICY keepers_add ON ombud.roles;
DROP POLICY keepers_change ON ombud.roles;
DROP POLICY keepers_remove ON ombud.roles;
DROP FUNCTION ombud.keep_endpoint(), ombud.actor_keeps_role(text[]);
ALTER TABLE ombud.roles DROP CONSTRAINT ck_roles_permissions;
SELECT set_config('ombud.kind', 'system', true), set_config('ombud.actor', 'system:migration', true);
UPDATE ombud.roles SET permissions = array_remove(array_remove(permissions, 'webhooks.keep'), 'roles.keep')
 WHERE permissions && ARRAY['webhooks.keep', 'roles.keep'];
ALTER TABLE ombud.roles ADD CONSTRAINT ck_roles_permissions CHECK (permissions <@ ARRAY['tickets.open', 'tickets.reply',
  'tickets.change', 'tickets.delete', 'notes.write', 'tags.keep', 'people.keep', 'exports.make',
  'imports.make']::text[]);
