"""Mail that comes back: it marks addresses of our own message's people, and nobody else's (TRUST.md T68)."""

import pytest

from ombud import Actor, UserRole
from ombud.errors import NotFound
from ombud.mail.actions import clear_bounce
from ombud.mail.tokens import TicketNamer
from ombud.models import BouncedAddress, MailReference, MailState
from ombud.people.actions import create_user
from ombud.tickets import reply
from tests.mail_desk.conftest import SUPPORT, PostOffice, letter

SYSTEM = Actor.system("test")
EVA = "eva@customer.example"


def report(
    about: str, *, to: str = SUPPORT, recipient: str = EVA, status: str = "5.1.1", action: str = "failed"
) -> bytes:
    named = f"In-Reply-To: <{about}>\r\n" if about else ""
    return (
        f"From: MAILER-DAEMON@mx.example\r\nTo: {to}\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n"
        f"Auto-Submitted: auto-replied\r\nMessage-ID: <{about[:20]}{recipient}{status}@mx.example>\r\n{named}"
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nNo such user.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\n"
        f"Final-Recipient: rfc822; {recipient}\r\nAction: {action}\r\nStatus: {status}\r\n"
        "Diagnostic-Code: smtp; 550 no such user here\r\n\r\n--b--\r\n"
    ).encode()


def _marked(office: PostOffice, email: str = EVA) -> BouncedAddress | None:
    found: BouncedAddress | None = office.look(lambda session: session.get(BouncedAddress, email))
    return found


@pytest.mark.parametrize("by", ["message id", "verp address"])
def test_a_bounce_of_our_message_marks_the_address(office: PostOffice, namer: TicketNamer, by: str) -> None:
    ticket = office.ticket_of(letter())
    raw = (
        report(namer.message_id("desk.example", ticket))
        if by == "message id"
        else report("", to=namer.reply_address(SUPPORT, ticket))
    )
    _, mail = office.deliver(raw, mailbox_id=office.mailbox.id)
    assert (mail.state, mail.decision, mail.ticket_id) == (MailState.ACCEPTED, "bounce", ticket)
    marked = _marked(office)
    assert marked is not None
    assert (marked.status, marked.ticket_id, marked.mail_id) == ("5.1.1", ticket, mail.id)
    assert "no such user" in marked.diagnostic
    assert any(EVA in step["result"] and "takes no mail" in step["result"] for step in mail.steps)


def test_the_message_that_came_back_says_so(office: PostOffice, namer: TicketNamer) -> None:
    ticket = office.ticket_of(letter())
    anna = office.desk.run(SYSTEM, create_user, email="anna@desk.example", role=UserRole.AGENT)
    said = office.desk.run(Actor.agent(anna.id), reply, ticket, "Try water.")
    name = namer.message_id("desk.example", ticket)
    known = MailReference(message_id=name, ticket_id=ticket, comment_id=said.id)
    office.desk.run(SYSTEM, lambda session: session.add(known))
    _, mail = office.deliver(report(name))
    assert mail.comment_id == said.id


@pytest.mark.parametrize("forgery", ["unsigned", "unknown", "another key", "another address"])
def test_a_forged_bounce_silences_nobody(office: PostOffice, namer: TicketNamer, forgery: str) -> None:
    ticket = office.ticket_of(letter())
    ours = namer.message_id("desk.example", ticket)
    recipient = "somebody@else.example" if forgery == "another address" else EVA
    about = {
        "unsigned": "first@customer.example",
        "unknown": "",
        "another key": TicketNamer(b"x" * 32).message_id("desk.example", ticket),
        "another address": ours,
    }[forgery]
    _, mail = office.deliver(report(about, recipient=recipient), mailbox_id=office.mailbox.id)
    assert _marked(office, recipient) is None
    assert _marked(office) is None
    assert mail.state is (MailState.ACCEPTED if forgery == "another address" else MailState.QUARANTINED)


@pytest.mark.parametrize(
    ("status", "action"), [("4.4.1", "delayed"), ("4.2.2", "failed"), ("2.0.0", "delivered")]
)
def test_what_is_only_late_marks_nothing(
    office: PostOffice, namer: TicketNamer, status: str, action: str
) -> None:
    ticket = office.ticket_of(letter())
    office.deliver(report(namer.message_id("desk.example", ticket), status=status, action=action))
    assert _marked(office) is None


def test_an_address_works_again_when_it_writes_or_staff_says_so(
    office: PostOffice, namer: TicketNamer
) -> None:
    ticket = office.ticket_of(letter())
    office.deliver(report(namer.message_id("desk.example", ticket)))
    assert _marked(office) is not None
    office.deliver(letter("I am back", message_id="<back@customer.example>"))
    assert _marked(office) is None
    office.deliver(report(namer.message_id("desk.example", ticket), status="5.2.1"))
    anna = office.desk.run(SYSTEM, create_user, email="anna@desk.example", role=UserRole.AGENT)
    office.desk.run(Actor.agent(anna.id), clear_bounce, EVA)
    assert _marked(office) is None
    with pytest.raises(NotFound):
        office.desk.run(Actor.agent(anna.id), clear_bounce, EVA)
