"""Do exports and imports, one after the other, in a thread of their own.

A job is held by a lease that a second thread renews. An export is made of one moment, so an interrupted one begins
anew; an import counts each batch in the transaction that writes it, so an interrupted one goes on after the last. What
is canceled meanwhile stops at its next line.
"""

import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO, TypeVar

from sqlalchemy.orm import Session

from ombud.audit import record_access
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.errors import Forbidden, OmbudError, Unavailable
from ombud.files import FileStore, StoredBytes, files_of
from ombud.kit.logs import Log
from ombud.models import AccessKind, TransferFormat, TransferKind
from ombud.transfer import (
    LeftOut,
    Loaded,
    check_tickets,
    load_tickets,
    parse_mapping,
    read_csv,
)
from ombud.transfer.export import csv_lines, json_lines, ticket_count
from ombud.transfer.jobs import attempts
from ombud.transfer.jobs.attempts import Claim, NotHeld
from ombud.transfer.jobs.policy import sight_of
from ombud.transfer.restore import load_export, read_export

log = Log(__name__)

R = TypeVar("R")
Write = Callable[[Session, list[Any]], Loaded]

LOOK_EVERY = 1.0
RENEW_EVERY = 10.0
CHECK_EVERY = 0.8
"""Seconds between looks at whether the owner of a job still may."""
BATCH = 500
TOLD_EVERY = 1000
"""Tickets after which an export says how far it is."""
PIECE = 1 << 18
"""Characters that are written to the file at once."""


class Stopping(Exception):
    """This process ends: the next one does the job."""


class Hold:
    """A job that this process holds for its owner, and what makes it stop."""

    def __init__(self, desk: Desk, actor: Actor, claim: Claim, stop: threading.Event) -> None:
        self._desk, self._actor, self._claim, self._stop = desk, actor, claim, stop
        self._lost, self._over = threading.Event(), threading.Event()
        self._sight, self._looked = "", time.monotonic()

    def owner(self) -> Actor:
        """Return for whom the job is done, with the rights of now; Forbidden when these do not allow it."""
        with self._desk.read(self._actor, fresh=True) as session:
            found = attempts.owner_of(session, self._claim)
        self._sight = self._sight or sight_of(found)
        if sight_of(found) != self._sight:
            raise Forbidden("Who wanted this sees other tickets now than when it was begun.")
        return found

    def check(self) -> None:
        """Raise NotHeld when the job was canceled or taken over, Stopping when this process ends.

        Forbidden when its owner may not do it any more: what came in until then stays.
        """
        if self._lost.is_set():
            raise NotHeld
        if self._stop.is_set():
            raise Stopping
        if time.monotonic() - self._looked >= CHECK_EVERY:
            with suppress(Unavailable):  # asked again at the next line
                self.owner()
                self._looked = time.monotonic()

    @contextmanager
    def renewed(self) -> Iterator[None]:
        """Renew the lease in a thread for as long as the block lasts."""
        thread = threading.Thread(target=self._keep, name="ombud-lease", daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._over.set()
            thread.join(timeout=10)

    def _keep(self) -> None:
        while not self._over.wait(RENEW_EVERY):
            try:
                self._desk.run(self._actor, attempts.renew, self._claim)
            except NotHeld:
                self._lost.set()
                return
            except OmbudError as error:
                log.warning("lease will be renewed again", job=self._claim.job_id, code=error.code)


class Mover:
    """One process's exports and imports."""

    def __init__(self, desk: Desk, files: FileStore, *, attachment_limit: int) -> None:
        """`files` takes files of the size that transfers may have; `attachment_limit` is that of what is in them."""
        self._desk, self.files, self.attachment_limit = desk, files, attachment_limit
        self._actor = Actor.system("transfers")

    def do_next(self, stop: threading.Event) -> bool:
        """Do the job that has waited longest; False when none waits."""
        claim = self._desk.run(self._actor, attempts.claim)
        if claim is None:
            return False
        hold = Hold(self._desk, self._actor, claim, stop)
        try:
            owner = hold.owner()
            with hold.renewed():
                self._do(claim, owner, hold)
        except NotHeld:
            log.info("transfer was canceled or taken over", job=claim.job_id)
        except Stopping:
            with suppress(OmbudError):
                self._desk.run(self._actor, attempts.let_go, claim)
        except Unavailable as error:
            # Nothing is wrong with it: when the lease is over it is taken again.
            log.warning("transfer will be tried again", job=claim.job_id, reason=error.message)
        except OmbudError as error:
            self._fail(claim, _told(error))
        except Exception:
            log.exception("transfer failed", job=claim.job_id)
            self._fail(claim, "The desk could not handle it; its log says more.")
        else:
            log.info("transfer done", job=claim.job_id, kind=claim.kind.value)
        return True

    def _do(self, claim: Claim, owner: Actor, hold: Hold) -> None:
        if claim.kind is TransferKind.EXPORT:
            self._export(claim, owner, hold)
        else:
            self._import(claim, hold)

    def _fail(self, claim: Claim, problem: str) -> None:
        with suppress(NotHeld):
            self._desk.run(self._actor, attempts.fail, claim, problem)

    def _export(self, claim: Claim, owner: Actor, hold: Hold) -> None:
        # Committed before anything is read: without the note nothing leaves.
        self._desk.run(owner, record_access, AccessKind.EXPORT, f"export:{claim.job_id}")
        self._desk.run(self._actor, attempts.note_progress, claim, 0, self._total(claim, owner))
        made = _Counted()
        stored = self.files.put(self._written(claim, owner, hold, made))
        hold.owner()  # a short one was looked at by no one else
        self._desk.run(self._actor, attempts.finish_export, claim, stored, sight_of(owner), made.tickets)

    def _total(self, claim: Claim, owner: Actor) -> int | None:
        """Return how many tickets there will be; None where counting them takes too long."""
        is_whole = claim.format is TransferFormat.JSONL
        try:
            with self._desk.read(owner, fresh=True) as session:
                return session.scalar(ticket_count(owner, deleted=is_whole))
        except Unavailable:
            return None

    def _written(self, claim: Claim, owner: Actor, hold: Hold, made: "_Counted") -> Iterator[bytes]:
        waiting: list[str] = []
        characters = 0
        with self._desk.read(owner, snapshot=True, fresh=True) as session:
            read_file = self.files.get if claim.includes_files else None
            is_whole = claim.format is TransferFormat.JSONL
            for line, is_ticket in json_lines(session, read_file) if is_whole else csv_lines(session):
                hold.check()
                waiting.append(line)
                characters += len(line)
                if is_ticket:
                    made.tickets += 1
                    if made.tickets % TOLD_EVERY == 0:
                        self._desk.run(self._actor, attempts.note_progress, claim, made.tickets)
                if characters > PIECE:
                    yield "".join(waiting).encode()
                    waiting, characters = [], 0
        yield "".join(waiting).encode()

    def _import(self, claim: Claim, hold: Hold) -> None:
        actor = Actor.system(f"import/{claim.job_id}")
        with tempfile.TemporaryFile() as file:
            for piece in self.files.open(claim.storage_key)[1]:
                hold.check()
                file.write(piece)
            file.seek(0)
            entries, write = self._reading(claim, file)
            for batch in _batches(_after(entries, claim.read)):
                hold.check()
                self._desk.run(actor, _write_batch, claim, write, batch, file.tell())
                hold.check()
        self._desk.run(self._actor, attempts.finish_import, claim)

    def _reading(self, claim: Claim, file: BinaryIO) -> tuple[Iterable[Any], Write]:
        """Return what the file holds, and how a batch of it is written."""
        if claim.format is TransferFormat.CSV:
            mapping = parse_mapping(claim.mapping, "The mapping")
            load = check_tickets if claim.dry_run else load_tickets
            return read_csv(file, mapping), lambda session, batch: load(
                session, mapping.source, batch, claim.since
            )
        if claim.dry_run:
            return read_export(file, _keep_nothing, self.attachment_limit), _count_tickets
        return read_export(file, self.files.put, self.attachment_limit), load_export


class _Counted:
    """How many tickets a file holds; known when it is written."""

    tickets = 0


def move_files(desk: Desk, stop: threading.Event) -> None:
    """Do exports and imports until `stop` is set: what the worker's thread does."""
    mover: Mover | None = None
    while not stop.is_set():
        is_busy = False
        try:
            mover = mover or open_mover(desk)
            mover.attachment_limit = desk.current.attachment_limit
            is_busy = mover.do_next(stop)
        except OmbudError as error:
            log.warning("transfers will be looked at again", code=error.code, reason=error.message)
        except Exception:
            log.exception("transfers will be looked at again")
        if not is_busy:
            stop.wait(LOOK_EVERY)


def open_mover(desk: Desk) -> Mover:
    """Return what does a desk's jobs, with the store of its settings."""
    files = files_of(desk.settings).up_to(
        lambda: max(desk.settings.transfer_limit, desk.current.attachment_limit)
    )
    return Mover(desk, files, attachment_limit=desk.current.attachment_limit)


def _write_batch(
    session: Session, claim: Claim, write: Write, batch: Sequence[Any | LeftOut], done: int
) -> None:
    """Write a batch and count it. The job is locked last, so that whoever cancels it does not wait for the batch."""
    records = [entry for entry in batch if not isinstance(entry, LeftOut)]
    loaded = write(session, records) if records else Loaded()
    loaded.left_out += [entry for entry in batch if isinstance(entry, LeftOut)]
    loaded.left_out.sort(key=lambda one: one.line)
    attempts.note_batch(session, claim, len(batch), loaded, done)


def _after(entries: Iterable[R], number: int) -> Iterator[R]:
    """Yield the entries behind the first ones, which an attempt before this one dealt with."""
    for position, entry in enumerate(entries):
        if position >= number:
            yield entry


def _batches(entries: Iterable[R]) -> Iterator[list[R]]:
    batch: list[R] = []
    for entry in entries:
        batch.append(entry)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _count_tickets(_session: Session, batch: list[Any]) -> Loaded:
    return Loaded(tickets=sum(record.type == "ticket" for _line, record in batch))


def _keep_nothing(chunks: Iterable[bytes]) -> StoredBytes:
    return StoredBytes(size=sum(map(len, chunks)), checksum="", storage_key="")


def _told(error: OmbudError) -> str:
    fields = getattr(error, "fields", {})
    return " ".join(f"{name} {rule}" for name, rule in fields.items()) or error.message
