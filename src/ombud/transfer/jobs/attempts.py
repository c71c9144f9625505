"""What the worker does to jobs: take one under a lease, say how far it is, say how it went.

As in the outbox of mail: an attempt has an id, and only its holder settles it. All of it in short transactions, for
the system.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from ombud import clock
from ombud.db.actor import Actor
from ombud.errors import Conflict, Forbidden
from ombud.files import StoredBytes
from ombud.models import TransferFormat, TransferJob, TransferKind, TransferProblem, TransferState
from ombud.people.accounts import find_actor
from ombud.transfer.actions import Loaded
from ombud.transfer.jobs import queries
from ombud.transfer.jobs.policy import require_right_to_format
from ombud.transfer.jobs.rules import ATTEMPTS, LEASE, PROBLEMS
from ombud.transfer.records import LeftOut


class NotHeld(Conflict):
    """Another process has the job, or its owner canceled it: nothing of this attempt counts any more."""

    code = "not_held"
    default_message = "This job is not held any more."


@dataclass(frozen=True, slots=True)
class Claim:
    """A job that this process holds, as it was taken. `read` entries of an import are dealt with."""

    job_id: int
    attempt: str
    kind: TransferKind
    format: TransferFormat
    owner: str
    includes_files: bool
    dry_run: bool
    mapping: str
    storage_key: str
    size: int
    read: int
    since: datetime


def claim(session: Session, lease: timedelta = LEASE) -> Claim | None:
    """Take the next job, or that of a dead process; several processes never take the same.

    One that was begun five times without getting further is given up.
    """
    job, now = session.scalar(queries.to_claim(clock.now())), clock.now()
    if job is None:
        return None
    if job.attempts >= ATTEMPTS:
        _settle(job, TransferState.FAILED, f"It was begun {ATTEMPTS} times, and broke off each time.")
        session.flush()
        return None
    job.state, job.attempt, job.lease_until = TransferState.RUNNING, uuid.uuid4().hex, now + lease
    job.attempts += 1
    # The database's clock: what came in later than this stands in the file twice.
    job.started_at = job.started_at or session.scalars(queries.database_time()).one()
    session.flush()
    return Claim(
        job_id=job.id,
        attempt=job.attempt,
        kind=job.kind,
        format=job.format,
        owner=job.owner.email,
        includes_files=job.includes_files,
        dry_run=job.dry_run,
        mapping=job.mapping,
        storage_key=job.storage_key or "",
        size=job.size or 0,
        read=job.read,
        since=job.started_at,
    )


def owner_of(session: Session, claim: Claim) -> Actor:
    """Return who wanted it, with the rights that they have now; Forbidden when these do not allow it any more."""
    # The address of now: a job goes on when its owner has another one.
    email = session.scalar(queries.owner_address(claim.job_id))
    owner = find_actor(session, email or claim.owner)
    if owner is None:
        raise Forbidden("Who wanted this does not work here any more.")
    require_right_to_format(owner, claim.kind, claim.format)
    return owner


def renew(session: Session, claim: Claim, lease: timedelta = LEASE) -> None:
    """Hold on to a job; raises NotHeld."""
    _held(session, claim).lease_until = clock.now() + lease
    session.flush()


def note_progress(session: Session, claim: Claim, done: int, total: int | None = None) -> None:
    """Say how far an export is; raises NotHeld."""
    job = _held(session, claim)
    job.done = done
    if total is not None:
        job.total = total
    session.flush()


def note_batch(session: Session, claim: Claim, read: int, loaded: Loaded, done: int) -> None:
    """Count a batch of an import, in the transaction that writes it: both, or neither. Raises NotHeld.

    `read` are the entries that the batch deals with, `done` the bytes of the file that are read.
    """
    job = _held(session, claim)
    _keep_problems(session, job, loaded.left_out)
    job.read += read
    job.done, job.total = max(job.done, min(done, claim.size)), claim.size
    job.tickets += loaded.tickets
    job.comments += loaded.comments
    job.people += loaded.people
    job.known += loaded.known
    job.left_out += len(loaded.left_out)
    job.attempts = 0  # it gets further
    session.flush()


def finish_export(session: Session, claim: Claim, stored: StoredBytes, sight: str, tickets: int) -> None:
    """Say that an export is made, and which file it is; raises NotHeld."""
    job = _held(session, claim)
    job.storage_key, job.checksum, job.size = stored.storage_key, stored.checksum, stored.size
    job.sight = sight
    job.done = job.total = job.tickets = tickets
    _settle(job, TransferState.DONE)
    session.flush()


def finish_import(session: Session, claim: Claim) -> None:
    """Say that all of a file was dealt with; raises NotHeld."""
    job = _held(session, claim)
    job.done = job.total = claim.size
    _settle(job, TransferState.DONE)
    session.flush()


def fail(session: Session, claim: Claim, problem: str) -> None:
    """Say why a job came to nothing; raises NotHeld."""
    _settle(_held(session, claim), TransferState.FAILED, problem[:1000])
    session.flush()


def let_go(session: Session, claim: Claim) -> None:
    """Give a job back, for the next process; this was no attempt."""
    job = _held(session, claim)
    job.state, job.lease_until = TransferState.WAITING, None
    job.attempts = max(0, job.attempts - 1)
    session.flush()


def _held(session: Session, claim: Claim) -> TransferJob:
    job = session.scalar(queries.held(claim.job_id, claim.attempt))
    if job is None:
        raise NotHeld
    return job


def _settle(job: TransferJob, state: TransferState, problem: str = "") -> None:
    job.state, job.lease_until, job.settled_at, job.problem = state, None, clock.now(), problem


def _keep_problems(session: Session, job: TransferJob, left_out: Sequence[LeftOut]) -> None:
    room = max(0, PROBLEMS - job.left_out)
    session.add_all(
        TransferProblem(
            job_id=job.id,
            line=one.line,
            key=one.key.replace("\0", "")[:255],
            problems={name: rule.replace("\0", "")[:1000] for name, rule in list(one.problems.items())[:20]},
        )
        for one in left_out[:room]
    )
