"""Imports, done by the worker: bring a file, see how far it is and what does not come in."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import File, Form, Request, UploadFile
from sqlalchemy.orm import Session

from ombud.api.calls import Call, CurrentCall
from ombud.api.created import Created
from ombud.api.exports import list_jobs
from ombud.api.paging import Link, WhichPage, cursor_at
from ombud.api.routing import TransferRoute, api_router, problems
from ombud.api.schemas.base import BIGINT_MAX, Page, PathId
from ombud.api.schemas.transfers import Import, ImportProblem
from ombud.db.actor import Actor
from ombud.db.context import actor_of
from ombud.errors import Invalid, OmbudError
from ombud.files.store import CHUNK
from ombud.models import TransferFormat, TransferKind, TransferProblem
from ombud.people.accounts import require_fresh
from ombud.transfer.jobs import Upload, drop_upload, end_job, get_job, queries, repeat_import, start_import
from ombud.transfer.jobs.actions import clean_mapping
from ombud.transfer.jobs.policy import require_right_to_format
from ombud.transfer.jobs.rules import MAPPING_LIMIT

router = api_router("Exports and imports")
upload_router = api_router("Exports and imports", TransferRoute)

PARTS = ("file", "format", "mapping", "dry_run")


@router.get("/imports")
async def list_imports(page: WhichPage, call: CurrentCall, link: Link) -> Page[Import]:
    """List the caller's imports, newest first; an administrator's list is everybody's."""
    before = page.after_id("-imports", start=BIGINT_MAX)
    rows = await call.read(list_jobs, TransferKind.IMPORT, before, page.limit + 1)
    return link.page(rows, page.limit, Import.of, lambda one: cursor_at("-imports", one.id))


@upload_router.post("/imports", status_code=201, responses=problems(400, 409, 413, 415))
async def create_import(
    *,
    file: Annotated[UploadFile, File(description="The file.")],
    format: Annotated[TransferFormat, Form(description="What it is.")],  # noqa: A002 - the field's name
    call: CurrentCall,
    request: Request,
    created: Created,
    mapping: Annotated[
        str,
        Form(
            max_length=MAPPING_LIMIT,
            description="Of CSV: what its columns mean, in TOML (docs/import.md). Without it, those of an export.",
        ),
    ] = "",
    dry_run: Annotated[bool, Form(description="Only read and check; change nothing.")] = False,
) -> Import:
    """Bring a file. A second import of it adds what is new and changes nothing else."""
    form = await request.form()
    wrong = {name: "is not a part of this form." for name in form if name not in PARTS}
    wrong |= {name: "must be given once." for name in PARTS if len(form.getlist(name)) > 1}
    if wrong:
        raise Invalid(fields=wrong)
    require_right_to_format(call.actor, TransferKind.IMPORT, format)
    _require_proof(call, format)
    clean_mapping(format, mapping)
    if not file.filename:
        raise Invalid(fields={"file": "needs a file name."})
    source = file.file
    store = call.runtime.files.up_to(call.runtime.settings.transfer_limit)
    stored = await store.aput(iter(lambda: source.read(CHUNK), b""))
    upload = Upload(file.filename, stored, format, mapping, dry_run)
    try:
        made = await call.write(lambda session: Import.of(start_import(session, upload)))
    except OmbudError:
        await call.runtime.desk.arun(Actor.system("imports"), drop_upload, stored.storage_key)
        raise
    created.at(f"/imports/{made.id}")
    return made


@router.get("/imports/{import_id}")
async def read_import(import_id: PathId, call: CurrentCall) -> Import:
    """Read how far an import is, and what came of it."""
    return await call.read(_read, import_id)


@router.get("/imports/{import_id}/errors")
async def list_import_errors(
    import_id: PathId, page: WhichPage, call: CurrentCall, link: Link
) -> Page[ImportProblem]:
    """List the rows that do not come in, in the order of the file: the first 1,000, kept for 7 days."""
    rows = await call.read(_problems, import_id, page.after_id("problems"), page.limit + 1)
    return link.page(rows, page.limit, ImportProblem.of, lambda one: cursor_at("problems", one.id))


@router.post("/imports/{import_id}/repetition", status_code=201, responses=problems(409))
async def repeat_earlier_import(import_id: PathId, call: CurrentCall, created: Created) -> Import:
    """Import the same file again, in earnest: after a dry run, or one that failed. Nothing comes in twice."""
    _require_proof(call, await call.read(_format, import_id))
    made = await call.write(lambda session: Import.of(repeat_import(session, import_id)))
    created.at(f"/imports/{made.id}")
    return made


@router.delete("/imports/{import_id}", status_code=204)
async def delete_import(import_id: PathId, call: CurrentCall) -> None:
    """Cancel an import that is under way (what came in stays); remove the record of one that is over."""
    await call.write(end_job, TransferKind.IMPORT, import_id)


def _require_proof(call: Call, format: TransferFormat) -> None:  # noqa: A002 - as in the API
    """Refuse records from who has not proved lately who they are: they can bring administrators. Programs bring CSV."""
    if format is TransferFormat.JSONL:
        require_fresh(call.principal)


def _format(session: Session, import_id: int) -> TransferFormat:
    return get_job(session, TransferKind.IMPORT, import_id).format


def _read(session: Session, import_id: int) -> Import:
    return Import.of(get_job(session, TransferKind.IMPORT, import_id))


def _problems(session: Session, import_id: int, after: int, limit: int) -> Sequence[TransferProblem]:
    job = get_job(session, TransferKind.IMPORT, import_id)
    return session.scalars(queries.problems(actor_of(session), job.id, after=after, limit=limit)).all()
