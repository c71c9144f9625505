"""Changing tickets: legal moves by every path, conflicts told, nothing overwritten."""

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from sqlalchemy import func, select, text, update

from ombud import Actor, Desk, Ticket, TicketPriority, TicketStatus
from ombud.errors import Conflict, Forbidden, Invalid, NotFound, StaleVersion
from ombud.testing import Cast, Perform, Persona, make_team, make_ticket
from ombud.tickets import (
    STATUS_MOVES,
    FieldChanged,
    IllegalMove,
    TicketChanges,
    TicketDeleted,
    assign,
    change_ticket,
    move_to_team,
    open_ticket,
    set_priority,
    set_status,
    soft_delete_ticket,
)
from tests.actions.conftest import Log

Reload = Callable[[Ticket], Ticket]


def test_the_database_knows_the_same_moves(perform: Perform, system: Actor) -> None:
    def legal(session: Any) -> set[tuple[str, str]]:
        pairs = product(TicketStatus, TicketStatus)
        return {
            (old.value, new.value)
            for old, new in pairs
            if session.scalar(select(func.ombud.is_status_move(old.value, new.value)))
        }

    expected = {(old.value, new.value) for old, moves in STATUS_MOVES.items() for new in moves}
    assert perform(system, legal) == expected


@pytest.mark.parametrize(("old", "new"), list(product(TicketStatus, TicketStatus)))
def test_a_bulk_statement_makes_legal_moves_only(
    perform: Perform, customer: Persona, reload: Reload, old: TicketStatus, new: TicketStatus
) -> None:
    system = Actor.system("bulk")
    ticket = perform(system, open_ticket, title="x", requester_id=customer.id, status=old)

    def move(session: Any) -> None:
        session.execute(update(Ticket).where(Ticket.id == ticket.id).values(status=new))

    if old is not new and new not in STATUS_MOVES[old]:
        with pytest.raises(Conflict) as caught:
            perform(system, move)
        assert caught.value.data["field"] == "status"
        assert reload(ticket).status is old
        return
    perform(system, move)
    after = reload(ticket)
    assert after.status is new
    assert (after.resolved_at is not None) == new.is_done


def test_each_change_is_one_row_of_the_log_with_before_and_after(
    perform: Perform, ticket: Ticket, cast: Cast, log: Log, reload: Reload
) -> None:
    actor = cast.agent.in_new_request()
    changes: TicketChanges = {
        "title": "Fire",
        "description": "All of it.",
        "status": TicketStatus.IN_PROGRESS,
        "priority": TicketPriority.URGENT,
        "assignee_id": cast.other_agent.id,
        "team_id": cast.team.id,
        "requester_id": cast.colleague.id,
    }
    perform(actor, change_ticket, ticket.id, changes)
    (entry,) = log(actor)
    assert (entry.table, entry.action, entry.actor) == ("tickets", "UPDATE", f"user:{cast.agent.id}")
    assert entry.changes == {
        "title": ["The printer is on fire", "Fire"],
        "description": ["", "All of it."],
        "status": ["open", "in_progress"],
        "priority": ["medium", "urgent"],
        "assignee_id": [None, cast.other_agent.id],
        "team_id": [None, cast.team.id],
        "requester_id": [cast.customer.id, cast.colleague.id],
    }
    after = reload(ticket)
    assert after.version == ticket.version + 1
    assert after.priority_rank == 4


def test_changing_to_the_same_changes_nothing(
    perform: Perform, ticket: Ticket, agent: Persona, log: Log, reload: Reload
) -> None:
    actor = agent.in_new_request()
    perform(actor, set_status, ticket.id, TicketStatus.OPEN)
    perform(actor, set_priority, ticket.id, TicketPriority.MEDIUM)
    assert log(actor) == []
    assert reload(ticket).version == ticket.version


def test_resolving_sets_the_time_and_reopening_removes_it(
    perform: Perform, ticket: Ticket, agent: Persona
) -> None:
    resolved = perform(agent.actor, set_status, ticket.id, TicketStatus.RESOLVED)
    assert resolved.resolved_at is not None
    closed = perform(agent.actor, set_status, ticket.id, TicketStatus.CLOSED)
    assert closed.resolved_at == resolved.resolved_at
    assert perform(agent.actor, set_status, ticket.id, TicketStatus.OPEN).resolved_at is None


def test_an_illegal_move_is_refused_before_the_database_is_asked(
    perform: Perform, ticket: Ticket, agent: Persona
) -> None:
    perform(agent.actor, set_status, ticket.id, TicketStatus.CLOSED)
    with pytest.raises(IllegalMove, match="closed to in_progress"):
        perform(agent.actor, set_status, ticket.id, TicketStatus.IN_PROGRESS)


def test_an_old_version_is_told_the_present_one(perform: Perform, ticket: Ticket, cast: Cast) -> None:
    perform(cast.agent.actor, assign, ticket.id, cast.agent.id, expected_version=ticket.version)
    with pytest.raises(StaleVersion) as caught:
        perform(
            cast.other_agent.actor, assign, ticket.id, cast.other_agent.id, expected_version=ticket.version
        )
    assert caught.value.current == ticket.version + 1


def test_two_people_may_work_on_different_fields(
    perform: Perform, ticket: Ticket, cast: Cast, reload: Reload
) -> None:
    perform(cast.agent.actor, assign, ticket.id, cast.agent.id, seen={"assignee_id": None})
    perform(
        cast.other_agent.actor,
        set_priority,
        ticket.id,
        TicketPriority.HIGH,
        seen={"priority": TicketPriority.MEDIUM},
    )
    after = reload(ticket)
    assert (after.assignee_id, after.priority) == (cast.agent.id, TicketPriority.HIGH)


def test_the_second_on_one_field_is_told_what_it_is_now(
    perform: Perform, ticket: Ticket, cast: Cast, reload: Reload
) -> None:
    perform(cast.agent.actor, assign, ticket.id, cast.agent.id, seen={"assignee_id": None})
    with pytest.raises(FieldChanged) as caught:
        perform(cast.other_agent.actor, assign, ticket.id, cast.other_agent.id, seen={"assignee_id": None})
    assert caught.value.data == {"field": "assignee_id", "current": cast.agent.id}
    assert reload(ticket).assignee_id == cast.agent.id


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"title": ""}, "title"),
        ({"status": "lost"}, "status"),
        ({"priority": "asap"}, "priority"),
        ({"assignee_id": 10**9}, "assignee"),
        ({"team_id": 10**9}, "team"),
        ({"requester_id": 10**9}, "requester"),
    ],
)
def test_bad_values_are_named_by_field(
    perform: Perform, ticket: Ticket, agent: Persona, changes: Any, field: str
) -> None:
    with pytest.raises(Invalid) as caught:
        perform(agent.actor, change_ticket, ticket.id, changes)
    assert list(caught.value.fields) == [field]


@pytest.mark.parametrize(
    "column", ["id", "ticket_number", "version", "creator_id", "deleted_at", "resolved_at", "organization_id"]
)
def test_what_the_desk_keeps_itself_is_no_field(
    perform: Perform, ticket: Ticket, agent: Persona, column: str
) -> None:
    changes: Any = {column: 1}
    with pytest.raises(TypeError):
        perform(agent.actor, change_ticket, ticket.id, changes)


def test_a_customer_gives_a_verdict_on_their_own_ticket_and_no_more(
    perform: Perform, ticket: Ticket, cast: Cast
) -> None:
    own = cast.customer.actor
    assert perform(own, set_status, ticket.id, TicketStatus.RESOLVED).status is TicketStatus.RESOLVED
    assert perform(own, set_status, ticket.id, TicketStatus.OPEN).status is TicketStatus.OPEN
    beyond: list[TicketChanges] = [
        {"status": TicketStatus.CLOSED},
        {"priority": TicketPriority.URGENT},
        {"title": "Mine"},
        {"assignee_id": cast.agent.id},
        {},
    ]
    for changes in beyond:
        with pytest.raises(Forbidden):
            perform(own, change_ticket, ticket.id, changes)
    with pytest.raises(Forbidden):
        perform(cast.colleague.actor, set_status, ticket.id, TicketStatus.RESOLVED)
    with pytest.raises(NotFound):
        perform(cast.other_customer.actor, set_status, ticket.id, TicketStatus.RESOLVED)


def test_a_light_agent_changes_nothing(perform: Perform, ticket: Ticket, cast: Cast) -> None:
    with pytest.raises(Forbidden):
        perform(cast.light_agent.actor, assign, ticket.id, cast.light_agent.id)


def test_an_agent_of_one_team_does_not_find_another_teams_ticket(
    perform: Perform, ticket: Ticket, cast: Cast
) -> None:
    perform(cast.agent.actor, move_to_team, ticket.id, cast.other_team.id)
    with pytest.raises(NotFound):
        perform(cast.team_agent.actor, assign, ticket.id, cast.team_agent.id)
    perform(cast.agent.actor, assign, ticket.id, cast.team_agent.id)
    perform(cast.team_agent.actor, set_priority, ticket.id, TicketPriority.HIGH)


def test_a_new_requester_brings_their_own_organization(
    perform: Perform, ticket: Ticket, cast: Cast, reload: Reload
) -> None:
    """Else the old one's colleagues would go on reading another customer's ticket."""
    perform(cast.agent.actor, change_ticket, ticket.id, {"requester_id": cast.other_customer.id})
    assert reload(ticket).organization_id is None
    with pytest.raises(NotFound):
        perform(cast.colleague.actor, set_status, ticket.id, TicketStatus.RESOLVED)
    perform(cast.agent.actor, change_ticket, ticket.id, {"requester_id": cast.colleague.id})
    assert reload(ticket).organization_id == cast.organization.id


def test_a_deleted_ticket_refuses_every_change(
    perform: Perform, ticket: Ticket, agent: Persona, system: Actor
) -> None:
    perform(agent.actor, soft_delete_ticket, ticket.id)
    with pytest.raises(TicketDeleted):
        perform(agent.actor, set_priority, ticket.id, TicketPriority.HIGH)
    with pytest.raises(Conflict, match="deleted"):
        perform(system, lambda s: s.execute(update(Ticket).values(priority=TicketPriority.HIGH)))


def test_raw_sql_moves_version_and_times_too(desk: Desk, system: Actor) -> None:
    ticket = desk.run(system, make_ticket)
    with desk.begin(system) as session:
        session.execute(
            text("UPDATE ombud.tickets SET title = 'Changed', version = 99, updated_at = 'epoch'")
        )
    with desk.read(system) as session:
        after = session.get_one(Ticket, ticket.id)
    assert after.version == 2
    assert after.updated_at > ticket.updated_at
    assert after.last_activity_at > ticket.last_activity_at


def test_what_a_change_returns_can_be_read_after_the_commit(desk: Desk, system: Actor) -> None:
    ticket = desk.run(system, make_ticket)
    changed = desk.run(system, set_status, ticket.id, TicketStatus.RESOLVED)
    assert changed.updated_at > ticket.updated_at
    assert changed.version == 2
    assert changed.resolved_at is not None


def test_an_agent_of_one_team_hands_over_and_still_sees_it(
    perform: Perform, cast: Cast, system: Actor, reload: Reload
) -> None:
    ticket = perform(system, make_ticket, cast.customer.id, team_id=cast.team.id)
    other_team = perform(system, make_team, "Second line")
    actor = cast.team_agent.in_new_request()
    handed_over = perform(actor, move_to_team, ticket.id, other_team.id)
    assert handed_over.team_id == other_team.id
    back = perform(cast.team_agent.in_new_request(), move_to_team, ticket.id, cast.team.id)
    assert reload(ticket).team_id == back.team_id == cast.team.id
