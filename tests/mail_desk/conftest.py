"""A desk with a mailbox, and letters to it."""

from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from ombud import Actor, Desk
from ombud.files import open_store
from ombud.mail.rules import Decision
from ombud.mail.tokens import TicketNamer
from ombud.models import INCLUDE_DELETED, InboundMail, Mailbox, MailSource, Ticket
from ombud.worker.intake import Intake

SUPPORT = "support@desk.example"


def letter(
    text: str = "Hello, my printer is on fire.",
    *,
    sender: str = "Eva Kunde <eva@customer.example>",
    to: str = SUPPORT,
    subject: str = "Printer",
    message_id: str | None = "<first@customer.example>",
    **headers: str,
) -> EmailMessage:
    """Return a plain message; `headers` by name with underscores (`In_Reply_To`)."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, to, subject
    made["Date"] = "Wed, 25 Nov 2026 10:00:00 +0100"
    if message_id:
        made["Message-ID"] = message_id
    for name, value in headers.items():
        made[name.replace("_", "-")] = value
    made.set_content(text)
    return made


@dataclass
class PostOffice:
    """Brings letters and says what became of them."""

    desk: Desk
    intake: Intake
    mailbox: Mailbox

    def bring(self, message: EmailMessage | bytes, **envelope: Any) -> int:
        """Receive a letter without deciding about it."""
        raw = message if isinstance(message, bytes) else message.as_bytes()
        received = self.intake.receive(raw, MailSource.PIPE, **envelope)
        assert received.mail_id is not None
        return received.mail_id

    def deliver(self, message: EmailMessage | bytes, **envelope: Any) -> tuple[Decision | None, InboundMail]:
        """Receive a letter and decide about it."""
        mail_id = self.bring(message, **envelope)
        decision = self.intake.decide(mail_id)
        return decision, self.mail(mail_id)

    def ticket_of(self, message: EmailMessage | bytes, **envelope: Any) -> int:
        """Deliver a letter that must end on a ticket; returns which."""
        _, mail = self.deliver(message, **envelope)
        assert mail.ticket_id is not None, mail.steps
        return mail.ticket_id

    def mail(self, mail_id: int) -> InboundMail:
        """Return what is known of a message."""
        found: InboundMail = self.look(lambda session: session.get_one(InboundMail, mail_id))
        return found

    def ticket(self, ticket_id: int) -> Ticket:
        """Return a ticket, a deleted one too."""
        every = {INCLUDE_DELETED: True}
        found: Ticket = self.look(lambda s: s.get_one(Ticket, ticket_id, execution_options=every))
        return found

    def look(self, read: Callable[[Any], Any]) -> Any:
        """Read as the system."""
        with self.desk.read(Actor.system("test")) as session:
            return read(session)


@pytest.fixture
def namer() -> TicketNamer:
    """The desk's signature."""
    return TicketNamer(b"k" * 32)


@pytest.fixture
def office(desk: Desk, tmp_path: Path, namer: TicketNamer) -> PostOffice:
    """An empty desk that answers at support@desk.example."""

    def make(session: Any) -> Mailbox:
        mailbox = Mailbox(name="Support", address=SUPPORT, trusted_authserv="mx.desk.example")
        session.add(mailbox)
        session.flush()
        return mailbox

    mailbox = desk.run(Actor.system("test"), make)
    return PostOffice(desk, Intake(desk, open_store(tmp_path / "files", limit=10**8), namer), mailbox)
