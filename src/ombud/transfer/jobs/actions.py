"""Ask for exports and imports, cancel them, remove them. Files are stored before, and fetched after, by the edge."""

from dataclasses import dataclass

from sqlalchemy import delete, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from ombud import clock
from ombud.audit import record_access
from ombud.db.actor import Actor
from ombud.db.context import actor_of
from ombud.errors import Conflict, Invalid, NotFound
from ombud.files import StoredBytes
from ombud.kit.ids import is_id
from ombud.kit.text import clean_line
from ombud.models import (
    AccessKind,
    StaleFile,
    TransferFormat,
    TransferJob,
    TransferKind,
    TransferProblem,
    TransferState,
)
from ombud.transfer.jobs import queries
from ombud.transfer.jobs.policy import require_right_to_format, require_right_to_transfer, sight_of
from ombud.transfer.jobs.rules import KEPT, MAPPING_LIMIT, REMEMBERED, STANDARD_MAPPING
from ombud.transfer.mapping import BadMapping, parse_mapping


class NoFile(Conflict):
    """There is no file to this job, or none any more."""

    code = "no_file"
    default_message = "There is no file: the export is not done, or its file was removed after 7 days."


class SightChanged(Conflict):
    """The owner of an export sees other tickets now than the file holds."""

    code = "sight_changed"
    default_message = "You see other tickets now than when this was exported. Make another export."


@dataclass(frozen=True, slots=True)
class Upload:
    """A file to import that is in the store already. An empty `mapping` is the standard one."""

    file_name: str
    stored: StoredBytes
    format: TransferFormat
    mapping: str = ""
    dry_run: bool = False


def start_export(session: Session, format_: TransferFormat, *, includes_files: bool = True) -> TransferJob:
    """Ask for an export of all that the actor sees; Conflict while they have a job under way.

    With `includes_files` an export as JSON lines holds the bytes of attachments, too.
    """
    actor = actor_of(session)
    require_right_to_format(actor, TransferKind.EXPORT, format_)
    is_whole = format_ is TransferFormat.JSONL
    return _added(
        session,
        TransferJob(
            kind=TransferKind.EXPORT,
            format=format_,
            owner_id=_person(actor),
            includes_files=is_whole and includes_files,
            file_name=f"ombud-{clock.now():%Y-%m-%d}.{format_.value}",
        ),
    )


def start_import(session: Session, upload: Upload) -> TransferJob:
    """Ask for an import; Conflict while the actor has a job under way, BadMapping where that is wrong."""
    actor = actor_of(session)
    require_right_to_format(actor, TransferKind.IMPORT, upload.format)
    return _added(
        session,
        TransferJob(
            kind=TransferKind.IMPORT,
            format=upload.format,
            owner_id=_person(actor),
            dry_run=upload.dry_run,
            mapping=clean_mapping(upload.format, upload.mapping),
            file_name=clean_line("file", upload.file_name.replace("\\", "/").rpartition("/")[2], limit=255),
            storage_key=upload.stored.storage_key,
            checksum=upload.stored.checksum,
            size=upload.stored.size,
        ),
    )


def drop_upload(session: Session, storage_key: str) -> None:
    """Let the worker remove an upload that became no import, unless something else refers to it. For the system."""
    session.execute(upsert(StaleFile).values(storage_key=storage_key).on_conflict_do_nothing().inline())


def repeat_import(session: Session, job_id: int) -> TransferJob:
    """Import the file of an earlier import again, in earnest: what came in already stays as it is.

    For what was a dry run, failed or was canceled. NoFile when its file is gone.
    """
    before = get_job(session, TransferKind.IMPORT, job_id)
    require_right_to_format(actor_of(session), TransferKind.IMPORT, before.format)
    if before.storage_key is None or before.size is None:
        raise NoFile("The file was removed after 7 days. Upload it again.")
    stored = StoredBytes(size=before.size, checksum=before.checksum, storage_key=before.storage_key)
    return start_import(session, Upload(before.file_name, stored, before.format, before.mapping))


def clean_mapping(format_: TransferFormat, text: str) -> str:
    """Return a mapping as stored; Invalid names what is wrong with it."""
    if format_ is TransferFormat.JSONL:
        if text.strip():
            raise Invalid(fields={"mapping": "is for CSV files only."})
        return ""
    if len(text) > MAPPING_LIMIT:
        raise Invalid(fields={"mapping": f"must have at most {MAPPING_LIMIT:,} characters."})
    if not text.strip():
        return STANDARD_MAPPING
    try:
        parse_mapping(text.replace("\r\n", "\n"), "mapping")
    except BadMapping as error:
        raise Invalid(fields={"mapping": error.message.removeprefix("mapping")[:500].lstrip(": ")}) from error
    return text.replace("\r\n", "\n")


def end_job(session: Session, kind: TransferKind, job_id: int) -> None:
    """Cancel a job that is under way; remove one that is over, with its file.

    What an import brought in before it was canceled stays: `undo` takes requests back, and this was none.
    """
    job = get_job(session, kind, job_id)
    if job.state.is_settled:
        session.delete(job)
        session.flush()
        return
    # By a statement that looks again: the worker may have ended it in this moment.
    session.execute(
        update(TransferJob)
        .where(TransferJob.id == job.id, TransferJob.settled_at.is_(None))
        .values(state=TransferState.CANCELED, lease_until=None, settled_at=clock.now()),
        execution_options={"synchronize_session": False},
    )
    session.expire(job)


def get_job(session: Session, kind: TransferKind, job_id: int) -> TransferJob:
    """Return an export or import of the actor's, with its owner; NotFound when there is none."""
    actor = actor_of(session)
    require_right_to_transfer(actor, kind)
    found = session.scalar(queries.job(actor, kind, job_id)) if is_id(job_id) else None
    if found is None:
        raise NotFound(f"There is no such {kind.value} here.")
    return found


def note_download(session: Session, job_id: int) -> TransferJob:
    """Note that the actor fetches an export, and return it; commit before any byte leaves.

    NoFile while it is not done, SightChanged when the owner sees other tickets now than were exported.
    """
    job = file_of_export(session, job_id)
    record_access(session, AccessKind.DOWNLOAD, f"export:{job.id}")
    return job


def file_of_export(session: Session, job_id: int) -> TransferJob:
    """Return an export whose file the actor may have."""
    job, actor = get_job(session, TransferKind.EXPORT, job_id), actor_of(session)
    if job.state is not TransferState.DONE or job.storage_key is None:
        raise NoFile
    if not actor.is_admin and job.sight != sight_of(actor):
        raise SightChanged
    return job


def purge_jobs(session: Session) -> int:
    """Let go of files whose job ended 7 days ago, and forget jobs of 90 days; returns how many. For the system."""
    now = clock.now()
    old = TransferJob.settled_at < now - KEPT
    files = session.execute(
        update(TransferJob).where(old, TransferJob.storage_key.is_not(None)).values(storage_key=None),
        execution_options={"synchronize_session": False},
    )
    ended = TransferProblem.job_id == TransferJob.id
    rows = session.execute(
        delete(TransferProblem).where(ended, old), execution_options={"synchronize_session": False}
    )
    jobs = session.execute(
        delete(TransferJob).where(TransferJob.settled_at < now - REMEMBERED),
        execution_options={"synchronize_session": False},
    )
    return sum(one.rowcount for one in (files, rows, jobs))  # type: ignore[attr-defined]  # CursorResults, as DML gives


def _added(session: Session, job: TransferJob) -> TransferJob:
    session.add(job)
    session.flush()
    return get_job(session, job.kind, job.id)


def _person(actor: Actor) -> int:
    if actor.user_id is None:
        raise Invalid(fields={"owner_id": "must be a person."})
    return actor.user_id
