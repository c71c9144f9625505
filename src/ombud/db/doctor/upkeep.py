"""Look-ups about the server's settings and how far behind its upkeep is. Each row has one column, `thing`."""

# What is committed must be on the disk, and autovacuum must run.
SETTINGS = """
SELECT format('%%s is %%s, and must be %%s', name, setting, needed) AS thing
  FROM pg_settings
  JOIN (VALUES ('fsync', 'on'), ('full_page_writes', 'on'), ('autovacuum', 'on'), ('track_counts', 'on'),
               ('zero_damaged_pages', 'off')) needs (setting_name, needed) ON setting_name = name
 WHERE setting <> needed
UNION ALL
SELECT format('%%s is off: a crash loses what was acknowledged', name) FROM pg_settings
 WHERE name = 'synchronous_commit' AND setting = 'off'
 ORDER BY 1
"""

SETTING_ADVICE = """
SELECT format('max_connections is %%s: one process of the desk takes up to %%s', setting, %(connections)s) AS thing
  FROM pg_settings WHERE name = 'max_connections' AND setting::int < %(connections)s::int
UNION ALL
SELECT 'data_checksums is off: a damaged disk is noticed late' FROM pg_settings
 WHERE name = 'data_checksums' AND setting = 'off'
UNION ALL
SELECT 'pg_stat_statements is not installed: `ombud db slow` has nothing to show'
 WHERE NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_stat_statements')
UNION ALL
SELECT 'password_encryption is md5' FROM pg_settings WHERE name = 'password_encryption' AND setting = 'md5'
UNION ALL
SELECT 'log_parameter_max_length_on_error is not 0: what customers wrote gets into the log' FROM pg_settings
 WHERE name = 'log_parameter_max_length_on_error' AND setting <> '0'
UNION ALL
SELECT 'random_page_cost is ' || setting || ': solid-state disks want about 1.1' FROM pg_settings
 WHERE name = 'random_page_cost' AND setting::float > 2
"""

UNUSED_INDEXES = """
SELECT format('%%s (%%s) was not used since %%s', s.indexrelid::regclass,
              pg_size_pretty(pg_relation_size(s.indexrelid)),
              coalesce((SELECT to_char(stats_reset, 'YYYY-MM-DD') FROM pg_stat_database
                         WHERE datname = current_database()), 'the server was made')) AS thing
  FROM pg_stat_user_indexes s JOIN pg_index i ON i.indexrelid = s.indexrelid
 WHERE s.schemaname = 'ombud' AND s.idx_scan = 0 AND NOT i.indisunique
   AND pg_relation_size(s.indexrelid) >= %(unused_index_bytes)s
 ORDER BY 1
"""

BLOAT = """
SELECT format('%%s has %%s dead rows beside %%s living ones', s.relid::regclass, s.n_dead_tup, s.n_live_tup) AS thing
  FROM pg_stat_user_tables s
 WHERE s.schemaname = 'ombud' AND s.n_dead_tup >= %(dead_rows)s
   AND s.n_dead_tup > %(dead_share)s * (s.n_live_tup + s.n_dead_tup)
 ORDER BY 1
"""

OPEN_TRANSACTIONS = """
SELECT format('process %%s of %%s has had a transaction open since %%s (%%s)', pid, coalesce(usename, '?'),
              to_char(xact_start, 'YYYY-MM-DD HH24:MI'), state) AS thing
  FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid()
   AND xact_start <= now() - make_interval(secs => %(open_transaction_seconds)s)
UNION ALL
SELECT format('the prepared transaction %%s waits since %%s', gid, prepared) FROM pg_prepared_xacts
 WHERE database = current_database()
"""

SEARCH_TAIL = """
SELECT format('more than %%s search documents wait to be indexed', %(search_tail)s) AS thing
  FROM (SELECT FROM ombud.ticket_search WHERE NOT is_indexed LIMIT %(search_tail)s + 1) waiting
HAVING count(*) > %(search_tail)s
"""

STATISTICS_TAIL = """
SELECT format('more than %%s changes wait to be added up', %(statistics_tail)s) AS thing
  FROM (SELECT FROM ombud.ticket_stats_delta LIMIT %(statistics_tail)s + 1) waiting
HAVING count(*) > %(statistics_tail)s
"""

# What is newest in the log, by xid, is under no checkpoint although it is old.
UNSEALED = """
SELECT format('rows of the audit log are not sealed since %%s', to_char(min(created_at), 'YYYY-MM-DD HH24:MI')) AS thing
  FROM ombud.audit_logs
 WHERE xid >= coalesce((SELECT xid_to FROM ombud.audit_checkpoints ORDER BY number DESC LIMIT 1), 0)
   AND id > coalesce((SELECT after_id FROM ombud.audit_checkpoints ORDER BY number DESC LIMIT 1), 0)
   AND created_at <= now() - make_interval(secs => %(unsealed_seconds)s)
HAVING count(*) > 0
"""
