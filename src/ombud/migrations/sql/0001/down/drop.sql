-- Back to an empty schema. Members of extensions (unaccent, pg_trgm) stay with their extension.
DO $$
DECLARE
  thing record;
BEGIN
  FOR thing IN SELECT c.oid::regclass AS name FROM pg_class c
                WHERE c.relnamespace = 'ombud'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
                  AND c.relname <> 'alembic_version' LOOP
    EXECUTE format('DROP TABLE %s CASCADE', thing.name);
  END LOOP;
  FOR thing IN SELECT p.oid::regprocedure AS name, p.prokind FROM pg_proc p
                WHERE p.pronamespace = 'ombud'::regnamespace
                  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
                ORDER BY p.prokind = 'a' DESC LOOP
    EXECUTE format('DROP %s %s CASCADE', CASE WHEN thing.prokind = 'a' THEN 'AGGREGATE' ELSE 'FUNCTION' END, thing.name);
  END LOOP;
END $$;
DROP SEQUENCE IF EXISTS ombud.ticket_number_seq;
DROP TEXT SEARCH CONFIGURATION IF EXISTS ombud.plain;
REVOKE ALL ON SCHEMA ombud FROM ombud_app, ombud_backup, ombud_search;
REVOKE ALL ON ombud.alembic_version FROM ombud_app, ombud_backup;
