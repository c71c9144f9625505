"""Creating many tickets: ids in order, rows checked one by one, all or the good ones."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from ombud import Actor, AuditLog, Desk, Settings, Ticket, TicketChannel, TicketPriority, TicketStatus
from ombud.errors import Forbidden, Invalid
from ombud.testing import Cast, Perform, ScratchDatabase, counted
from ombud.tickets import BulkCreated, BulkRefused, RowProblem, TicketFilter, bulk_create_tickets
from ombud.tickets import queries as ticket_queries
from ombud.tickets.actions.bulk import create

LAST_YEAR = datetime(2025, 5, 1, 8, tzinfo=UTC)


def rows_of(customer_id: int, count: int, **given: Any) -> list[dict[str, Any]]:
    return [{"title": f"Printer {n}", "requester_id": customer_id, **given} for n in range(count)]


def titles_of(session: Session, /, ids: tuple[int | None, ...]) -> list[str]:
    found = {key: title for key, title in session.execute(select(Ticket.id, Ticket.title))}  # noqa: C416
    return [found[key] for key in ids if key is not None]


def ticket(session: Session, /, key: int | None) -> Ticket:
    return session.scalars(ticket_queries.ticket_details().where(Ticket.id == key)).one()


def test_ids_and_numbers_come_in_the_order_of_the_rows(
    perform: Perform, cast: Cast, system: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(create, "CHUNK", 7)
    rows = rows_of(cast.customer.id, 40)
    for row in rows[::3]:
        row["ticket_number"] = f"OLD-{row['title']}"
    for row in rows[::4]:
        row["created_at"] = LAST_YEAR
    created = perform(system, bulk_create_tickets, rows)
    assert perform(system, titles_of, created.ids) == [row["title"] for row in rows]
    assert [n for n in created.numbers if n is not None and n.startswith("OLD")] == [
        row["ticket_number"] for row in rows[::3]
    ]
    assert len(set(created.numbers)) == 40
    assert created.count == 40


def test_a_row_becomes_the_ticket_that_it_says(perform: Perform, cast: Cast, system: Actor) -> None:
    row = {
        "title": "  Old   printer ",
        "description": "It\r\nsmokes",
        "requester_id": cast.customer.id,
        "status": "closed",
        "priority": "urgent",
        "channel": TicketChannel.PHONE,
        "assignee_id": cast.agent.id,
        "team_id": cast.team.id,
        "tags": ["Fire", "fire", "Ünïcode"],
        "created_at": LAST_YEAR,
        "resolved_at": LAST_YEAR + timedelta(hours=2),
    }
    (key,) = perform(system, bulk_create_tickets, [row]).ids
    made = perform(system, ticket, key)
    assert (made.title, made.description) == ("Old printer", "It\nsmokes")
    assert (made.status, made.priority, made.channel) == (
        TicketStatus.CLOSED,
        TicketPriority.URGENT,
        TicketChannel.PHONE,
    )
    assert (made.requester_id, made.creator_id, made.assignee_id, made.team_id) == (
        cast.customer.id,
        cast.customer.id,
        cast.agent.id,
        cast.team.id,
    )
    assert made.organization_id == cast.organization.id
    assert made.created_at == LAST_YEAR
    assert made.resolved_at == made.last_activity_at == LAST_YEAR + timedelta(hours=2)
    assert sorted(tag.name.lower() for tag in made.tags) == ["fire", "ünïcode"]


def test_an_agent_creates_in_their_own_name(perform: Perform, cast: Cast) -> None:
    rows: list[Mapping[str, Any]] = [{"title": "Mine"}, {"title": "Theirs", "requester_id": cast.customer.id}]
    mine, theirs = perform(cast.agent.actor, bulk_create_tickets, rows).ids
    first, second = perform(cast.agent.actor, ticket, mine), perform(cast.agent.actor, ticket, theirs)
    assert (first.requester_id, first.creator_id) == (cast.agent.id, cast.agent.id)
    assert (second.requester_id, second.creator_id) == (cast.customer.id, cast.agent.id)
    assert first.status is TicketStatus.OPEN
    assert first.priority is TicketPriority.MEDIUM


BAD: list[tuple[dict[str, Any], str]] = [
    ({"title": " "}, "title"),
    ({"title": "x" * 501}, "title"),
    ({"title": None}, "title"),
    ({"title": "nul \x00"}, "title"),
    ({"description": "\ud800"}, "description"),
    ({"status": "asleep"}, "status"),
    ({"priority": None}, "priority"),
    ({"channel": "pigeon"}, "channel"),
    ({"requester_id": 10**9}, "requester_id"),
    ({"requester_id": "7"}, "requester_id"),
    ({"requester_id": True}, "requester_id"),
    ({"requester_id": None}, "requester_id"),
    ({"assignee_id": 2**63}, "assignee_id"),
    ({"team_id": 10**9}, "team_id"),
    ({"tags": "vip"}, "tags"),
    ({"tags": [""]}, "tags"),
    ({"tags": 5}, "tags"),
    ({"ticket_number": ""}, "ticket_number"),
    ({"ticket_number": "9" * 51}, "ticket_number"),
    ({"created_at": datetime(2025, 1, 1)}, "created_at"),  # noqa: DTZ001
    ({"created_at": "2025-01-01"}, "created_at"),
    ({"resolved_at": LAST_YEAR}, "resolved_at"),
    ({"status": "closed", "created_at": LAST_YEAR, "resolved_at": LAST_YEAR - timedelta(1)}, "resolved_at"),
    ({"id": 5}, "id"),
    ({"deleted_at": None}, "deleted_at"),
]


def test_every_bad_row_is_named_and_the_good_ones_are_made(
    perform: Perform, cast: Cast, system: Actor
) -> None:
    rows = rows_of(cast.customer.id, 2 * len(BAD))
    for place, (wrong, _field) in enumerate(BAD):
        rows[2 * place + 1] |= wrong
    created = perform(system, bulk_create_tickets, rows, on_error="skip")
    assert [(problem.index, problem.field) for problem in created.problems] == [
        (2 * place + 1, field) for place, (_wrong, field) in enumerate(BAD)
    ]
    assert all(problem.rule.endswith(".") for problem in created.problems)
    no_rows: tuple[Any, ...] = (5, None, "title")
    for no_row in no_rows:
        told = perform(system, bulk_create_tickets, [no_row, rows[0]], on_error="skip")
        assert told.problems == (RowProblem(0, "row", "must be a mapping of fields."),)
        assert (told.count, told.ids[0]) == (1, None)
    assert [key is None for key in created.ids] == [False, True] * len(BAD)
    assert perform(system, titles_of, created.ids) == [row["title"] for row in rows[::2]]


def test_one_bad_row_refuses_all_and_leaves_the_transaction_usable(
    perform: Perform, cast: Cast, system: Actor
) -> None:
    rows = rows_of(cast.customer.id, 20)
    rows[7]["assignee_id"] = cast.customer.id
    rows[9]["title"] = ""

    def refused(session: Session) -> list[str]:
        with pytest.raises(BulkRefused) as caught:
            bulk_create_tickets(session, rows)
        assert caught.value.problems == (
            RowProblem(7, "assignee_id", "must be an active agent."),
            RowProblem(9, "title", "must not be blank."),
        )
        return list(session.scalars(select(Ticket.title)))

    assert perform(system, refused) == []


def test_a_number_is_used_once(perform: Perform, cast: Cast, system: Actor) -> None:
    perform(system, bulk_create_tickets, rows_of(cast.customer.id, 1, ticket_number="A-1"))
    rows = [
        row for number in ("A-1", "A-2", "A-2") for row in rows_of(cast.customer.id, 1, ticket_number=number)
    ]
    created = perform(system, bulk_create_tickets, rows, on_error="skip")
    assert created.problems == (
        RowProblem(0, "ticket_number", "is already used."),
        RowProblem(2, "ticket_number", "is already used."),
    )
    assert created.numbers == (None, "A-2", None)


def test_a_number_used_out_of_sight_is_reported_as_well(perform: Perform, cast: Cast, system: Actor) -> None:
    """A ticket of another team cannot be seen by this agent, but its number is taken all the same."""
    perform(
        system,
        bulk_create_tickets,
        rows_of(cast.customer.id, 1, ticket_number="A-1", team_id=cast.other_team.id),
    )
    rows = [*rows_of(cast.customer.id, 1, ticket_number="A-1"), *rows_of(cast.customer.id, 1)]
    with pytest.raises(BulkRefused) as caught:
        perform(cast.team_agent.actor, bulk_create_tickets, rows)
    assert caught.value.problems == (RowProblem(0, "ticket_number", "is already used."),)
    created = perform(cast.team_agent.actor, bulk_create_tickets, rows, on_error="skip")
    assert [key is None for key in created.ids] == [True, False]


def test_an_agent_of_teams_creates_for_them_only(perform: Perform, cast: Cast) -> None:
    teams = (None, cast.team.id, cast.other_team.id)
    rows = [row for team in teams for row in rows_of(cast.customer.id, 1, team_id=team)]
    created = perform(cast.team_agent.actor, bulk_create_tickets, rows, on_error="skip")
    assert created.problems == (RowProblem(2, "team_id", "is not one of your teams."),)
    assert created.count == 2


def test_history_is_for_administrators(perform: Perform, cast: Cast) -> None:
    rows = rows_of(cast.customer.id, 1, created_at=LAST_YEAR)
    assert perform(cast.admin.actor, bulk_create_tickets, rows).count == 1
    with pytest.raises(BulkRefused):
        perform(cast.agent.actor, bulk_create_tickets, rows)


def test_customers_and_light_agents_may_not(perform: Perform, cast: Cast) -> None:
    for actor in (cast.customer.actor, cast.light_agent.actor):
        with pytest.raises(Forbidden):
            perform(actor, bulk_create_tickets, rows_of(cast.customer.id, 1))


def test_no_rows_are_no_work(perform: Perform, cast: Cast) -> None:
    assert perform(cast.agent.actor, bulk_create_tickets, []) == BulkCreated()


def test_all_are_audited_and_found_by_words_at_once(perform: Perform, cast: Cast) -> None:
    actor = cast.agent.in_new_request()
    created = perform(actor, bulk_create_tickets, rows_of(cast.customer.id, 25, description="Zwetschgenmus"))

    def look(session: Session) -> tuple[list[int], list[int]]:
        audited = select(AuditLog.record_id).where(
            AuditLog.request_id == actor.request_id, AuditLog.table_name == "tickets"
        )
        found = select(Ticket.id).where(
            *ticket_queries.tickets_matching(actor, TicketFilter(text="zwetschgenmus"))
        )
        return (
            sorted(key for key in session.scalars(audited) if key is not None),
            sorted(session.scalars(found)),
        )

    ids = [key for key in created.ids if key is not None]
    assert perform(actor, look) == (ids, ids)


def test_statements_do_not_grow_with_rows(perform: Perform, cast: Cast) -> None:
    costs = []
    for count in (2, 60):
        rows = rows_of(
            cast.customer.id, count, tags=["a", "b"], team_id=cast.team.id, assignee_id=cast.agent.id
        )
        with counted() as log:
            perform(cast.agent.actor, bulk_create_tickets, rows)
        costs.append(len(log))
    assert costs[1] <= costs[0] <= 14


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_both_synchronous_drivers(
    database: ScratchDatabase, settings: Settings, cast: Cast, desk: Desk, driver: str
) -> None:
    with Desk(database.url.set(drivername=f"postgresql+{driver}"), settings) as other:
        rows = rows_of(cast.customer.id, 5, tags=["x"])
        rows[3] |= {"ticket_number": "N-1", "team_id": cast.team.id}
        created = other.run(cast.admin.actor, bulk_create_tickets, rows)
        with other.read(cast.admin.actor) as session:
            assert titles_of(session, created.ids) == [row["title"] for row in rows]


def test_what_to_do_about_bad_rows_is_one_of_two(perform: Perform, cast: Cast, system: Actor) -> None:
    """A misspelt `abort` created the good rows, as `skip` does."""
    rows = [*rows_of(cast.customer.id, 2), {"title": ""}]
    for wrong in ("Abort", "", None, "ignore"):
        with pytest.raises(Invalid) as caught:
            perform(system, bulk_create_tickets, rows, on_error=wrong)  # type: ignore[arg-type]
        assert list(caught.value.fields) == ["on_error"]
