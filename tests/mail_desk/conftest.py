"""A desk with a mailbox, and letters to it."""

import asyncio
import datetime as dt
import ipaddress
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import select, update
from sqlalchemy.orm import selectinload

from ombud import Actor, Comment, Desk, clock
from ombud.db.actor import new_request_id
from ombud.files import FileStore, open_store
from ombud.mail.outgoing.reactions import Mailing
from ombud.mail.rules import Decision
from ombud.mail.smtp import Connection, Server
from ombud.mail.tokens import TicketNamer
from ombud.models import (
    INCLUDE_DELETED,
    InboundMail,
    Mailbox,
    MailboxSending,
    MailSource,
    OutboundMail,
    Security,
    Ticket,
    TicketParticipant,
)
from ombud.notifications.actions import tell_of
from ombud.testing import Cast, Persona, make_ticket
from ombud.tickets import add_comment
from ombud.worker.intake import Intake
from ombud.worker.mail_out import Sender
from tests.mail_desk.receiving import Letter, Post, ReceivingServer

SUPPORT = "support@desk.example"
CONNECT = partial(Connection, timeout=5.0, data_timeout=5.0)


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
        found: Mailbox | None = session.scalar(select(Mailbox).where(Mailbox.address == SUPPORT))
        if found is not None:
            return found  # the out-tray's
        mailbox = Mailbox(name="Support", address=SUPPORT, trusted_authserv="mx.desk.example")
        session.add(mailbox)
        session.flush()
        return mailbox

    mailbox = desk.run(Actor.system("test"), make)
    return PostOffice(desk, Intake(desk, open_store(tmp_path / "files", limit=10**8), namer), mailbox)


@dataclass
class OutTray:
    """A desk that sends: queue by writing, send with `send()`, see what arrived in `post`."""

    desk: Desk
    server: ReceivingServer
    mailbox: Mailbox
    namer: TicketNamer
    files: FileStore
    cast: Cast
    sender: Sender
    folder: Path

    @property
    def post(self) -> Post:
        """What arrived."""
        return self.server.post

    def open_ticket(self, requester: Persona | None = None, **given: Any) -> Ticket:
        """Open a ticket by a customer on a page."""
        persona = requester or self.cast.customer
        return self.desk.run(Actor.system("test"), make_ticket, persona.id, **given)

    def answer(self, ticket: Ticket | int, text: str = "Here is your answer.", **given: Any) -> Comment:
        """Answer as the agent, which queues a mail."""
        ticket_id = ticket if isinstance(ticket, int) else ticket.id
        actor = self.cast.agent.actor.for_request(new_request_id())
        return self.desk.run(actor, add_comment, ticket_id, text, **given)

    def follow(self, ticket: Ticket, user_id: int) -> None:
        """Let somebody follow a ticket."""
        with self.desk.begin(Actor.system("test")) as session:
            session.add(TicketParticipant(ticket_id=ticket.id, user_id=user_id))

    def set_up(self, **given: Any) -> None:
        """Say how the mailbox sends."""
        with self.desk.begin(Actor.system("test")) as session:
            session.merge(MailboxSending(mailbox_id=self.mailbox.id, **given))

    def link_to(self, base_url: str) -> None:
        """Say where the desk's pages are."""
        self.sender = Sender(self.desk, self.files, self.namer, connect=CONNECT, base_url=base_url)

    def trust(self, certificate: Path) -> None:
        """Trust a certificate of the tests."""
        context = ssl.create_default_context(cafile=certificate)

        def connect(server: Server) -> Connection:
            return CONNECT(replace(server, tls=context))

        self.sender = Sender(self.desk, self.files, self.namer, connect=connect)

    def due_now(self) -> None:
        """Make everything that waits due."""
        with self.desk.begin(Actor.system("test")) as session:
            session.execute(update(OutboundMail).values(due_at=clock.now()))

    def retire(self) -> None:
        """Let the mailbox send no more."""
        with self.desk.begin(Actor.system("test")) as session:
            session.get_one(Mailbox, self.mailbox.id).is_active = False

    def send(self) -> list[Letter]:
        """Send what is due; returns what arrived by that."""
        before = len(self.post.letters)
        asyncio.run(_send(self.sender))
        return self.post.letters[before:]

    def mail(self, comment: Comment) -> OutboundMail:
        """Return the message of a comment, with its recipients."""
        with self.desk.read(Actor.system("test")) as session:
            wanted = (
                select(OutboundMail)
                .where(OutboundMail.comment_id == comment.id)
                .options(selectinload(OutboundMail.recipients))
            )
            return session.scalars(wanted).one()

    def outbox(self) -> list[OutboundMail]:
        """Return all messages in order."""
        with self.desk.read(Actor.system("test")) as session:
            wanted = (
                select(OutboundMail).options(selectinload(OutboundMail.recipients)).order_by(OutboundMail.id)
            )
            return list(session.scalars(wanted))


async def _send(sender: Sender) -> None:
    try:
        await sender.run_until_idle()
    finally:
        await sender.close()


@pytest.fixture
def receiving() -> Iterator[ReceivingServer]:
    """A server that takes all mail."""
    server = ReceivingServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def tray(desk: Desk, cast: Cast, receiving: ReceivingServer, namer: TicketNamer, tmp_path: Path) -> OutTray:
    """A desk that answers at support@desk.example through the receiving server."""

    def make(session: Any) -> Mailbox:
        mailbox = Mailbox(
            name="Support",
            address=SUPPORT,
            trusted_authserv="mx.desk.example",
            smtp_host="127.0.0.1",
            smtp_port=receiving.port,
            smtp_security=Security.PLAIN,
        )
        session.add(mailbox)
        session.flush()
        return mailbox

    mailbox = desk.run(Actor.system("test"), make)
    desk.reactions = (Mailing(namer), tell_of)
    files = open_store(tmp_path / "files", limit=10**8)
    sender = Sender(desk, files, namer, connect=CONNECT)
    return OutTray(desk, receiving, mailbox, namer, files, cast, sender, tmp_path / "files")


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that nobody trusts by itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "receiving.example")])
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=4000))
        .not_valid_after(now + dt.timedelta(days=4000))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + private)
    return path
