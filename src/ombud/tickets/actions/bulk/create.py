"""Create many tickets: checked by row, inserted two thousand to a statement.

The rows go in as arrays, `INSERT ... SELECT FROM unnest(...)`. PostgreSQL refuses COPY into tables with row
security, and by way of a temporary table it is no faster (measured: docs/adr/0014).
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from sqlalchemy import BigInteger
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ombud.db.context import actor_of
from ombud.db.permissions import Permission
from ombud.db.reactions import react
from ombud.errors import Invalid
from ombud.models import Ticket, TicketTag
from ombud.tickets.actions.bulk import queries
from ombud.tickets.actions.bulk.numbers import keep_free
from ombud.tickets.actions.bulk.outcome import BulkCreated, BulkRefused, RowProblem
from ombud.tickets.actions.bulk.rows import CheckedRow, TicketRow, check_row
from ombud.tickets.actions.bulk.sweep import chunks
from ombud.tickets.actions.tag import get_or_create_tags
from ombud.tickets.events import TicketsCreated
from ombud.tickets.policy import require_permission, require_writer

# A new ticket writes its audit row and search document as well: a second or two for one statement's worth.
CHUNK = 2_000
COLUMNS = (
    "title", "description", "requester_id", "creator_id", "status", "priority", "channel", "assignee_id", "team_id",
)  # fmt: skip
TAGS_AT_ONCE = 1_000
# Columns that have a default of the database's own, named only where a row brings a value.
OPTIONAL = ("ticket_number", "created_at", "resolved_at")


def bulk_create_tickets(
    session: Session,
    rows: Iterable[TicketRow | Mapping[str, Any]],
    *,
    on_error: Literal["abort", "skip"] = "abort",
) -> BulkCreated:
    """Create tickets and return their ids and numbers in the order of `rows`.

    With `abort` one bad row refuses all (BulkRefused has every problem); with `skip` bad rows are left out and
    reported. Raises Forbidden for customers and light agents.
    """
    actor = actor_of(session)
    require_permission(actor, Permission.TICKETS_OPEN)
    require_writer(actor)
    if on_error not in ("abort", "skip"):
        raise Invalid(fields={"on_error": "must be abort or skip."})
    session.flush()
    checked = [check_row(index, row, actor) for index, row in enumerate(rows)]
    good = [row for row in checked if not row.problems]
    _check_references(session, good)
    _check_numbers(session, good)
    if on_error == "abort":
        _refuse(checked)
    created: dict[int, tuple[int, str]] = {}
    # Whoever catches a refusal finds the transaction as it was.
    with session.begin_nested():
        for chunk in chunks([row for row in good if not row.problems], CHUNK):
            _insert(session, chunk, created)
        if on_error == "abort":
            _refuse(checked)
        _tag(session, checked, created)
    if created:
        react(session, TicketsCreated(tuple(created[index][0] for index in sorted(created))))
    return BulkCreated(
        ids=tuple(created[row.index][0] if row.index in created else None for row in checked),
        numbers=tuple(created[row.index][1] if row.index in created else None for row in checked),
        problems=tuple(_problems(checked)),
    )


def _problems(rows: Sequence[CheckedRow]) -> list[RowProblem]:
    return [RowProblem(row.index, name, rule) for row in rows for name, rule in row.problems.items()]


def _refuse(rows: Sequence[CheckedRow]) -> None:
    problems = _problems(rows)
    if problems:
        raise BulkRefused(problems)


def _check_references(session: Session, rows: Sequence[CheckedRow]) -> None:
    people = sorted({row.values[name] for row in rows for name in ("requester_id", "assignee_id")} - {None})
    teams = sorted({row.values["team_id"] for row in rows} - {None})
    found = (
        {one.id: one.works_here for one in session.execute(queries.people_among(people))} if people else {}
    )
    known_teams = set(session.scalars(queries.teams_among(teams))) if teams else set()
    for row in rows:
        if row.values["requester_id"] not in found:
            row.problems["requester_id"] = "does not exist."
        if row.values["assignee_id"] is not None and not found.get(row.values["assignee_id"]):
            row.problems["assignee_id"] = "must be an active agent."
        if row.values["team_id"] is not None and row.values["team_id"] not in known_teams:
            row.problems["team_id"] = "does not exist."


def _check_numbers(session: Session, rows: Sequence[CheckedRow]) -> None:
    numbers = {row.values["ticket_number"] for row in rows} - {None}
    if not numbers:
        return
    keep_free(session, numbers)
    taken = set(session.scalars(queries.numbers_among(sorted(numbers))))
    for row in rows:
        number = row.values["ticket_number"]
        if number in taken:
            row.problems["ticket_number"] = "is already used."
        elif number is not None and not row.problems:
            taken.add(number)


def _insert(session: Session, rows: Sequence[CheckedRow], created: dict[int, tuple[int, str]]) -> None:
    """Insert rows by which of the optional columns they bring: hardly ever more than one or two statements."""
    shapes: dict[tuple[str, ...], list[CheckedRow]] = {}
    for row in rows:
        shapes.setdefault(tuple(name for name in OPTIONAL if row.values[name] is not None), []).append(row)
    for brought, alike in shapes.items():
        _insert_alike(session, alike, brought, created)


def _insert_alike(
    session: Session,
    rows: Sequence[CheckedRow],
    brought: tuple[str, ...],
    created: dict[int, tuple[int, str]],
) -> None:
    actor_id = actor_of(session).user_id
    for row in rows:
        row.values["creator_id"] = actor_id if actor_id is not None else row.values["requester_id"]
    table = Ticket.__table__
    names = (*COLUMNS, *brought)
    columns = {name: (table.c[name].type, [row.values[name] for row in rows]) for name in names}
    statement = insert(Ticket).from_select(list(names), queries.rows_given(columns))
    if "ticket_number" in brought:
        # Numbers were looked up, but somebody may be using one of them at this moment, or out of sight.
        statement = statement.on_conflict_do_nothing(index_elements=[Ticket.ticket_number])
    found = session.execute(statement.returning(Ticket.id, Ticket.ticket_number)).all()
    if "ticket_number" in brought:
        _match_by_number(rows, {number: (key, number) for key, number in found}, created)
        return
    # Rows go in in their order and keys grow, so sorted keys are in the order of the rows.
    for row, (key, number) in zip(rows, sorted(found), strict=True):
        created[row.index] = (key, number)


def _match_by_number(
    rows: Sequence[CheckedRow], found: dict[str, tuple[int, str]], created: dict[int, tuple[int, str]]
) -> None:
    for row in rows:
        if row.values["ticket_number"] in found:
            created[row.index] = found[row.values["ticket_number"]]
        else:
            row.problems["ticket_number"] = "is already used."


def _tag(session: Session, rows: Sequence[CheckedRow], created: dict[int, tuple[int, str]]) -> None:
    tagged = [row for row in rows if row.index in created and row.values["tags"]]
    if not tagged:
        return
    names = dict.fromkeys(name for row in tagged for name in row.values["tags"])
    tags = get_or_create_tags(session, names, limit=TAGS_AT_ONCE)
    pairs = sorted({(created[row.index][0], tags[name].id) for row in tagged for name in row.values["tags"]})
    for chunk in chunks(pairs):
        columns = {
            "ticket_id": (BigInteger(), [ticket for ticket, _tag in chunk]),
            "tag_id": (BigInteger(), [tag for _ticket, tag in chunk]),
        }
        session.execute(insert(TicketTag).from_select(list(columns), queries.rows_given(columns)))
