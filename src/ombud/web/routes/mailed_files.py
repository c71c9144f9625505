"""Files that were too large for a mail: whoever has the signed link fetches them, without signing in."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from ombud import clock
from ombud.db.actor import Actor
from ombud.db.open import data_dir
from ombud.errors import NotFound
from ombud.mail.outgoing.links import file_of_link
from ombud.mail.outgoing.queries import attachment
from ombud.mail.tokens import open_namer
from ombud.web.parts import parts_of
from ombud.web.routes.attachments import content_disposition

router = APIRouter()


@router.get("/mailed-files/{token}")
async def download(request: Request, token: str) -> Response:
    """Send a file to whoever has its link; what is wrong with a link is not said."""
    runtime = parts_of(request).runtime
    wanted = file_of_link(open_namer(data_dir(runtime.settings)), token, clock.now())
    found = None
    if wanted is not None:
        async with runtime.desk.aread(Actor.system("mailed-files")) as session:
            found = await session.scalar(attachment(wanted))
    if found is None:
        raise NotFound("This link has ended, or is not one of ours.")
    headers = {
        "Content-Length": str(found.size),
        "Content-Disposition": content_disposition(found.file_name),
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    pieces = await runtime.files.aopen(found.storage_key)
    return StreamingResponse(pieces, media_type="application/octet-stream", headers=headers)
