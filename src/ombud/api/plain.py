"""The calls that are made all the time, answered before FastAPI looks at them: in a round trip or two.

They are what `ombud.api.tickets` answers otherwise, to the byte (`tests/api/test_api_plain.py` compares the two), to
callers whose token the usual way has seen before, and for addresses of lists that it has answered, as PostgreSQL
writes the JSON: so there are no rules here. Whatever is not as usual, every error above all, is answered the usual way.
"""

import re
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic import ValidationError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ombud.api.asking import Answer, Route, Texts, ask, look, may_ask
from ombud.api.auth import Known, known_caller
from ombud.api.envelope import sealed
from ombud.api.json_body import read_json
from ombud.api.paging import Linked
from ombud.api.plain_page import KnownPage, page_answer, readers
from ombud.api.plain_reply import reply
from ombud.api.plain_search import search
from ombud.api.routing import JSON_LIMIT
from ombud.api.schemas.tickets import NewTicket
from ombud.db.actor import Actor, new_request_id
from ombud.db.plain import Step
from ombud.errors import OmbudError
from ombud.kit.logs import REQUEST_ID
from ombud.tickets import queries
from ombud.tickets.actions.open import own_ticket
from ombud.tickets.filters import Place, TicketFilter
from ombud.tickets.queries.plain import new_ticket, page_json, ticket_json

FAILED = "ombud.failed"
"""Where a request's state has a list of what went wrong on the short way, for who raises it to take out."""
LISTS = 1000
"""Addresses of lists that are kept, each for one actor."""
INCLUDED = 50
"""Comments that come with a ticket."""
_TICKET = re.compile(r"/tickets/([A-Za-z0-9-]{1,50})")
_LONG_WAY = {b"idempotency-key", b"if-match", b"content-encoding"}
"""Headers that this way knows nothing of."""
_COMMENTED = re.compile(r"/tickets/([A-Za-z0-9-]{1,50})/comments")
_COMMENTS = {b"": 0, b"include=comments": INCLUDED}
_OWN = ("title", "description", "priority", "status", "channel")
_TYPE = (b"content-type", b"application/json")

_LIST, _ONE = Route.of("GET", "/tickets"), Route.of("GET", "/tickets/{number}")
_CREATION = Route.of("POST", "/tickets")


@dataclass(frozen=True, slots=True)
class _List:
    step: Step
    page: KnownPage


Writing = Callable[[Scope, Known, bytes], Awaitable[Answer | None]]
"""What answers a body for a caller who is known."""
Lists = OrderedDict[tuple[Actor, str, bytes], _List]
"""The lists that the usual way has answered, by actor (of no request) and address."""


def remember(link: Linked, actor: Actor, wanted: TicketFilter, place: Place) -> None:
    """Let the list at this address be answered the short way from now on, unless something typed or dated is in it."""
    if not actor.is_staff or place.cursor is not None:
        return
    if any(getattr(wanted, name) is not None for name in queries.VARYING):
        return
    step = page_json(actor, wanted, place)
    scope, lists = link.request.scope, link.request.app.state.lists
    key = (actor.for_request(""), scope["path"], scope["query_string"])
    lists[key] = _List(step, KnownPage(place.order_name, readers(place), link.address("")))
    while len(lists) > LISTS:
        lists.popitem(last=False)


async def answered(scope: Scope, receive: Receive, send: Send) -> tuple[Scope, Receive] | None:
    """Answer a request to the API, whose scope is that of `ombud.api.app.Api`, if this way leads there.

    Otherwise returned is what to go the usual way with, which does nothing a second time, and raises what went wrong
    (`Failing`). In the scope's state are then and now the request's id, its principal, and what is left to the caller.
    """
    method, write, status = scope["method"], None, 200
    if method == "POST":
        write, status = _writing(scope), 201
    if (method != "GET" or not _is_readable(scope)) and write is None:
        return scope, receive
    state: dict[str, Any] = scope["state"]
    state["request_id"] = request_id = new_request_id()
    token = REQUEST_ID.set(request_id)
    try:
        if write is None:
            found = await _read(scope)
        else:
            sent = Sent(receive)
            receive = sent.again
            found = await _write(scope, sent, write)
    except Exception as error:  # noqa: BLE001 - whatever it is, the usual way has the words for it
        state[FAILED] = [error]
        return scope, receive
    finally:
        REQUEST_ID.reset(token)
    if found is None:
        return scope, receive
    body, headers = found
    headers.append(_TYPE)
    await sealed(scope, status, headers, body, send)
    return None


class Failing:
    """Raises, innermost in the usual way, what went wrong on the short one: there each error has its answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (errors := scope["state"].get(FAILED)):
            raise errors.pop()
        await self._app(scope, receive, send)


class Sent:
    """The body of a request, which can be read again the usual way."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._messages: deque[Message] = deque()

    async def body(self) -> bytes | None:
        """Return the body; None when it is too long, or did not come to its end."""
        size, is_more = 0, True
        while is_more:
            message = await self._receive()
            self._messages.append(message)
            size += len(message.get("body", b""))
            if message["type"] != "http.request" or size > JSON_LIMIT:
                return None
            is_more = message.get("more_body", False)
        return b"".join(message.get("body", b"") for message in self._messages)

    async def again(self) -> Message:
        """Return what was received, and what comes then."""
        return self._messages.popleft() if self._messages else await self._receive()


def _writing(scope: Scope) -> Writing | None:
    """Return what a call writes, if it is sent as most are."""
    if scope["query_string"]:
        return None
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    commented = _COMMENTED.fullmatch(path)
    if commented is None and path != "/tickets":
        return None
    headers = dict(scope["headers"])
    if headers.get(b"content-type") != b"application/json" or headers.keys() & _LONG_WAY:
        return None
    return _create if commented is None else partial(reply, number=commented[1])


async def _write(scope: Scope, sent: Sent, write: Writing) -> Answer | None:
    known = known_caller(scope)
    body = None if known is None else await sent.body()
    return None if known is None or body is None else await write(scope, known, body)


async def _create(scope: Scope, known: Known, body: bytes) -> Answer | None:
    actor = known.seat.actor
    try:
        wanted = NewTicket.model_validate(read_json(body))
        if not _is_own(wanted):
            return None
        texts = own_ticket(actor, **{name: getattr(wanted, name) for name in _OWN})
    except (ValidationError, OmbudError):
        return None  # the usual way says what is wrong
    if scope["app"].state.runtime.desk.hooks:
        return None  # the host wants to know of each ticket
    found = await _answer(scope, known, _CREATION, (new_ticket(),), *texts)
    if found is None:
        return None
    ticket, version, number = found
    place = f"{scope.get('root_path', '')}/tickets/{number}"
    return str(ticket).encode(), [(b"etag", f'"{version}"'.encode()), (b"location", place.encode())]


def _is_own(wanted: NewTicket) -> bool:
    """Tell whether a ticket is one that its opener asks for, and routes nowhere: nothing is looked up for it."""
    elsewhere = (wanted.requester_id, wanted.requester, wanted.assignee_id, wanted.team_id)
    return all(one is None for one in elsewhere) and not wanted.tags


def _is_readable(scope: Scope) -> bool:
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    return path == "/tickets" or _TICKET.fullmatch(path) is not None


async def _read(scope: Scope) -> Answer | None:
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    one = _TICKET.fullmatch(path)
    known = known_caller(scope)
    if known is None:
        return None
    if one is None:
        lists: Lists = scope["app"].state.lists
        key = (known.seat.actor, scope["path"], scope["query_string"])
        found = lists.get(key)
        if found is None:
            return await search(scope, known, _LIST, path) if b"q=" in scope["query_string"] else None
        lists.move_to_end(key)
        return await _page(scope, known, found, path)
    comments = _COMMENTS.get(scope["query_string"])
    return None if comments is None else await _ticket(scope, known, one[1], comments, path)


async def _page(scope: Scope, known: Known, wanted: _List, path: str) -> Answer | None:
    texts = await _answer(scope, known, _LIST, (wanted.step,))
    if texts is None:
        return None
    look(scope, path, ())
    return page_answer(wanted.page, texts)


async def _ticket(scope: Scope, known: Known, number: str, comments: int, path: str) -> Answer | None:
    actor = known.seat.actor
    texts = await _answer(scope, known, _ONE, (ticket_json(actor, comments),), number)
    if texts == [None]:
        texts = await _answer(scope, known, _ONE, (ticket_json(actor, comments, rare=True),), number)
    if texts is None:
        return None
    look(scope, path, (number,))
    body, version, _number = texts
    return str(body).encode(), [(b"etag", f'"{version}"'.encode())]


async def _answer(
    scope: Scope, known: Known, route: Route, steps: tuple[Step, ...], *texts: str
) -> Texts | None:
    if not may_ask(scope, known, route):
        return None
    return await ask(scope, known, route, steps, *texts, does="writes" if route.needs == "write" else "reads")
