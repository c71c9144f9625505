"""Soft deletion: hidden everywhere, told once, and back as it was."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Select, func, select

from ombud import Actor, DeskSession, Ticket
from ombud.errors import Forbidden, NotFound
from ombud.testing import Cast, Perform, Persona
from ombud.tickets import queries, restore_ticket, soft_delete_ticket
from ombud.tickets.filters import Place, TicketFilter
from tests.actions.conftest import Log

Reload = Callable[[Ticket], Ticket]


def rows(session: DeskSession, statement: Select[Any]) -> list[Any]:
    return list(session.execute(statement).all())


def test_deleting_and_restoring_say_whether_they_did_anything(
    perform: Perform, ticket: Ticket, agent: Persona, log: Log, reload: Reload
) -> None:
    actor = agent.in_new_request()
    assert perform(actor, restore_ticket, ticket.id) is False
    assert perform(actor, soft_delete_ticket, ticket.id) is True
    assert perform(actor, soft_delete_ticket, ticket.id) is False
    assert reload(ticket).deleted_at is not None
    assert perform(actor, restore_ticket, ticket.id) is True
    assert perform(actor, restore_ticket, ticket.id) is False
    after = reload(ticket)
    assert after.deleted_at is None
    assert (after.title, after.status) == (ticket.title, ticket.status)
    moves = [entry.changes["deleted_at"] for entry in log(actor)]
    assert [[value is None for value in move] for move in moves] == [[True, False], [False, True]]


def test_a_deleted_ticket_is_in_no_list_and_no_count(
    perform: Perform, ticket: Ticket, cast: Cast, system: Actor
) -> None:
    perform(cast.agent.actor, soft_delete_ticket, ticket.id)
    for actor in (cast.agent.actor, cast.admin.actor, cast.customer.actor, system):
        assert perform(actor, rows, select(Ticket)) == []
        assert perform(actor, rows, select(func.count()).select_from(Ticket)) == [(0,)]
        assert perform(actor, lambda s: s.get(Ticket, ticket.id)) is None
        assert perform(actor, rows, queries.inbox(actor, TicketFilter(), Place())) == []
        assert perform(actor, rows, queries.inbox(actor, TicketFilter(text="printer"), Place())) == []
        assert set(perform(actor, rows, queries.view_counters(actor))[0]) == {0}


def test_staff_find_it_among_the_deleted_and_customers_do_not(
    perform: Perform, ticket: Ticket, cast: Cast
) -> None:
    perform(cast.agent.actor, soft_delete_ticket, ticket.id)
    for actor, expected in ((cast.agent.actor, [ticket.id]), (cast.customer.actor, [])):
        page = perform(actor, rows, queries.inbox(actor, TicketFilter(deleted=True), Place()))
        assert [row.id for row in page] == expected
        one = perform(actor, rows, queries.ticket_by_number(actor, ticket.ticket_number))
        assert [row[0].id for row in one] == expected


def test_customers_and_light_agents_delete_nothing(perform: Perform, ticket: Ticket, cast: Cast) -> None:
    for somebody in (cast.customer, cast.light_agent, cast.other_customer):
        with pytest.raises(Forbidden):
            perform(somebody.actor, soft_delete_ticket, ticket.id)


def test_a_missing_ticket_is_not_found(perform: Perform, agent: Persona) -> None:
    with pytest.raises(NotFound):
        perform(agent.actor, soft_delete_ticket, 999_999)
    with pytest.raises(NotFound):
        perform(agent.actor, restore_ticket, 999_999)
