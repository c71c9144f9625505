"""Files: put them on tickets and comments, fetch them."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import File, Request, Response, UploadFile
from fastapi.responses import StreamingResponse
from sqlalchemy.orm import Session

from ombud.api import lookup
from ombud.api.calls import Call, CurrentCall
from ombud.api.conditional import unless_known
from ombud.api.created import Created
from ombud.api.handing import handed_out
from ombud.api.routing import api_router, problems
from ombud.api.schemas.base import Page, PathId, TicketNumber
from ombud.api.schemas.conversation import Attachment
from ombud.audit import record_access
from ombud.db.context import actor_of
from ombud.errors import Invalid, NotFound
from ombud.files import download_headers, part_of
from ombud.files.store import CHUNK
from ombud.models import AccessKind
from ombud.models import Attachment as AttachmentRow
from ombud.tickets import StoredFile, attach_file, check_right_to_attach, queries, remove_attachment

router = api_router("Attachments")

Upload = Annotated[UploadFile, File(description="The file.")]
_BYTES = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}


@router.get("/tickets/{number}/attachments")
async def list_attachments(number: TicketNumber, call: CurrentCall) -> Page[Attachment]:
    """List the files of a ticket itself; those of comments come with the comments."""
    rows = await call.read(_attachments, number)
    return Page(items=[Attachment.of(row) for row in rows], next_cursor=None)


@router.post("/tickets/{number}/attachments", status_code=201, responses=problems(400, 409, 413, 415))
async def create_attachment(
    number: TicketNumber, file: Upload, call: CurrentCall, created: Created
) -> Attachment:
    """Attach a file to a ticket."""
    attachment = await _attach(call, number, None, file)
    created.at(f"/attachments/{attachment.id}")
    return attachment


@router.post(
    "/tickets/{number}/comments/{comment_id}/attachments",
    status_code=201,
    responses=problems(400, 409, 413, 415),
)
async def create_comment_attachment(
    number: TicketNumber, comment_id: PathId, file: Upload, call: CurrentCall, created: Created
) -> Attachment:
    """Attach a file to a comment of the caller's own."""
    attachment = await _attach(call, number, comment_id, file)
    created.at(f"/attachments/{attachment.id}")
    return attachment


@router.get("/attachments/{attachment_id}")
async def read_attachment(attachment_id: PathId, call: CurrentCall) -> Attachment:
    """Read a file's record."""
    return Attachment.of(await call.read(_attachment, attachment_id))


@router.delete("/attachments/{attachment_id}", status_code=204, responses=problems(409))
async def delete_attachment(attachment_id: PathId, call: CurrentCall) -> None:
    """Take a file off, for good: for who changes tickets, and for who put it there."""
    await call.write(remove_attachment, attachment_id)


@router.get(
    "/attachments/{attachment_id}/content",
    response_class=StreamingResponse,
    responses={
        200: {"description": "The bytes, as a download.", "content": _BYTES},
        206: {"description": "The part of them that a `Range` header asked for.", "content": _BYTES},
        **problems(416),
    },
)
async def read_attachment_content(attachment_id: PathId, call: CurrentCall, request: Request) -> Response:
    """Download a file, or with a `Range` header (one range of bytes) a part of it."""

    async def described() -> dict[str, str]:
        return _headers(await call.read(_attachment, attachment_id))

    if request.state.is_head:
        return Response(headers=await described())
    known = await unless_known(request, described)
    if known is not None:
        return known
    record = await call.write(_download, attachment_id)
    headers = _headers(record)
    part = part_of(request.headers, headers)
    opened = await call.runtime.files.aopen(record.storage_key, part.bounds if part is not None else None)
    pieces = handed_out(request, call, opened, _attachment, attachment_id)
    if part is None:
        return StreamingResponse(pieces, headers=headers)
    return StreamingResponse(pieces, 206, headers | part.headers)


async def _attach(call: Call, number: str, comment_id: int | None, upload: UploadFile) -> Attachment:
    """Check the right, store the bytes, then record them: three steps, no transaction open during the second."""
    ticket_id = await call.read(_may_attach, number, comment_id)
    if not upload.filename:
        raise Invalid(fields={"file": "needs a file name."})
    source = upload.file
    stored = await call.runtime.files.aput(iter(lambda: source.read(CHUNK), b""))
    file = StoredFile(
        file_name=upload.filename,
        content_type=upload.content_type or "application/octet-stream",
        size=stored.size,
        checksum=stored.checksum,
        storage_key=stored.storage_key,
    )
    return await call.write(_record, ticket_id, file, comment_id)


def _may_attach(session: Session, number: str, comment_id: int | None) -> int:
    ticket_id = lookup.ticket_id(session, number)
    check_right_to_attach(session, ticket_id, comment_id)
    return ticket_id


def _record(session: Session, ticket_id: int, file: StoredFile, comment_id: int | None) -> Attachment:
    return Attachment.of(attach_file(session, ticket_id, file, comment_id=comment_id))


def _attachments(session: Session, number: str) -> Sequence[AttachmentRow]:
    found = lookup.ticket_id(session, number)
    return session.scalars(queries.attachments_of(actor_of(session), found)).all()


def _download(session: Session, attachment_id: int) -> AttachmentRow:
    """Note the download; it is committed before the first byte leaves."""
    record = _attachment(session, attachment_id)
    record_access(session, AccessKind.DOWNLOAD, f"attachment:{record.id}")
    return record


def _headers(record: AttachmentRow) -> dict[str, str]:
    return download_headers(
        file_name=record.file_name,
        content_type=record.content_type,
        size=record.size,
        checksum=record.checksum,
    )


def _attachment(session: Session, attachment_id: int) -> AttachmentRow:
    record = session.scalar(queries.attachment_by_id(actor_of(session), attachment_id))
    if record is None:
        raise NotFound("There is no such file here.")
    return record
