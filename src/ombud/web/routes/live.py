"""The stream of what changes, for open pages: small events, and only about tickets that the visitor may see."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from ombud.db.actor import Scope
from ombud.live import Changes
from ombud.web import queries
from ombud.web.auth import SignedIn, Visitor, cookie_name, find_principal

router = APIRouter()

CHECK_EVERY = 0.8
"""Seconds between looks at whether the session still lives; ended in this process, the stream ends at once."""
PAUSE = 0.2
"""Seconds in which changes gather before the next event: a bulk change is one, not a hundred."""


@router.get("/live")
async def live(request: Request, visitor: SignedIn) -> Response:
    """Stream events until the browser leaves or the session ends."""
    if not visitor.parts.runtime.streams:
        return Response(status_code=204)  # tells browsers not to ask again
    secret = request.cookies.get(cookie_name(request), "")
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_events(visitor, secret), media_type="text/event-stream", headers=headers)


async def _events(visitor: Visitor, secret: str) -> AsyncIterator[str]:
    session_id = visitor.principal.session_id or 0
    ended = visitor.parts.listeners.join(session_id)
    stream = visitor.parts.runtime.live.subscribe()
    end = asyncio.ensure_future(ended.wait())
    changes = asyncio.ensure_future(anext(stream))
    try:
        yield "retry: 1000\n: hello\n\n"
        while True:
            done, _ = await asyncio.wait(
                {end, changes}, timeout=CHECK_EVERY, return_when=asyncio.FIRST_COMPLETED
            )
            present = await find_principal(visitor.desk, secret, visitor.actor.request_id)
            if end in done or present is None:
                # The page asks for its stream again, is told to sign in, and goes there.
                yield "event: signed-out\ndata: -\n\n"
                return
            if (
                present.actor != visitor.actor
            ):  # other rights now: what is open may not be theirs to see any more
                visitor = replace(visitor, principal=present)
                yield _event("everything")
            if changes in done:
                yield await _told(visitor, changes.result())
                await asyncio.sleep(PAUSE)
                changes = asyncio.ensure_future(anext(stream))
            else:
                yield ": still here\n\n"
    finally:
        end.cancel()
        changes.cancel()
        await asyncio.gather(end, changes, return_exceptions=True)
        await stream.aclose()
        visitor.parts.listeners.leave(session_id, ended)


async def _told(visitor: Visitor, changes: Changes) -> str:
    """Return the events for what changed: one for lists, one for each ticket that may be open."""
    if changes.everything:
        return _event("everything")
    seen = changes.ticket_ids
    if visitor.actor.scope is not Scope.ALL:
        async with visitor.desk.aread(visitor.actor) as session:
            seen = frozenset(await session.scalars(queries.visible_among(visitor.actor, seen)))
    return (
        _event("tickets") + "".join(_event(f"ticket-{one}") for one in sorted(seen))
        if seen
        else ": nothing\n\n"
    )


def _event(name: str) -> str:
    return f"event: {name}\ndata: -\n\n"
