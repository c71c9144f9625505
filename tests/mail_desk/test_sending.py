"""Replies go out as mail: to whom, in which form, and what the comment says about it."""

from __future__ import annotations

import email
import email.policy
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, select, text

from ombud import Actor, Comment, Desk, DeskSession, TicketStatus, clock
from ombud.errors import Conflict, Forbidden, Invalid
from ombud.mail.actions import clear_bounce
from ombud.mail.outgoing import attempts
from ombud.mail.outgoing.actions import ALL_BOUNCE, TooLate, cancel, note_bounce, pause, retry, take_back
from ombud.mail.outgoing.reactions import Mailing
from ombud.mail.outgoing.rules import Outcome, Verdict
from ombud.mail.tokens import TicketNamer
from ombud.models import BouncedAddress, Draft, OutboundMail, OutboundState, RecipientState
from ombud.testing import Cast, frozen, make_ticket
from ombud.tickets import Delivery, add_comment
from tests.mail_desk.conftest import SUPPORT, OutTray, PostOffice, letter
from tests.mail_desk.receiving import DROP


def test_a_public_reply_arrives_and_a_note_does_not(tray: OutTray) -> None:
    ticket = tray.open_ticket(title="Printer on fire")
    tray.answer(ticket, "for colleagues", is_internal=True)
    comment = tray.answer(ticket, "Use **water**.\n\nNot oil.")
    (letter,) = tray.send()
    assert letter.recipients == (tray.cast.customer.email,)
    assert tray.namer.mail_of_address(letter.sender) == tray.mail(comment).id
    told = letter.parsed
    assert told.sender is not None
    assert (told.sender.email, told.sender.name) == (SUPPORT, "Agnes Agent (Support)")
    assert told.subject == "Re: Printer on fire"
    assert "Use **water**." in told.text
    assert "<strong>water</strong>" in (told.html or "")
    assert tray.namer.ticket_of_address(told.reply_to[0].email) == ticket.id
    assert tray.namer.ticket_of_message_id(told.message_id) == ticket.id
    mail = tray.mail(comment)
    assert (mail.state, mail.attempts, mail.message_id) == (OutboundState.SENT, 1, told.message_id)
    assert [one.state for one in mail.recipients] == [RecipientState.ACCEPTED]
    assert tray.send() == [], "once"
    standard = email.message_from_bytes(letter.raw, policy=email.policy.default)
    assert not standard.defects
    assert [part.get_content_type() for part in standard.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]


def test_a_conversation_groups_whatever_the_client(tray: OutTray, office: PostOffice) -> None:
    """Gmail wants References and the subject, Outlook and Apple Mail References or In-Reply-To."""
    first = letter(subject="AW: Drucker brennt", message_id="<first@customer.example>")
    ticket = office.ticket_of(first, mailbox_id=tray.mailbox.id)
    tray.answer(ticket, "One.")
    (one,) = [sent.parsed for sent in tray.send()]
    assert one.subject == "Re: Drucker brennt"
    assert (one.in_reply_to, one.references) == ("first@customer.example", ("first@customer.example",))
    again = letter(
        "Still burning.",
        subject="RE: Re: Drucker brennt",
        message_id="<second@customer.example>",
        to=one.reply_to[0].email,
        In_Reply_To=f"<{one.message_id}>",
    )
    assert office.ticket_of(again, mailbox_id=tray.mailbox.id) == ticket
    tray.answer(ticket, "Two.")
    tray.answer(ticket, "Three.")
    two, three = [sent.parsed for sent in tray.send()]
    assert two.in_reply_to == three.in_reply_to == "second@customer.example"
    assert two.references == ("first@customer.example", one.message_id, "second@customer.example")
    assert three.references == (*two.references, two.message_id)
    assert {one.subject, two.subject, three.subject} == {"Re: Drucker brennt"}


def test_followers_are_in_copy_and_colleagues_are_not(tray: OutTray) -> None:
    ticket = tray.open_ticket()
    for who in (tray.cast.other_customer, tray.cast.team_agent):
        tray.follow(ticket, who.id)
    tray.answer(ticket)
    (sent,) = tray.send()
    assert sent.recipients == (tray.cast.customer.email, tray.cast.other_customer.email)
    assert [one.email for one in sent.parsed.to] == [tray.cast.customer.email]
    assert [one.email for one in sent.parsed.cc] == [tray.cast.other_customer.email]


def test_the_writer_may_name_who_gets_it(tray: OutTray, office: PostOffice) -> None:
    ticket = tray.open_ticket()
    tray.follow(ticket, tray.cast.other_customer.id)
    tray.answer(ticket, delivery=Delivery(cc=("new@x.example", "boss@customer.example")))
    (sent,) = tray.send()
    assert sent.recipients == (tray.cast.customer.email, "new@x.example", "boss@customer.example")
    answer = letter("I have an idea.", sender="boss@customer.example", to=sent.parsed.reply_to[0].email)
    assert office.ticket_of(answer, mailbox_id=tray.mailbox.id) == ticket.id, "who got it may answer"
    for field, delivery in (
        ("cc", Delivery(cc=("no address",))),
        ("cc", Delivery(cc=("a@b.example\r\nBcc: c@d.example",))),
        ("cc", Delivery(cc=(SUPPORT,))),
        ("to", Delivery(to=())),
    ):
        with pytest.raises(Invalid) as refused:
            tray.answer(ticket, delivery=delivery)
        assert field in refused.value.fields


def test_where_no_mailbox_sends_the_comment_says_so(desk: Desk, cast: Cast, namer: TicketNamer) -> None:
    desk.reactions = (Mailing(namer),)
    ticket = desk.run(Actor.system("test"), make_ticket, cast.customer.id)
    desk.run(cast.agent.actor, add_comment, ticket.id, "Hello?")
    with desk.read(Actor.system("test")) as session:
        mail = session.scalars(select(OutboundMail)).one()
    assert (mail.state, mail.problem) == (OutboundState.SKIPPED, "no_mailbox")


def test_customers_and_imports_mail_nobody(tray: OutTray) -> None:
    ticket = tray.open_ticket()
    tray.desk.run(tray.cast.customer.actor, add_comment, ticket.id, "A word more.")
    tray.desk.run(
        Actor.system("import"),
        add_comment,
        ticket.id,
        "Long ago.",
        author_id=tray.cast.agent.id,
        created_at=datetime(2020, 1, 1, tzinfo=UTC),
    )
    assert tray.outbox() == []


def test_what_is_rolled_back_is_never_mailed(tray: OutTray) -> None:
    ticket = tray.open_ticket()

    def say_and_fail(session: DeskSession) -> None:
        add_comment(session, ticket.id, "Never said.")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        tray.desk.run(tray.cast.agent.actor, say_and_fail)
    assert tray.send() == []
    assert tray.outbox() == []


def test_a_temporary_refusal_is_tried_again_and_a_final_one_is_not(tray: OutTray) -> None:
    answers = {
        tray.cast.customer.email: "451 4.7.1 greylisted",
        tray.cast.other_customer.email: "550 5.1.1 unknown",
    }
    ticket = tray.open_ticket()
    tray.follow(ticket, tray.cast.other_customer.id)
    comment = tray.answer(ticket)
    tray.post.hook = lambda phase, about: answers.get(about) if phase == "rcpt" else None
    assert tray.send() == []
    mail = tray.mail(comment)
    assert [one.state for one in mail.recipients] == [RecipientState.DEFERRED, RecipientState.REFUSED]
    assert "greylisted" in mail.recipients[0].answer
    assert mail.state is OutboundState.QUEUED
    assert tray.send() == [], "not before its time"
    answers.clear()
    with frozen(mail.due_at):
        (sent,) = tray.send()
    assert sent.recipients == (tray.cast.customer.email,), "who refused for good is not asked again"
    assert sent.parsed.message_id == mail.message_id
    assert tray.mail(comment).state is OutboundState.SENT


@pytest.mark.parametrize("phase", ["mail", "rcpt", "data"])
def test_a_final_answer_in_any_phase_fails_the_message(tray: OutTray, phase: str) -> None:
    comment = tray.answer(tray.open_ticket())
    tray.post.hook = lambda now, _about: "554 5.7.1 no thanks" if now == phase else None
    assert tray.send() == []
    mail = tray.mail(comment)
    assert mail.state is OutboundState.FAILED
    assert "554 5.7.1 no thanks" in mail.problem
    tray.post.hook = None
    tray.desk.run(tray.cast.agent.actor, retry, mail.id)
    (sent,) = tray.send()
    assert sent.parsed.message_id == mail.message_id


def test_after_five_days_it_is_given_up(tray: OutTray) -> None:
    comment = tray.answer(tray.open_ticket())
    tray.post.hook = lambda phase, _about: "421 busy" if phase == "mail" else None
    attempts = 0
    while (mail := tray.mail(comment)).state is not OutboundState.FAILED:
        with frozen(mail.due_at):
            tray.send()
        attempts += 1
        assert attempts < 60
    assert timedelta(days=5) <= mail.due_at - mail.sends_at < timedelta(days=5, hours=5)
    assert attempts > 20


def test_a_server_that_is_away_holds_up_its_mailbox_only(tray: OutTray) -> None:
    comments = [tray.answer(tray.open_ticket()) for _ in range(3)]
    tray.server.stop()
    tray.send()
    mails = [tray.mail(comment) for comment in comments]
    assert {mail.state for mail in mails} == {OutboundState.QUEUED}
    assert {mail.attempts for mail in mails} == {1}
    assert all("cannot be reached" in mail.problem for mail in mails)


def test_one_connection_carries_many(tray: OutTray) -> None:
    ticket = tray.open_ticket()
    for number in range(5):
        tray.answer(ticket, f"Number {number}")
    assert len(tray.send()) == 5
    assert tray.post.connections == 1


def test_an_end_after_the_last_dot_is_unknown_and_sent_again_as_the_same(tray: OutTray) -> None:
    comment = tray.answer(tray.open_ticket())
    tray.post.hook = lambda phase, _about: DROP if phase == "taken" else None
    (lost,) = tray.send()
    mail = tray.mail(comment)
    assert (mail.state, mail.unknowns) == (OutboundState.UNKNOWN, 1)
    tray.post.hook = None
    with frozen(mail.due_at):
        (again,) = tray.send()
    assert again.raw == lost.raw, "the very same bytes"
    assert tray.mail(comment).state is OutboundState.SENT


def test_only_the_holder_of_an_attempt_settles_it(tray: OutTray) -> None:
    """A process that was believed dead wakes up after another one has sent the message."""
    comment = tray.answer(tray.open_ticket())
    system = Actor.system("test")
    (slow,) = tray.desk.run(system, attempts.claim, 10)
    assert tray.desk.run(system, attempts.claim, 10) == [], "it is held"
    with frozen(clock.now() + attempts.LEASE * 2):
        assert len(tray.send()) == 1
    late = {tray.cast.customer.email: Verdict(Outcome.REFUSED, "550 late")}
    assert tray.desk.run(system, attempts.settle, slow, late) is None
    mail = tray.mail(comment)
    assert (mail.state, mail.attempts, mail.unknowns) == (OutboundState.SENT, 2, 1)


def test_a_reply_can_be_taken_back_for_a_moment(tray: OutTray) -> None:
    ticket = tray.open_ticket()
    delivery = Delivery(not_before=clock.now() + timedelta(seconds=10))
    comment = tray.answer(ticket, "Oh no.", delivery=delivery, status=TicketStatus.RESOLVED)
    assert tray.send() == []
    with pytest.raises(Forbidden):
        tray.desk.run(tray.cast.other_agent.actor, take_back, comment.id)
    before = {"status": TicketStatus.OPEN, "seen": TicketStatus.RESOLVED}
    after = tray.desk.run(tray.cast.agent.actor, take_back, comment.id, **before)
    assert (after.status, after.first_response_at) == (TicketStatus.OPEN, None)
    with frozen(clock.now() + timedelta(minutes=1)):
        assert tray.send() == []
    (mail,) = tray.outbox()
    assert (mail.state, mail.comment_id) == (OutboundState.CANCELED, None)
    with tray.desk.read(tray.cast.agent.actor) as session:
        assert session.get(Comment, comment.id) is None
        assert session.scalars(select(Draft.content)).all() == ["Oh no."]


def test_what_has_gone_out_cannot_be_taken_back(tray: OutTray) -> None:
    comment = tray.answer(tray.open_ticket())
    tray.send()
    with pytest.raises(TooLate):
        tray.desk.run(tray.cast.agent.actor, take_back, comment.id)


def test_a_comment_that_was_mailed_cannot_be_removed_past_the_desk(tray: OutTray) -> None:
    comment = tray.answer(tray.open_ticket())
    tray.send()
    with tray.desk.begin(tray.cast.agent.actor) as session:
        assert session.execute(delete(Comment).where(Comment.id == comment.id)).rowcount == 0  # type: ignore[attr-defined]


def test_paused_resumed_canceled(tray: OutTray) -> None:
    agent = tray.cast.agent.actor
    comment = tray.answer(tray.open_ticket())
    mail = tray.mail(comment)
    tray.desk.run(agent, pause, mail.id)
    assert tray.send() == []
    tray.desk.run(agent, retry, mail.id)
    assert len(tray.send()) == 1
    with pytest.raises(Conflict):
        tray.desk.run(agent, cancel, mail.id)
    other = tray.mail(tray.answer(tray.open_ticket()))
    tray.desk.run(agent, cancel, other.id)
    assert tray.send() == []
    with pytest.raises(Forbidden):
        tray.desk.run(tray.cast.light_agent.actor, retry, other.id)
    with pytest.raises(Forbidden):
        tray.desk.run(tray.cast.customer.actor, retry, other.id)


def test_a_paused_mailbox_keeps_its_mail(tray: OutTray) -> None:
    tray.set_up(is_paused=True)
    tray.answer(tray.open_ticket())
    assert tray.send() == []
    tray.set_up(is_paused=False)
    assert len(tray.send()) == 1


def test_a_report_that_comes_back_marks_the_message(tray: OutTray, office: PostOffice) -> None:
    """It names the message by the address that it comes to; without that it is about nothing of ours."""
    comment = tray.answer(tray.open_ticket())
    (sent,) = tray.send()
    report = (
        "From: MAILER-DAEMON@mx.example\r\nTo: {to}\r\nSubject: Undelivered\r\nMessage-ID: <{name}@mx.example>\r\n"
        "MIME-Version: 1.0\r\nAuto-Submitted: auto-replied\r\n"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nIt did not work.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        "Final-Recipient: rfc822; {who}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        "Diagnostic-Code: smtp; 550 no such user\r\n\r\n--b--\r\n"
    )
    who = tray.cast.customer.email
    forged = report.format(to=sent.sender.replace("+b1-", "+b2-"), name="forged", who=who)
    _, mail = office.deliver(forged.encode(), mailbox_id=tray.mailbox.id)
    assert mail.decision == "unknown_bounce"
    assert tray.mail(comment).state is OutboundState.SENT
    _, mail = office.deliver(
        report.format(to=sent.sender, name="true", who=who).encode(), mailbox_id=tray.mailbox.id
    )
    assert (mail.decision, mail.ticket_id) == ("bounce", comment.ticket_id)
    mine = tray.mail(comment)
    assert mine.state is OutboundState.BOUNCED
    assert "550 no such user" in mine.problem


def test_a_report_marks_the_recipient_it_names(tray: OutTray) -> None:
    ticket = tray.open_ticket()
    tray.follow(ticket, tray.cast.other_customer.id)
    comment = tray.answer(ticket)
    tray.send()
    system, mail_id = Actor.system("mail"), tray.mail(comment).id
    tray.desk.run(system, note_bounce, mail_id, tray.cast.customer.email, "5.1.1 no such user")
    mail = tray.mail(comment)
    assert [one.state for one in mail.recipients] == [RecipientState.BOUNCED, RecipientState.ACCEPTED]
    assert mail.state is OutboundState.SENT
    tray.desk.run(system, note_bounce, mail_id, tray.cast.other_customer.email.upper(), "5.1.1 gone")
    assert tray.mail(comment).state is OutboundState.BOUNCED


def test_an_address_that_takes_no_mail_is_passed_over_and_says_so(tray: OutTray) -> None:
    ticket = tray.open_ticket()
    tray.follow(ticket, tray.cast.other_customer.id)
    bounce_at(tray, tray.cast.customer.email)
    comment = tray.answer(ticket)
    (sent,) = tray.send()
    assert sent.recipients == (tray.cast.other_customer.email,)
    mail = tray.mail(comment)
    assert mail.state is OutboundState.SENT
    assert {one.email: one.state for one in mail.recipients} == {
        tray.cast.customer.email: RecipientState.BOUNCED,
        tray.cast.other_customer.email: RecipientState.ACCEPTED,
    }
    (answer,) = [one.answer for one in mail.recipients if one.answer.startswith("Not sent")]
    assert "came back on" in answer
    assert "5.1.1 no such user" in answer


def test_a_reply_to_nobody_who_takes_mail_is_bounced_at_once_and_sent_by_a_person(tray: OutTray) -> None:
    bounce_at(tray, tray.cast.customer.email)
    ticket = tray.open_ticket()
    comment = tray.answer(ticket)
    assert tray.send() == []
    mail = tray.mail(comment)
    assert (mail.state, mail.problem) == (OutboundState.BOUNCED, ALL_BOUNCE)
    tray.desk.run(tray.cast.agent.actor, retry, mail.id)
    assert len(tray.send()) == 1
    tray.desk.run(tray.cast.agent.actor, clear_bounce, tray.cast.customer.email)
    tray.answer(ticket, "And again.")
    assert len(tray.send()) == 1


def bounce_at(tray: OutTray, email: str) -> None:
    with tray.desk.begin(Actor.system("test")) as session:
        session.add(BouncedAddress(email=email, status="5.1.1", diagnostic="no such user"))


def test_what_may_be_lost_in_a_crash_is_never_sent(tray: OutTray) -> None:
    """A decision need not wait for the disk; taking its letter to send it does, and so brings it along."""
    tray.answer(tray.open_ticket())

    def take(session: DeskSession) -> tuple[int, str]:
        taken = attempts.claim(session, 10)
        source = "SELECT source FROM pg_settings WHERE name = 'synchronous_commit'"
        return len(taken), str(session.scalar(text(source)))

    taken, source = tray.desk.run(Actor.system("test"), take)
    assert taken == 1
    assert source != "session", "it commits as the server does, with fsync in a desk of one's own"
