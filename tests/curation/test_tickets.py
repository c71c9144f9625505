"""Merging tickets: one conversation, nothing foreign shown, and exactly apart again by undo."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from ombud import Actor, Desk
from ombud.audit import TicketAsOf, as_of, undo_request
from ombud.curation import duplicate_tickets, merge_tickets, tickets_like
from ombud.curation.actions.people import CannotMerge
from ombud.errors import Conflict, Forbidden, Invalid, NotFound
from ombud.models import Comment, Ticket, TicketStatus
from ombud.testing import Cast, Persona, make_comment, make_ticket, stored_file
from ombud.tickets import (
    add_tags,
    bulk_update_ticket_status,
    queries,
    reply,
    set_status,
    soft_delete_ticket,
)
from ombud.tickets.filters import Place, TicketFilter
from ombud.tickets.rules import TicketDeleted

SYSTEM = Actor.system("test")


def state(session: Session, *numbers: str) -> list[tuple[Any, ...]]:
    """What the tickets are, but for when they were last active."""
    at = session.scalars(select(text("clock_timestamp()"))).one()
    shown = [as_of(session, number, at) for number in numbers]
    fields = [name for name in TicketAsOf.__dataclass_fields__ if name != "last_activity_at"]
    return [tuple(getattr(one, name) for name in fields) for one in shown]


@pytest.fixture
def tickets(desk: Desk, cast: Cast) -> list[Ticket]:
    """Three tickets of one customer, with public words, notes, files, tags; the first is the target."""

    def make(session: Session) -> list[Ticket]:
        made = []
        for name in ("target", "source", "other"):
            ticket = make_ticket(session, cast.customer.id, title=f"Printer {name}")
            make_comment(
                session, ticket, cast.customer.id, f"{name} public", files=[stored_file(f"{name}.txt")]
            )
            make_comment(session, ticket, cast.agent.id, f"{name} secretword{name}", is_internal=True)
            add_tags(session, ticket.id, [name, "all"])
            made.append(ticket)
        session.execute(
            text("INSERT INTO ombud.ticket_participants (ticket_id, user_id) VALUES (:t, :u)"),
            {"t": made[1].id, "u": cast.other_customer.id},
        )
        return made

    return desk.run(SYSTEM, make)


def test_conversations_go_on_in_one_and_come_apart(desk: Desk, cast: Cast, tickets: list[Ticket]) -> None:
    target, *sources = tickets
    numbers = [ticket.ticket_number for ticket in tickets]
    desk.run(cast.agent.actor, set_status, sources[0].id, TicketStatus.RESOLVED)
    with desk.read(SYSTEM) as session:
        before = state(session, *numbers)
        moment = session.scalars(select(text("clock_timestamp()"))).one()
    merged = desk.run(
        cast.agent.actor.for_request("merge"), merge_tickets, [one.id for one in sources], target.id
    )
    assert merged.comments == 4
    with desk.read(SYSTEM) as session:
        after = state(session, *numbers)
        one = as_of(session, numbers[0], session.scalars(select(text("clock_timestamp()"))).one())
        assert [comment.content for comment in one.comments][::2] == [
            "target public",
            "source public",
            "other public",
        ]
        assert {file.file_name for file in one.files} == {"target.txt", "source.txt", "other.txt"}
        assert one.tags == ("all", "other", "source", "target")
        assert cast.other_customer.id in one.participant_ids
        stub = session.get_one(Ticket, sources[0].id)
        assert (stub.status, stub.merged_into_id, stub.title) == (
            TicketStatus.CLOSED,
            target.id,
            "Printer source",
        )
        assert state_then(session, moment, *numbers) == before, "time travel sees them apart"
    # Words follow the conversation, in the search documents too.
    for word, found in (("secretwordsource", target.id), ("secretwordtarget", target.id)):
        with desk.read(cast.agent.actor) as session:
            rows = session.execute(queries.inbox(cast.agent.actor, TicketFilter(text=word), Place())).all()
            assert [row.id for row in rows] == [found], word
    desk.run(cast.agent.actor.for_request("undo"), undo_request, "merge")
    with desk.read(SYSTEM) as session:
        assert state(session, *numbers) == before
        assert state_then(session, moment, *numbers) == before
    desk.run(cast.agent.actor.for_request("redo"), undo_request, "undo")
    with desk.read(SYSTEM) as session:
        assert state(session, *numbers) == after


def state_then(session: Session, at: Any, *numbers: str) -> list[tuple[Any, ...]]:
    shown = [as_of(session, number, at) for number in numbers]
    fields = [name for name in TicketAsOf.__dataclass_fields__ if name != "last_activity_at"]
    return [tuple(getattr(one, name) for name in fields) for one in shown]


def test_a_customer_sees_no_foreign_note(desk: Desk, cast: Cast, tickets: list[Ticket]) -> None:
    desk.run(cast.agent.actor, merge_tickets, [tickets[1].id, tickets[2].id], tickets[0].id)
    with desk.read(cast.customer.actor) as session:
        said = session.scalars(select(Comment.content)).all()
        assert sorted(said) == ["other public", "source public", "target public"]
        found = queries.inbox(cast.customer.actor, TicketFilter(text="secretwordsource"), Place())
        assert session.execute(found).all() == []


def test_one_foreign_ticket_among_ten_and_nothing_happens(desk: Desk, cast: Cast) -> None:
    """TRUST T33, for what the actor may not see, what is deleted, and what is somebody else's."""
    with desk.begin(SYSTEM) as session:
        own = [make_ticket(session, cast.customer.id, team_id=cast.team.id).id for _ in range(10)]
        foreign = make_ticket(session, cast.customer.id, team_id=cast.other_team.id).id
        deleted = make_ticket(session, cast.customer.id, team_id=cast.team.id).id
        strangers = make_ticket(session, cast.other_customer.id, team_id=cast.team.id).id
        free = make_ticket(session, cast.customer.id).id
        soft_delete_ticket(session, deleted)
    with desk.read(SYSTEM) as session:
        before = session.execute(select(Ticket.id, Ticket.version, Ticket.status).order_by(Ticket.id)).all()
    bad: list[tuple[int, type[Exception]]] = [
        (foreign, NotFound),
        (10**12, NotFound),
        (deleted, TicketDeleted),
        (strangers, CannotMerge),
        (own[0], Invalid),
    ]
    for one, error in bad:
        with pytest.raises(error):
            desk.run(cast.team_agent.actor, merge_tickets, [*own[1:], one], own[0])
        with pytest.raises((error, CannotMerge)):
            desk.run(cast.team_agent.actor, merge_tickets, own[1:], one) if one != own[0] else desk.run(
                cast.team_agent.actor, merge_tickets, own, one
            )
    for persona in (cast.customer, cast.light_agent):
        with pytest.raises(Forbidden):
            desk.run(persona.actor, merge_tickets, own[1:], own[0])
    # Who only reads a team's tickets merges none of them, and nothing into them.
    reader = Actor.agent(cast.other_agent.id, read_teams=frozenset({cast.team.id}))
    for source, target in ((own[0], free), (free, own[0])):
        with pytest.raises(Forbidden):
            desk.run(reader, merge_tickets, [source], target)
    with desk.read(SYSTEM) as session:
        after = session.execute(select(Ticket.id, Ticket.version, Ticket.status).order_by(Ticket.id)).all()
    assert after == before
    desk.run(cast.agent.actor, merge_tickets, [strangers], own[0], across_requesters=True)


def test_a_merged_ticket_is_history(desk: Desk, cast: Cast, tickets: list[Ticket]) -> None:
    target, source, other = tickets
    desk.run(cast.agent.actor, merge_tickets, [source.id], target.id)
    for actor in (cast.agent.actor, cast.customer.actor):
        with pytest.raises(Conflict):
            desk.run(actor, reply, source.id, "hello?")
        with pytest.raises(Conflict):
            desk.run(actor, set_status, source.id, TicketStatus.OPEN)
    outcome = desk.run(cast.agent.actor, bulk_update_ticket_status, [source.id, other.id], TicketStatus.OPEN)
    assert source.id not in outcome.changed
    with pytest.raises(CannotMerge):
        desk.run(cast.agent.actor, merge_tickets, [source.id], other.id)
    desk.run(cast.agent.actor, merge_tickets, [target.id], other.id)
    with desk.read(SYSTEM) as session:
        ways = session.execute(select(Ticket.id, Ticket.merged_into_id).order_by(Ticket.id)).all()
    assert [row[1] for row in ways] == [other.id, other.id, None], "always one step"


def test_likely_duplicates_are_shown_to_who_sees_both(desk: Desk, cast: Cast) -> None:
    text_of = "The printer on the third floor prints nothing but empty pages since this morning."
    with desk.begin(SYSTEM) as session:
        first = make_ticket(
            session, cast.customer.id, title="Printer prints empty pages", description=text_of
        )
        again = make_ticket(
            session,
            cast.customer.id,
            title="RE: printer prints empty pages!",
            description=text_of + " Please help.",
            team_id=cast.other_team.id,
        )
        make_ticket(session, cast.customer.id, title="Invoice for May", description="I cannot find it.")
        make_ticket(session, cast.other_customer.id, title="Printer prints empty pages", description=text_of)
    with desk.read(cast.agent.actor) as session:
        (pair,) = duplicate_tickets(session)
        assert (pair.ticket.id, pair.other.id) == (first.id, again.id)
        assert pair.likeness.score > 0.7
        assert set(pair.likeness.reasons) == {"similar_title", "similar_text", "same_day"}
        assert [one.other.id for one in tickets_like(session, first.id)] == [again.id]
    with desk.read(cast.team_agent.actor) as session:
        assert duplicate_tickets(session) == []
        assert tickets_like(session, first.id) == []
        with pytest.raises(NotFound):
            tickets_like(session, again.id)
    with pytest.raises(Forbidden), desk.read(cast.customer.actor) as session:
        tickets_like(session, first.id)


def test_another_requester_reads_nothing_unless_made_a_follower(desk: Desk, cast: Cast) -> None:
    def make(session: Session) -> tuple[Ticket, Ticket]:
        target = make_ticket(session, cast.customer.id)
        make_comment(session, target, cast.customer.id, "of the target")
        source = make_ticket(session, cast.other_customer.id)
        make_comment(session, source, cast.other_customer.id, "of the source")
        for person in (cast.colleague.id, cast.team_agent.id):
            session.execute(
                text("INSERT INTO ombud.ticket_participants (ticket_id, user_id) VALUES (:t, :u)"),
                {"t": source.id, "u": person},
            )
        return target, source

    def followers(session: Session) -> set[int]:
        wanted = text("SELECT user_id FROM ombud.ticket_participants WHERE ticket_id = :t")
        return set(session.scalars(wanted, {"t": target.id}))

    def seen(persona: Persona) -> list[str]:
        with desk.read(persona.actor) as session:
            return sorted(session.scalars(select(Comment.content).order_by(Comment.id)))

    target, source = desk.run(SYSTEM, make)
    how = {"across_requesters": True}
    desk.run(cast.agent.actor.for_request("apart"), merge_tickets, [source.id], target.id, **how)
    with desk.read(SYSTEM) as session:
        assert followers(session) == {cast.team_agent.id}, "colleagues of the desk follow, customers do not"
    assert seen(cast.other_customer) == []
    assert seen(cast.customer) == ["of the source", "of the target"]
    desk.run(cast.agent.actor, undo_request, "apart")
    assert seen(cast.other_customer) == ["of the source"]
    how["requesters_follow"] = True
    desk.run(cast.agent.actor.for_request("together"), merge_tickets, [source.id], target.id, **how)
    with desk.read(SYSTEM) as session:
        assert followers(session) == {cast.team_agent.id, cast.colleague.id, cast.other_customer.id}
    assert seen(cast.other_customer) == ["of the source", "of the target"]
    desk.run(cast.agent.actor, undo_request, "together")
    assert seen(cast.other_customer) == ["of the source"]
