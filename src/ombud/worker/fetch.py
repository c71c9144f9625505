"""Fetch mail by IMAP: each mailbox in a thread of its own that waits for the server to say that mail came.

A message is stored, then noted and committed together with how far the mailbox was read, and only then moved or
marked on the server. Whatever ends the process in between, the next fetch takes up where the commit was: what
comes twice is recognised by its bytes.
"""

import threading
import time
from collections.abc import Iterator, Sequence
from datetime import datetime

from ombud.config import Settings, words_of
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.errors import NotFound, OmbudError
from ombud.files import StoredBytes
from ombud.kit.guard import Guard, Unreachable
from ombud.kit.logs import Log
from ombud.kit.vault import Vault
from ombud.mail import queries
from ombud.mail.actions import fetch as actions
from ombud.mail.actions.mailboxes import secret_of
from ombud.mail.imap import IMAP_ERRORS, TOGETHER, TOGETHER_BYTES, Account, Folder, NotSignedIn, open_folder
from ombud.mail.probe import account_of
from ombud.models import MailAuth, Mailbox
from ombud.worker.access import AccessTokens
from ombud.worker.intake import Intake, open_intake, vault_of

log = Log(__name__)

LOOK_AGAIN = 60.0
"""Seconds after which a mailbox is looked at even if its server said nothing."""
WAITS = (5.0, 30.0, 120.0, 600.0)
"""Seconds before trying again after the first, second, ... failure in a row."""
SUPERVISE = 10.0


class Fetcher:
    """Fetches one mailbox. Not shared between threads."""

    def __init__(self, desk: Desk, intake: Intake, vault: Vault, guard: Guard, mailbox_id: int) -> None:
        self._desk, self._intake, self._vault, self._guard = desk, intake, vault, guard
        self._mailbox_id = mailbox_id
        self._tokens = AccessTokens(desk, vault, guard, self._actor())

    def fetch(self) -> int:
        """Fetch what is new, once; returns how many messages that was. Unreachable says what is wrong."""
        with self._opened() as (mailbox, folder):
            return self._take_new(mailbox, folder)

    def stay(self, stop: threading.Event) -> None:
        """Fetch, wait for more, fetch again, until `stop` is set or the connection ends."""
        with self._opened() as (mailbox, folder):
            while not stop.is_set():
                self._take_new(mailbox, folder)
                if not folder.can_idle():
                    stop.wait(LOOK_AGAIN)
                    folder.client.noop()
                    continue
                _idle(folder, stop)

    def _opened(self) -> "_Opened":
        with self._desk.read(self._actor(), fresh=True) as session:
            mailbox = session.scalar(queries.mailbox_with_secrets(self._mailbox_id))
        if mailbox is None:
            raise NotFound("There is no such mailbox here.")
        try:
            folder = open_folder(self._account(mailbox), mailbox.imap_folder, self._guard)
        except OmbudError as error:
            if isinstance(error, NotSignedIn):
                self._tokens.forget(mailbox.id)
            self._desk.run(self._actor(), actions.note_fetch, mailbox.id, error.message)
            raise
        return _Opened(mailbox, folder)

    def _account(self, mailbox: Mailbox) -> Account:
        is_token = mailbox.auth is MailAuth.OAUTH
        secret = self._tokens.of(mailbox) if is_token else secret_of(self._vault, mailbox, "imap_secret")
        return account_of(mailbox, secret)

    def _take_new(self, mailbox: Mailbox, folder: Folder) -> int:
        position = self._desk.run(self._actor(), actions.position_of, mailbox.id)
        if position.uid_validity != folder.uid_validity:
            skipped = mailbox.imap_skips_old and position.uid_validity == 0
            position = self._desk.run(
                self._actor(),
                actions.begin_at,
                mailbox.id,
                folder.uid_validity,
                folder.uid_next - 1 if skipped else 0,
            )
        fresh = 0
        for uids in self._batches(folder, folder.new_uids(position.last_uid)):
            fresh += self._desk.run(
                self._actor(), actions.receive_fetched, mailbox.id, list(self._stored(folder, uids))
            )
        settled = folder.new_uids(position.settled_uid)
        last = self._desk.run(self._actor(), actions.position_of, mailbox.id).last_uid
        ours = [uid for uid in settled if uid <= last]
        folder.take_away(ours, mailbox.imap_moves_to)
        if last > position.settled_uid:
            self._desk.run(self._actor(), actions.note_settled, mailbox.id, last)
        self._desk.run(self._actor(), actions.note_fetch, mailbox.id)
        return fresh

    def _batches(self, folder: Folder, uids: Sequence[int]) -> Iterator[list[tuple[int, int]]]:
        """Yield (number, size) of messages to take together; a large one comes alone."""
        for start in range(0, len(uids), TOGETHER):
            batch: list[tuple[int, int]] = []
            for uid, size in sorted(folder.sizes(uids[start : start + TOGETHER]).items()):
                if batch and sum(known for _, known in batch) + size > TOGETHER_BYTES:
                    yield batch
                    batch = []
                batch.append((uid, size))
            if batch:
                yield batch

    def _stored(self, folder: Folder, batch: Sequence[tuple[int, int]]) -> Iterator[tuple[int, StoredBytes]]:
        if len(batch) == 1:
            uid, size = batch[0]
            yield uid, self._intake.store_cut(folder.pieces(uid, size), size)
            return
        found = folder.messages([uid for uid, _ in batch])
        for uid, _ in batch:
            if uid in found:
                yield uid, self._intake.store_cut([found[uid]], len(found[uid]))

    def _actor(self) -> Actor:
        return Actor.system("mail/imap")


class _Opened:
    """A mailbox with its folder open, closed at the end; connection errors become Unreachable."""

    def __init__(self, mailbox: Mailbox, folder: Folder) -> None:
        self._mailbox, self._folder = mailbox, folder

    def __enter__(self) -> tuple[Mailbox, Folder]:
        return self._mailbox, self._folder

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        try:
            self._folder.logout()
        except IMAP_ERRORS:
            pass  # the connection is gone, and with it the session
        if isinstance(error, IMAP_ERRORS) and not isinstance(error, OmbudError):
            raise Unreachable(f"{self._mailbox.imap_host} ended the connection.") from error


def open_fetcher(desk: Desk, settings: Settings, mailbox_id: int) -> Fetcher:
    """Return the fetcher of one mailbox, with store, keys and guard as the settings say."""
    guard = Guard(words_of(settings.internal_hosts))
    return Fetcher(desk, open_intake(desk, settings), vault_of(settings), guard, mailbox_id)


def keep_fetching(desk: Desk, stop: threading.Event) -> None:
    """Fetch all mailboxes that are fetched by IMAP, each in a thread, until `stop`; changed ones start anew."""
    running: dict[int, tuple[datetime, threading.Event, threading.Thread]] = {}
    while not stop.wait(0 if not running else SUPERVISE):
        wanted = _wanted(desk)
        for mailbox_id, (seen, end, _thread) in list(running.items()):
            if wanted.get(mailbox_id) != seen:
                end.set()
                del running[mailbox_id]
        for mailbox_id, changed in wanted.items():
            if mailbox_id not in running:
                end = threading.Event()
                thread = threading.Thread(
                    target=_stay, args=(desk, mailbox_id, end), name=f"ombud-imap-{mailbox_id}", daemon=True
                )
                running[mailbox_id] = (changed, end, thread)
                thread.start()
        if not running:
            stop.wait(SUPERVISE)
    for _seen, end, _thread in running.values():
        end.set()
    for _seen, _end, thread in running.values():
        thread.join(timeout=5)


def _wanted(desk: Desk) -> dict[int, datetime]:
    try:
        with desk.read(Actor.system("mail/imap")) as session:
            return {row.id: row.updated_at for row in session.execute(queries.fetched_mailboxes())}
    except OmbudError as error:
        log.warning("mailboxes cannot be looked up", code=error.code, reason=error.message)
        return {}


def _stay(desk: Desk, mailbox_id: int, stop: threading.Event) -> None:
    failures = 0
    while not stop.is_set():
        began = time.monotonic()
        try:
            open_fetcher(desk, desk.settings, mailbox_id).stay(stop)
        except OmbudError as error:
            log.warning(
                "mailbox will be tried again", mailbox=mailbox_id, code=error.code, reason=error.message
            )
        except Exception:
            log.exception("mailbox will be tried again", mailbox=mailbox_id)
        failures = 0 if time.monotonic() - began > LOOK_AGAIN else failures + 1
        stop.wait(WAITS[min(failures, len(WAITS)) - 1] if failures else WAITS[0])


def _idle(folder: Folder, stop: threading.Event) -> None:
    """Wait until the server says something, a minute has passed, or `stop` is set."""
    until = time.monotonic() + LOOK_AGAIN
    with folder.idle as idle:
        while not stop.is_set() and time.monotonic() < until:
            if idle.poll(timeout=1):
                return
