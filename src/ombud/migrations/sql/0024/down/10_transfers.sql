DROP TABLE ombud.transfer_problems, ombud.transfer_jobs;
REVOKE INSERT ON ombud.stale_files FROM ombud_worker;
DROP FUNCTION ombud.audit_of_transfer_jobs(), ombud.note_stale_transfer();
SELECT set_config('ombud.kind', 'system', true), set_config('ombud.actor', 'system:migration', true);
UPDATE ombud.roles SET permissions = array_remove(array_remove(permissions, 'exports.make'), 'imports.make')
 WHERE permissions && ARRAY['exports.make', 'imports.make'];
ALTER TABLE ombud.roles DROP CONSTRAINT ck_roles_permissions;
ALTER TABLE ombud.roles ADD CONSTRAINT ck_roles_permissions CHECK (permissions <@ ARRAY['tickets.open', 'tickets.reply',
  'tickets.change', 'tickets.delete', 'notes.write', 'tags.keep', 'people.keep']::text[]);
