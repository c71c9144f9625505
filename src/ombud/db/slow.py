"""What costs the server most, from pg_stat_statements: statements without their values."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from psycopg import Connection, errors, sql
from psycopg.rows import class_row

from ombud.db.roles import Role

EXTENSION = "pg_stat_statements"


class By(StrEnum):
    """What the list is ordered by."""

    TOTAL = "total"
    MEAN = "mean"
    MAX = "max"
    CALLS = "calls"


@dataclass(frozen=True, slots=True)
class Statement:
    """One kind of statement since the figures were last reset. Times in milliseconds; `hit` is a share."""

    role: str
    calls: int
    total_ms: float
    mean_ms: float
    max_ms: float
    rows: int
    hit: float | None
    query: str


_WHERE = (
    "SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = %s"
)
_MINE = """
SELECT userid::regrole::text AS role, calls, total_exec_time AS total_ms, mean_exec_time AS mean_ms,
       max_exec_time AS max_ms, rows, shared_blks_hit::float / nullif(shared_blks_hit + shared_blks_read, 0) AS hit,
       query
  FROM {}.pg_stat_statements(true)
 WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND toplevel
   AND userid = current_user::regrole
"""


def unavailable_because(connection: Connection) -> str | None:
    """Return why there are no figures and what to do, or None when there are some.

    A superuser (the embedded server's administrator is one) makes the extension where it is missing.
    """
    if _home(connection) is None:
        try:
            with connection.transaction():
                connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements SCHEMA public")
        except errors.Error:
            return (
                f"{EXTENSION} is not installed. As a superuser, run CREATE EXTENSION {EXTENSION} "
                "in the desk's database."
            )
    try:
        with connection.transaction():
            connection.execute(sql.SQL(_MINE).format(sql.Identifier(str(_home(connection)))))
    except errors.ObjectNotInPrerequisiteState:
        return (
            f"{EXTENSION} is not loaded. Add it to shared_preload_libraries in the server's configuration and "
            "restart the server."
        )
    return None


def slowest(connection: Connection, by: By = By.TOTAL, limit: int = 20) -> list[Statement]:
    """Return the statements that cost most, those of Ombud's roles and of the user itself.

    Each role reads its own: the text of others' statements needs more rights than a desk has.
    """
    home = sql.Identifier(str(_home(connection)))
    found: list[Statement] = []
    for role in (None, Role.OWNER, Role.WEB, Role.WORKER, Role.REPORT, Role.BACKUP):
        with connection.transaction(), connection.cursor(row_factory=class_row(Statement)) as cursor:
            if role is not None:
                cursor.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(role)))
            cursor.execute(sql.SQL(_MINE).format(home))
            found += cursor.fetchall()
    return sorted(found, key=_COST[by], reverse=True)[:limit]


_COST: dict[By, Any] = {
    By.TOTAL: lambda one: one.total_ms,
    By.MEAN: lambda one: one.mean_ms,
    By.MAX: lambda one: one.max_ms,
    By.CALLS: lambda one: one.calls,
}


def _home(connection: Connection) -> str | None:
    """Return the schema that the extension is in."""
    row = connection.execute(_WHERE, [EXTENSION]).fetchone()
    return str(row[0]) if row else None
