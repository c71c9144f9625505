"""Files of tickets: downloads only, never shown by the desk's own origin; and taken off, with a way back."""

from __future__ import annotations

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.responses import Response, StreamingResponse

from ombud.audit import record_access
from ombud.db.context import actor_of
from ombud.errors import NotFound
from ombud.files import content_disposition, part_of
from ombud.models import AccessKind, Attachment
from ombud.tickets import remove_attachment
from ombud.tickets.queries import attachment_by_id
from ombud.web.addresses import read_address
from ombud.web.answers import Toast, go_to, is_htmx
from ombud.web.auth import SignedIn, handed_out
from ombud.web.forms import SignedForm
from ombud.web.place import at
from ombud.web.ticket_view import find_ticket
from ombud.web.updates import changed_ticket

router = APIRouter()

BIGINT_DIGITS = 18


@router.get("/attachments/{attachment_id}")
async def download(request: Request, visitor: SignedIn, attachment_id: str) -> Response:
    """Send a file, if the visitor may see its ticket and its message."""
    key = _key(attachment_id)
    async with visitor.desk.abegin(visitor.actor) as session:
        found = await session.run_sync(_found, key)
        # Committed before the first byte leaves: what cannot be noted is not sent.
        await session.run_sync(record_access, AccessKind.DOWNLOAD, f"attachment:{found.id}")
    headers = {
        "Accept-Ranges": "bytes",
        "Content-Length": str(found.size),
        "Content-Disposition": content_disposition(found.file_name),
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "ETag": f'"{found.checksum}"',
    }
    part = part_of(request.headers, headers)
    pieces = await visitor.parts.runtime.files.aopen(
        found.storage_key, part.bounds if part is not None else None
    )
    # What the sender called it decides nothing: a browser is told that it is bytes to save.
    return StreamingResponse(
        handed_out(request, visitor, pieces, _found, key),
        status_code=200 if part is None else 206,
        media_type="application/octet-stream",
        headers=headers if part is None else headers | part.headers,
    )


@router.post("/tickets/{number}/attachments/{attachment_id}/removal")
async def remove(
    request: Request, visitor: SignedIn, _form: SignedForm, number: str, attachment_id: str
) -> Response:
    """Take a file off its message; the toast, and for a while the line that tells of it, bring it back."""
    key = _key(attachment_id)
    async with visitor.desk.abegin(visitor.actor) as session:
        ticket = await find_ticket(session, visitor, number)
        found = await session.scalar(attachment_by_id(visitor.actor, key))
        if found is None or found.ticket_id != ticket.id:
            raise NotFound("There is no such file here.")
        name = found.file_name
        await session.run_sync(remove_attachment, key)
    if not is_htmx(request):
        return go_to(request, read_address(request.query_params).here(f"/tickets/{number}"))
    toast = Toast(f"{name} is removed.", at("/undo"), {"request": visitor.actor.request_id})
    return await changed_ticket(request, visitor, number, toast=toast)


def _found(session: Session, key: int) -> Attachment:
    found = session.scalar(attachment_by_id(actor_of(session), key))
    if found is None:
        raise NotFound("There is no such file here.")
    return found


def _key(attachment_id: str) -> int:
    if not (attachment_id.isascii() and attachment_id.isdigit() and len(attachment_id) <= BIGINT_DIGITS):
        raise NotFound("There is no such file here.")
    return int(attachment_id)
