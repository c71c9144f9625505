"""Take mail in: store what comes, then decide about it, one message after the other.

Two steps, each with its own commit. `Intake.receive` writes the raw bytes to the store, notes their arrival and
commits: from then on the message is ours, and whoever brought it may be told so. `Intake.decide_waiting` reads what
waits; a process that dies in between leaves messages that wait, and the next one takes them.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from ombud.config import Settings
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.db.open import data_dir
from ombud.errors import NotFound, OmbudError
from ombud.files import FileStore, StoredBytes, files_of
from ombud.kit.logs import Log
from ombud.kit.metrics import MAIL
from ombud.kit.vault import Vault, open_vault
from ombud.mail import actions, queries
from ombud.mail.outgoing.acknowledging import Acknowledging
from ombud.mail.parse import ParsedMail, parse_message
from ombud.mail.prepared import PreparedMail, own_candidates, plain_address, prepare
from ombud.mail.rules import Decision
from ombud.mail.tokens import TicketNamer, open_namer
from ombud.mail.verdict import sender_verdict
from ombud.models import InboundMail, Mailbox, MailSource, MailState
from ombud.runtime import equip

log = Log(__name__)

HEAD_BYTES = 512 * 1024
BATCH = 100
TOGETHER = 20
"""Messages whose attempt is noted in one transaction."""


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

    def __init__(
        self,
        desk: Desk,
        files: FileStore,
        namer: TicketNamer,
        *,
        acknowledge: actions.Acknowledge | None = None,
    ) -> None:
        """`acknowledge` queues the letter that says a message came, where one may go out."""
        self._desk = desk
        self._files = files
        self.namer = namer
        self._acknowledge = acknowledge

    def receive(
        self,
        raw: bytes | Iterable[bytes],
        source: MailSource,
        *,
        mailbox_id: int | None = None,
        envelope_from: str = "",
        envelope_to: Sequence[str] = (),
    ) -> Received:
        """Make a message (whole or in pieces) ours; when this returns it is on the disk and committed.

        Without `mailbox_id` the mailboxes are found by the envelope's recipients, and without those by the
        message's own. Returns what became of it at the first one. Raises UnknownMailbox, TooLarge, and Unavailable
        when the database is away: then the bringer keeps it.
        """
        actor = Actor.system(f"mail/{source.value}")
        head = _Head([raw] if isinstance(raw, bytes) else raw)
        if mailbox_id is None and isinstance(raw, bytes):
            mailboxes = self._mailboxes_for(actor, raw, envelope_to)
            stored = self._files.put(head)
        else:
            stored = self._files.put(head)
            mailboxes = (
                [mailbox_id] if mailbox_id is not None else self._mailboxes_for(actor, head.kept, envelope_to)
            )
        mail_ids = self._desk.run(
            actor,
            _receive_at,
            mailboxes,
            stored,
            source,
            (envelope_from, envelope_to),
        )
        return Received(mail_ids[0], mailboxes[0])

    def store_cut(self, pieces: Iterable[bytes], size: int) -> StoredBytes:
        """Store a message in pieces; of one above the limit its beginning, so that it can be seen and is not lost."""
        return self._files.put(pieces if size <= self._files.limit else _first(pieces, self._files.limit))

    def mailboxes_at(self, addresses: Sequence[str]) -> dict[str, int]:
        """Return which of these addresses (tags are left out) are active mailboxes, by address as given."""
        plain = {address: plain_address(address) for address in addresses}
        with self._desk.read(_system(), fresh=True) as session:
            found = {
                row.address: row.id for row in session.execute(queries.mailboxes_of(list(plain.values())))
            }
        return {address: found[name] for address, name in plain.items() if name in found}

    def decide_waiting(self, limit: int = BATCH) -> int:
        """Decide about messages that wait, in the order they came; returns how many left the queue."""
        with self._desk.read(_system(), fresh=True) as session:
            waiting = session.scalars(queries.waiting(limit)).all()
        return sum(
            self._decide_together(waiting[start : start + TOGETHER])
            for start in range(0, len(waiting), TOGETHER)
        )

    def decide(self, mail_id: int) -> Decision | None:
        """Decide about one message; None when it does not wait, or went to quarantine unread."""
        begun = self._desk.run(_system(), actions.begin_attempts, [mail_id])
        return self._decide(begun[0]) if begun else None

    async def aopen(self, mail: InboundMail, part: tuple[int, int] | None = None) -> AsyncIterator[bytes]:
        """Return a message as it came, or a part of it, in pieces (`FileStore.aopen`)."""
        return await self._files.aopen(mail.storage_key, part)

    def _decide_together(self, mail_ids: Sequence[int]) -> int:
        pending = set(mail_ids)
        while begun := self._desk.run(_system(), actions.begin_attempts, sorted(pending)):
            for mail in begun:
                self._decide(mail)
            pending -= {mail.id for mail in begun}
            if not pending:
                break
        return len(mail_ids) - len(pending)

    def prepared(self, mail: InboundMail) -> PreparedMail:
        """Read a message again from the store, for a person who puts it elsewhere."""
        return prepare(self._files.map(mail.storage_key), self._files.put)

    def _decide(self, mail: InboundMail) -> Decision | None:
        if mail.state is not MailState.RECEIVED:
            return None
        try:
            prepared = self.prepared(mail)
            decision = self._desk.run(
                _system(),
                actions.settle,
                mail.id,
                prepared,
                self.namer,
                verified=sender_verdict(prepared.parsed, mail.mailbox.trusted_authserv),
                acknowledge=self._acknowledge,
            )
        except OmbudError as error:
            if error.code == "unavailable":
                raise  # nothing is wrong with the message
            log.warning("mail goes to quarantine", mail=mail.id, code=error.code, reason=error.message)
            self._desk.run(_system(), actions.refuse, mail.id, error.code, error.message)
            decision = None
        except Exception:
            log.exception("mail goes to quarantine", mail=mail.id)
            self._desk.run(_system(), actions.refuse, mail.id, "unexpected", "the desk could not handle it")
            decision = None
        if decision is not None:
            MAIL.labels(decision.outcome.value).inc()
            log.info(
                "mail decided",
                mail=mail.id,
                outcome=decision.outcome.value,
                why=decision.code,
                ticket=decision.ticket_id,
            )
        else:
            MAIL.labels("quarantined").inc()
        return decision

    def _mailboxes_for(self, actor: Actor, raw: bytes, envelope_to: Sequence[str]) -> list[int]:
        if envelope_to:
            found = list(dict.fromkeys(self.mailboxes_at(envelope_to).values()))
            if found:
                return found
        candidates = own_candidates(_headers_of(raw), envelope_to)
        with self._desk.read(actor, fresh=True) as session:
            mailbox: Mailbox | None = session.scalar(queries.mailbox_by_address(candidates))
        if mailbox is None:
            raise UnknownMailbox(
                "No mailbox of this desk has one of the message's recipients as its address."
            )
        return [mailbox.id]


class _Head:
    """Passes pieces on and keeps the first ones: whose mailbox it is, is in the headers."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces
        self.kept = b""

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            if len(self.kept) < HEAD_BYTES:
                self.kept += piece[:HEAD_BYTES]
            yield piece


def _first(pieces: Iterable[bytes], limit: int) -> Iterator[bytes]:
    for piece in pieces:
        yield piece[:limit]
        limit -= len(piece)
        if limit <= 0:
            return


def _receive_at(
    session: Session,
    mailboxes: Sequence[int],
    stored: StoredBytes,
    source: MailSource,
    envelope: tuple[str, Sequence[str]],
) -> list[int | None]:
    """Note an arrival at each of the mailboxes that it was sent to: all of them, or none."""
    return [
        actions.receive(session, mailbox, stored, source, envelope_from=envelope[0], envelope_to=envelope[1])
        for mailbox in mailboxes
    ]


def _system() -> Actor:
    """Return who decides: a request of its own for each message, by which it can be taken back."""
    return Actor.system("mail")


def open_intake(desk: Desk, settings: Settings) -> Intake:
    """Return the intake of a desk, with the store and the key in its data folder."""
    folder = data_dir(settings)
    equip(desk, settings)  # an agent who answers by mail answers the customer
    namer = open_namer(folder)
    store = files_of(settings, limit=settings.mail_limit)
    return Intake(desk, store, namer, acknowledge=Acknowledging(namer))


def decide_about_mail(desk: Desk, _actor: Actor) -> int:
    """The worker's errand: decide about all that waits; returns how many."""
    intake, decided = open_intake(desk, desk.settings), 0
    while step := intake.decide_waiting():
        decided += step
    return decided


def vault_of(settings: Settings) -> Vault:
    """Return the vault of the data folder."""
    return open_vault(data_dir(settings) / "keys")


def _headers_of(raw: bytes) -> ParsedMail:
    """Read a message's headers only: whose mailbox it is must be known before it is accepted."""
    end = min((at for at in (raw.find(b"\n\n"), raw.find(b"\r\n\r\n")) if at >= 0), default=len(raw))
    return parse_message(raw[: end + 4])
