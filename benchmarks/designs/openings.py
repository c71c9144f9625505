"""A ticket with its first comment, many times over: what the server takes, without the commit."""

from __future__ import annotations

import itertools
import os
import statistics
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

import ombud.migrations
from benchmarks.designs import changes
from benchmarks.designs.design import AGENT, Connection, Design
from ombud.db.context import context_values

ROWS = 200
COLUMNS = ("microseconds for both",)
_ORDER = (
    "actor", "user_id", "kind", "scope", "teams", "organization", "request", "role", "permissions", "read_teams",
)  # fmt: skip
_TEXTS = ["Cannot sign in", "word " * 60, "3", "600", "word " * 40]
_ADD = """
INSERT INTO ombud.tickets (title, description, creator_id, requester_id{more})
SELECT {given[1]}, {given[2]}, {given[3]}::bigint, u.id{value} FROM ombud.users u WHERE u.id = {given[4]}::bigint
"""
_SAY = "INSERT INTO ombud.comments (content, ticket_id, author_id) VALUES ({given[5]}, {ticket}, {given[3]}::bigint)"
_GIVEN = {number: f"$1[{number}]" for number in range(1, 6)}
_EACH = {
    name: (
        f"PREPARE {name}_open (text[]) AS {_ADD.format(given=_GIVEN, more=more, value=value)}"
        " RETURNING array_cat($1, ARRAY[id::text])",
        f"PREPARE {name}_say (text[]) AS {_SAY.format(given=_GIVEN, ticket='$1[6]::bigint')}"
        " RETURNING array_cat($1, ARRAY[id::text])",
    )
    for name, more, value in (("later", "", ""), ("once", ", first_response_at", ", now()"))
}
_FUNCTION = f"""
CREATE FUNCTION ombud.open_answered(text[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  ticket bigint;
BEGIN
  {_ADD.format(given=_GIVEN, more=", first_response_at", value=", now()")} RETURNING id INTO ticket;
  {_SAY.format(given=_GIVEN, ticket="ticket")};
  RETURN ticket;
END $$
"""
_TO_THE_QUEUE = """
CREATE OR REPLACE FUNCTION ombud.search_new_tickets() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
  INSERT INTO ombud.search_queue (ticket_id) SELECT f.id FROM fresh f;
  RETURN NULL;
END $$
"""
_ONE_PATH = "ALTER FUNCTION ombud.act SET search_path = pg_catalog"
_GUIDE = (
    "INSERT INTO tickets (ticket_number, title, description, status, priority, creator_id)"
    " VALUES (%s, 'Cannot sign in', %s, 'OPEN', 'MEDIUM', 600) RETURNING id",
    "INSERT INTO comments (content, is_internal, ticket_id, author_id) VALUES (%s, false, %s, 3)",
)
_numbers = (f"D{os.getpid()}-{number}" for number in itertools.count())


def designs(connection: Connection, rows: int) -> list[Design]:
    """Return the designs."""
    before = (Path(ombud.migrations.__file__).parent / "sql/0064/down/10_comments.sql").read_text()
    prepared = [statement for pair in _EACH.values() for statement in pair]

    def act(connection: Connection, steps: list[str]) -> list[float]:
        for statement in prepared:
            connection.execute(statement.encode())
        values = context_values(AGENT)
        settings = [*(values[name] for name in _ORDER), "off"]
        asked = [
            _timed(connection, "SELECT ombud.act(%s, %s, %s)", [settings, steps, _TEXTS]) for _ in range(rows)
        ]
        connection.execute("DEALLOCATE ALL")
        return [statistics.median(asked)]

    def one(name: str, *parts: Sequence[str], steps: str = "once") -> Design:
        made = [change for part in parts for change in part]
        return Design(name, made, lambda on: act(on, [f"{steps}_open", f"{steps}_say"]), rows)

    return [
        Design("the guide's two statements", (), lambda on: _guide(on, rows), rows, "guide", signed_in=False),
        one("two statements as they were (0058): the comment changes the ticket", [before], steps="later"),
        one("the comment looks before it changes the ticket", steps="later"),
        one("as it is: the answer stands in the ticket from the beginning"),
        Design(
            "the same as one function in PL/pgSQL",
            [_FUNCTION, *_OF_FUNCTION],
            lambda on: _function(on, rows),
            rows,
        ),
        one("the log without its hash", changes.NO_HASH),
        one("the log's head made in place, new rows not looked for", changes.fewer_calls(connection)),
        one("the search path of the triggers for the whole", [_ONE_PATH]),
        one("no value is checked", changes.NO_CHECKS),
        one("the ticket's document by the queue, as for many", [_TO_THE_QUEUE]),
        *(
            one(f"without {said}", [f"ALTER TABLE ombud.{table} DISABLE TRIGGER {trigger}"])
            for said, table, trigger in (
                ("the ticket's log", "tickets", "z_audit_insert"),
                ("the comment's log", "comments", "z_audit_insert"),
                ("the ticket's document", "tickets", "s_search_insert"),
                ("the comment's words in it", "comments", "s_search_insert"),
                ("the ticket's statistics", "tickets", "s_stats_insert"),
                ("the comment's look at its ticket", "comments", "a_keep"),
            )
        ),
        one("without the log", changes.NO_LOG),
        one("without search", changes.NO_SEARCH),
        one("without log and search", changes.NO_LOG, changes.NO_SEARCH),
        one("no trigger, no key", changes.NO_TRIGGERS),
    ]


_OF_FUNCTION = ("GRANT EXECUTE ON FUNCTION ombud.open_answered(text[]) TO ombud_web",)


def _guide(connection: Connection, rows: int) -> list[float]:
    def both() -> float:
        begun = perf_counter()
        row = connection.execute(_GUIDE[0].encode(), [next(_numbers), "word " * 60]).fetchone()
        assert row is not None
        connection.execute(_GUIDE[1].encode(), ["word " * 40, row[0]])
        return (perf_counter() - begun) * 1e6

    return [statistics.median(both() for _ in range(rows))]


def _function(connection: Connection, rows: int) -> list[float]:
    return [
        statistics.median(_timed(connection, "SELECT ombud.open_answered(%s)", [_TEXTS]) for _ in range(rows))
    ]


def _timed(connection: Connection, statement: str, values: Sequence[object]) -> float:
    begun = perf_counter()
    connection.execute(statement.encode(), values, prepare=True)
    return (perf_counter() - begun) * 1e6
