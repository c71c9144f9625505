"""Send mail: a loop of its own that takes what is due from the outbox and hands it to the mailboxes' servers.

Three steps for each message: a short transaction that takes it, the network with no transaction open, a short
one that says how it went. A process that dies in between leaves a lease that ends; the next one sends the message
again, under the same Message-ID. Mailboxes are served side by side, the messages of one after another over one
connection, and a server that cannot be reached holds up nobody else.
"""

import asyncio
import contextlib
import threading
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy.orm import Session

from ombud.config import Settings, words_of
from ombud.db.actor import Actor
from ombud.db.context import DeskSession
from ombud.db.desk import Desk
from ombud.db.open import data_dir
from ombud.errors import Conflict, OmbudError
from ombud.files import FileStore, files_of
from ombud.kit.guard import Guard
from ombud.kit.logs import Log
from ombud.kit.vault import open_vault
from ombud.mail import queries as mailboxes
from ombud.mail.compose import Letter, build_message
from ombud.mail.compose.dkim import signed
from ombud.mail.outgoing import accounts, attempts, queries, writing
from ombud.mail.outgoing.attempts import Claim, Kept
from ombud.mail.outgoing.rules import Verdict
from ombud.mail.outgoing.writing import Loaded
from ombud.mail.probe import server_of
from ombud.mail.secrets import OpenSecret, open_secret
from ombud.mail.smtp import Connection, Server, SignInRefused, Unreachable
from ombud.mail.tokens import TicketNamer, open_namer
from ombud.models import UNSETTLED, MailAuth, OutboundKind, OutboundState
from ombud.notifications.actions import mail_notifications
from ombud.worker.access import AccessTokens

P = ParamSpec("P")
T = TypeVar("T")

log = Log(__name__)

BATCH = 20
LOOK_EVERY = 1.0
"""Seconds between looks at the outbox."""
MAIL_LIMIT = 100 * 2**20


@dataclass(frozen=True, slots=True)
class _Ready:
    """A message that can go out: its bytes, where they are kept, who is still to get it, and from whom."""

    raw: bytes
    kept: Kept | None
    recipients: tuple[str, ...]
    envelope_from: str


class Sender:
    """One process's sending. `run_once` takes what is due and returns how many messages it settled."""

    def __init__(
        self,
        desk: Desk,
        files: FileStore,
        namer: TicketNamer,
        *,
        lease: timedelta = attempts.LEASE,
        connect: Callable[[Server], Connection] = Connection,
        base_url: str = "",
        secret: OpenSecret = open_secret,
        tokens: AccessTokens | None = None,
    ) -> None:
        """`connect` makes the connection to a server; tests have less patience, and certificates of their own.

        `tokens` are for mailboxes that sign in by OAuth 2.
        """
        self._desk = desk
        self._files = files
        self._words = writing.Desk(namer, base_url or desk.settings.base_url or "", files.get)
        self._lease = lease
        self._connect = connect
        self._secret = secret
        self._tokens = tokens
        self._connections: dict[int, Connection] = {}
        self._actor = Actor.system("mail-send")

    @property
    def namer(self) -> TicketNamer:
        """What signs the desk's names."""
        return self._words.namer

    async def run_once(self, limit: int = BATCH) -> int:
        """Send what is due; returns how many messages were taken."""
        claims = await self._in_thread(attempts.claim, limit, self._lease)
        by_mailbox: dict[int, list[Claim]] = defaultdict(list)
        for claim in claims:
            by_mailbox[claim.mailbox_id].append(claim)
        if claims:
            async with self._keeping(claims):
                await asyncio.gather(*(self._serve(mailbox, own) for mailbox, own in by_mailbox.items()))
        return len(claims)

    async def run_until_idle(self) -> int:
        """Send until nothing is due; returns how many attempts were made."""
        done = 0
        while taken := await self.run_once():
            done += taken
        return done

    async def close(self) -> None:
        """End all connections."""
        for connection in self._connections.values():
            await connection.close()
        self._connections.clear()

    async def _serve(self, mailbox_id: int, claims: Sequence[Claim]) -> None:
        problem = ""
        for claim in claims:
            if problem:
                await self._settle(claim, {}, problem=problem)
                continue
            try:
                await self._send(claim)
            except Unreachable as error:
                if isinstance(error, SignInRefused) and self._tokens is not None:
                    self._tokens.forget(mailbox_id)
                problem = str(error)
                await self._settle(claim, {}, problem=problem)
            except OmbudError as error:
                if error.code == "unavailable":
                    await self._settle(claim, {}, problem=error.message)
                    continue
                await self._fail(claim, error.message)
            except Exception:
                # One message that cannot be made must not hold up the next.
                log.exception("mail cannot be made", mail=claim.mail_id)
                await self._fail(claim, "This message could not be made.")
        if problem:
            log.warning("mail will be tried again", mailbox=mailbox_id, reason=problem)

    async def _send(self, claim: Claim) -> None:
        connection = await self._connection(claim.mailbox_id)
        ready = await asyncio.to_thread(self._make_ready, claim)
        if ready is None:
            return
        verdicts: Mapping[str, Verdict] = {}
        if ready.recipients:
            verdicts = await connection.deliver(ready.envelope_from, ready.recipients, ready.raw)
        state = await self._settle(claim, verdicts, kept=ready.kept)
        if state is None:
            log.warning("mail was taken over by another process while it was sent", mail=claim.mail_id)

    def _make_ready(self, claim: Claim) -> _Ready | None:
        """Read the message and make its bytes, or take those of the first attempt; None when it is not ours."""
        with self._desk.read(self._actor) as session:
            loaded = _load(session, claim)
        if loaded is None:
            return None
        mail, mailbox = loaded.mail, loaded.mailbox
        raw = self._files.get(mail.storage_key) if mail.storage_key else self._compose(loaded)
        # A letter with a link is made anew at each attempt, and never kept: its bytes hold the secret.
        stored = None if mail.kind is OutboundKind.ACCOUNT else self._files.put([raw])
        automatic = mail.kind.is_automatic
        return _Ready(
            raw=raw,
            kept=Kept(stored.storage_key, stored.size) if stored is not None else None,
            recipients=tuple(one.email for one in mail.recipients if one.state in UNSETTLED),
            envelope_from="" if automatic else self._words.namer.bounce_address(mailbox.address, mail.id),
        )

    def _compose(self, loaded: Loaded) -> bytes:
        raw = build_message(self._letter(loaded))
        sending, mailbox = loaded.sending, loaded.mailbox
        if sending is not None and sending.dkim_selector and sending.dkim_key:
            raw = signed(
                raw,
                domain=mailbox.address.rpartition("@")[2],
                selector=sending.dkim_selector,
                key=self._secret(sending.dkim_key, ("mailbox_sending", "dkim_key", mailbox.id)).encode(),
            )
        return raw

    def _letter(self, loaded: Loaded) -> Letter:
        if loaded.mail.kind is not OutboundKind.ACCOUNT:
            return writing.write_letter(loaded, replace(self._words, name=self._desk.current.desk_name))
        about, secret = loaded.about, ""
        if about is None or (about.kind.purpose is not None and about.sealed is None):
            raise Conflict("This letter's link was cut when it was settled. Send a new letter.")
        if about.sealed is not None:
            secret = self._secret(about.sealed, accounts.place_of(about.mail_id))
        named = {"base_url": self._words.base_url, "desk_name": self._desk.current.desk_name}
        return accounts.account_letter(loaded.mail, loaded.mailbox, about, secret, **named)

    async def _connection(self, mailbox_id: int) -> Connection:
        server = await asyncio.to_thread(self._look_up, mailbox_id)
        found = self._connections.get(mailbox_id)
        if found is None or found.server != server:
            if found is not None:
                await found.close()  # the mailbox was set up anew
            found = self._connections[mailbox_id] = self._connect(server)
        return found

    def _look_up(self, mailbox_id: int) -> Server:
        with self._desk.read(self._actor) as session:
            mailbox = session.scalars(mailboxes.mailbox_with_secrets(mailbox_id)).one()
        if not (mailbox.is_active and mailbox.smtp_host):
            raise Unreachable("This mailbox does not send any more.")
        if mailbox.auth is not MailAuth.OAUTH or self._tokens is None:
            sealed = ("mailboxes", "smtp_secret", mailbox.id)
            return server_of(mailbox, self._secret(mailbox.smtp_secret, sealed))
        try:
            return server_of(mailbox, self._tokens.of(mailbox))
        except OmbudError as error:
            raise Unreachable(error.message) from error

    async def _settle(
        self, claim: Claim, verdicts: Mapping[str, Verdict], *, kept: Kept | None = None, problem: str = ""
    ) -> OutboundState | None:
        return await self._in_thread(attempts.settle, claim, verdicts, kept=kept, problem=problem)

    async def _fail(self, claim: Claim, problem: str) -> None:
        await self._in_thread(attempts.give_up, claim, problem)

    async def _in_thread(
        self, action: Callable[Concatenate[DeskSession, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        return await asyncio.to_thread(partial(self._desk.run, self._actor, action, *args, **kwargs))

    @contextlib.asynccontextmanager
    async def _keeping(self, claims: Sequence[Claim]) -> AsyncIterator[None]:
        """Renew the leases for as long as the block lasts: a large message over a slow line takes its time."""

        async def keep() -> None:
            while True:
                await asyncio.sleep(self._lease.total_seconds() / 3)
                with contextlib.suppress(OmbudError):
                    await self._in_thread(attempts.renew, claims, self._lease)

        task = asyncio.create_task(keep(), name="ombud-mail-lease")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])


def open_sender(desk: Desk, settings: Settings) -> Sender:
    """Return the sender of a desk, with the store and the keys in its data folder, and the guard of its settings."""
    folder = data_dir(settings)
    vault, guard = open_vault(folder / "keys"), Guard(words_of(settings.internal_hosts))
    return Sender(
        desk,
        files_of(settings, limit=MAIL_LIMIT),
        open_namer(folder),
        connect=partial(Connection, guard=guard),
        secret=lambda sealed, place: vault.open(sealed, place) if sealed is not None else "",
        tokens=AccessTokens(desk, vault, guard, Actor.system("mail-send")),
    )


def write_requested_letters(desk: Desk, settings: Settings) -> int:
    """Queue the letters about accounts that were asked for; returns how many requests that were."""
    vault = open_vault(data_dir(settings) / "keys")
    return desk.run(
        Actor.system("account-mail"),
        accounts.write_requested,
        vault,
        settings.base_url or "",
        sign_in_links=settings.sign_in_links,
    )


def send_mail(desk: Desk, stop: threading.Event) -> None:
    """Send what comes into the outbox until `stop` is set: what the worker's thread does, in a loop of its own."""
    asyncio.run(_keep_sending(desk, stop))


async def _keep_sending(desk: Desk, stop: threading.Event) -> None:
    sender: Sender | None = None
    told = Actor.system("mail-notify")
    try:
        while not stop.is_set():
            busy = 0
            try:
                sender = sender or open_sender(desk, desk.settings)
                await asyncio.to_thread(desk.run, told, mail_notifications, sender.namer)
                await asyncio.to_thread(write_requested_letters, desk, desk.current)
                busy = await sender.run_once()
            except OmbudError as error:
                log.warning("sending mail will be tried again", code=error.code, reason=error.message)
            except Exception:
                log.exception("sending mail will be tried again")
            if not busy:
                await asyncio.to_thread(stop.wait, LOOK_EVERY)
    finally:
        if sender is not None:
            await sender.close()


def _load(session: Session, claim: Claim) -> Loaded | None:
    mail = session.scalar(queries.letter(claim.mail_id))
    if mail is None or mail.attempt != claim.attempt or mail.mailbox_id is None:
        return None
    sending = session.scalar(queries.sending_of(mail.mailbox_id))
    team_id = mail.ticket.team_id if mail.ticket is not None else None
    before = None
    if (
        sending is not None
        and sending.quotes_history
        and mail.comment_id is not None
        and mail.ticket_id is not None
    ):
        before = session.scalar(queries.said_before(mail.ticket_id, mail.comment_id))
    templates = session.scalars(queries.templates_for(team_id)).all()
    about = session.scalar(queries.account_letter(mail.id)) if mail.kind is OutboundKind.ACCOUNT else None
    return Loaded(mail, sending, templates, before, about)
