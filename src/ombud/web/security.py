"""What every request passes before it meets a route: host, origin, size; and the headers of every answer.

Plain ASGI, so that streams (live updates, downloads) are not held up.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ombud.db.actor import new_request_id
from ombud.people import whence
from ombud.web.headers import page_headers
from ombud.web.place import settle
from ombud.web.zone import settle_zone

Failed = Callable[[Request, Exception], Awaitable[Response]]

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
CONNECTION_LOST = "connection_lost"
"""Set in a request's state by who answers that the database's connection was lost."""
UNCHECKED_PATHS = frozenset({"/csp-report"})
_LENGTH = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Rules:
    """What the desk expects of requests. `base_url` None: any host name will do, as behind one's own door."""

    base_url: str | None
    body_limit: Callable[[], int]
    """In bytes."""

    @property
    def origin(self) -> str | None:
        """The scheme, host and port that browsers say of the desk's own pages."""
        if self.base_url is None:
            return None
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}"

    def accepts_host(self, host: str) -> bool:
        """Tell whether a request may be for this host."""
        if self.base_url is None:
            return True
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:  # of half a number in brackets
            return False
        return name == urlsplit(self.base_url).hostname or name in LOOPBACK


class Guard:
    """Refuses what no route should see, and puts the security headers on every answer.

    `failed` answers for a route that broke: within the guard, so that its page carries the headers too.
    """

    def __init__(self, app: ASGIApp, rules: Rules, failed: Failed) -> None:
        self.app = app
        self.rules = rules
        self.failed = failed

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        settle(scope.get("root_path", ""))
        headers = Headers(scope=scope)
        settle_zone(headers.get("cookie", ""))
        client = scope.get("client")
        whence.came_from(client[0] if client else "", headers.get("user-agent", ""))
        # Never the caller's own: by it the audit log tells who did what, and undoes it.
        request_id = new_request_id()
        scope.setdefault("state", {})["request_id"] = request_id
        only_head = scope["method"] == "HEAD"
        if only_head:
            scope = {**scope, "method": "GET"}
        answer = _Answer(send, request_id, only_head, scope["state"], may_repeat=scope["method"] == "GET")
        refusal = self._refusal(scope, headers)
        try:
            await (refusal or self.app)(dict(scope), receive, answer)
            if answer.is_held_back:
                answer.repeat()
                await self.app(dict(scope), receive, answer)
        except ClientDisconnect:  # nobody is there to hear it, but it is counted as what it was
            if not answer.started:
                await PlainTextResponse("The form did not come whole.\n", 400)(scope, receive, answer)
        except Exception as error:
            if answer.started:  # too late for another answer: the connection breaks off
                raise
            response = await self.failed(Request(scope, receive), error)
            await response(scope, receive, answer)

    def _refusal(self, scope: Scope, headers: Headers) -> ASGIApp | None:
        if not self.rules.accepts_host(headers.get("host", "")):
            return PlainTextResponse("This desk has another address.\n", 421)
        size = headers.get("content-length", "0")
        if not _LENGTH.fullmatch(size) or int(size) > self.rules.body_limit():
            return PlainTextResponse("That is too large to be sent at once.\n", 413)
        if (
            scope["method"] in SAFE_METHODS
            or scope["path"].removeprefix(scope.get("root_path", "")) in UNCHECKED_PATHS
        ):
            return None
        if not self._same_origin(scope, headers):
            return PlainTextResponse("This request came from another site, so nothing was done.\n", 403)
        return None

    def _same_origin(self, scope: Scope, headers: Headers) -> bool:
        """Ask the browser where a form came from. Programs that say nothing still need the form's token."""
        site = headers.get("sec-fetch-site")
        if site is not None:
            return site in ("same-origin", "none")
        origin = headers.get("origin")
        if origin is None:
            return True
        return origin in self._own_origins(scope, headers)

    def _own_origins(self, scope: Scope, headers: Headers) -> Iterable[str]:
        if self.rules.origin:
            yield self.rules.origin
        yield f"{scope['scheme']}://{headers.get('host', '')}"


class _Answer:
    """Sends what the application sends, with headers added, and no body for HEAD.

    An answer to GET that only says that the database's connection was lost is held back: asking again costs nothing
    and usually works.
    """

    def __init__(
        self, send: Send, request_id: str, only_head: bool, state: dict[str, object], *, may_repeat: bool
    ) -> None:
        self.state = state
        self.may_repeat = may_repeat
        self.is_held_back = False
        self.send = send
        self.request_id = request_id
        self.only_head = only_head
        self.started = False

    def repeat(self) -> None:
        """Send what comes now, whatever it is."""
        self.may_repeat = self.is_held_back = False
        self.state.pop(CONNECTION_LOST, None)

    async def __call__(self, message: Message) -> None:
        if self.may_repeat and not self.started and CONNECTION_LOST in self.state:
            self.is_held_back = True
            return
        if message["type"] == "http.response.start":
            self.started = True
            headers = MutableHeaders(scope=message)
            for name, value in page_headers().items():
                headers.setdefault(name, value)
            headers["X-Request-Id"] = self.request_id
        elif self.only_head and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await self.send(message)
