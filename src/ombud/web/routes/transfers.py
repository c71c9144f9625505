"""Settings: imports and exports, which the worker does. For administrators, and whose custom role says so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.datastructures import FormData, UploadFile
from starlette.responses import Response, StreamingResponse

from ombud.config import Settings
from ombud.db.actor import Actor
from ombud.db.context import actor_of
from ombud.db.permissions import Permission
from ombud.errors import Conflict, Forbidden, Invalid, NotFound, OmbudError
from ombud.files import part_of
from ombud.files.store import CHUNK
from ombud.models import TransferFormat, TransferJob, TransferKind, TransferProblem
from ombud.transfer.jobs import (
    Upload,
    drop_upload,
    end_job,
    file_of_export,
    get_job,
    note_download,
    queries,
    repeat_import,
    start_export,
    start_import,
)
from ombud.transfer.jobs.actions import clean_mapping
from ombud.transfer.jobs.policy import require_right_to_format, require_right_to_transfer
from ombud.transfer.jobs.rules import KEPT, PROBLEMS, STANDARD_MAPPING, file_headers
from ombud.web import queries as web_queries
from ombud.web.answers import go_to, page
from ombud.web.around import make_frame, read_around
from ombud.web.auth import SignedIn, Visitor, handed_out
from ombud.web.forms import MAX_FILES, SignedForm, field_errors, text_of
from ombud.web.place import at
from ombud.web.routes.mail import _number
from ombud.web.settings import enter
from ombud.web.views.menus import Option
from ombud.web.views.transfers import FORMAT_WORDS, HERE, TransferRow, transfer_row
from ombud.web.wording import size

router = APIRouter(prefix=HERE)

SHOWN = 20
"""Jobs of each kind on the page; the API lists all."""
PAGE = 100
_FIELDS = {"format": "What it is", "file": "The file", "mapping": "What the columns mean:"}
_NOUNS = {f"{kind.value}s": kind for kind in TransferKind}


@router.get("")
async def list_transfers(request: Request, visitor: SignedIn) -> Response:
    """Show one's exports and imports (an administrator's list is everybody's), and forms to start one."""
    enter(visitor.actor, "transfers")
    return await _list(request, visitor)


@router.post("/exports")
async def export(request: Request, visitor: SignedIn, form: SignedForm) -> Response:
    """Ask for an export."""
    require_right_to_transfer(visitor.actor, TransferKind.EXPORT)
    visitor.require_fresh()
    try:
        await visitor.desk.arun(
            visitor.actor,
            start_export,
            _format(form),
            includes_files=bool(text_of(form, "includes_files")),
        )
    except (Invalid, Conflict) as error:
        return await _list(request, visitor, error=error)
    return go_to(request, at(HERE))


@router.post("/imports")
async def bring(request: Request, visitor: SignedIn, form: SignedForm) -> Response:
    """Take a file, and check or import it."""
    require_right_to_transfer(visitor.actor, TransferKind.IMPORT)
    visitor.require_fresh()
    try:
        made = await _brought(visitor, await _upload(visitor, form))
    except (Invalid, Conflict) as error:
        return await _list(request, visitor, form=form, error=error)
    return go_to(request, at(f"{HERE}/imports/{made.id}"))


@router.get("/imports/{import_id}")
async def show_import(request: Request, visitor: SignedIn, import_id: str) -> Response:
    """Show how far an import is, and the rows that do not come in."""
    after = request.query_params.get("after", "")
    return await _one(request, visitor, _number(import_id), _number(after) if after else 0)


@router.post("/imports/{import_id}/repetition")
async def repeat(request: Request, visitor: SignedIn, _signed: SignedForm, import_id: str) -> Response:
    """Import the same file in earnest: after a dry run, or one that failed."""
    visitor.require_fresh()
    made = await visitor.desk.arun(visitor.actor, repeat_import, _number(import_id))
    return go_to(request, at(f"{HERE}/imports/{made.id}"))


@router.get("/exports/{export_id}/file")
async def download(request: Request, visitor: SignedIn, export_id: str) -> Response:
    """Send an export's file."""
    # Committed before the first byte leaves: what cannot be noted is not sent.
    job = await visitor.desk.arun(visitor.actor, note_download, _number(export_id))
    headers = file_headers(job)
    part = part_of(request.headers, headers)
    files = visitor.parts.runtime.files
    opened = await files.aopen(job.storage_key or "", part.bounds if part is not None else None)
    pieces = handed_out(request, visitor, opened, file_of_export, job.id)
    if part is None:
        return StreamingResponse(pieces, headers=headers)
    return StreamingResponse(pieces, 206, headers | part.headers)


@router.post("/{noun}/{job_id}/end")
async def end(request: Request, visitor: SignedIn, _signed: SignedForm, noun: str, job_id: str) -> Response:
    """Cancel a job that is under way, or remove one that is over."""
    if noun not in _NOUNS:
        raise NotFound
    await visitor.desk.arun(visitor.actor, end_job, _NOUNS[noun], _number(job_id))
    return go_to(request, at(HERE))


def _can(actor: Actor) -> dict[str, bool]:
    if not actor.is_staff:
        raise Forbidden("Only the support team can do that.")
    return {
        "can_export": actor.may(Permission.EXPORTS_MAKE),
        "can_import": actor.may(Permission.IMPORTS_MAKE),
    }


def _format(form: FormData) -> TransferFormat:
    try:
        return TransferFormat(text_of(form, "format"))
    except ValueError:
        raise Invalid(fields={"format": "is not one of the choices."}) from None


def _most(settings: Settings) -> int:
    """Return how many bytes a file may have that comes by a form; the API takes larger ones where it may."""
    return min(settings.transfer_limit, MAX_FILES * settings.attachment_limit)


async def _upload(visitor: Visitor, form: FormData) -> Upload:
    """Check what can be checked, then store the file: before any transaction."""
    format_, mapping, file = _format(form), text_of(form, "mapping"), form.get("file")
    if format_ is TransferFormat.JSONL:
        mapping = ""
    require_right_to_format(visitor.actor, TransferKind.IMPORT, format_)
    clean_mapping(format_, mapping)
    if not isinstance(file, UploadFile) or not file.filename:
        raise Invalid(fields={"file": "is missing."})
    source = file.file
    runtime = visitor.parts.runtime
    stored = await runtime.files.up_to(_most(runtime.current)).aput(iter(lambda: source.read(CHUNK), b""))
    return Upload(file.filename, stored, format_, mapping, bool(text_of(form, "dry_run")))


async def _brought(visitor: Visitor, upload: Upload) -> TransferJob:
    try:
        return await visitor.desk.arun(visitor.actor, start_import, upload)
    except OmbudError:
        await visitor.desk.arun(Actor.system("imports"), drop_upload, upload.stored.storage_key)
        raise


async def _list(
    request: Request,
    visitor: Visitor,
    *,
    form: FormData | None = None,
    error: Invalid | Conflict | None = None,
) -> Response:
    can = _can(visitor.actor)
    async with visitor.desk.aread(visitor.actor, fresh=True) as session:
        around = read_around((await session.execute(web_queries.surroundings(visitor.actor))).one())
        rows = {
            noun: [_row(one) for one in await session.run_sync(_jobs, kind)]
            for noun, kind in _NOUNS.items()
            if can[f"can_{kind.value}"]
        }
    errors = field_errors(error, _FIELDS) if isinstance(error, Invalid) else dict.fromkeys(_FIELDS, "")
    chosen = text_of(form, "format") if form is not None else TransferFormat.CSV.value
    context: dict[str, Any] = {
        "frame": make_frame(request, visitor, around, "settings"),
        **can,
        "exports": rows.get("exports", []),
        "imports": rows.get("imports", []),
        "is_busy": any(one.is_open for found in rows.values() for one in found),
        "export_formats": [Option(one.value, word, selected=False) for one, word in FORMAT_WORDS.items()],
        "import_formats": [
            Option(one.value, word, selected=one.value == chosen)
            for one, word in FORMAT_WORDS.items()
            if one is TransferFormat.CSV or visitor.actor.is_admin
        ],
        "mapping": text_of(form, "mapping") if form is not None else STANDARD_MAPPING,
        "dry_run": form is None or bool(text_of(form, "dry_run")),
        "most": size(_most(visitor.parts.runtime.current)),
        "days": KEPT.days,
        "errors": errors,
        "failure": error.message if error is not None and not any(errors.values()) else "",
        "is_fresh": visitor.is_fresh,
    }
    return page(request, "pages/transfers.html", context, status=422 if error is not None else 200)


async def _one(request: Request, visitor: Visitor, import_id: int, after: int) -> Response:
    async with visitor.desk.aread(visitor.actor, fresh=True) as session:
        job, problems = await session.run_sync(_load, import_id, after)
        around = read_around((await session.execute(web_queries.surroundings(visitor.actor))).one())
    more = f"{HERE}/imports/{import_id}?after={problems[PAGE - 1].id}" if len(problems) > PAGE else ""
    context: dict[str, Any] = {
        "frame": make_frame(request, visitor, around, "settings"),
        "job": _row(job),
        "counted": job.left_out,
        "told": PROBLEMS,
        "problems": problems[:PAGE],
        "next_href": at(more),
        "can_repeat": job.state.is_settled and job.storage_key is not None,
        "is_dry": job.dry_run,
        "days": KEPT.days,
        "is_fresh": visitor.is_fresh,
    }
    return page(request, "pages/transfer.html", context)


def _row(job: TransferJob) -> TransferRow:
    return transfer_row(job, job.settled_at + KEPT if job.settled_at is not None else None)


def _jobs(session: Session, kind: TransferKind) -> Sequence[TransferJob]:
    return session.scalars(queries.latest_jobs(actor_of(session), kind, limit=SHOWN)).all()


def _load(session: Session, import_id: int, after: int) -> tuple[TransferJob, list[TransferProblem]]:
    job = get_job(session, TransferKind.IMPORT, import_id)
    wanted = queries.problems(actor_of(session), job.id, after=after, limit=PAGE + 1)
    return job, list(session.scalars(wanted))
