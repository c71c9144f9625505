"""A look at the embedded server from behind, as its superuser: how many statements, which tickets, which words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

from benchmarks.desk import RunningDesk
from ombud.db.open import DATABASE
from ombud.db.roles import Role

# The view is the whole server's; seen from another database, our own questions are not among the desk's. What
# runs beside the requests is left out: chores, by their role, and the live hub's look at what has changed.
_CALLS = """
SELECT coalesce(sum(calls) FILTER (WHERE NOT is_control), 0)::int,
       coalesce(sum(calls) FILTER (WHERE is_control), 0)::int
  FROM (SELECT s.calls, s.query ~* '^\\s*(begin|commit|rollback|start transaction)' AS is_control
          FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid JOIN pg_roles r ON r.oid = s.userid
         WHERE d.datname = %s AND s.toplevel AND r.rolname <> %s AND s.query !~ 'ombud\\.tickets_changed\\(') counted
"""
_NUMBERS = """
SELECT ticket_number FROM ombud.tickets
 WHERE deleted_at IS NULL AND status = ANY(%s)
 ORDER BY md5(ticket_number) LIMIT %s
"""
_WORDS = """
SELECT word, ndoc FROM ts_stat('SELECT document FROM ombud.ticket_search')
 WHERE word ~ '^[a-z]{5,12}$' ORDER BY ndoc DESC, word
"""
STATUSES = ("open", "in_progress", "waiting_on_customer", "resolved", "closed")
UNDONE = STATUSES[:3]


@dataclass(frozen=True)
class Statements:
    """Statements that the desk has sent so far; `control` are those that begin and end transactions."""

    work: int
    control: int

    def __sub__(self, other: Statements) -> Statements:
        return Statements(self.work - other.work, self.control - other.control)


@dataclass(frozen=True)
class Word:
    """A word and how many tickets have it."""

    text: str
    tickets: int


class Behind:
    """Connections of the superuser: one to the desk's database, one to another."""

    def __init__(self, desk_database: psycopg.Connection[Any], other: psycopg.Connection[Any]) -> None:
        self._desk = desk_database
        self._other = other
        other.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")

    def statements(self) -> Statements:
        """Return what pg_stat_statements has counted for the desk's database."""
        row = self._other.execute(_CALLS, [DATABASE, Role.WORKER]).fetchone()
        assert row is not None
        return Statements(*row)

    def numbers(self, count: int, statuses: tuple[str, ...] = STATUSES) -> list[str]:
        """Return the numbers of tickets, spread over all, the same ones each time."""
        return [number for (number,) in self._desk.execute(_NUMBERS, [list(statuses), count])]

    def words(self) -> tuple[Word, Word]:
        """Return the commonest word and a rare one, which some three tickets have."""
        found = [Word(*row) for row in self._desk.execute(_WORDS)]
        return found[0], min(found, key=lambda word: abs(word.tickets - 3))

    def version(self) -> str:
        """Return the server's version."""
        row = self._other.execute("SELECT current_setting('server_version')").fetchone()
        assert row is not None
        return str(row[0])


@contextmanager
def behind(desk: RunningDesk) -> Iterator[Behind]:
    """Connect to the desk's embedded server."""
    with (
        psycopg.connect(desk.connection.dsn(database=DATABASE), autocommit=True) as own,
        psycopg.connect(desk.connection.dsn(), autocommit=True) as other,
    ):
        yield Behind(own, other)
