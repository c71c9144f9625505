"""What happens to tickets, as a list that goes on or as a stream. For the team, each as far as they see.

A stream says `id: CURSOR` with each event; a client that comes back with `Last-Event-ID` misses nothing. Of a
transaction that it heard in part it may hear again. Rights are looked at before each event and every second.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Annotated, get_args

from fastapi import Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import Field
from sqlalchemy.orm import Session

from ombud.api.auth import authenticate
from ombud.api.calls import Call, CurrentCall
from ombud.api.routing import api_router, problems
from ombud.api.schemas.events import Event, Events
from ombud.api.schemas.webhooks import Event as EventType
from ombud.api.selecting import PARAMETER
from ombud.db.context import actor_of
from ombud.errors import Invalid, NotFound, OmbudError, RateLimited
from ombud.models import INCLUDE_DELETED, WebhookEvent
from ombud.tickets import queries
from ombud.tickets.policy import require_staff
from ombud.webhooks.reading import EVERYTHING, Happened, Position, Wanted, present_position, read_on

STREAM = "text/event-stream"
STREAMS_EACH = 5
"""Open streams of one person in one process."""
CHECK_EVERY = 0.8
"""Seconds between looks at what the token's owner may see."""
QUIET = 15.0
"""Seconds after which a quiet stream shows that it lives."""

router = api_router("Events")

Where = Annotated[
    str | None,
    Query(
        max_length=4000,
        description="`next_cursor` of the answer before. Without it, what happens from now on.",
    ),
]
Types = Annotated[
    list[EventType] | None,
    Query(alias="type", max_length=len(get_args(EventType)), description="Only events of these types."),
]
Tickets = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=50)]] | None,
    Query(alias="ticket", max_length=50, description="Only events of the tickets with these numbers."),
]
LastEvent = Annotated[
    str | None,
    Header(
        max_length=4000,
        description="For a stream: the id of the last event that came.",
        alias="Last-Event-ID",
    ),
]


@router.get(
    "/events",
    responses={
        200: {"content": {STREAM: {"schema": {"type": "string"}}}, "description": "What happened."},
        **problems(404),
    },
    response_model=Events,
)
async def list_events(
    request: Request,
    call: CurrentCall,
    *,
    types: Types = None,
    tickets: Tickets = None,
    cursor: Where = None,
    last_event_id: LastEvent = None,
) -> Events | Response:
    """List what happened to tickets, or stream it, to whoever accepts `text/event-stream` only.

    A cursor is behind all that happened, so it may go on with another choice of types and tickets.
    """
    require_staff(call.actor)
    kinds = frozenset(WebhookEvent(one) for one in types or ())
    if request.headers.get("accept") != STREAM:
        position = Position.of(cursor) if cursor is not None else None
        return await call.read(_list, position, kinds, tickets)
    if PARAMETER in request.query_params:
        raise Invalid(fields={f"parameter:{PARAMETER}": "is for the list: a stream tells events whole."})
    if not call.runtime.streams:
        raise Invalid(
            fields={"header:Accept": "cannot be a stream here: this desk runs where each holds a worker."}
        )
    _check_count(request, call)
    given = last_event_id or cursor
    position = Position.of(given) if given else await call.read(present_position)
    wanted = await call.read(_wanted, kinds, tickets) if kinds or tickets else EVERYTHING
    headers = {"X-Accel-Buffering": "no"}
    return StreamingResponse(_stream(request, call, position, wanted), media_type=STREAM, headers=headers)


def _wanted(session: Session, kinds: frozenset[WebhookEvent], numbers: list[str] | None) -> Wanted:
    """Return what is to be told; NotFound for a ticket that the caller does not see."""
    asked = set(numbers or ())
    statement = queries.tickets_by_number(actor_of(session), sorted(asked))
    found = session.execute(statement.execution_options(**{INCLUDE_DELETED: True})).all() if asked else ()
    if len(found) < len(asked):
        raise NotFound("There is no such ticket here.")
    return Wanted(kinds, frozenset(ticket_id for ticket_id, _number in found))


def _list(
    session: Session, position: Position | None, kinds: frozenset[WebhookEvent], numbers: list[str] | None
) -> Events:
    wanted = _wanted(session, kinds, numbers)
    happened: list[Happened] = []
    is_more = False
    if position is None:
        position = present_position(session)
    else:
        happened, position, is_more = read_on(session, position, wanted)
    return Events(items=[Event.of(one) for one in happened], next_cursor=position.cursor(), is_more=is_more)


def _check_count(request: Request, call: Call) -> None:
    streams: Counter[str] = request.app.state.streams
    if streams[call.actor.label] >= STREAMS_EACH:
        raise RateLimited(f"There are {STREAMS_EACH} open streams of yours already.", retry_after=10)


async def _stream(request: Request, call: Call, position: Position, wanted: Wanted) -> AsyncIterator[str]:
    streams: Counter[str] = request.app.state.streams
    streams[call.actor.label] += 1
    changes = call.runtime.live.subscribe()
    coming = asyncio.ensure_future(anext(changes))
    loop = asyncio.get_running_loop()
    try:
        # What breaks off before the first event goes on here.
        yield f"id: {position.cursor()}\nretry: 1000\n: hello\n\n"
        said = loop.time()
        while True:
            try:
                principal = await authenticate(request, call.runtime)
                call = Call(principal, call.runtime)
                happened, position, is_more = await call.read(read_on, position, wanted)
            except OmbudError:
                return  # rights or token are gone, or the database is: who comes back is told which
            for number, one in enumerate(happened, 1):
                yield _said(Event.of(one), position if number == len(happened) else one.position)
            if happened:
                said = loop.time()
            elif loop.time() - said > QUIET:
                yield f"id: {position.cursor()}\n: still here\n\n"
                said = loop.time()
            if is_more:
                continue
            await asyncio.wait({coming}, timeout=CHECK_EVERY)
            if coming.done():
                coming = asyncio.ensure_future(anext(changes))
    finally:
        streams[call.actor.label] -= 1
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)
        await changes.aclose()


def _said(event: Event, position: Position) -> str:
    return f"id: {position.cursor()}\nevent: {event.type.value}\ndata: {event.model_dump_json()}\n\n"
