-- Dumps work as ombud_backup. pg_dump reads partitions and sequences themselves, so the role needs them too,
-- and whatever is made later.
GRANT SELECT ON ALL TABLES IN SCHEMA ombud TO ombud_backup;
GRANT SELECT ON ALL SEQUENCES IN SCHEMA ombud TO ombud_backup;
ALTER DEFAULT PRIVILEGES FOR ROLE ombud_owner IN SCHEMA ombud GRANT SELECT ON TABLES TO ombud_backup;
ALTER DEFAULT PRIVILEGES FOR ROLE ombud_owner IN SCHEMA ombud GRANT SELECT ON SEQUENCES TO ombud_backup;

-- Row security on a partition. The parent's policies hold for whoever goes through it; only a dump comes here.
CREATE FUNCTION ombud.secure_partition(target regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
  EXECUTE format('CREATE POLICY backup_all ON %s FOR SELECT TO ombud_backup USING (true)', target);
END $$;
REVOKE ALL ON FUNCTION ombud.secure_partition(regclass) FROM PUBLIC;

SELECT ombud.secure_partition(c.oid) FROM pg_class c
 WHERE c.relnamespace = 'ombud'::regnamespace AND c.relispartition AND c.relkind = 'r';

-- Partitions of this month and the next ones. A month whose rows lie in the default partition already (nobody made
-- it in time) cannot have one of its own any more: it is left out, so that the others are still made, and
-- `ombud db doctor` says so. Its rows are found as before, only more slowly.
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
        BEGIN
          EXECUTE format(
            'CREATE TABLE ombud.%I PARTITION OF ombud.%I FOR VALUES FROM (%L) TO (%L)', partition_name, log,
            month_start, ((month_start AT TIME ZONE 'UTC') + interval '1 month') AT TIME ZONE 'UTC');
          PERFORM ombud.secure_partition(('ombud.' || partition_name)::regclass);
          made := made + 1;
        EXCEPTION WHEN check_violation THEN
          RAISE WARNING 'rows of % are in the default partition already', partition_name;
        END;
      END IF;
    END LOOP;
  END LOOP;
  RETURN made;
END $$;
