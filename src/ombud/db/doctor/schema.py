"""Look-ups about tables, indexes, constraints, sequences and partitions. Each row has one column, `thing`."""

# The columns of the key are the first ones of the index, in any order.
UNINDEXED_FOREIGN_KEYS = """
SELECT c.conrelid::regclass || ': ' || c.conname AS thing FROM pg_constraint c
 WHERE c.contype = 'f' AND c.connamespace = 'ombud'::regnamespace AND c.conparentid = 0
   AND NOT EXISTS (
     SELECT FROM pg_index i
      WHERE i.indrelid = c.conrelid AND i.indisvalid
        AND (i.indpred IS NULL OR pg_get_expr(i.indpred, i.indrelid) LIKE '%% IS NOT NULL)')
        AND (i.indkey::int2[])[0:cardinality(c.conkey) - 1] @> c.conkey)
 ORDER BY 1
"""

INVALID_INDEXES = """
SELECT i.indexrelid::regclass || ' on ' || i.indrelid::regclass AS thing
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
 WHERE c.relnamespace = 'ombud'::regnamespace AND NOT (i.indisvalid AND i.indisready)
 ORDER BY 1
"""

# Constraints need their own index, so one that stands in for a constraint is no duplicate to drop.
DUPLICATE_INDEXES = """
SELECT b.indexrelid::regclass || ' is the same as ' || a.indexrelid::regclass AS thing
  FROM pg_index a JOIN pg_index b ON b.indrelid = a.indrelid AND b.indexrelid > a.indexrelid
  JOIN pg_class ca ON ca.oid = a.indexrelid JOIN pg_class cb ON cb.oid = b.indexrelid
 WHERE ca.relnamespace = 'ombud'::regnamespace AND NOT ca.relispartition AND NOT cb.relispartition
   AND ca.relam = cb.relam AND a.indkey = b.indkey AND a.indclass = b.indclass AND a.indoption = b.indoption
   AND a.indcollation = b.indcollation
   AND coalesce(pg_get_expr(a.indexprs, a.indrelid), '') = coalesce(pg_get_expr(b.indexprs, b.indrelid), '')
   AND coalesce(pg_get_expr(a.indpred, a.indrelid), '') = coalesce(pg_get_expr(b.indpred, b.indrelid), '')
 ORDER BY 1
"""

UNVALIDATED_CONSTRAINTS = """
SELECT c.conrelid::regclass || ': ' || c.conname AS thing FROM pg_constraint c
 WHERE c.connamespace = 'ombud'::regnamespace AND NOT c.convalidated ORDER BY 1
"""

DISABLED_TRIGGERS = """
SELECT t.tgrelid::regclass || ': ' || t.tgname AS thing FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
 WHERE c.relnamespace = 'ombud'::regnamespace AND t.tgenabled <> 'O' ORDER BY 1
"""

# Only a superuser makes them, and they fire for the whole database: on what migrations do, some on signing in.
EVENT_TRIGGERS = """
SELECT format('%%s fires on %%s and runs %%s', evtname, evtevent, evtfoid::regprocedure) AS thing
  FROM pg_event_trigger WHERE evtenabled <> 'D' ORDER BY 1
"""

# They are empty after a crash, and on every replica.
UNLOGGED_TABLES = """
SELECT c.oid::regclass || ' is emptied by a crash' AS thing FROM pg_class c
 WHERE c.relnamespace = 'ombud'::regnamespace AND c.relkind IN ('r', 'p') AND c.relpersistence <> 'p' ORDER BY 1
"""

SEQUENCES_NEAR_END = """
SELECT format('%%s.%%s is at %%s of %%s', schemaname, sequencename, last_value, max_value) AS thing
  FROM pg_sequences
 WHERE schemaname = 'ombud' AND last_value > max_value * %(sequence_share)s ORDER BY 1
"""

# This month and the next one; the worker makes three.
# By name and by what it holds: one that was detached, or put back for other times, is there and takes no rows.
MISSING_PARTITIONS = """
WITH wanted AS (
  SELECT log, log || '_' || to_char(month, 'YYYY_MM') AS name,
         format('FOR VALUES FROM (%%L) TO (%%L)', month AT TIME ZONE 'UTC',
                (month + interval '1 month') AT TIME ZONE 'UTC') AS bound
    FROM unnest(ARRAY['audit_logs', 'access_logs']) log,
         generate_series(date_trunc('month', now() AT TIME ZONE 'UTC'),
                         date_trunc('month', now() AT TIME ZONE 'UTC') + interval '1 month', '1 month') month
  UNION ALL
  SELECT log, log || '_default', 'DEFAULT' FROM unnest(ARRAY['audit_logs', 'access_logs']) log
)
SELECT name || CASE WHEN c.oid IS NULL THEN '' WHEN i.inhparent IS NULL THEN ' is detached'
                    ELSE ' holds other times' END AS thing
  FROM wanted LEFT JOIN pg_class c ON c.oid = to_regclass('ombud.' || name)
  LEFT JOIN pg_inherits i ON i.inhrelid = c.oid AND i.inhparent = to_regclass('ombud.' || log)
 WHERE i.inhparent IS NULL OR pg_get_expr(c.relpartbound, c.oid) <> bound
 ORDER BY 1
"""

# Both parents are asked, so that row security is the parents'; tableoid says where a row lies.
DEFAULT_PARTITION_ROWS = """
SELECT 'audit_logs_default has rows of ' || string_agg(DISTINCT to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM'), ', ')
       AS thing FROM ombud.audit_logs WHERE tableoid = 'ombud.audit_logs_default'::regclass HAVING count(*) > 0
UNION ALL
SELECT 'access_logs_default has rows of ' || string_agg(DISTINCT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM'), ', ')
  FROM ombud.access_logs WHERE tableoid = 'ombud.access_logs_default'::regclass HAVING count(*) > 0
"""
