"""A word, a status and an assignee together: which tickets that an index finds for the word are left.

On the desk itself, whatever its size: what a design changes is rolled back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.designs.design import Connection, Design, signed_in, timed

ROWS = 1
COLUMNS = ("microseconds",)

_FOUND = "ombud.found_tickets({word}, 'agent', 3, NULL)"
_ASKED = "t.deleted_at IS NULL AND t.status = 'closed' AND t.assignee_id = 3"
_POLICIES = "deleted_at, team_id, requester_id, organization_id"
_BY_IDS = (
    f"SELECT count(*), max(t.created_at) FROM ombud.tickets t WHERE {_ASKED}"
    f" AND t.id = ANY ((SELECT {_FOUND})::bigint[])"
)
_BY_ASSIGNEE = (
    f"SELECT count(*), max(t.created_at) FROM ombud.tickets t WHERE {_ASKED}"
    f" AND (t.id IN (SELECT unnest({_FOUND}))) IS TRUE"
)
_WORD = f"SELECT cardinality({_FOUND}), NULL"
_OF_ASSIGNEE = (
    f"CREATE INDEX narrowing ON ombud.tickets (assignee_id, status, id) INCLUDE (created_at, {_POLICIES})"
)
_OF_IDS = (
    f"CREATE INDEX narrowing ON ombud.tickets (id) INCLUDE (assignee_id, status, created_at, {_POLICIES})"
)


def designs(connection: Connection, rows: int) -> list[Design]:
    """Return the designs; the word is one that about one ticket in a hundred has."""
    word = common_word(connection)

    def one(name: str, statement: str, *changes: str) -> Design:
        text = statement.format(word="%s")

        def act(connection: Connection) -> list[float]:
            timed(connection, text, [word], rows)
            return [min(timed(connection, text, [word], rows) for _ in range(3))]

        return Design(name, changes, act, rows)

    return [
        one("the word alone", _WORD),
        one("as it is: its tickets by their keys", _BY_IDS),
        one("the same, as a bitmap", _BY_IDS, "SET LOCAL enable_indexscan = off"),
        one("all tickets of the assignee, by the index that there is", _BY_ASSIGNEE),
        one("an index of ids with assignee and status", _BY_IDS, _OF_IDS),
        one("an index of assignees and status with ids", _BY_ASSIGNEE, _OF_ASSIGNEE),
    ]


def common_word(connection: Connection) -> str:
    """Return the word that comes nearest to one ticket in a hundred."""
    # What the planner thinks of a word may be three times off: of those near by, they are counted.
    row = connection.execute(
        "SELECT near.word FROM (SELECT w.word, t.n"
        " FROM (SELECT word FROM ombud.search_words ORDER BY seen DESC, word LIMIT 2500) w,"
        " (SELECT count(*) / 110 AS n FROM ombud.tickets) t"
        " ORDER BY abs(ombud.search_weight(w.word) - t.n), w.word LIMIT 40) near"
        " ORDER BY abs(cardinality(ombud.found_tickets(near.word, 'agent', 3, NULL)) - near.n), near.word LIMIT 1"
    ).fetchone()
    return "word" if row is None else str(row[0])


def plans(connection: Connection) -> list[str]:
    """Return the plans of what there is, and of the index of assignees."""
    word, said = common_word(connection), []
    for statement, changes in ((_BY_IDS, ()), (_BY_ASSIGNEE, (_OF_ASSIGNEE,))):
        said += _explained(connection, statement.format(word="%s"), [word], changes)
    return said


def _explained(
    connection: Connection, statement: str, values: Sequence[Any], changes: Sequence[str]
) -> list[str]:
    with connection.transaction(force_rollback=True):
        for change in changes:
            connection.execute(change.encode())
        signed_in(connection)
        asked = f"EXPLAIN (ANALYZE, BUFFERS, COSTS OFF) {statement}"
        lines = [str(row[0]) for row in connection.execute(asked.encode(), values)]
    return [*(line for line in lines if "InitPlan" not in line and "never" not in line), ""]
