"""How many statements reading costs: the same for one row and for thirty, and no later loads."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Select
from sqlalchemy.exc import InvalidRequestError

from ombud import Actor, Desk, DeskSession, Ticket
from ombud.testing import Cast, counted, make_comment, make_ticket, stored_file
from ombud.tickets import attach_file, queries
from ombud.tickets.filters import Place, TicketFilter
from ombud.tickets.listing import list_tickets


@pytest.fixture
def tickets(desk: Desk, cast: Cast) -> list[Ticket]:
    """One ticket with one comment, and thirty with thirty each and tags and files."""

    def fill(session: DeskSession) -> list[Ticket]:
        few = make_ticket(session, cast.customer.user, tags=("one",))
        make_comment(session, few, cast.agent.user)
        many = make_ticket(session, cast.other_customer.user, tags=[f"tag{i}" for i in range(30)])
        for _ in range(30):
            make_comment(session, many, cast.agent.user, files=[stored_file()])
        attach_file(session, many.id, stored_file())
        for _ in range(30):
            make_ticket(session, cast.other_customer.user, assignee_id=cast.agent.id)
        return [few, many]

    return desk.run(Actor.system("test"), fill)


def _cost(desk: Desk, actor: Actor, statement: Select[Any] | Any) -> int:
    with desk.read(actor) as session:
        session.connection()
        with counted() as log:
            session.execute(statement).unique().all()
        return len(log)


def test_a_list_is_one_statement(desk: Desk, tickets: list[Ticket], cast: Cast) -> None:
    for requester in (cast.customer, cast.other_customer):
        with desk.read(cast.agent.actor) as session:
            session.connection()
            with counted() as log:
                list_tickets(session, TicketFilter(requester_id=requester.id), Place())
        assert len(log) == 1, str(log)


@pytest.mark.parametrize(
    ("build", "cost"),
    [
        (queries.ticket_by_id, 2),
        (queries.conversation, 2),
        (queries.attachments_of, 1),
        (queries.history, 1),
        (queries.visible_id, 1),
    ],
)
def test_a_ticket_costs_the_same_however_much_is_said(
    desk: Desk, tickets: list[Ticket], cast: Cast, build: Any, cost: int
) -> None:
    actor = cast.agent.actor
    assert [_cost(desk, actor, build(actor, ticket.id)) for ticket in tickets] == [cost, cost]


def test_counters_are_one_statement(desk: Desk, tickets: list[Ticket], cast: Cast) -> None:
    with desk.read(cast.agent.actor) as session:
        session.connection()
        with counted() as log:
            session.execute(queries.view_counters(cast.agent.actor)).one()
    assert len(log) == 1


def test_entering_a_transaction_is_one_statement(desk: Desk, cast: Cast) -> None:
    with counted() as log, desk.read(cast.agent.actor) as session:
        session.execute(queries.visible_id(cast.agent.actor, 1)).all()
    assert len(log) == 2, "who acts, and the question"


def test_what_was_not_asked_for_is_not_loaded_behind_ones_back(
    desk: Desk, tickets: list[Ticket], cast: Cast
) -> None:
    actor = cast.agent.actor
    with desk.read(actor) as session:
        ticket = session.scalars(queries.ticket_by_id(actor, tickets[1].id)).unique().one()
        assert (ticket.requester.full_name, len(ticket.tags)) == ("Otto Other", 30)
        with pytest.raises(InvalidRequestError, match="lazy='raise'"):
            _ = ticket.comments
