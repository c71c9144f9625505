"""A ticket and a comment are one statement each, and leave objects as a flush and a SELECT would."""

from dataclasses import replace

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm.attributes import instance_state as object_state

from ombud import Actor, Comment, DeskSession, Ticket, TicketStatus
from ombud.db.statements import counted
from ombud.errors import Forbidden, Invalid, NotFound
from ombud.models import INCLUDE_DELETED
from ombud.testing import Cast, Perform
from ombud.tickets import add_comment, note, open_ticket, reply, soft_delete_ticket


def columns(thing: Ticket | Comment) -> dict[str, object]:
    return {column.key: getattr(thing, column.key) for column in type(thing).__table__.columns}


def test_each_is_one_statement(perform: Perform, cast: Cast) -> None:
    def work(session: DeskSession) -> tuple[int, int, int]:
        session.connection()  # begins, and says who acts
        with counted() as opened:
            ticket = open_ticket(session, title="Broken", requester_id=cast.customer.id)
        with counted() as answered:
            comment = reply(session, ticket.id, "Which one?")
        with counted() as read:
            for thing in (ticket, comment):
                assert object_state(thing).persistent
                assert columns(thing)
            assert session.get(Ticket, ticket.id) is ticket
            assert session.get(Comment, comment.id) is comment
        return len(opened), len(answered), len(read)

    assert perform(cast.agent.actor, work) == (1, 1, 0)


def test_what_they_return_is_what_the_database_has(perform: Perform, cast: Cast) -> None:
    def work(session: DeskSession) -> None:
        ticket = open_ticket(
            session, title="Broken", description="Since Monday.", requester_id=cast.customer.id
        )
        made = columns(ticket)
        session.expire(ticket)
        assert columns(ticket) == made
        comment = add_comment(session, ticket.ticket_number, "Hm.", is_internal=True)
        said = columns(comment)
        session.expire(comment)
        assert columns(comment) == said

    perform(cast.agent.actor, work)


def test_a_savepoint_that_is_taken_back_takes_them_along(perform: Perform, cast: Cast) -> None:
    def work(session: DeskSession) -> None:
        kept = open_ticket(session, title="Kept", requester_id=cast.customer.id)
        savepoint = session.begin_nested()
        ticket = open_ticket(session, title="Not kept", requester_id=cast.customer.id)
        comment = reply(session, kept.id, "Never said.")
        savepoint.rollback()
        assert object_state(ticket).transient
        assert object_state(comment).transient
        assert ticket.title == "Not kept"
        assert session.scalars(select(Ticket)).all() == [kept]
        assert session.scalars(select(Comment)).all() == []

    perform(cast.agent.actor, work)


def test_a_reply_sees_what_the_same_transaction_did_before(
    perform: Perform, cast: Cast, system: Actor
) -> None:
    """By an object that is not flushed yet, by a statement of one's own, and by another name of the ticket."""

    def work(session: DeskSession) -> None:
        ticket = open_ticket(session, title="Broken", requester_id=cast.customer.id)
        ticket.status = TicketStatus.WAITING_ON_CUSTOMER
        add_comment(session, ticket.id, "Still.", author_id=cast.customer.id)
        assert [ticket.status] == [TicketStatus.WAITING_ON_CUSTOMER]
        session.connection().execute(text("UPDATE ombud.tickets SET status = 'resolved'"))
        add_comment(session, ticket.ticket_number, "Thanks.", author_id=cast.customer.id)
        assert [ticket.status] == [TicketStatus.RESOLVED]
        assert not session.dirty

    perform(system, work)


def test_a_ticket_that_somebody_only_reads_takes_their_notes(perform: Perform, cast: Cast) -> None:
    ticket = perform(
        cast.admin.actor, open_ticket, title="Broken", requester_id=cast.customer.id, team_id=cast.team.id
    )
    reader = replace(cast.agent.actor, team_ids=frozenset(), read_team_ids=frozenset({cast.team.id}))
    with pytest.raises(Forbidden, match="read the tickets"):
        perform(reader, reply, ticket.id, "Hello?")
    perform(reader, note, ticket.id, "For the team.")
    said = perform(cast.admin.actor, lambda session: session.scalars(select(Comment.content)).all())
    assert said == ["For the team."]


def test_nothing_is_left_of_what_is_refused(perform: Perform, cast: Cast) -> None:
    """Whoever catches the error goes on in the same transaction."""

    def work(session: DeskSession) -> None:
        ticket = open_ticket(session, title="Broken", requester_id=cast.customer.id)
        soft_delete_ticket(session, ticket.id)
        for number in (ticket.id, ticket.ticket_number):
            with pytest.raises(Exception, match="deleted"):
                add_comment(session, number, "Hello?")
        with pytest.raises(NotFound):
            add_comment(session, "no such number", "Hello?")
        with pytest.raises(Invalid, match="requester"):
            open_ticket(session, title="Whose?", requester_id=ticket.id + 10**9)
        everything = select(Ticket).execution_options(**{INCLUDE_DELETED: True})
        assert session.scalars(everything).all() == [ticket]
        assert session.scalars(select(Comment)).all() == []

    perform(cast.admin.actor, work)
