-- Working as somebody else is a look at their desk. Nothing does it yet; the word is there for when it comes.
ALTER TABLE ombud.access_logs DROP CONSTRAINT ck_access_logs_kind;
ALTER TABLE ombud.access_logs ADD CONSTRAINT ck_access_logs_kind
  CHECK (kind IN ('view', 'list', 'search', 'download', 'export', 'impersonation', 'denied'));
