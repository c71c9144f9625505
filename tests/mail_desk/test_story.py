"""A week of mail between customers and a desk, through real servers, told from beginning to end.

Eva writes by swaks and Omar by another program, to one mail server; the desk fetches by IMAP from Dovecot and sends
by SMTP, with passwords that are sealed, by the commands that people type. Nothing here reaches into the desk: agents
answer by the actions behind the pages, and everything else is mail.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.orm import joinedload
from typer.testing import CliRunner

from ombud import Actor, Comment, Desk, clock
from ombud.cli import mail, mailbox
from ombud.config import Settings
from ombud.files import open_store
from ombud.mail.actions import MailboxChanges, NewSecrets, change_mailbox
from ombud.mail.outgoing import queries as outgoing
from ombud.models import (
    Attachment,
    BouncedAddress,
    InboundMail,
    Mailbox,
    RecipientState,
    Security,
    Ticket,
    TicketStatus,
)
from ombud.runtime import equip
from ombud.testing import Cast, frozen
from ombud.tickets import StoredFile, add_comment, assign
from ombud.tickets.events import Delivery
from ombud.worker.intake import vault_of
from tests.mail_desk.conftest import SUPPORT
from tests.mail_desk.dovecot import PASSWORD, USER, dovecot_running, public_folder
from tests.mail_desk.receiving import ReceivingServer
from tests.mail_desk.world import PASSWORD as POST_PASSWORD
from tests.mail_desk.world import USER as POST_USER
from tests.mail_desk.world import World, has_swaks

HUGE = 22 * 2**20
"""More than one mail takes: it comes in as it is, and goes out as a link."""
runner = CliRunner()


@dataclass
class Support:
    """The desk: what its people see, and what its commands do."""

    desk: Desk
    settings: Settings
    world: World
    cast: Cast

    def turn(self) -> None:
        """Fetch and decide, then send, as `ombud serve` does all the time; a minute is over by then."""
        self.run("fetch")
        with frozen(clock.now() + timedelta(minutes=1)):
            self.run("send")
        self.world.carry()

    def run(self, *arguments: str) -> str:
        """Type `ombud mail ...`."""
        done = runner.invoke(mail.app, list(arguments), catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output

    def answer(
        self,
        ticket: Ticket,
        text: str,
        *,
        status: TicketStatus | None = None,
        cc: tuple[str, ...] | None = None,
        file: tuple[str, bytes] | None = None,
    ) -> Comment:
        """Answer as the agent, with what the composer sends."""
        files = [self._stored(*file)] if file is not None else []
        delivery = Delivery(cc=cc) if cc is not None else None
        actor = self.cast.agent.in_new_request()
        said = self.desk.run(
            actor, add_comment, ticket.id, text, status=status, files=files, delivery=delivery
        )
        self.turn()
        return said

    def tickets(self) -> list[Ticket]:
        """All tickets, as they are now."""
        with self.desk.read(self.cast.agent.actor) as session:
            wanted = select(Ticket).options(joinedload(Ticket.requester)).order_by(Ticket.id)
            return list(session.scalars(wanted))

    def talk(self, ticket: Ticket) -> list[tuple[str, str]]:
        """Who said what on a ticket, in order: what an agent reads on its page."""
        with self.desk.read(self.cast.agent.actor) as session:
            row = session.get_one(Ticket, ticket.id, options=[joinedload(Ticket.requester)])
            wanted = select(Comment).where(Comment.ticket_id == row.id).options(joinedload(Comment.author))
            said = session.scalars(wanted.order_by(Comment.id)).all()
            first = (row.requester.full_name, row.description)
            return [first, *((one.author.full_name, one.content) for one in said)]

    def decisions(self) -> list[tuple[str, str]]:
        """The inbound log: kind and decision of each message."""
        with self.desk.read(self.cast.admin.actor) as session:
            rows = session.scalars(select(InboundMail).order_by(InboundMail.id))
            return [(row.classification, row.decision) for row in rows]

    def files(self, ticket: Ticket) -> list[Attachment]:
        """The files of a ticket."""
        with self.desk.read(self.cast.agent.actor) as session:
            wanted = select(Attachment).where(Attachment.ticket_id == ticket.id).order_by(Attachment.id)
            return list(session.scalars(wanted))

    def _stored(self, name: str, content: bytes) -> StoredFile:
        store = open_store(self.settings.data_dir / "files", limit=10**9)  # type: ignore[operator]  # given
        kept = store.put([content])
        return StoredFile(name, "application/zip", kept.size, kept.checksum, kept.storage_key)


@pytest.fixture
def world() -> Iterator[World]:
    if not has_swaks():
        pytest.skip("swaks is missing (see .ci/system-packages)")
    server = ReceivingServer(password=POST_PASSWORD)
    with public_folder() as place, dovecot_running(place / "dovecot") as dovecot:
        server.start()
        yield World(server, dovecot, "desk.example", frozenset({"petra@gone.example"}))
        server.stop()


@pytest.fixture
def support(
    desk: Desk, settings: Settings, cast: Cast, world: World, monkeypatch: pytest.MonkeyPatch
) -> Support:
    """A desk whose mailbox was set up as an administrator does it."""
    assert isinstance(settings.database_url, SecretStr)
    monkeypatch.setenv("OMBUD_DATABASE_URL", settings.database_url.get_secret_value())
    monkeypatch.setenv("OMBUD_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("OMBUD_INTERNAL_HOSTS", "127.0.0.1")
    monkeypatch.setenv("OMBUD_BASE_URL", "http://desk.example")
    set_up = [
        "add", SUPPORT, "--name", "Support", "--imap-host", "127.0.0.1", "--imap-port", str(world.dovecot.port),
        "--imap-security", "plain", "--imap-user", USER, "--trusted-server", "mx.desk.example", "--password-stdin",
    ]  # fmt: skip
    made = runner.invoke(mailbox.app, set_up, input=f"{PASSWORD}\n", catch_exceptions=False)
    assert made.exit_code == 0, made.output

    sends: MailboxChanges = {
        "smtp_host": "127.0.0.1",
        "smtp_port": world.server.port,
        "smtp_security": Security.PLAIN,
        "smtp_user": POST_USER,
    }
    with desk.begin(Actor.system("test")) as session:
        box = session.scalars(select(Mailbox)).one()
        secrets: NewSecrets = {"smtp_secret": POST_PASSWORD}
        change_mailbox(session, box.id, sends, secrets=secrets, vault=vault_of(settings))
    return Support(equip(desk, settings), settings, world, cast)


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.timeout(300)
def test_a_week_of_mail(support: Support, world: World, tmp_path: Path) -> None:
    eva = world.person("Eva Kunde", "eva@customer.example", by_swaks=True)
    omar = world.person("Omar Said", "omar@customer.example")
    agent = support.cast.agent

    # Monday. Eva writes, Omar in copy, with a picture; swaks makes the letter.
    picture = tmp_path / "fire.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + os.urandom(2000))
    eva.compose_by_swaks(
        f"{SUPPORT},{omar.address}", "--h-To", SUPPORT, "--add-header", f"Cc: {omar.address}",
        "--h-From", f"Eva Kunde <{eva.address}>", "--h-Subject", "Printer on fire", "--body",
        "The printer on the second floor is on fire.", "--attach-type", "image/png", "--attach", f"@{picture}",
    )  # fmt: skip
    support.turn()
    (printer,) = support.tickets()
    assert (printer.title, printer.requester.email) == ("Printer on fire", eva.address)
    assert [file.size for file in support.files(printer)] == [2008]

    # She is told at once that it came, by a letter that answers hers and that no program answers.
    (receipt,) = eva.inbox
    assert printer.ticket_number in receipt.parsed.text
    assert (receipt.sender, receipt.parsed.classification.value) == ("", "auto_reply")
    assert receipt.parsed.in_reply_to in receipt.parsed.references
    assert omar.inbox == [world.server.post.letters[0]], "only her own letter"

    # The agent takes it and answers; both get it, in one conversation.
    support.desk.run(agent.in_new_request(), assign, printer.id, agent.id)
    support.answer(printer, "Have you tried **water**?", status=TicketStatus.WAITING_ON_CUSTOMER)
    assert eva.last.subject == "Re: Printer on fire"
    assert receipt.parsed.in_reply_to in eva.last.references
    assert "<strong>water</strong>" in (eva.last.html or "")
    assert eva.inbox[-1] == omar.inbox[-1]
    assert {one.email for one in eva.last.cc} == {omar.address}

    # Eva replies below the line, and her quote stays out of the conversation.
    eva.send(eva.answer("There is no water on the second floor."))
    support.turn()
    assert support.talk(printer)[-1] == ("Eva Kunde", "There is no water on the second floor.")
    assert support.tickets()[0].status is TicketStatus.OPEN, "it was waiting for her"
    assert len(eva.inbox) == 2, "she is not told again"

    # The agent, at home, answers the notification by mail: it goes to the customers as an answer of theirs.
    told = world.inboxes[agent.email][-1]
    assert "Eva Kunde" in told.parsed.text
    home = world.person(agent.user.full_name, agent.email)
    home.send(home.answer("Then use sand."))
    support.turn()
    assert support.talk(printer)[-1] == (agent.user.full_name, "Then use sand.")
    assert "Then use sand." in eva.last.text
    assert home.address not in eva.inbox[-1].raw.decode(), "nobody learns where the agent lives"

    # Omar replies to all: Eva has it by his own letter, and the desk does not send it again.
    before = len(eva.inbox)
    omar.send(omar.answer("Sand it is. Thank you!", to_all=True))
    support.turn()
    assert support.talk(printer)[-1] == ("Omar Said", "Sand it is. Thank you!")
    assert len(eva.inbox) == before + 1

    # Tuesday. The agent resolves it; Eva's program says that she is away, which changes and causes nothing.
    support.answer(printer, "Good to hear.", status=TicketStatus.RESOLVED)
    before = len(world.server.post.letters)
    eva.send(
        eva.answer("I am away until Monday.", Auto_Submitted="auto-replied", X_Auto_Response_Suppress="All")
    )
    support.turn()
    assert support.tickets()[0].status is TicketStatus.RESOLVED
    assert support.talk(printer)[-1] == ("Eva Kunde", "I am away until Monday.")
    assert [one for one in world.server.post.letters[before:] if eva.address in one.recipients] == []

    # Wednesday. Omar forwards what a supplier wrote: a ticket of his, that says whose words they are.
    original = world.person("Ann Supplier", "ann@supplier.example").letter(
        omar.address, "Invoice 7", "Please pay by Friday."
    )
    begins = f"---------- Forwarded message ---------\nFrom: {original['From']}\nDate: {original['Date']}\n"
    forwarded = f"Can you deal with this?\n\n{begins}Subject: Invoice 7\nTo: {omar.address}\n\nPlease pay by Friday.\n"
    omar.send(omar.letter(SUPPORT, "Fwd: Invoice 7", forwarded))
    support.turn()
    invoice = support.tickets()[-1]
    assert (invoice.title, invoice.requester.email) == ("Fwd: Invoice 7", omar.address)
    assert "Please pay by Friday." in invoice.description
    assert "ann@supplier.example" in invoice.description

    # The agent puts somebody in copy who is gone. The report comes back, and the answer says who has it.
    said = support.answer(invoice, "Petra will deal with it.", cc=("petra@gone.example",))
    support.turn()
    with support.desk.read(agent.actor) as session:
        sent = next(one for one in session.scalars(outgoing.outbox(agent.actor)) if one.comment_id == said.id)
        assert {one.email: one.state for one in sent.recipients} == {
            omar.address: RecipientState.ACCEPTED,
            "petra@gone.example": RecipientState.BOUNCED,
        }
        assert "550 5.1.1 no such user" in next(
            one.answer for one in sent.recipients if one.email.startswith("petra")
        )
        assert session.scalars(select(BouncedAddress.email)).all() == ["petra@gone.example"]
    assert support.talk(invoice)[-1][1] == "Petra will deal with it.", "the report is no comment"

    # Thursday. A letter from another age: KOI8-R that says to be ASCII, from somebody whom nobody knows.
    raw = (
        b"From: =?koi8-r?B?6dfBziDwxdTSz9c=?= <ivan@old.example>\r\nTo: support@desk.example\r\n"
        b"Subject: =?koi8-r?B?8NLJztTF0g==?=\r\nMessage-ID: <koi@old.example>\r\n"
        b"Content-Type: text/plain; charset=us-ascii\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    ) + "Здравствуйте! Принтер на втором этаже снова не печатает, помогите пожалуйста.\r\n".encode("koi8-r")
    omar.send(raw, to=[SUPPORT])
    support.turn()
    old = support.tickets()[-1]
    assert (old.title, old.requester.full_name) == ("Принтер", "Иван Петров")
    assert "Принтер на втором этаже снова не печатает" in old.description

    # Friday. Eva sends all of her pictures; they come whole, and go back to her as a link that works.
    pictures = os.urandom(HUGE)
    huge = eva.answer("Here are the pictures.")
    huge.add_attachment(pictures, maintype="application", subtype="zip", filename="pictures.zip")
    omar.send(huge, to=[one.email for one in eva.last.reply_to])
    support.turn()
    assert support.talk(printer)[-1] == ("Eva Kunde", "Here are the pictures.")
    kept = support.files(printer)[-1]
    assert (kept.size, kept.checksum) == (HUGE, hashlib.sha256(pictures).hexdigest())
    support.answer(printer, "And back, with captions.", file=("captions.zip", pictures))
    assert "captions.zip (23.1 MB): http://desk.example/mailed-files/" in eva.last.text
    assert len(eva.inbox[-1].raw) < 20_000

    # The week as the desk remembers it.
    assert support.talk(printer) == [
        ("Eva Kunde", "The printer on the second floor is on fire."),
        (agent.user.full_name, "Have you tried **water**?"),
        ("Eva Kunde", "There is no water on the second floor."),
        (agent.user.full_name, "Then use sand."),
        ("Omar Said", "Sand it is. Thank you!"),
        (agent.user.full_name, "Good to hear."),
        ("Eva Kunde", "I am away until Monday."),
        ("Eva Kunde", "Here are the pictures."),
        (agent.user.full_name, "And back, with captions."),
    ]
    assert support.decisions() == [
        ("normal", "new_conversation"),
        ("normal", "reply"),
        ("normal", "reply"),
        ("normal", "reply"),
        ("auto_reply", "automatic_reply"),
        ("normal", "new_conversation"),
        ("bounce", "bounce"),
        ("normal", "new_conversation"),
        ("normal", "reply"),
    ]
    assert len(support.tickets()) == 3
    assert "Waiting: 0. In quarantine: 0." in support.run("status")
    assert "nothing waits or failed" in support.run("outbox")
    assert all(b"\\Seen" in flags for flags in world.dovecot.flags())
