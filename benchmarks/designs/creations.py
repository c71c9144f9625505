"""Many tickets by one statement."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from time import perf_counter

import psycopg

from benchmarks.designs import changes
from benchmarks.designs.design import Connection, Design, signed_in, timed

ROWS = 2_000
"""As many as `bulk_create_tickets` sends at once."""
COLUMNS = ("microseconds a row",)
_NAMES = "title, description, requester_id, creator_id, status, priority, channel, assignee_id"
_ARRAYS = "unnest(%s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::bigint[])"
INSERT = f"INSERT INTO ombud.tickets ({_NAMES}) SELECT * FROM {_ARRAYS} RETURNING id, ticket_number"
_GUIDE = f"""
INSERT INTO tickets (title, description, creator_id, status, priority, ticket_number, assignee_id)
SELECT g.a, g.b, g.c, upper(g.e)::ticketstatus, upper(g.f)::ticketpriority, 'D' || row_number() OVER (), g.h
  FROM {_ARRAYS} AS g (a, b, c, d, e, f, g, h)
"""
_BESIDE = f"INSERT INTO ombud.tickets ({_NAMES}) SELECT {_NAMES} FROM brought RETURNING id, ticket_number"
_BROUGHT = (
    "CREATE TEMP TABLE brought (title text, description text, requester_id bigint, creator_id bigint,"
    " status text, priority text, channel text, assignee_id bigint) ON COMMIT DROP",
    "GRANT ALL ON brought TO ombud_web",
)


def values(rows: int) -> list[list[object]]:
    """Return the columns of the tickets: titles, descriptions, people, states."""
    chance = random.Random(5)
    words = [f"word{number}" for number in range(3_000)]
    texts = [" ".join(chance.choices(words, k=65)) for _ in range(500)]
    return [
        ["Bulk row"] * rows,
        [texts[number % 500] for number in range(rows)],
        [501 + number % 500 for number in range(rows)],
        [3] * rows,
        ["open"] * rows,
        ["low"] * rows,
        ["web"] * rows,
        [1 + number % 500 for number in range(rows)],
    ]


def designs(connection: Connection, rows: int) -> list[Design]:
    """Return the designs; `connection` is the copy's owner."""
    given = values(rows)
    unlogged = changes.no_differences(connection)

    def arrays(connection: Connection) -> list[float]:
        return [timed(connection, INSERT, given, rows)]

    def guide(connection: Connection) -> list[float]:
        return [timed(connection, _GUIDE, given, rows)]

    def one(name: str, *parts: Sequence[str]) -> Design:
        return Design(name, [change for part in parts for change in part], arrays, rows)

    return [
        Design("the guide's table, its rows sent as arrays", (), guide, rows, "guide", signed_in=False),
        one("as it is: arrays"),
        Design("COPY into a temporary table, then INSERT", _BROUGHT, _copy("brought", given, _BESIDE), rows),
        Design(
            "COPY straight into tickets, by a role that row security does not bind",
            (),
            _copy("ombud.tickets", given, None),
            rows,
            signed_in=False,
        ),
        one("A: people's keys checked and locked by set", changes.KEYS_BY_SET),
        one("B: the log without its hash", changes.NO_HASH),
        one("B and without the differences", changes.NO_HASH, unlogged),
        one("one SHA-256 for a row of the log, not two", changes.ONE_HASH),
        one("the log's transactions in an index of ranges", changes.XID_BY_RANGE),
        one("the search's queue without its key", changes.NO_QUEUE_KEY),
        one("no value is checked", changes.NO_CHECKS),
        one("C: the log without three of its indexes", changes.SLIM_LOG),
        one("D: tickets without the seven indexes of lists", changes.NO_LISTS),
        one(
            "A, B, and the queue without its key", changes.KEYS_BY_SET, changes.NO_HASH, changes.NO_QUEUE_KEY
        ),
        one("A and D", changes.KEYS_BY_SET, changes.NO_LISTS),
        one("no log", changes.NO_LOG),
        one("no log, no search, no statistics, no keys, no checks", changes.NO_TRIGGERS),
    ]


def refusal(connection: Connection) -> str:
    """Return what PostgreSQL answers to who would COPY into tickets as an agent does."""
    with connection.transaction(force_rollback=True):
        signed_in(connection)
        try:
            with connection.cursor().copy(f"COPY ombud.tickets ({_NAMES}) FROM STDIN".encode()):
                pass
        except psycopg.errors.FeatureNotSupported as error:
            return str(error).splitlines()[0]
    return "nothing: it is allowed"


def _copy(table: str, given: list[list[object]], then: str | None) -> Callable[[Connection], list[float]]:
    kinds = ("text", "text", "int8", "int8", "text", "text", "text", "int8")

    def act(connection: Connection) -> list[float]:
        if then is None:
            connection.execute("SELECT set_config('ombud.actor', 'system:designs', true)")
        begun = perf_counter()
        with connection.cursor().copy(f"COPY {table} ({_NAMES}) FROM STDIN (FORMAT binary)".encode()) as into:
            into.set_types(kinds)
            for row in zip(*given, strict=True):
                into.write_row(row)
        if then is not None:
            connection.execute(then.encode())
        return [(perf_counter() - begun) * 1e6 / len(given[0])]

    return act
