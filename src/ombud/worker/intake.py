"""Take mail in: store what comes, then decide about it, one message after the other.

Two steps, each with its own commit. `Intake.receive` writes the raw bytes to the store, notes their arrival and
commits: from then on the message is ours, and whoever brought it may be told so. `Intake.decide_waiting` reads what
waits; a process that dies in between leaves messages that wait, and the next one takes them.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from ombud.config import Settings
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.db.open import data_dir
from ombud.errors import NotFound, OmbudError
from ombud.files import FileStore, open_store
from ombud.mail import actions, queries
from ombud.mail.parse import ParsedMail, parse_message
from ombud.mail.prepared import own_candidates, prepare
from ombud.mail.rules import Decision
from ombud.mail.tokens import TicketNamer, open_namer
from ombud.mail.verdict import sender_verdict
from ombud.models import Mailbox, MailSource
from ombud.runtime import equip

log = logging.getLogger(__name__)

MAIL_LIMIT = 100 * 2**20
"""Bytes of one raw message: an attachment of 50 MB and what base64 adds to it."""
BATCH = 100


class UnknownMailbox(NotFound):
    """A message for an address that no mailbox has."""

    code = "unknown_mailbox"


@dataclass(frozen=True, slots=True)
class Received:
    """A message that is ours now; `mail_id` is None when the same bytes had come to that mailbox before."""

    mail_id: int | None
    mailbox_id: int


class Intake:
    """One desk's mail, for the processes that bring it and the worker that decides."""

    def __init__(self, desk: Desk, files: FileStore, namer: TicketNamer) -> None:
        self._desk = desk
        self._files = files
        self.namer = namer

    def receive(
        self,
        raw: bytes,
        source: MailSource,
        *,
        mailbox_id: int | None = None,
        envelope_from: str = "",
        envelope_to: Sequence[str] = (),
    ) -> Received:
        """Make a message ours; when this returns it is on the disk and committed.

        Without `mailbox_id` the mailbox is found by the recipients, those of the envelope first. Raises
        UnknownMailbox, TooLarge, and Unavailable when the database is away: then the bringer keeps it.
        """
        actor = Actor.system(f"mail/{source.value}")
        if mailbox_id is None:
            mailbox_id = self._mailbox_for(actor, raw, envelope_to)
        stored = self._files.put([raw])
        mail_id = self._desk.run(
            actor,
            actions.receive,
            mailbox_id,
            stored,
            source,
            envelope_from=envelope_from,
            envelope_to=envelope_to,
        )
        return Received(mail_id, mailbox_id)

    def decide_waiting(self, limit: int = BATCH) -> int:
        """Decide about messages that wait, in the order they came; returns how many were decided."""
        with self._desk.read(Actor.system("mail"), fresh=True) as session:
            waiting = session.scalars(queries.waiting(limit)).all()
        return sum(self.decide(mail_id) is not None for mail_id in waiting)

    def decide(self, mail_id: int) -> Decision | None:
        """Decide about one message; None when it does not wait. What cannot be handled goes to quarantine."""
        actor = Actor.system("mail")
        mail = self._desk.run(actor, actions.begin_attempt, mail_id)
        if mail is None:
            return None
        try:
            raw = self._files.get(mail.storage_key)
            prepared = prepare(raw, lambda content: self._files.put([content]))
            verified = sender_verdict(prepared.parsed, mail.mailbox.trusted_authserv)
            return self._desk.run(actor, actions.settle, mail_id, prepared, self.namer, verified=verified)
        except OmbudError as error:
            if error.code == "unavailable":
                raise  # nothing is wrong with the message
            log.warning("mail %s goes to quarantine: %s", mail_id, error.message)
            self._desk.run(actor, actions.refuse, mail_id, error.code, error.message)
            return None

    def _mailbox_for(self, actor: Actor, raw: bytes, envelope_to: Sequence[str]) -> int:
        candidates = own_candidates(_headers_of(raw), envelope_to)
        with self._desk.read(actor, fresh=True) as session:
            mailbox: Mailbox | None = session.scalar(queries.mailbox_by_address(candidates))
        if mailbox is None:
            raise UnknownMailbox(
                "No mailbox of this desk has one of the message's recipients as its address."
            )
        return mailbox.id


def open_intake(desk: Desk, settings: Settings) -> Intake:
    """Return the intake of a desk, with the store and the key in its data folder."""
    folder = data_dir(settings)
    equip(desk, settings)  # an agent who answers by mail answers the customer
    return Intake(desk, open_store(folder / "files", limit=MAIL_LIMIT), open_namer(folder))


def decide_about_mail(desk: Desk, _actor: Actor) -> int:
    """The worker's errand: decide about all that waits; returns how many."""
    intake, decided = open_intake(desk, desk.settings), 0
    while step := intake.decide_waiting():
        decided += step
    return decided


def _headers_of(raw: bytes) -> ParsedMail:
    """Read a message's headers only: whose mailbox it is must be known before it is accepted."""
    end = min((at for at in (raw.find(b"\n\n"), raw.find(b"\r\n\r\n")) if at >= 0), default=len(raw))
    return parse_message(raw[: end + 4])
