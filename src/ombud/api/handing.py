"""Handing files out over the API, to who may still have them."""

from collections.abc import AsyncIterator, Callable
from typing import Concatenate, ParamSpec

from fastapi import Request
from sqlalchemy.orm import Session

from ombud.api.auth import authenticate
from ombud.api.calls import Call
from ombud.files import while_allowed

P = ParamSpec("P")


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
