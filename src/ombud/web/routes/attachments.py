"""Files of tickets: downloads only, never shown by the desk's own origin."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from ombud.audit import record_access
from ombud.errors import NotFound
from ombud.files import wanted_part
from ombud.models import AccessKind
from ombud.tickets.queries import attachment_by_id
from ombud.web.auth import SignedIn

router = APIRouter()

BIGINT_DIGITS = 18


@router.get("/attachments/{attachment_id}")
async def download(request: Request, visitor: SignedIn, attachment_id: str) -> Response:
    """Send a file, if the visitor may see its ticket and its message."""
    if not (attachment_id.isascii() and attachment_id.isdigit() and len(attachment_id) <= BIGINT_DIGITS):
        raise NotFound("There is no such file here.")
    async with visitor.desk.abegin(visitor.actor) as session:
        found = await session.scalar(attachment_by_id(visitor.actor, int(attachment_id)))
        if found is None:
            raise NotFound("There is no such file here.")
        # Committed before the first byte leaves: what cannot be noted is not sent.
        await session.run_sync(record_access, AccessKind.DOWNLOAD, f"attachment:{found.id}")
    headers = {
        "Accept-Ranges": "bytes",
        "Content-Length": str(found.size),
        "Content-Disposition": content_disposition(found.file_name),
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "ETag": f'"{found.checksum}"',
    }
    part = wanted_part(request.headers, size=found.size, etag=headers["ETag"])
    pieces = await visitor.parts.runtime.files.aopen(
        found.storage_key, part.bounds if part is not None else None
    )
    # What the sender called it decides nothing: a browser is told that it is bytes to save.
    return StreamingResponse(
        pieces,
        status_code=200 if part is None else 206,
        media_type="application/octet-stream",
        headers=headers if part is None else headers | part.headers,
    )


def content_disposition(name: str) -> str:
    """Return the header that makes a download of a name in any script (RFC 6266, RFC 8187)."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\%' else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
