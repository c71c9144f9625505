"""Handing files out over the API, to who may still have them."""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Concatenate, ParamSpec

from fastapi import Request
from sqlalchemy.orm import Session
from starlette.exceptions import HTTPException

from ombud.api.auth import authenticate
from ombud.api.calls import Call
from ombud.files import Part, wanted_part, while_allowed

P = ParamSpec("P")


def part_of(request: Request, headers: Mapping[str, str]) -> Part | None:
    """Return the part that a call asks for of a file with these headers, None for the whole; 416 when it has none."""
    part = wanted_part(request.headers, size=int(headers["Content-Length"]), etag=headers["ETag"])
    if part is not None and not part.is_there:
        raise HTTPException(416, headers=part.headers)
    return part


def handed_out(
    request: Request,
    call: Call,
    pieces: AsyncIterator[bytes],
    action: Callable[Concatenate[Session, P], object],
    *args: P.args,
    **kwargs: P.kwargs,
) -> AsyncIterator[bytes]:
    """Yield a file's pieces for as long as the caller's token is good and `action` lets them read its record."""

    async def look() -> None:
        principal = await authenticate(request, call.runtime)
        await Call(principal, call.runtime).read(action, *args, **kwargs)

    return while_allowed(pieces, look)
