"""Files that were too large for a mail: whoever has the signed link fetches them, without signing in."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from ombud import clock
from ombud.db.actor import Actor
from ombud.db.open import data_dir
from ombud.errors import NotFound
from ombud.files import content_disposition, while_allowed
from ombud.mail.outgoing.links import file_of_link
from ombud.mail.outgoing.queries import attachment
from ombud.mail.tokens import open_namer
from ombud.models import Attachment
from ombud.runtime import Runtime
from ombud.web.parts import parts_of

router = APIRouter()


@router.get("/mailed-files/{token}")
async def download(request: Request, token: str) -> Response:
    """Send a file to whoever has its link; what is wrong with a link is not said."""
    runtime = parts_of(request).runtime
    found = await _file_behind(runtime, token)
    headers = {
        "Content-Length": str(found.size),
        "Content-Disposition": content_disposition(found.file_name),
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    pieces = await runtime.files.aopen(found.storage_key)
    pieces = while_allowed(pieces, lambda: _file_behind(runtime, token))
    return StreamingResponse(pieces, media_type="application/octet-stream", headers=headers)


async def _file_behind(runtime: Runtime, token: str) -> Attachment:
    wanted = file_of_link(open_namer(data_dir(runtime.settings)), token, clock.now())
    if wanted is not None:
        async with runtime.desk.aread(Actor.system("mailed-files"), fresh=True) as session:
            found = await session.scalar(attachment(wanted))
        if found is not None:
            return found
    raise NotFound("This link has ended, or is not one of ours.")
