"""What a backup asks the database besides its dump. Plain SQL: it must not depend on the models' version."""

from collections.abc import Iterator

from psycopg import Connection, sql

FETCHED_AT_ONCE = 5000

REVISION = "SELECT version_num FROM ombud.alembic_version"
EXTENSIONS = (
    "SELECT e.extname, n.nspname FROM pg_catalog.pg_extension e"
    "  JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname IN ('unaccent', 'pg_trgm')"
)
TABLES = (
    "SELECT c.relname FROM pg_catalog.pg_class c WHERE c.relnamespace = 'ombud'::regnamespace"
    "   AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY c.relname"
)
PASSES_ROWS = "SELECT rolbypassrls OR rolsuper FROM pg_catalog.pg_roles WHERE rolname = %s"
# Tables of which the role may not read every row: no policy that says "all", or one that takes some away again.
CUT_SHORT = """
SELECT c.relname FROM pg_catalog.pg_class c, pg_catalog.pg_roles r
 WHERE r.rolname = %(role)s AND c.relnamespace = 'ombud'::regnamespace AND c.relkind IN ('r', 'p')
   AND (NOT pg_catalog.has_table_privilege(r.oid, c.oid, 'SELECT')
        OR (c.relrowsecurity
            AND (NOT EXISTS (SELECT FROM pg_catalog.pg_policy p
                              WHERE p.polrelid = c.oid AND p.polpermissive AND p.polcmd IN ('r', '*')
                                AND r.oid = ANY (p.polroles)
                                AND pg_catalog.pg_get_expr(p.polqual, p.polrelid) = 'true')
                 OR EXISTS (SELECT FROM pg_catalog.pg_policy p
                             CROSS JOIN unnest(p.polroles) AS who
                             WHERE p.polrelid = c.oid AND NOT p.polpermissive
                               AND (who = 0 OR pg_catalog.pg_has_role(r.oid, who, 'MEMBER'))))))
 ORDER BY c.relname
"""
AUDIT_EDGE = (
    "SELECT number, encode(root, 'hex'), key_id, last_id,"
    "       (SELECT sum(row_count)::bigint FROM ombud.audit_checkpoints)"
    "  FROM ombud.audit_checkpoints ORDER BY number DESC LIMIT 1"
)
_WITH_FILES = (
    "SELECT c.relname FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid"
    " WHERE c.relnamespace = 'ombud'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
    "   AND a.attname = 'storage_key' AND NOT a.attisdropped ORDER BY c.relname"
)
_KEYS_OF = sql.SQL("SELECT storage_key FROM ombud.{} WHERE storage_key IS NOT NULL")


def count_rows(connection: Connection, table: str) -> int:
    """Return how many rows a table has."""
    row = connection.execute(
        sql.SQL("SELECT count(*) FROM ombud.{}").format(sql.Identifier(table))
    ).fetchone()
    return int(row[0]) if row else 0


def referenced_files(connection: Connection) -> Iterator[str]:
    """Yield each file that any row speaks of, once: every column named `storage_key` names them."""
    tables = [row[0] for row in connection.execute(_WITH_FILES)]
    if not tables:
        return
    statement = sql.SQL(" UNION ").join(_KEYS_OF.format(sql.Identifier(table)) for table in tables)
    with connection.cursor(name="ombud_files") as cursor:
        cursor.itersize = FETCHED_AT_ONCE
        cursor.execute(statement)
        for (key,) in cursor:
            yield key
