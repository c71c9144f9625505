"""What one person's view of a ticket remembers, for that person only."""

import pytest
from sqlalchemy import select

from ombud import Actor, Desk, Ticket
from ombud.errors import Invalid, OmbudError
from ombud.models import Draft, TicketRead
from ombud.testing import Cast, Perform, Persona, make_cast, make_ticket
from ombud.tickets import discard_draft, mark_read, note, queries, save_draft
from ombud.tickets.filters import Place, TicketFilter


def test_a_draft_is_kept_replaced_and_thrown_away(perform: Perform, ticket: Ticket, agent: Persona) -> None:
    def drafts() -> list[tuple[bool, str]]:
        found = perform(agent.actor, lambda s: s.scalars(queries.drafts_of(agent.actor, ticket.id)).all())
        return sorted((draft.is_internal, draft.content) for draft in found)

    perform(agent.actor, save_draft, ticket.id, "Dear", is_internal=False)
    perform(agent.actor, save_draft, ticket.id, "Dear Carla", is_internal=False)
    perform(agent.actor, save_draft, ticket.id, "Angry", is_internal=True)
    assert drafts() == [(False, "Dear Carla"), (True, "Angry")]
    perform(agent.actor, save_draft, ticket.id, "  ", is_internal=False)
    assert drafts() == [(True, "Angry")]
    perform(agent.actor, discard_draft, ticket.id, is_internal=True)
    perform(agent.actor, discard_draft, ticket.id, is_internal=True)
    assert drafts() == []


def test_nobody_reads_anothers_draft(perform: Perform, ticket: Ticket, cast: Cast) -> None:
    perform(cast.agent.actor, save_draft, ticket.id, "Secret", is_internal=False)
    for other in (cast.other_agent, cast.admin, cast.customer):
        assert perform(other.actor, lambda s: s.scalars(select(Draft)).all()) == []


def test_a_draft_has_a_limit(perform: Perform, ticket: Ticket, agent: Persona) -> None:
    with pytest.raises(Invalid):
        perform(agent.actor, save_draft, ticket.id, "x" * 200_001, is_internal=False)


def test_personal_things_of_an_invisible_ticket_cannot_be_made(
    perform: Perform, ticket: Ticket, other_customer: Persona
) -> None:
    """Else the answer would tell which ids exist."""
    for ticket_id in (ticket.id, ticket.id + 1000):
        with pytest.raises(OmbudError) as read:
            perform(other_customer.actor, mark_read, ticket_id)
        with pytest.raises(OmbudError) as draft:
            perform(other_customer.actor, save_draft, ticket_id, "x", is_internal=False)
        assert {read.value.code, draft.value.code} == {"not_found"}
    assert perform(other_customer.actor, lambda s: s.scalars(select(TicketRead)).all()) == []


def test_a_ticket_is_unread_until_seen_and_again_when_something_is_said(desk: Desk, system: Actor) -> None:
    """On a desk that commits: time does not pass within one transaction."""
    cast = desk.run(system, make_cast)
    ticket = desk.run(system, make_ticket, cast.customer.user)

    def is_unread(persona: Persona) -> bool:
        with desk.read(persona.actor) as session:
            row = session.execute(queries.inbox(persona.actor, TicketFilter(), Place())).one()
        return bool(row.unread)

    assert is_unread(cast.agent)
    desk.run(cast.agent.actor, mark_read, ticket.id)
    assert not is_unread(cast.agent)
    assert is_unread(cast.other_agent)
    desk.run(cast.other_agent.actor, note, ticket.id, "Hm.")
    assert is_unread(cast.agent)
    desk.run(cast.agent.actor, mark_read, ticket.id)
    assert not is_unread(cast.agent)
