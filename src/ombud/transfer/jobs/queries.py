"""What is asked about jobs: builders that return a Select."""

from datetime import datetime

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import joinedload

from ombud.db.actor import Actor
from ombud.models import TransferJob, TransferKind, TransferProblem, TransferState, User
from ombud.transfer.jobs.policy import jobs_visible_to


def latest_jobs(actor: Actor, kind: TransferKind, *, limit: int) -> Select[TransferJob]:
    """Return the exports or imports that are the actor's to see, newest first."""
    return (
        select(TransferJob)
        .options(joinedload(TransferJob.owner))
        .where(jobs_visible_to(actor), TransferJob.kind == kind)
        .order_by(TransferJob.id.desc())
        .limit(limit)
    )


def jobs(actor: Actor, kind: TransferKind, *, before: int, limit: int) -> Select[TransferJob]:
    """Return those before one of them."""
    return latest_jobs(actor, kind, limit=limit).where(TransferJob.id < before)


def job(actor: Actor, kind: TransferKind, job_id: int) -> Select[TransferJob]:
    """Return one of them."""
    return (
        select(TransferJob)
        .options(joinedload(TransferJob.owner))
        .where(jobs_visible_to(actor), TransferJob.kind == kind, TransferJob.id == job_id)
    )


def problems(actor: Actor, job_id: int, *, after: int, limit: int) -> Select[TransferProblem]:
    """Return the rows of an import of the actor's that did not come in, in the order of the file."""
    return (
        select(TransferProblem)
        .join(TransferJob, TransferJob.id == TransferProblem.job_id)
        .where(jobs_visible_to(actor), TransferProblem.job_id == job_id, TransferProblem.id > after)
        .order_by(TransferProblem.id)
        .limit(limit)
    )


def to_claim(now: datetime) -> Select[TransferJob]:
    """Return the job that has waited longest, or that a dead process held, locked."""
    left = and_(TransferJob.state == TransferState.RUNNING, TransferJob.lease_until < now)
    return (
        select(TransferJob)
        .options(joinedload(TransferJob.owner))
        .where(
            TransferJob.state.in_((TransferState.WAITING, TransferState.RUNNING)),
            or_(TransferJob.state == TransferState.WAITING, left),
        )
        .order_by(TransferJob.id)
        .limit(1)
        .with_for_update(of=TransferJob, skip_locked=True)
    )


def database_time() -> Select[datetime]:
    """Return the database's clock."""
    return select(func.now())


def held(job_id: int, attempt: str) -> Select[TransferJob]:
    """Return a job that the holder of `attempt` still holds, locked."""
    return (
        select(TransferJob)
        .where(
            TransferJob.id == job_id,
            TransferJob.attempt == attempt,
            TransferJob.state == TransferState.RUNNING,
        )
        .with_for_update()
    )


def owner_address(job_id: int) -> Select[str]:
    """Return the address of whom a job is done for."""
    return (
        select(User.email).join(TransferJob, TransferJob.owner_id == User.id).where(TransferJob.id == job_id)
    )
