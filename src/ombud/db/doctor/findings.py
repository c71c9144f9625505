"""Checks and what they find."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, LiteralString

from psycopg import Connection, Error

from ombud.db.doctor import objects, rights, schema, upkeep
from ombud.db.roles import Role


class Severity(StrEnum):
    """How bad it is."""

    BAD = "bad"
    NOTICE = "notice"


@dataclass(frozen=True, slots=True)
class Limits:
    """From where on something is worth a word. Bytes, rows, shares, seconds."""

    unused_index_bytes: int = 8 * 2**20
    dead_rows: int = 10_000
    dead_share: float = 0.2
    sequence_share: float = 0.8
    search_tail: int = 10_000
    statistics_tail: int = 20_000
    unsealed_seconds: int = 900
    open_transaction_seconds: int = 3600
    connections: int = 60


@dataclass(frozen=True, slots=True)
class Check:
    """One look-up: each row's `thing` is something wrong. `advice` says what to do.

    Tables are read as their owner; what the server says of others' sessions is read as whoever signed in.
    """

    name: str
    severity: Severity
    query: LiteralString
    advice: str
    as_owner: bool = True


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be. `check` is stable and snake_case."""

    check: str
    severity: Severity
    what: str
    advice: str


_BAD, _NOTICE = Severity.BAD, Severity.NOTICE
_COMPARE_ROLES = frozenset({"changed_object", "row_security", "ownership", "grant", "backup_rights"})
"""Checks that would say of each object what one line says of the role that is missing."""
MISSING_ADVICE = (
    "Run `ombud db init-roles` as a superuser, then look again: its grants are compared once it is there."
)

CHECKS = (
    # First: where a role is missing, much of the rest is not as it was made, and is looked at when it is there.
    Check("missing_role", _BAD, rights.MISSING_ROLES, MISSING_ADVICE),
    Check("role", _BAD, rights.POWERS, "Take it away with ALTER ROLE, or REVOKE."),
    Check("unindexed_foreign_key", _BAD, schema.UNINDEXED_FOREIGN_KEYS, "Make an index that begins with its columns."),
    Check("invalid_index", _BAD, schema.INVALID_INDEXES, "Run REINDEX INDEX CONCURRENTLY on it."),
    Check("duplicate_index", _NOTICE, schema.DUPLICATE_INDEXES, "Drop one of the two."),
    Check("unused_index", _NOTICE, upkeep.UNUSED_INDEXES, "If it stays unused over a month's work, drop it."),
    Check("unvalidated_constraint", _BAD, schema.UNVALIDATED_CONSTRAINTS, "Run ALTER TABLE ... VALIDATE CONSTRAINT."),
    Check("disabled_trigger", _BAD, schema.DISABLED_TRIGGERS, "Run ALTER TABLE ... ENABLE TRIGGER."),
    Check("changed_object", _BAD, objects.CHANGED, "Compare it with schema.sql; run what its migration says."),
    Check("foreign_object", _NOTICE, objects.FOREIGN, "Fine if it is yours: know what it does on each write."),
    Check("event_trigger", _NOTICE, schema.EVENT_TRIGGERS, "Fine if it is yours: know what it does."),
    Check("unlogged_table", _BAD, schema.UNLOGGED_TABLES, "Run ALTER TABLE ... SET LOGGED."),
    Check("replication_role", _BAD, objects.REPLICATION_ROLE, "Run ALTER ... RESET session_replication_role."),
    Check("sequence_near_end", _BAD, schema.SEQUENCES_NEAR_END, "Make its type bigger before it runs out."),
    Check("row_security", _BAD, rights.ROW_SECURITY, "Run ombud.secure() on it, as its migration should have."),
    Check("ownership", _BAD, rights.OWNERSHIP, "Run ALTER ... OWNER TO ombud_owner."),
    Check("grant", _BAD, rights.GRANTS, "REVOKE it."),
    Check("backup_rights", _BAD, rights.BACKUP, "Run `ombud db upgrade`, or `ombud db init-roles` as a superuser."),
    Check("missing_partition", _BAD, schema.MISSING_PARTITIONS, "Let the worker run, or ATTACH what is there."),
    Check("default_partition", _BAD, schema.DEFAULT_PARTITION_ROWS, "Move them: reads of that month are slow."),
    Check("setting", _BAD, upkeep.SETTINGS, "Set it in the server's configuration.", as_owner=False),
    Check("setting_advice", _NOTICE, upkeep.SETTING_ADVICE, "Consider it.", as_owner=False),
    Check("bloat", _NOTICE, upkeep.BLOAT, "Look for transactions that stay open; then VACUUM it."),
    Check("open_transaction", _NOTICE, upkeep.OPEN_TRANSACTIONS, "End it: sealing and vacuum wait.", as_owner=False),
    Check("search_tail", _BAD, upkeep.SEARCH_TAIL, "Let the worker run: it indexes them in batches."),
    Check("statistics_tail", _BAD, upkeep.STATISTICS_TAIL, "Let the worker run: figures are slow to read."),
    Check("unsealed_audit", _BAD, upkeep.UNSEALED, "Let the worker run, or run `ombud audit seal`."),
)  # fmt: skip


def examine(connection: Connection, limits: Limits | None = None) -> list[Finding]:
    """Run every check in one read-only moment; what is bad comes first."""
    with connection.transaction(force_rollback=True):
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        connection.execute("SELECT set_config('statement_timeout', '60s', true)")
        found = look(connection, parameters(limits or Limits()))
    return sorted(found, key=lambda one: one.severity is not Severity.BAD)


def look(connection: Connection, values: Mapping[str, Any]) -> list[Finding]:
    """Run every check in the open transaction, but for those that a missing role leaves nothing to say."""
    found: list[Finding] = []
    for check in CHECKS:
        if check.name in _COMPARE_ROLES and any(one.check == "missing_role" for one in found):
            continue
        things = run(connection, check, values)
        found += [Finding(check.name, check.severity, thing, check.advice) for thing in things]
    return found


def parameters(limits: Limits) -> Mapping[str, Any]:
    """Return what the look-ups may ask for: the limits, and what the migrations made."""
    head, made = objects.made()
    return {**asdict(limits), "head": head, "made": made}


def run(connection: Connection, check: Check, values: Mapping[str, Any]) -> list[str]:
    """Run one check in the open transaction; returns what is wrong.

    A look-up that fails, because what it looks at is gone or is not the owner's any more, is itself a finding: the
    others go on.
    """
    role = Role.OWNER if check.as_owner else "none"
    try:
        with connection.transaction():
            connection.execute(
                "SELECT set_config('role', %s, true), set_config('search_path', 'pg_catalog', true),"
                " set_config('TimeZone', 'UTC', true)",
                [role],
            )
            return [str(row[0]) for row in connection.execute(check.query, values)]
    except Error as error:
        if connection.broken:
            raise
        return [f"could not be looked up: {error.diag.message_primary or error}"]
