"""Look-ups about roles, grants, ownership and row security. Each row has one column, `thing`."""

from typing import LiteralString

# Every table has row security, forced on its owner too, and demands a context. Partitions have no context of their
# own: whoever may come there directly is found by GRANTS.
ROW_SECURITY = """
SELECT c.oid::regclass || CASE WHEN NOT c.relrowsecurity THEN ' has none'
                               WHEN NOT c.relforcerowsecurity THEN ' does not bind its owner'
                               ELSE ' lacks the policy that demands a context' END AS thing
  FROM pg_class c
 WHERE c.relnamespace = 'ombud'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname <> 'alembic_version'
   AND (NOT (c.relrowsecurity AND c.relforcerowsecurity)
        OR (NOT c.relispartition
            AND NOT EXISTS (SELECT FROM pg_policy p
                             WHERE p.polrelid = c.oid AND p.polname = 'context' AND NOT p.polpermissive
                               AND p.polcmd = '*' AND p.polroles = ARRAY['ombud_app'::regrole::oid])))
 ORDER BY 1
"""

# The logs, and what they are proven with: whoever may write them, or do without their row security, needs no trigger.
_LOGS: LiteralString = """
WITH logs AS (
  SELECT c.* FROM pg_class c
   WHERE coalesce(pg_partition_root(c.oid), c.oid) = ANY (ARRAY[
     to_regclass('ombud.audit_logs'), to_regclass('ombud.audit_checkpoints'), to_regclass('ombud.audit_redactions'),
     to_regclass('ombud.audit_redacted_rows'), to_regclass('ombud.access_logs')]::oid[])
     AND c.relkind IN ('r', 'p', 'f'))"""
_WITHOUT_ROW_SECURITY: LiteralString = """
SELECT c.oid::regclass || ' lacks forced row security' AS thing FROM logs c
 WHERE NOT (c.relrowsecurity AND c.relforcerowsecurity)
 ORDER BY 1
"""
# What Ombud's own roles may is compared with what the migrations granted; partitions are nobody's but the owner's.
_WRITERS: LiteralString = r"""
SELECT DISTINCT coalesce(r.rolname, 'everybody') || ' may ' || a.privilege_type || ' ' || c.oid::regclass AS thing
  FROM logs c
 CROSS JOIN LATERAL (
   SELECT x.* FROM aclexplode(c.relacl) x
   UNION ALL
   SELECT x.* FROM pg_attribute t CROSS JOIN aclexplode(t.attacl) x WHERE t.attrelid = c.oid) a
  LEFT JOIN pg_roles r ON r.oid = a.grantee
 WHERE a.grantee <> c.relowner AND a.privilege_type IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER')
   AND (c.relispartition OR r.rolname NOT LIKE 'ombud\_%%')
"""
LOGS_WITHOUT_ROW_SECURITY: LiteralString = f"{_LOGS}{_WITHOUT_ROW_SECURITY}"
LOG_WRITERS: LiteralString = f"{_LOGS}{_WRITERS}"

MISSING_ROLES: LiteralString = """
SELECT name || ' is missing' AS thing
  FROM unnest(ARRAY['ombud_owner', 'ombud_app', 'ombud_web', 'ombud_worker', 'ombud_search', 'ombud_report',
                    'ombud_backup']) name
 WHERE NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = name)
"""
POWERS: LiteralString = """
SELECT r.rolname || ' may ' || power AS thing
  FROM pg_roles r,
       LATERAL (VALUES (r.rolsuper, 'do everything'), (r.rolcreaterole, 'make roles'),
                       (r.rolcreatedb, 'make databases'),
                       (r.rolreplication, 'replicate'),
                       (r.rolbypassrls AND r.rolname <> 'ombud_backup', 'pass row security'),
                       (r.rolcanlogin AND r.rolname <> 'ombud_login', 'log in')) AS p (has, power)
 WHERE r.rolname IN ('ombud_owner', 'ombud_app', 'ombud_web', 'ombud_worker', 'ombud_search', 'ombud_report',
                     'ombud_backup', 'ombud_login') AND p.has
UNION ALL
SELECT member.rolname || ' is a member of ' || parent.rolname
  FROM pg_auth_members m JOIN pg_roles member ON member.oid = m.member JOIN pg_roles parent ON parent.oid = m.roleid
 WHERE member.rolname IN ('ombud_app', 'ombud_web', 'ombud_worker', 'ombud_search', 'ombud_report', 'ombud_backup')
   AND NOT (parent.rolname = 'ombud_app' AND member.rolname IN ('ombud_web', 'ombud_worker'))
"""

OWNERSHIP = """
SELECT c.oid::regclass || ' belongs to ' || pg_get_userbyid(c.relowner) AS thing FROM pg_class c
 WHERE c.relnamespace = 'ombud'::regnamespace AND c.relkind IN ('r', 'p', 'S', 'v', 'm')
   AND c.relowner <> 'ombud_owner'::regrole
   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
UNION ALL
SELECT p.oid::regprocedure || ' belongs to ' || pg_get_userbyid(p.proowner) FROM pg_proc p
 WHERE p.pronamespace = 'ombud'::regnamespace AND p.proowner NOT IN ('ombud_owner'::regrole, 'ombud_search'::regrole)
   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
"""

# Nothing for everybody; no structure for those who work; no way to change what a log says, nor round its policies.
_GRANTS: LiteralString = """
SELECT 'everybody may ' || a.privilege_type || ' ' || c.oid::regclass AS thing
  FROM pg_class c, aclexplode(c.relacl) a
 WHERE c.relnamespace = 'ombud'::regnamespace AND a.grantee = 0
   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
UNION ALL
SELECT 'everybody may run ' || p.oid::regprocedure
  FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
 WHERE p.pronamespace = 'ombud'::regnamespace AND a.grantee = 0
   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
UNION ALL
SELECT r.rolname || ' may make things in the schema' FROM pg_roles r
 WHERE r.rolname IN ('ombud_app', 'ombud_web', 'ombud_worker', 'ombud_search', 'ombud_report', 'ombud_backup')
   AND has_schema_privilege(r.oid, 'ombud', 'CREATE')
UNION ALL
SELECT r.rolname || ' may ' || p || ' ' || c.oid::regclass
  FROM pg_roles r, pg_class c, unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER']) p
 WHERE r.rolname IN ('ombud_web', 'ombud_worker', 'ombud_report', 'ombud_backup')
   AND c.relnamespace = 'ombud'::regnamespace AND c.relkind IN ('r', 'p')
   AND (p IN ('TRUNCATE', 'TRIGGER') OR c.relispartition
        OR c.relname IN ('audit_logs', 'access_logs', 'audit_checkpoints')
        OR r.rolname IN ('ombud_report', 'ombud_backup'))
   AND has_table_privilege(r.oid, c.oid, p)
UNION ALL
SELECT r.rolname || ' may read the partition ' || c.oid::regclass || ' past its parent' FROM pg_roles r, pg_class c
 WHERE r.rolname IN ('ombud_web', 'ombud_worker', 'ombud_report')
   AND c.relnamespace = 'ombud'::regnamespace AND c.relispartition AND c.relkind = 'r'
   AND has_table_privilege(r.oid, c.oid, 'SELECT')
"""
GRANTS: LiteralString = f"{_GRANTS} UNION ({LOG_WRITERS})"

BACKUP = """
SELECT c.oid::regclass || ' cannot be read whole by ombud_backup' AS thing FROM pg_class c
 WHERE c.relnamespace = 'ombud'::regnamespace AND c.relkind IN ('r', 'p', 'S')
   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
   AND (CASE WHEN c.relkind = 'S' THEN NOT has_sequence_privilege('ombud_backup', c.oid, 'SELECT')
             ELSE NOT has_table_privilege('ombud_backup', c.oid, 'SELECT') END
        OR (c.relrowsecurity
            AND NOT EXISTS (SELECT FROM pg_policy p
                             WHERE p.polrelid = c.oid AND p.polpermissive AND p.polcmd IN ('r', '*')
                               AND 'ombud_backup'::regrole = ANY (p.polroles)
                               AND pg_get_expr(p.polqual, p.polrelid) = 'true')))
 ORDER BY 1
"""
