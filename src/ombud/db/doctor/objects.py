"""Whether functions, triggers, policies and grants are those that the migrations made.

Each row has one column, `thing`. Who may change them (the owner of the database, a superuser) can switch the log and
row security off without touching either: a function with another body still stands in every list. `made.json` has
their digests; `tools/schema_sql.py` writes it with the schema.
"""

import json
from functools import cache
from importlib.resources import files
from typing import LiteralString

# Texts of the catalogue alone, which are the same on every version of PostgreSQL. Partitions follow their parents, but
# for triggers of their own, which fire on what comes through the parent; triggers of foreign keys follow constraints.
# One trigger more on a log can swallow its rows. Of grants those of Ombud's roles and of everybody are compared, for
# columns too: what a host lets its own roles do is its business.
_PRESENT: LiteralString = """
WITH present AS (
  SELECT 'function ' || p.oid::regprocedure AS thing, false AS is_grave,
         concat_ws('|', p.prosrc, p.prokind, p.prosecdef, p.provolatile, p.proisstrict, p.prorettype::regtype,
                   array_to_string(p.proconfig, ','), l.lanname,
                   (SELECT string_agg(coalesce(r.rolname, 'PUBLIC'), ',' ORDER BY r.rolname COLLATE "C")
                      FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
                      LEFT JOIN pg_roles r ON r.oid = a.grantee
                     WHERE a.grantee <> p.proowner AND (a.grantee = 0 OR r.rolname LIKE 'ombud\\_%%'))) AS definition
    FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
   WHERE p.pronamespace = 'ombud'::regnamespace
     AND NOT EXISTS (SELECT FROM pg_depend d
                      WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
  UNION ALL
  SELECT 'trigger ' || t.tgname || ' on ' || c.oid::regclass,
         coalesce(pg_partition_root(c.oid), c.oid) = ANY (ARRAY[
           to_regclass('ombud.audit_logs'), to_regclass('ombud.audit_checkpoints'),
           to_regclass('ombud.audit_redactions'), to_regclass('ombud.audit_redacted_rows'),
           to_regclass('ombud.access_logs')]::oid[]),
         concat_ws('|', t.tgfoid::regproc, t.tgtype, t.tgoldtable, t.tgnewtable, t.tgqual IS NULL, t.tgattr)
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
   WHERE c.relnamespace = 'ombud'::regnamespace AND t.tgparentid = 0 AND NOT t.tgisinternal
  UNION ALL
  SELECT 'policy ' || p.polname || ' on ' || c.oid::regclass, true,
         concat_ws('|', p.polcmd, p.polpermissive, (SELECT string_agg(r::regrole::text, ',' ORDER BY r::regrole::text)
                                                      FROM unnest(p.polroles) r),
                   pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
    FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
   WHERE c.relnamespace = 'ombud'::regnamespace AND NOT c.relispartition
  UNION ALL
  SELECT 'rule ' || r.rulename || ' on ' || c.oid::regclass, true, pg_get_ruledef(r.oid)
    FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
   WHERE c.relnamespace = 'ombud'::regnamespace AND c.relkind IN ('r', 'p')
  UNION ALL
  SELECT 'list of grants on ' || c.oid::regclass, false,
         string_agg(concat_ws(':', a.of_column, coalesce(r.rolname, 'PUBLIC'), a.privilege_type, a.is_grantable),
                    ',' ORDER BY a.of_column COLLATE "C", r.rolname COLLATE "C", a.privilege_type COLLATE "C")
    FROM pg_class c
   CROSS JOIN LATERAL (
     SELECT NULL::text AS of_column, x.* FROM aclexplode(c.relacl) x
     UNION ALL
     SELECT t.attname, x.* FROM pg_attribute t CROSS JOIN aclexplode(t.attacl) x WHERE t.attrelid = c.oid) a
    LEFT JOIN pg_roles r ON r.oid = a.grantee
   WHERE c.relnamespace = 'ombud'::regnamespace AND c.relkind IN ('r', 'p', 'S', 'v', 'm') AND NOT c.relispartition
     AND a.grantee <> c.relowner AND (a.grantee = 0 OR r.rolname LIKE 'ombud\\_%%')
   GROUP BY c.oid
)"""

_EACH: LiteralString = """
SELECT thing, left(encode(sha256(convert_to(definition, 'UTF8')), 'hex'), 16) FROM present ORDER BY thing
"""
DIGESTS: LiteralString = f"{_PRESENT}{_EACH}"
"""What there is, by name, with what it was made of."""

_COMPARED: LiteralString = """,
made AS (SELECT key AS thing, value AS digest FROM jsonb_each_text(CAST(%(made)s AS jsonb)))
SELECT coalesce(p.thing, m.thing) || CASE WHEN p.thing IS NULL THEN ' is missing'
                                          WHEN m.thing IS NULL THEN ' is not one of Ombud''s'
                                          ELSE ' is not as Ombud made it' END AS thing
  FROM present p FULL JOIN made m ON m.thing = p.thing
 WHERE left(encode(sha256(convert_to(p.definition, 'UTF8')), 'hex'), 16) IS DISTINCT FROM m.digest
   AND (SELECT version_num FROM ombud.alembic_version) = %(head)s"""

# Who writes another revision there would else have silenced the comparison.
_NOT_COMPARED: LiteralString = """
SELECT 'schema says that it is of revision ' || coalesce(version_num, 'none') || ', not ' || %(head)s
       || ': what it is made of cannot be compared'
  FROM (SELECT max(version_num) AS version_num FROM ombud.alembic_version) v
 WHERE version_num IS DISTINCT FROM %(head)s"""

# A policy or a rule more opens or diverts something; a function or trigger more, but on a log, may be the host's.
CHANGED: LiteralString = (
    f"{_PRESENT}{_COMPARED} AND (m.thing IS NOT NULL OR p.is_grave) UNION ALL {_NOT_COMPARED} ORDER BY 1"
)
FOREIGN: LiteralString = f"{_PRESENT}{_COMPARED} AND m.thing IS NULL AND NOT p.is_grave ORDER BY 1"

# With it, triggers do not fire, and whoever is set so leaves no trace.
REPLICATION_ROLE = """
SELECT coalesce(r.rolname, 'everybody') || ' works with ' || setting || coalesce(' in ' || d.datname, '') AS thing
  FROM pg_db_role_setting s CROSS JOIN unnest(s.setconfig) setting
  LEFT JOIN pg_roles r ON r.oid = s.setrole LEFT JOIN pg_database d ON d.oid = s.setdatabase
 WHERE setting ~ '^session_replication_role=' AND setting <> 'session_replication_role=origin'
   AND (s.setdatabase = 0 OR d.datname = current_database())
UNION ALL
SELECT 'the server works with session_replication_role=' || reset_val FROM pg_settings
 WHERE name = 'session_replication_role' AND reset_val <> 'origin'
   AND source IN ('configuration file', 'command line')
 ORDER BY 1
"""


@cache
def made() -> tuple[str, str]:
    """Return the revision that `made.json` is of, and the digests as JSON."""
    told = json.loads(files("ombud.migrations").joinpath("made.json").read_text("utf-8"))
    return told["revision"], json.dumps(told["objects"])
