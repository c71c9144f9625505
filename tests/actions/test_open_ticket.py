"""Opening tickets: who may, for whom, and what comes with it."""

from typing import Any

import pytest
from sqlalchemy import select

from ombud import Actor, Attachment, Tag, Ticket, TicketChannel, TicketPriority, TicketStatus, UserRole
from ombud.errors import Forbidden, Invalid
from ombud.people.actions import deactivate_user
from ombud.testing import Cast, Perform, Persona, make_user, stored_file
from ombud.tickets import open_ticket
from tests.actions.conftest import Log


def test_a_customer_opens_a_ticket_with_defaults(perform: Perform, customer: Persona, log: Log) -> None:
    actor = customer.in_new_request()
    ticket = perform(actor, open_ticket, title="  It is\n broken ", description="Since\r\nMonday.")
    assert ticket.ticket_number.isdigit()
    assert (ticket.title, ticket.description) == ("It is broken", "Since\nMonday.")
    assert (ticket.status, ticket.priority) == (TicketStatus.OPEN, TicketPriority.MEDIUM)
    assert (ticket.requester_id, ticket.creator_id, ticket.assignee_id) == (customer.id, customer.id, None)
    assert ticket.organization_id == customer.user.organization_id
    assert (ticket.version, ticket.resolved_at, ticket.first_response_at) == (1, None, None)
    (entry,) = log(actor)
    assert (entry.table, entry.action, entry.actor) == ("tickets", "CREATE", f"user:{customer.id}")
    assert entry.user_id == customer.id
    assert entry.changes["title"] == [None, "It is broken"]


def test_an_agent_opens_one_for_a_customer_with_all_that_triage_knows(
    perform: Perform, cast: Cast, log: Log
) -> None:
    actor = cast.agent.in_new_request()
    ticket = perform(
        actor,
        open_ticket,
        title="Broken",
        requester_id=cast.customer.id,
        priority=TicketPriority.URGENT,
        status=TicketStatus.IN_PROGRESS,
        channel=TicketChannel.PHONE,
        assignee_id=cast.other_agent.id,
        team_id=cast.team.id,
        tags=("printer", "Fire", "fire"),
        files=(stored_file(),),
    )
    assert (ticket.requester_id, ticket.creator_id) == (cast.customer.id, cast.agent.id)
    assert (ticket.assignee_id, ticket.team_id) == (cast.other_agent.id, cast.team.id)
    assert (ticket.priority_rank, ticket.channel) == (4, TicketChannel.PHONE)
    names = perform(actor, lambda s: set(s.scalars(select(Tag.name).join(Tag.tickets))))
    assert {name.lower() for name in names} == {"printer", "fire"}
    files = perform(actor, lambda s: s.scalars(select(Attachment)).all())
    assert [(file.ticket_id, file.comment_id, file.uploader_id) for file in files] == [
        (ticket.id, None, cast.agent.id)
    ]
    assert sorted(entry.table for entry in log(actor)) == [
        "attachments",
        "tags",
        "tags",
        "ticket_tags",
        "ticket_tags",
        "tickets",
    ]


@pytest.mark.parametrize("forbidden", ["requester_id", "assignee_id", "team_id", "tags"])
def test_a_customer_leaves_triage_to_the_desk(perform: Perform, cast: Cast, forbidden: str) -> None:
    given: dict[str, Any] = {
        "requester_id": cast.colleague.id,
        "assignee_id": cast.agent.id,
        "team_id": cast.team.id,
        "tags": ("x",),
    }
    with pytest.raises(Invalid):
        perform(cast.customer.actor, open_ticket, title="Broken", **{forbidden: given[forbidden]})


def test_a_customer_opens_no_urgent_or_finished_ticket(perform: Perform, customer: Persona) -> None:
    with pytest.raises(Invalid):
        perform(customer.actor, open_ticket, title="Broken", priority=TicketPriority.URGENT)
    with pytest.raises(Invalid):
        perform(customer.actor, open_ticket, title="Broken", status=TicketStatus.CLOSED)


def test_a_light_agent_opens_tickets_but_does_not_route_them(perform: Perform, cast: Cast) -> None:
    opened = perform(cast.light_agent.actor, open_ticket, title="Seen", requester_id=cast.customer.id)
    assert opened.creator_id == cast.light_agent.id
    with pytest.raises(Forbidden):
        perform(
            cast.light_agent.actor,
            open_ticket,
            title="Seen",
            requester_id=cast.customer.id,
            assignee_id=cast.agent.id,
        )


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"title": " "}, "title"),
        ({"title": "x" * 501}, "title"),
        ({"title": "a\x00b"}, "title"),
        ({"title": "x", "description": "x" * 1_000_001}, "description"),
        ({"title": "x", "requester_id": 999_999}, "requester"),
        ({"title": "x", "requester_id": 2**63}, "requester"),
        ({"title": "x", "requester_id": -1}, "requester"),
        ({"title": "x", "assignee_id": 999_999}, "assignee"),
        ({"title": "x", "assignee_id": 0}, "assignee"),
        ({"title": "x", "team_id": 2**70}, "team"),
        ({"title": "x", "tags": ("",)}, "tags"),
        ({"title": "x", "tags": tuple(f"t{i}" for i in range(51))}, "tags"),
        ({"title": "x", "status": "resloved"}, "status"),
        ({"title": "x", "priority": "asap"}, "priority"),
    ],
)
def test_bad_input_is_named_by_field_and_leaves_nothing(
    perform: Perform, agent: Persona, given: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as caught:
        perform(agent.actor, open_ticket, **given)
    assert list(caught.value.fields) == [field]
    assert perform(agent.actor, lambda s: s.scalars(select(Ticket)).all()) == []


def test_tickets_are_given_to_active_agents_only(perform: Perform, cast: Cast, system: Actor) -> None:
    former = perform(system, make_user, role=UserRole.AGENT)
    perform(system, deactivate_user, former.id)
    for nobody in (cast.customer.id, former.id):
        with pytest.raises(Invalid, match="assignee"):
            perform(cast.agent.actor, open_ticket, title="x", assignee_id=nobody)


def test_the_system_must_say_whose_ticket_it_is(perform: Perform, customer: Persona, system: Actor) -> None:
    with pytest.raises(Invalid, match="requester"):
        perform(system, open_ticket, title="x")
    ticket = perform(system, open_ticket, title="x", requester_id=customer.id)
    assert ticket.creator_id == customer.id


def test_a_ticket_that_is_opened_resolved_has_its_time(
    perform: Perform, agent: Persona, customer: Persona
) -> None:
    ticket = perform(
        agent.actor,
        open_ticket,
        title="By phone, solved",
        requester_id=customer.id,
        status=TicketStatus.RESOLVED,
    )
    assert ticket.resolved_at is not None


def test_no_attribute_of_the_new_ticket_needs_another_statement(
    perform: Perform, agent: Persona, customer: Persona
) -> None:
    ticket = perform(agent.actor, open_ticket, title="x", requester_id=customer.id)
    for column in Ticket.__table__.columns:
        getattr(ticket, column.key)
    assert repr(ticket) == f"<Ticket id={ticket.id}>"
