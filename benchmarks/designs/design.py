"""One design: what is changed in the copy first, and what is then timed, in turns with the others."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import psycopg

from ombud import Actor
from ombud.db.context import SETTINGS, context_values

Connection = psycopg.Connection[Any]
AGENT = Actor.agent(3)
_PAGES = "SELECT pg_current_wal_insert_lsn() - '0/0'"
_HOT = "SELECT n_tup_hot_upd FROM pg_stat_xact_user_tables WHERE relid = 'ombud.tickets'::regclass"


@dataclass(frozen=True)
class Design:
    """`changes` are made by the owner of the copy; `act` is timed, and returns how many rows each timed part wrote."""

    name: str
    changes: Sequence[str]
    act: Callable[[Connection], list[float]]
    """Returns microseconds a row, for each column of the table."""
    rows: int
    """How many rows `act` writes."""
    place: str = "ombud"
    """The database: that of the guide, of the best SQL, or the copy of Ombud's."""
    signed_in: bool = True
    """Whether an agent acts, under row security."""


@dataclass
class Found:
    """What was measured of a design."""

    name: str
    columns: list[list[float]] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    wal: list[float] = field(default_factory=list)
    hot: list[int] = field(default_factory=list)

    def row(self) -> list[str]:
        """Return medians, with the least in brackets, then bytes of WAL and rows that stayed on their page.

        The server's processor time is what to compare by beside other work: it counts no waiting for a turn.
        """
        measured = [
            f"{statistics.median(one):.0f} ({min(one):.0f})" for one in zip(*self.columns, strict=True)
        ]
        return [
            self.name,
            *measured,
            f"{statistics.median(self.processor):.0f} ({min(self.processor):.0f})",
            f"{statistics.median(self.wal):,.0f}",
            f"{statistics.median(self.hot):,.0f}",
        ]


def signed_in(connection: Connection) -> None:
    """Become an agent who sees all tickets, until the end of the transaction."""
    for name, value in context_values(AGENT).items():
        connection.execute("SELECT set_config(%s, %s, true)", [SETTINGS[name], value])


def compare(designs: Sequence[Design], connect: Callable[[str], Connection], runs: int) -> list[Found]:
    """Time the designs in turns; every turn is rolled back."""
    found = [Found(one.name) for one in designs]
    connections = {place: connect(place) for place in {one.place for one in designs}}
    try:
        for turn in range(runs + 1):
            for design, kept in zip(designs, found, strict=True):
                connection = connections[design.place]
                _once(design, connection, kept if turn else Found(""))
    finally:
        for connection in connections.values():
            connection.close()
    return found


def _once(design: Design, connection: Connection, kept: Found) -> None:
    with connection.transaction(force_rollback=True):
        for change in design.changes:
            connection.execute(change.encode())
        is_ours = design.place == "ombud"
        before, hot = _number(connection, _PAGES), _number(connection, _HOT) if is_ours else 0
        if design.signed_in:
            signed_in(connection)
        spent = _processor(connection)
        kept.columns.append(design.act(connection))
        kept.processor.append((_processor(connection) - spent) / design.rows)
        connection.execute("RESET ROLE")
        kept.wal.append((_number(connection, _PAGES) - before) / design.rows)
        kept.hot.append(int(_number(connection, _HOT) - hot) if is_ours else 0)


def timed(connection: Connection, statement: str, values: Sequence[Any], rows: int) -> float:
    """Return microseconds a row of one statement."""
    begun = perf_counter()
    connection.execute(statement.encode(), values)
    return (perf_counter() - begun) * 1e6 / rows


def explained(connection: Connection, statement: str, values: Sequence[Any]) -> list[str]:
    """Return the plan's first line, what it cost, and each trigger's time: executed, and rolled back."""
    with connection.transaction(force_rollback=True):
        signed_in(connection)
        asked = f"EXPLAIN (ANALYZE, BUFFERS, WAL, COSTS OFF) {statement}"
        lines = [str(row[0]) for row in connection.execute(asked.encode(), values)]
    return [
        line.strip()
        for number, line in enumerate(lines)
        if number < 4 or line.startswith(("Trigger", "Planning Time", "Execution"))
    ]


def _processor(connection: Connection) -> float:
    """Return the microseconds that the connection's server process has run; first of the file's three numbers."""
    file = Path(f"/proc/{connection.info.backend_pid}/schedstat")
    return int(file.read_text().split()[0]) / 1000


def _number(connection: Connection, statement: str) -> float:
    row = connection.execute(statement.encode()).fetchone()
    return float(row[0]) if row is not None and row[0] is not None else 0.0
