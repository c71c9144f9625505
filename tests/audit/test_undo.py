"""Undo: one request goes back as a whole or not at all, is written down, and can be undone."""

import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from ombud import Actor, Desk, clock
from ombud.audit import FILES_KEPT, ChangedSince, TicketAsOf, Undone, as_of, queries, undo_request
from ombud.audit.actions import NothingToUndo
from ombud.audit.keys import signing_key
from ombud.curation import anonymise_person
from ombud.errors import Conflict, Forbidden, NotFound
from ombud.models import Attachment, AuditLog, Comment, Tag, Ticket, TicketPriority, TicketStatus, TicketTag
from ombud.testing import Cast, Perform, Persona, make_ticket, stored_file
from ombud.tickets import (
    STATUS_MOVES,
    add_tags,
    assign,
    change_ticket,
    remove_attachment,
    reply,
    restore_ticket,
    set_status,
    set_tags,
    soft_delete_ticket,
)

SYSTEM = Actor.system("test")
BIG = 2500


def _as(actor: Actor, request_id: str) -> Actor:
    return actor.for_request(request_id)


def _state(session: Session, number: str) -> tuple[object, ...]:
    """What people see of a ticket; when it was last active moves with an undo as with any change."""
    at = session.scalars(select(func.clock_timestamp())).one()
    now = as_of(session, number, at)
    left_out = ("last_activity_at", "deleted_at")
    shown = [getattr(now, name) for name in TicketAsOf.__dataclass_fields__ if name not in left_out]
    return (*shown, now.deleted_at is None)


def test_a_change_goes_back_and_comes_again(perform: Perform, cast: Cast) -> None:
    ticket = perform(cast.agent.actor, make_ticket, cast.customer.id)
    number = ticket.ticket_number
    before = perform(SYSTEM, _state, number)

    def work(session: Session) -> None:
        change_ticket(session, ticket.id, {"title": "New", "priority": TicketPriority.URGENT})
        assign(session, ticket.id, cast.agent.id)
        add_tags(session, ticket.id, ["a", "b"])
        set_tags(session, ticket.id, ["b", "c"])
        set_status(session, ticket.id, TicketStatus.RESOLVED)
        set_status(session, ticket.id, TicketStatus.CLOSED)

    perform(_as(cast.agent.actor, "work"), work)
    after = perform(SYSTEM, _state, number)
    assert after != before
    undone = perform(_as(cast.agent.actor, "undo"), undo_request, "work")
    assert (undone.request_id, undone.tickets, undone.links) == ("undo", 1, 2)
    assert perform(SYSTEM, _state, number) == before
    perform(_as(cast.agent.actor, "redo"), undo_request, "undo")
    assert perform(SYSTEM, _state, number) == after
    perform(_as(cast.agent.actor, "again"), undo_request, "redo")
    assert perform(SYSTEM, _state, number) == before


def test_an_undo_is_written_down(perform: Perform, cast: Cast) -> None:
    ticket = perform(cast.agent.actor, make_ticket, cast.customer.id)
    perform(_as(cast.agent.actor, "work"), set_status, ticket.id, TicketStatus.CLOSED)
    perform(_as(cast.admin.actor, "undo"), undo_request, "work")
    rows = perform(SYSTEM, lambda s: s.scalars(select(AuditLog).where(AuditLog.request_id == "undo")).all())
    assert [(row.actor, row.changes["status"]) for row in rows] == [
        (f"user:{cast.admin.id}", ["closed", "open"])
    ]


@pytest.mark.parametrize(
    ("old", "new"), [(old, new) for old in TicketStatus for new in sorted(STATUS_MOVES[old])]
)
def test_every_legal_move_goes_back(desk: Desk, cast: Cast, old: TicketStatus, new: TicketStatus) -> None:
    ticket = desk.run(SYSTEM, make_ticket, cast.customer.id, status=old)
    resolved_at = ticket.resolved_at
    desk.run(_as(SYSTEM, "work"), set_status, ticket.id, new)
    desk.run(SYSTEM, undo_request, "work")
    with desk.read(SYSTEM) as session:
        back = session.get_one(Ticket, ticket.id)
        assert (back.status, back.resolved_at) == (old, resolved_at)


def test_the_way_back_is_for_undo_only(desk: Desk, cast: Cast) -> None:
    """Closed to resolved is no move, and stays none right after an undo in the same transaction."""
    ticket = desk.run(SYSTEM, make_ticket, cast.customer.id, status=TicketStatus.RESOLVED)
    desk.run(_as(SYSTEM, "work"), set_status, ticket.id, TicketStatus.CLOSED)
    other = desk.run(SYSTEM, make_ticket, cast.customer.id, status=TicketStatus.CLOSED)

    def undo_and_more(session: Session) -> None:
        undo_request(session, "work")
        session.execute(update(Ticket).where(Ticket.id == other.id).values(status=TicketStatus.RESOLVED))

    with pytest.raises(Conflict, match="cannot go there"):
        desk.run(SYSTEM, undo_and_more)


def test_what_changed_since_is_listed_and_nothing_happens(perform: Perform, cast: Cast) -> None:
    first, second = (perform(cast.agent.actor, make_ticket, cast.customer.id) for _ in range(2))

    def work(session: Session) -> None:
        for ticket in (first, second):
            set_status(session, ticket.id, TicketStatus.CLOSED)
            add_tags(session, ticket.id, ["bulk"])

    perform(_as(cast.agent.actor, "work"), work)
    perform(cast.customer.actor, set_status, first.id, TicketStatus.OPEN)
    perform(cast.agent.actor, set_tags, second.id, [])
    with pytest.raises(ChangedSince) as refused:
        perform(cast.agent.actor, undo_request, "work")
    told = "\n".join(refused.value.changed)
    assert len(refused.value.changed) == 2
    assert f"ticket {first.ticket_number}: status is open now, not closed" in told
    assert f"taken off ticket id {second.id}" in told
    assert perform(SYSTEM, lambda s: s.get_one(Ticket, second.id).status) is TicketStatus.CLOSED


def test_a_deleted_ticket_or_tag_is_in_the_way(perform: Perform, cast: Cast) -> None:
    first, second = (perform(cast.agent.actor, make_ticket, cast.customer.id) for _ in range(2))
    perform(_as(cast.agent.actor, "one"), assign, first.id, cast.agent.id)
    perform(_as(cast.agent.actor, "two"), add_tags, second.id, ["short-lived"])
    perform(cast.agent.actor, soft_delete_ticket, first.id)
    perform(SYSTEM, lambda s: s.execute(delete(Tag).where(Tag.name == "short-lived")).close())
    with pytest.raises(ChangedSince, match=f"{first.ticket_number} is deleted"):
        perform(cast.agent.actor, undo_request, "one")
    with pytest.raises(ChangedSince, match="is gone"):
        perform(cast.agent.actor, undo_request, "two")


def test_deletion_goes_back_and_comes_again(perform: Perform, cast: Cast) -> None:
    ticket = perform(cast.agent.actor, make_ticket, cast.customer.id)
    perform(_as(cast.agent.actor, "delete"), soft_delete_ticket, ticket.id)
    perform(_as(cast.agent.actor, "undo"), undo_request, "delete")
    assert perform(cast.customer.actor, lambda s: s.get_one(Ticket, ticket.id).deleted_at) is None
    perform(_as(cast.agent.actor, "redo"), undo_request, "undo")
    assert perform(cast.customer.actor, lambda s: s.get(Ticket, ticket.id)) is None
    perform(_as(cast.agent.actor, "restore"), restore_ticket, ticket.id)
    perform(cast.agent.actor, undo_request, "restore")
    assert perform(cast.customer.actor, lambda s: s.get(Ticket, ticket.id)) is None


def test_what_was_said_is_not_unsaid(perform: Perform, cast: Cast) -> None:
    ticket = perform(cast.agent.actor, make_ticket, cast.customer.id)
    perform(_as(cast.agent.actor, "both"), reply, ticket.id, "Done.", status=TicketStatus.RESOLVED)
    undone = perform(cast.agent.actor, undo_request, "both")
    assert isinstance(undone, Undone)
    assert (undone.tickets, undone.skipped) == (1, ("What was said on tickets is not unsaid.",))
    perform(_as(cast.agent.actor, "words"), reply, ticket.id, "Only words.")
    with pytest.raises(NothingToUndo, match="not unsaid"):
        perform(cast.agent.actor, undo_request, "words")


def test_an_opened_ticket_stays(perform: Perform, cast: Cast) -> None:
    perform(_as(cast.agent.actor, "open"), make_ticket, cast.customer.id, tags=["x"])
    with pytest.raises(NothingToUndo, match="delete it instead"):
        perform(cast.agent.actor, undo_request, "open")


def test_who_may_undo(perform: Perform, cast: Cast) -> None:
    ticket = perform(cast.agent.actor, make_ticket, cast.customer.id, team_id=cast.team.id)
    perform(_as(cast.team_agent.actor, "work"), change_ticket, ticket.id, {"priority": TicketPriority.LOW})

    def refused(who: Persona, kind: type[Exception]) -> None:
        with pytest.raises(kind):
            perform(who.actor, undo_request, "work")

    for who in (cast.customer, cast.light_agent, cast.other_agent):
        refused(who, Forbidden)
    with pytest.raises(NotFound):
        perform(cast.agent.actor, undo_request, "no such request")
    # Their own request, about a ticket that they see no more: as if there were none.
    perform(SYSTEM, change_ticket, ticket.id, {"team_id": cast.other_team.id})
    refused(cast.team_agent, NotFound)


def test_half_of_a_request_is_not_undone(perform: Perform, cast: Cast) -> None:
    tickets = [perform(SYSTEM, make_ticket, cast.customer.id, team_id=cast.team.id) for _ in range(2)]

    def work(session: Session) -> None:
        for ticket in tickets:
            change_ticket(session, ticket.id, {"priority": TicketPriority.LOW})

    perform(_as(cast.team_agent.actor, "work"), work)
    perform(SYSTEM, change_ticket, tickets[0].id, {"team_id": cast.other_team.id})
    with pytest.raises(Forbidden, match="cannot see"):
        perform(cast.team_agent.actor, undo_request, "work")
    assert perform(cast.admin.actor, undo_request, "work").tickets == 2


def test_a_bulk_change_goes_back_in_few_statements(
    desk: Desk, cast: Cast, statements: Callable[[], int]
) -> None:
    """Thousands of tickets, each with its own before."""
    chance = random.Random(4)
    priorities = [chance.choice(list(TicketPriority)) for _ in range(BIG)]
    assignees = [chance.choice([None, cast.agent.id, cast.other_agent.id]) for _ in range(BIG)]
    rows = [
        {
            "title": f"Ticket {number}",
            "requester_id": cast.customer.id,
            "creator_id": cast.customer.id,
            "priority": priority,
            "assignee_id": assignee,
        }
        for number, (priority, assignee) in enumerate(zip(priorities, assignees, strict=True))
    ]
    with desk.begin(SYSTEM) as session:
        session.execute(Ticket.__table__.insert(), rows)  # type: ignore[attr-defined]
    change = update(Ticket).values(
        priority=TicketPriority.LOW, assignee_id=cast.admin.id, status=TicketStatus.CLOSED
    )
    with desk.begin(_as(SYSTEM, "bulk")) as session:
        session.execute(change)
    started = statements()
    undone = desk.run(SYSTEM, undo_request, "bulk")
    assert undone.tickets == BIG
    assert statements() - started < 20
    with desk.read(SYSTEM) as session:
        found = session.execute(
            select(Ticket.priority, Ticket.assignee_id, Ticket.status, Ticket.resolved_at).order_by(Ticket.id)
        ).all()
    assert [tuple(row) for row in found] == [
        (priority, assignee, TicketStatus.OPEN, None)
        for priority, assignee in zip(priorities, assignees, strict=True)
    ]


def test_a_request_may_have_touched_more_rows_than_a_statement_takes_parameters(
    desk: Desk, cast: Cast
) -> None:
    many = range(1, 70_001)
    with desk.begin(cast.admin.actor) as session:
        for look in (
            queries.tickets_for_undo(cast.admin.actor, many),
            queries.links_on(TicketTag, many),
            queries.existing(Tag, many),
            queries.records_for_undo(Comment, ["author_id"], many),
        ):
            assert session.execute(look).all() == []


def test_a_file_comes_back_while_it_is_kept_and_has_a_place(perform: Perform, cast: Cast) -> None:
    ticket = perform(cast.agent.actor, make_ticket, cast.customer.id)
    perform(cast.customer.actor, reply, ticket.id, "Here.", files=[stored_file("scan.pdf")])
    (before,) = perform(SYSTEM, _files)
    for request in ("off", "off-again", "off-late", "off-deleted"):
        perform(_as(cast.agent.actor, request), remove_attachment, before[0])
        assert perform(SYSTEM, _files) == []
        with pytest.raises(Forbidden):
            perform(cast.other_agent.in_new_request(), undo_request, request)
        if request == "off-late":
            with pytest.raises(ChangedSince) as gone:
                perform(cast.agent.in_new_request(), _undo_late, request)
            assert gone.value.changed == ("file 'scan.pdf' is no longer kept",)
        if request == "off-deleted":
            perform(cast.agent.in_new_request(), soft_delete_ticket, ticket.id)
            with pytest.raises(ChangedSince, match="is deleted"):
                perform(cast.agent.in_new_request(), undo_request, request)
            perform(cast.agent.in_new_request(), restore_ticket, ticket.id)
        actor = cast.agent.in_new_request()
        assert perform(actor, undo_request, request).files == 1
        assert perform(SYSTEM, _files) == [before]
        with pytest.raises(NothingToUndo):
            perform(cast.agent.in_new_request(), undo_request, actor.request_id)


def test_a_file_of_somebody_who_was_forgotten_does_not_come_back(
    perform: Perform, cast: Cast, tmp_path: Path
) -> None:
    ticket = perform(cast.agent.actor, make_ticket, cast.customer.id)
    perform(cast.customer.actor, reply, ticket.id, "Here.", files=[stored_file("scan.pdf")])
    ((key, *_rest),) = perform(SYSTEM, _files)
    perform(_as(cast.agent.actor, "off"), remove_attachment, key)
    signing = signing_key(tmp_path)
    perform(cast.admin.in_new_request(), lambda s: anonymise_person(s, signing, cast.customer.id))
    with pytest.raises(ChangedSince, match="was forgotten"):
        perform(cast.agent.in_new_request(), undo_request, "off")


def _undo_late(session: Session, request_id: str) -> Undone:
    with clock.frozen(clock.now() + FILES_KEPT + timedelta(seconds=1)):
        return undo_request(session, request_id)


def _files(session: Session) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in session.execute(select(Attachment.__table__))]
