"""Random closed tickets: opened by one statement, and closed again by another one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from benchmarks.designs import changes
from benchmarks.designs.design import Connection, Design, timed

ROWS = 2_000
COLUMNS = ("opened, microseconds a row", "closed")
UPDATE = "UPDATE ombud.tickets SET status = %s WHERE id = ANY (%s::bigint[])"
_GUIDE = (
    "UPDATE tickets SET status = %s::ticketstatus, updated_at = now() WHERE id = ANY (%s::int[])"
    " AND deleted_at IS NULL"
)
# Without the triggers the times are the statement's own.
_PLAIN = (
    "UPDATE ombud.tickets SET status = %s, version = version + 1, updated_at = clock_timestamp(),"
    " last_activity_at = clock_timestamp(), resolved_at = CASE WHEN status = 'closed' THEN NULL ELSE now() END"
    " WHERE id = ANY (%s::bigint[])"
)
# Status and activity in a table of their own, with the seven indexes of lists.
_APART = (
    "CREATE TABLE ombud.apart AS SELECT id, status, last_activity_at, priority_rank, assignee_id, team_id, created_at,"
    " requester_id, organization_id, deleted_at FROM ombud.tickets",
    "ALTER TABLE ombud.apart ADD PRIMARY KEY (id)",
    "CREATE INDEX ON ombud.apart (last_activity_at, id) WHERE deleted_at IS NULL",
    "CREATE INDEX ON ombud.apart (status, last_activity_at, id) WHERE deleted_at IS NULL",
    *(
        f"CREATE INDEX ON ombud.apart ({key}last_activity_at, id) WHERE deleted_at IS NULL"
        f" AND status = ANY (ARRAY['open', 'in_progress', 'waiting_on_customer']){more}"
        for key, more in (
            ("", ""),
            ("", " AND assignee_id IS NULL"),
            ("assignee_id, ", ""),
            ("team_id, ", ""),
            ("priority_rank, ", ""),
        )
    ),
)
_ASIDE = (
    "UPDATE ombud.apart SET status = %s, last_activity_at = clock_timestamp() WHERE id = ANY (%s::bigint[])"
)
_REST = (
    "UPDATE ombud.tickets SET version = version + 1, updated_at = clock_timestamp(),"
    " resolved_at = CASE WHEN %s = 'closed' THEN now() END WHERE id = ANY (%s::bigint[])"
)
_UNCHECKED = "ALTER TABLE ombud.tickets DROP CONSTRAINT ck_tickets_resolved_at"


def chosen(connection: Connection, rows: int) -> list[int]:
    """Return the tickets: the same ones in every run, all over the table."""
    found = connection.execute(
        "SELECT id FROM ombud.tickets WHERE status = 'closed' AND deleted_at IS NULL AND merged_into_id IS NULL"
        " ORDER BY md5(id::text) LIMIT %s",
        [rows],
    )
    return sorted(row[0] for row in found)


def designs(connection: Connection, rows: int) -> list[Design]:
    """Return the designs; `connection` is the copy's owner."""
    ids = chosen(connection, rows)
    number = 2 * len(ids)

    def both(*statements: str, upper: bool = False) -> Callable[[Connection], list[float]]:
        def act(connection: Connection) -> list[float]:
            states = ("OPEN", "CLOSED") if upper else ("open", "closed")
            return [
                sum(timed(connection, one, [status, ids], len(ids)) for one in statements)
                for status in states
            ]

        return act

    def one(name: str, *parts: Sequence[str]) -> Design:
        return Design(name, [change for part in parts for change in part], both(UPDATE), number)

    def plain(name: str, *parts: Sequence[str]) -> Design:
        made = [*changes.NO_TRIGGERS, *(change for part in parts for change in part)]
        return Design(name, made, both(_PLAIN), number, signed_in=False)

    apart = [*changes.NO_TRIGGERS, *_APART, *changes.NO_LISTS, _UNCHECKED]
    roomy = [change.replace(" AS SELECT", " WITH (fillfactor = 70) AS SELECT") for change in apart]
    return [
        Design("the guide", (), both(_GUIDE, upper=True), number, "guide", signed_in=False),
        one("Ombud"),
        one("with room in each page", changes.ROOM),
        one(
            "without the seven indexes of lists, with room: new versions need no entry",
            changes.NO_LISTS,
            changes.ROOM,
        ),
        one("the log without its hash", changes.NO_HASH),
        one("the log without three of its indexes", changes.SLIM_LOG),
        one("without the log", changes.NO_LOG),
        plain("row and index entries alone, no trigger"),
        plain("the same, with room", changes.ROOM),
        plain("the same, with room, without the seven indexes", changes.ROOM, changes.NO_LISTS),
        Design(
            "status and activity in a table of their own: that table alone",
            apart,
            both(_ASIDE),
            number,
            signed_in=False,
        ),
        Design("that table, and the row of the ticket", apart, both(_ASIDE, _REST), number, signed_in=False),
        Design(
            "both, with room",
            [*changes.ROOM, *roomy],
            both(_ASIDE, _REST),
            number,
            signed_in=False,
        ),
    ]
