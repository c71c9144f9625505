"""Replies, notes and files: who may say what, and what saying it does to the ticket."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from ombud import Actor, Attachment, Comment, Desk, Ticket, TicketStatus
from ombud.errors import Forbidden, Invalid, NotFound
from ombud.testing import Cast, Perform, Persona, make_ticket, stored_file
from ombud.tickets import (
    IllegalMove,
    TicketDeleted,
    add_comment,
    attach_file,
    note,
    open_ticket,
    remove_attachment,
    reply,
    set_status,
    soft_delete_ticket,
)
from tests.actions.conftest import Log

Reload = Callable[[Ticket], Ticket]


def test_an_agents_first_public_reply_is_the_response(
    perform: Perform, ticket: Ticket, agent: Persona, reload: Reload, log: Log
) -> None:
    actor = agent.in_new_request()
    comment = perform(actor, reply, ticket.id, "Have you tried turning it off?")
    assert (comment.author_id, comment.is_internal) == (agent.id, False)
    after = reload(ticket)
    assert after.first_response_at == comment.created_at
    assert after.status is TicketStatus.OPEN
    assert after.version == ticket.version, "a comment is no edit: nobody's version check may fail for it"
    entries = [(entry.table, entry.action) for entry in log(actor)]
    assert entries == [("tickets", "UPDATE"), ("comments", "CREATE")]


def test_a_note_is_no_response_and_neither_is_the_requesters_own_word(
    perform: Perform, ticket: Ticket, agent: Persona, customer: Persona, reload: Reload
) -> None:
    perform(agent.actor, note, ticket.id, "Sounds like the fuser.")
    perform(customer.actor, reply, ticket.id, "Hello?")
    assert reload(ticket).first_response_at is None


def test_staff_who_asked_do_not_answer_themselves(
    perform: Perform, agent: Persona, other_agent: Persona, reload: Reload
) -> None:
    own = perform(agent.actor, open_ticket, title="My own chair squeaks")
    perform(agent.actor, reply, own.id, "It got worse.")
    assert reload(own).first_response_at is None
    perform(other_agent.actor, reply, own.id, "Oil.")
    assert reload(own).first_response_at is not None


@pytest.mark.parametrize(
    "status", [TicketStatus.WAITING_ON_CUSTOMER, TicketStatus.RESOLVED, TicketStatus.CLOSED]
)
def test_a_customers_reply_brings_the_ticket_back(
    perform: Perform, ticket: Ticket, cast: Cast, reload: Reload, status: TicketStatus
) -> None:
    perform(cast.agent.actor, set_status, ticket.id, status)
    perform(cast.customer.actor, reply, ticket.id, "Still burning.")
    after = reload(ticket)
    assert after.status is TicketStatus.OPEN
    assert after.resolved_at is None


def test_an_agent_replies_and_moves_the_ticket_in_one_breath(
    perform: Perform, ticket: Ticket, agent: Persona, reload: Reload
) -> None:
    perform(agent.actor, reply, ticket.id, "Which model?", status=TicketStatus.WAITING_ON_CUSTOMER)
    assert reload(ticket).status is TicketStatus.WAITING_ON_CUSTOMER
    perform(agent.actor, reply, ticket.id, "And since when?")
    assert reload(ticket).status is TicketStatus.WAITING_ON_CUSTOMER


def test_a_reply_with_an_illegal_move_is_not_said(perform: Perform, ticket: Ticket, agent: Persona) -> None:
    perform(agent.actor, set_status, ticket.id, TicketStatus.CLOSED)
    with pytest.raises(IllegalMove):
        perform(agent.actor, reply, ticket.id, "Well.", status=TicketStatus.IN_PROGRESS)
    assert perform(agent.actor, lambda s: s.scalars(select(Comment)).all()) == []


def test_customers_write_no_notes_and_read_none(
    perform: Perform, ticket: Ticket, agent: Persona, customer: Persona
) -> None:
    perform(agent.actor, note, ticket.id, "They are angry.")
    with pytest.raises(Forbidden):
        perform(customer.actor, note, ticket.id, "I am not.")
    assert perform(customer.actor, lambda s: s.scalars(select(Comment)).all()) == []


def test_light_agents_write_notes_only(perform: Perform, ticket: Ticket, light_agent: Persona) -> None:
    perform(light_agent.actor, note, ticket.id, "I know that printer.")
    with pytest.raises(Forbidden):
        perform(light_agent.actor, reply, ticket.id, "Hello.")
    with pytest.raises(Forbidden):
        perform(light_agent.actor, note, ticket.id, "Done.", status=TicketStatus.RESOLVED)


def test_a_customer_says_nothing_on_a_strangers_ticket(
    perform: Perform, ticket: Ticket, other_customer: Persona, system: Actor
) -> None:
    with pytest.raises(NotFound) as invisible:
        perform(other_customer.actor, reply, ticket.id, "Me too.")
    with pytest.raises(NotFound) as missing:
        perform(other_customer.actor, reply, ticket.id + 1000, "Me too.")
    assert str(invisible.value) == str(missing.value)
    with pytest.raises(NotFound):
        perform(other_customer.actor, attach_file, ticket.id, stored_file())
    assert perform(system, lambda s: s.scalars(select(Comment)).all()) == []


def test_a_colleague_answers_where_the_organization_shares(
    perform: Perform, ticket: Ticket, colleague: Persona
) -> None:
    comment = perform(colleague.actor, reply, ticket.id, "I saw it too.")
    assert comment.author_id == colleague.id


@pytest.mark.parametrize("content", ["", "  \n ", "a\x00b", "\ud800", "x" * 1_000_001])
def test_a_comment_says_something(perform: Perform, ticket: Ticket, agent: Persona, content: str) -> None:
    with pytest.raises(Invalid) as caught:
        perform(agent.actor, reply, ticket.id, content)
    assert list(caught.value.fields) == ["content"]


@pytest.mark.parametrize("number", [0, -1, 2**63, 2**100])
def test_an_impossible_id_is_not_found(perform: Perform, agent: Persona, number: int) -> None:
    with pytest.raises(NotFound):
        perform(agent.actor, reply, number, "Hello?")


def test_a_deleted_ticket_takes_no_word_and_no_file(perform: Perform, ticket: Ticket, agent: Persona) -> None:
    perform(agent.actor, soft_delete_ticket, ticket.id)
    with pytest.raises(TicketDeleted):
        perform(agent.actor, reply, ticket.id, "Hello?")
    with pytest.raises(TicketDeleted):
        perform(agent.actor, attach_file, ticket.id, stored_file())


def test_files_come_with_a_comment_or_with_the_ticket(
    perform: Perform, ticket: Ticket, agent: Persona, customer: Persona, log: Log
) -> None:
    actor = agent.in_new_request()
    comment = perform(
        actor, reply, ticket.id, "See below.", files=[stored_file("a.txt"), stored_file("b.txt")]
    )
    perform(customer.actor, attach_file, ticket.id, stored_file("photo.jpg", b"\xff\xd8", "image/jpeg"))
    rows = perform(actor, lambda s: s.scalars(select(Attachment).order_by(Attachment.id)).all())
    assert [(row.file_name, row.comment_id, row.uploader_id) for row in rows] == [
        ("a.txt", comment.id, agent.id),
        ("b.txt", comment.id, agent.id),
        ("photo.jpg", None, customer.id),
    ]
    assert [entry.table for entry in log(actor)].count("attachments") == 2


def test_a_file_is_taken_off_by_who_put_it_there_or_changes_tickets(
    perform: Perform, ticket: Ticket, cast: Cast, log: Log
) -> None:
    own = perform(cast.customer.actor, attach_file, ticket.id, stored_file("own.txt"))
    other = perform(cast.customer.actor, attach_file, ticket.id, stored_file("other.txt"))
    hidden = perform(cast.agent.actor, note, ticket.id, "For us.", files=[stored_file("hidden.txt")])
    secret = perform(
        cast.agent.actor, lambda s: s.scalars(select(Attachment.id).order_by(Attachment.id)).all()
    )[-1]
    assert hidden.is_internal
    for who, file, refusal in (
        (cast.colleague, own.id, Forbidden),
        (cast.light_agent, own.id, Forbidden),
        (cast.other_customer, own.id, NotFound),
        (cast.customer, secret, NotFound),
        (cast.agent, 2**70, NotFound),
    ):
        with pytest.raises(refusal):
            perform(who.actor, remove_attachment, file)
    perform(cast.customer.actor, remove_attachment, own.id)
    actor = cast.agent.in_new_request()
    perform(actor, remove_attachment, other.id)
    left = perform(cast.agent.actor, lambda s: s.scalars(select(Attachment.file_name)).all())
    assert left == ["hidden.txt"]
    assert [entry.table for entry in log(actor)] == ["attachments"]
    perform(actor, soft_delete_ticket, ticket.id)
    with pytest.raises((TicketDeleted, NotFound)):
        perform(cast.agent.actor, remove_attachment, secret)


def test_people_write_as_themselves_and_now(perform: Perform, ticket: Ticket, cast: Cast) -> None:
    with pytest.raises(Forbidden):
        perform(cast.agent.actor, add_comment, ticket.id, "Hi", author_id=cast.other_agent.id)
    with pytest.raises(Forbidden):
        perform(cast.agent.actor, add_comment, ticket.id, "Hi", created_at=datetime.now(UTC))


def test_the_system_brings_words_of_others_and_of_the_past(
    perform: Perform, ticket: Ticket, cast: Cast, system: Actor, reload: Reload
) -> None:
    past = datetime.now(UTC) - timedelta(days=30)
    comment = perform(
        system, add_comment, ticket.id, "Solved.", author_id=cast.agent.id, created_at=past, is_internal=False
    )
    assert (comment.author_id, comment.created_at) == (cast.agent.id, past)
    after = reload(ticket)
    assert after.last_activity_at == ticket.last_activity_at, "an old word is no new activity"
    assert after.first_response_at == past
    with pytest.raises(Invalid, match="author"):
        perform(system, add_comment, ticket.id, "Who says so?")


def test_a_comment_is_activity_and_moves_the_times(desk: Desk, system: Actor, agent: Persona) -> None:
    """On a desk that commits: time does not pass within one transaction."""
    ticket = desk.run(system, make_ticket)
    comment = desk.run(agent.actor, note, ticket.id, "Hm.")
    with desk.read(system) as session:
        after = session.get_one(Ticket, ticket.id)
    assert after.last_activity_at == comment.created_at > ticket.last_activity_at
    assert after.updated_at > ticket.updated_at
