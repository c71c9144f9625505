"""Exports, made by the worker: ask for one, see how far it is, fetch it. For administrators, and by a custom role."""

from collections.abc import Sequence

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from sqlalchemy.orm import Session

from ombud.api.calls import CurrentCall
from ombud.api.conditional import unless_known
from ombud.api.created import Created
from ombud.api.handing import handed_out
from ombud.api.paging import Link, WhichPage, cursor_at
from ombud.api.routing import api_router, problems
from ombud.api.schemas.base import BIGINT_MAX, Page, PathId
from ombud.api.schemas.transfers import Export, NewExport
from ombud.db.context import actor_of
from ombud.files import part_of
from ombud.models import TransferJob, TransferKind
from ombud.transfer.jobs import end_job, file_of_export, get_job, note_download, queries, start_export
from ombud.transfer.jobs.policy import require_right_to_transfer
from ombud.transfer.jobs.rules import file_headers

router = api_router("Exports and imports")

_BYTES = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}


@router.get("/exports")
async def list_exports(page: WhichPage, call: CurrentCall, link: Link) -> Page[Export]:
    """List the caller's exports, newest first; an administrator's list is everybody's."""
    before = page.after_id("-exports", start=BIGINT_MAX)
    rows = await call.read(list_jobs, TransferKind.EXPORT, before, page.limit + 1)
    return link.page(rows, page.limit, Export.of, lambda one: cursor_at("-exports", one.id))


@router.post("/exports", status_code=201, responses=problems(409, 413, 415))
async def create_export(body: NewExport, call: CurrentCall, created: Created) -> Export:
    """Ask for an export of all that the caller sees. Each person has one export or import under way."""
    made = await call.write(_start, body)
    created.at(f"/exports/{made.id}")
    return made


@router.get("/exports/{export_id}")
async def read_export(export_id: PathId, call: CurrentCall) -> Export:
    """Read how far an export is."""
    return await call.read(_read, export_id)


@router.delete("/exports/{export_id}", status_code=204)
async def delete_export(export_id: PathId, call: CurrentCall) -> None:
    """Cancel an export that is under way; remove one that is over, with its file."""
    await call.write(end_job, TransferKind.EXPORT, export_id)


@router.get(
    "/exports/{export_id}/file",
    response_class=StreamingResponse,
    responses={
        200: {"description": "The bytes, as a download.", "content": _BYTES},
        206: {"description": "The part of them that a `Range` header asked for.", "content": _BYTES},
        **problems(409, 416),
    },
)
async def read_export_file(export_id: PathId, call: CurrentCall, request: Request) -> Response:
    """Download an export, or with a `Range` header (one range of bytes) a part of it. It is kept for 7 days."""

    async def described() -> dict[str, str]:
        return file_headers(await call.read(file_of_export, export_id))

    if request.state.is_head:
        return Response(headers=await described())
    known = await unless_known(request, described)
    if known is not None:
        return known
    job = await call.write(note_download, export_id)
    headers = file_headers(job)
    part = part_of(request.headers, headers)
    opened = await call.runtime.files.aopen(job.storage_key or "", part.bounds if part is not None else None)
    pieces = handed_out(request, call, opened, file_of_export, export_id)
    if part is None:
        return StreamingResponse(pieces, headers=headers)
    return StreamingResponse(pieces, 206, headers | part.headers)


def list_jobs(session: Session, kind: TransferKind, before: int, limit: int) -> Sequence[TransferJob]:
    """Return the exports or imports that are the actor's to see, newest first."""
    actor = actor_of(session)
    require_right_to_transfer(actor, kind)
    return session.scalars(queries.jobs(actor, kind, before=before, limit=limit)).all()


def _start(session: Session, body: NewExport) -> Export:
    return Export.of(start_export(session, body.format, includes_files=body.includes_files))


def _read(session: Session, export_id: int) -> Export:
    return Export.of(get_job(session, TransferKind.EXPORT, export_id))
