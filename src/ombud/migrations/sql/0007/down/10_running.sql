-- Notes of what the older version has no word for become views.
UPDATE ombud.access_logs SET kind = 'view' WHERE kind = 'impersonation';
ALTER TABLE ombud.access_logs DROP CONSTRAINT ck_access_logs_kind;
ALTER TABLE ombud.access_logs ADD CONSTRAINT ck_access_logs_kind
  CHECK (kind IN ('view', 'list', 'search', 'download', 'export', 'denied'));

CREATE OR REPLACE FUNCTION ombud.ensure_audit_partitions(months_ahead int DEFAULT 3) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  log text;
  month_start timestamptz;
  partition_name text;
  made int := 0;
BEGIN
  FOREACH log IN ARRAY ARRAY['audit_logs', 'access_logs'] LOOP
    FOR i IN 0..months_ahead LOOP
      month_start :=
        (date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => i)) AT TIME ZONE 'UTC';
      partition_name := log || '_' || to_char(month_start AT TIME ZONE 'UTC', 'YYYY_MM');
      IF to_regclass('ombud.' || partition_name) IS NULL THEN
        EXECUTE format(
          'CREATE TABLE ombud.%I PARTITION OF ombud.%I FOR VALUES FROM (%L) TO (%L)', partition_name, log,
          month_start, ((month_start AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC');
        EXECUTE format('ALTER TABLE ombud.%I ENABLE ROW LEVEL SECURITY', partition_name);
        EXECUTE format('ALTER TABLE ombud.%I FORCE ROW LEVEL SECURITY', partition_name);
        made := made + 1;
      END IF;
    END LOOP;
  END LOOP;
  RETURN made;
END $$;

DO $$
DECLARE
  partition regclass;
BEGIN
  FOR partition IN SELECT c.oid FROM pg_class c
                    WHERE c.relnamespace = 'ombud'::regnamespace AND c.relispartition AND c.relkind = 'r' LOOP
    EXECUTE format('DROP POLICY backup_all ON %s', partition);
    EXECUTE format('REVOKE SELECT ON %s FROM ombud_backup', partition);
  END LOOP;
END $$;
DROP FUNCTION ombud.secure_partition(regclass);
ALTER DEFAULT PRIVILEGES FOR ROLE ombud_owner IN SCHEMA ombud REVOKE SELECT ON TABLES FROM ombud_backup;
ALTER DEFAULT PRIVILEGES FOR ROLE ombud_owner IN SCHEMA ombud REVOKE SELECT ON SEQUENCES FROM ombud_backup;
REVOKE SELECT ON ALL SEQUENCES IN SCHEMA ombud FROM ombud_backup;
