"""Messages put elsewhere: moved, split, released, discarded; each can be taken back, by who did it."""

from typing import Any

import pytest
from sqlalchemy import select

from ombud import Actor, UserRole
from ombud.audit import undo_request
from ombud.errors import Conflict, Forbidden, Invalid, NotFound
from ombud.mail.actions import acting_for, discard, move_message, release, split_message, undo_refiling
from ombud.models import (
    Attachment,
    AuditLog,
    Comment,
    InboundMail,
    MailReference,
    MailState,
    TicketStatus,
)
from ombud.people.actions import create_team, create_user
from ombud.tickets import set_status
from ombud.tickets.filters import Place, TicketFilter
from ombud.tickets.queries import inbox
from tests.mail_desk.conftest import PostOffice, letter

SYSTEM = Actor.system("test")


@pytest.fixture
def anna(office: PostOffice) -> Actor:
    made = office.desk.run(
        SYSTEM, create_user, email="anna@desk.example", full_name="Anna", role=UserRole.AGENT
    )
    return Actor.agent(made.id)


def _as(office: PostOffice, person: Actor, action: Any, *args: Any, **named: Any) -> Any:
    fresh = person.for_request(Actor.system("x").request_id)
    return office.desk.run(acting_for(fresh), action, fresh, *args, **named)


def _comments(office: PostOffice, ticket_id: int) -> list[Comment]:
    wanted = select(Comment).where(Comment.ticket_id == ticket_id).order_by(Comment.id)
    return list(office.look(lambda session: session.scalars(wanted).all()))


def _with_file(text: str, **named: Any) -> Any:
    message = letter(text, **named)
    message.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="fire.png")
    return message


def _state(office: PostOffice, *tickets: int) -> Any:
    """Everything that moving touches, to compare before and after."""
    mail, known = InboundMail, MailReference
    wanted = (
        select(Comment.id, Comment.ticket_id, Comment.content).order_by(Comment.id),
        select(Attachment.id, Attachment.ticket_id, Attachment.comment_id).order_by(Attachment.id),
        select(mail.id, mail.ticket_id, mail.comment_id, mail.state).order_by(mail.id),
        select(known.message_id, known.ticket_id, known.comment_id).order_by(known.message_id),
    )
    rows = office.look(lambda session: [session.execute(one).all() for one in wanted])
    return [*rows, [(t.description, t.status, t.deleted_at) for t in map(office.ticket, tickets)]]


def _found(office: PostOffice, words: str) -> set[int]:
    statement = inbox(SYSTEM, TicketFilter(text=words), Place(limit=10))
    return {row[0] for row in office.look(lambda s: s.execute(statement).all())}


NAMED = {"In_Reply_To": "<first@customer.example>"}


def test_a_reply_moves_with_its_files_and_later_answers_follow(office: PostOffice, anna: Actor) -> None:
    wrong = office.ticket_of(letter())
    right = office.ticket_of(letter("Other", message_id="<other@customer.example>", subject="Other"))
    _, mail = office.deliver(_with_file("About xylophones", message_id="<2@c.example>", **NAMED))
    assert mail.ticket_id == wrong
    before = _state(office, wrong, right)
    moved = _as(office, anna, move_message, mail.id, right)
    assert [c.content for c in _comments(office, right)] == ["About xylophones"]
    assert _comments(office, wrong) == []
    files = office.look(lambda s: s.scalars(select(Attachment)).all())
    assert [file.ticket_id for file in files] == [right]
    assert _found(office, "xylophones") == {right}
    follow = letter("And one more", message_id="<3@c.example>", In_Reply_To="<2@c.example>")
    assert office.deliver(follow)[1].ticket_id == right
    assert office.mail(mail.id).steps[-1]["step"] == "moved"
    assert "by Anna" in office.mail(mail.id).steps[-1]["result"]
    log = office.look(
        lambda s: s.scalars(select(AuditLog).where(AuditLog.request_id == moved.request_id)).all()
    )
    assert {row.user_id for row in log} == {anna.user_id}

    office.desk.run(SYSTEM, lambda s: s.delete(s.get_one(Comment, _comments(office, right)[-1].id)))
    _as(office, anna, undo_refiling, moved.request_id)
    after = _state(office, wrong, right)
    assert after[0] == before[0]
    assert after[1] == before[1]
    assert after[2][: len(before[2])] == before[2]
    assert {row for row in after[3] if row.message_id == "2@c.example"} >= {
        row for row in before[3] if row.message_id == "2@c.example"
    }


def test_the_beginning_of_a_ticket_moves_and_comes_back(office: PostOffice, anna: Actor) -> None:
    right = office.ticket_of(letter())
    office.desk.run(SYSTEM, set_status, right, TicketStatus.RESOLVED)
    _, mail = office.deliver(
        _with_file("More about it", message_id="<2@else.example>", sender="Bob <bob@else.example>")
    )
    wrong = mail.ticket_id or 0
    before = _state(office, wrong, right)
    moved = _as(office, anna, move_message, mail.id, right)
    (comment,) = _comments(office, right)
    assert "More about it" in comment.content
    assert office.ticket(wrong).deleted_at is not None
    assert office.ticket(right).status is TicketStatus.OPEN
    files = office.look(lambda s: s.scalars(select(Attachment)).all())
    assert [(file.ticket_id, file.comment_id) for file in files] == [(right, comment.id)]
    # the author takes part now, so their next answer finds the ticket
    assert (
        office.deliver(
            letter(
                "Yes",
                sender="bob@else.example",
                message_id="<3@else.example>",
                In_Reply_To="<2@else.example>",
            )
        )[1].ticket_id
        == right
    )
    office.desk.run(SYSTEM, lambda s: s.delete(s.get_one(Comment, _comments(office, right)[-1].id)))
    undone = _as(office, anna, undo_refiling, moved.request_id)
    assert undone.messages == 1
    after = _state(office, wrong, right)
    assert after[0:2] == before[0:2]
    assert after[2][: len(before[2])] == before[2]
    assert after[4] == before[4]


def test_a_reply_becomes_a_ticket_of_its_own_and_the_console_takes_that_back(
    office: PostOffice, anna: Actor
) -> None:
    ticket = office.ticket_of(letter())
    _, mail = office.deliver(
        letter(
            "Something else",
            message_id="<2@c.example>",
            subject="Invoice",
            **NAMED,
        )
    )
    before = _state(office, ticket)
    split = _as(office, anna, split_message, mail.id)
    fresh = office.ticket(split.ticket_id)
    assert (fresh.title, fresh.requester_id) == ("Invoice", office.ticket(ticket).requester_id)
    assert [c.content for c in _comments(office, fresh.id)] == ["Something else"]
    office.desk.run(Actor.system("cli/undo"), undo_request, split.request_id)
    assert _state(office, ticket) == before
    assert office.ticket(fresh.id).deleted_at is not None


def test_what_happened_since_is_not_overwritten(office: PostOffice, anna: Actor) -> None:
    one, two = (
        office.ticket_of(letter()),
        office.ticket_of(letter("Two", message_id="<two@c.example>", sender="two@c.example")),
    )
    _, mail = office.deliver(letter("Re", message_id="<2@c.example>", **NAMED))
    first = _as(office, anna, move_message, mail.id, two)
    _as(office, anna, move_message, mail.id, one)
    with pytest.raises(Conflict, match="moved again"):
        _as(office, anna, undo_refiling, first.request_id)


@pytest.fixture
def caught(office: PostOffice) -> InboundMail:
    """A message in quarantine: its token is not signed by us."""
    forged = letter(
        "Let me in", message_id="<f@c.example>", In_Reply_To=f"<ombud.1.{'0' * 16}.{'a' * 16}@desk.example>"
    )
    _, mail = office.deliver(forged)
    assert mail.state is MailState.QUARANTINED
    return mail


def test_quarantine_is_released_as_a_ticket_and_back(
    office: PostOffice, anna: Actor, caught: InboundMail
) -> None:
    prepared = office.intake.prepared(caught)
    done = _as(office, anna, release, caught.id, prepared)
    mail = office.mail(caught.id)
    assert (mail.state, mail.ticket_id, mail.decision) == (MailState.ACCEPTED, done.ticket_id, "released")
    _as(office, anna, undo_refiling, done.request_id)
    mail = office.mail(caught.id)
    assert (mail.state, mail.ticket_id, mail.decision) == (MailState.QUARANTINED, None, "forged_token")
    assert office.ticket(done.ticket_id).deleted_at is not None
    assert [step["step"] for step in mail.steps][-2:] == ["released", "taken back"]


def test_quarantine_is_released_onto_a_ticket_and_back(
    office: PostOffice, anna: Actor, caught: InboundMail
) -> None:
    ticket = office.ticket_of(letter())
    done = _as(office, anna, release, caught.id, office.intake.prepared(caught), ticket_id=ticket)
    assert [c.content for c in _comments(office, ticket)] == ["Let me in"]
    _as(office, anna, undo_refiling, done.request_id)
    assert _comments(office, ticket) == []
    assert office.mail(caught.id).state is MailState.QUARANTINED


def test_quarantine_is_discarded_and_back(office: PostOffice, anna: Actor, caught: InboundMail) -> None:
    done = _as(office, anna, discard, caught.id)
    assert office.mail(caught.id).state is MailState.IGNORED
    _as(office, anna, undo_refiling, done.request_id)
    assert office.mail(caught.id).state is MailState.QUARANTINED


def test_an_unverified_colleague_is_released_as_a_note_only(office: PostOffice, anna: Actor) -> None:
    ticket = office.ticket_of(letter())
    _, mail = office.deliver(
        letter(
            "Pay here",
            sender="anna@desk.example",
            message_id="<x@evil.example>",
            **NAMED,
        )
    )
    assert mail.decision == "unverified_staff"
    _as(office, anna, release, mail.id, office.intake.prepared(mail), ticket_id=ticket)
    assert [c.is_internal for c in _comments(office, ticket)] == [True]


def test_who_may_not_see_or_write_moves_nothing(office: PostOffice, anna: Actor, caught: InboundMail) -> None:
    ticket = office.ticket_of(letter())
    team = office.desk.run(SYSTEM, create_team, name="Elsewhere")
    other = office.desk.run(
        SYSTEM, create_user, email="otto@desk.example", role=UserRole.AGENT, sees_all_teams=False
    )
    stranger = Actor.agent(other.id, teams=frozenset({team.id}))
    light = Actor.agent(other.id, read_only=True)
    customer = Actor.customer(office.ticket(ticket).requester_id)
    for person, error in ((stranger, NotFound), (light, Forbidden), (customer, Forbidden)):
        with pytest.raises(error):
            _as(office, person, discard, caught.id)
        with pytest.raises(error):
            _as(office, person, release, caught.id, office.intake.prepared(caught), ticket_id=ticket)
    done = _as(office, anna, discard, caught.id)
    with pytest.raises(Forbidden):
        _as(office, Actor.agent(other.id), undo_refiling, done.request_id)
    _as(office, Actor.admin(other.id), undo_refiling, done.request_id)


def test_what_makes_no_sense_is_refused_in_words(
    office: PostOffice, anna: Actor, caught: InboundMail
) -> None:
    ticket = office.ticket_of(letter())
    opening = office.look(
        lambda s: s.scalars(select(InboundMail).where(InboundMail.ticket_id == ticket)).one()
    )
    for action, args, error in (
        (move_message, (caught.id, ticket), Conflict),
        (split_message, (opening.id,), Conflict),
        (move_message, (opening.id, ticket), Conflict),
        (move_message, (opening.id, 10**9), NotFound),
        (discard, (opening.id,), Conflict),
        (discard, (10**9,), NotFound),
    ):
        with pytest.raises(error):
            _as(office, anna, action, *args)
    _, nobody = office.deliver(b"Subject: from nobody\r\n\r\nx", mailbox_id=office.mailbox.id)
    with pytest.raises(Invalid, match="no sender"):
        _as(office, anna, release, nobody.id, office.intake.prepared(nobody))
