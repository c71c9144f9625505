"""One log line, one figure and, where somebody collects them, one trace for each request.

Plain ASGI. `Observed` surrounds everything; `name_routes` puts a listener innermost into pages and API, where it is
known which route answered and for whom. The two meet in an object in the scope, because scopes are copied on the way.
"""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from time import perf_counter
from typing import Any, Protocol

from fastapi import FastAPI
from prometheus_client import Counter, Histogram
from starlette.middleware import Middleware
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ombud.db.actor import Actor
from ombud.db.statements import counted
from ombud.kit.logs import REQUEST_ID, Log
from ombud.kit.metrics import REQUESTS, STATEMENTS, STREAMS

log = Log(__name__)

SEEN = "ombud.seen"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
UNMATCHED = "(none)"
STATIC = "(static)"
_QUIET = frozenset({"/healthz", "/readyz", "/metrics", STATIC})


class Tracing(Protocol):
    """Whoever makes a trace of a request; see `tracing`."""

    def request(self, seen: "Seen") -> AbstractContextManager[None]:
        """Surround a request; what is `seen` by the end says what it was."""
        ...


@dataclass(slots=True)
class Seen:
    """What is known of a request so far."""

    method: str
    headers: dict[str, str]
    route: str = UNMATCHED
    status: int = 500
    request_id: str = ""
    actor: str = ""
    actor_id: int | None = None
    is_stream: bool = False
    statements: int = 0

    def named(self, actor: Actor) -> None:
        """Say who asked."""
        self.actor, self.actor_id = actor.kind.value, actor.user_id


class Briefly(Protocol):
    """Whoever may answer a request before all else; returns what to go the usual way with when it did not."""

    async def __call__(
        self, seen: "Seen", scope: Scope, receive: Receive, send: Send
    ) -> tuple[Scope, Receive] | None:
        """Answer, and say in `seen` what is to be told of it."""
        ...


class Observed:
    """Counts and logs each request when it has been answered."""

    def __init__(
        self, app: ASGIApp, *, tracing: Tracing | None = None, briefly: Briefly | None = None
    ) -> None:
        self._app = app
        self._tracing = tracing
        self._briefly = briefly

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        seen = Seen(scope["method"] if scope["method"] in METHODS else "OTHER", _traced_headers(scope))
        begun = perf_counter()
        scope = {**scope, SEEN: seen}

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen.status = message["status"]
                for name, value in message["headers"]:
                    if name == b"x-request-id":
                        seen.request_id = value.decode("latin-1")
                    elif name == b"content-type" and value.startswith(b"text/event-stream"):
                        seen.is_stream = True
                        STREAMS.inc()
            await send(message)

        around = self._tracing.request(seen) if self._tracing is not None else nullcontext()
        try:
            with around, counted() as statements:
                try:
                    if self._briefly is not None:
                        left = await self._briefly(seen, scope, receive, send)
                        if left is None:
                            return
                        scope, receive = left
                    await self._app(scope, receive, noted)
                finally:
                    seen.statements = len(statements)
        finally:
            _tell(seen, perf_counter() - begun)


def name_routes(app: FastAPI, prefix: str = "") -> None:
    """Let an application tell which of its routes answered; `prefix` is where it is mounted."""
    app.user_middleware.append(Middleware(_Named, prefix=prefix))


class _Named:
    def __init__(self, app: ASGIApp, *, prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        seen: Seen | None = scope.get(SEEN)
        if seen is None or scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state: dict[str, Any] = scope.get("state", {})
        seen.request_id = str(state.get("request_id", ""))
        token = REQUEST_ID.set(seen.request_id)
        try:
            await self._app(scope, receive, send)
        finally:
            REQUEST_ID.reset(token)
            seen.route = self._route_of(scope)
            principal = state.get("principal")
            if principal is not None:
                seen.named(principal.actor)

    def _route_of(self, scope: Scope) -> str:
        route = scope.get("route")
        path = getattr(route, "path_format", None) or getattr(route, "path", None)
        if path is not None:
            return f"{self._prefix}{path}"
        return STATIC if isinstance(scope.get("endpoint"), StaticFiles) else UNMATCHED


def _tell(seen: Seen, seconds: float) -> None:
    if seen.is_stream:
        STREAMS.dec()
    else:
        _requests(seen.method, seen.route, seen.status).observe(seconds)
    _statements(seen.route).inc(seen.statements)
    write = log.debug if seen.route in _QUIET and seen.status < 500 else log.often
    write(
        "request",
        method=seen.method,
        route=seen.route,
        status=seen.status,
        ms=round(seconds * 1000, 1),
        request_id=seen.request_id,
        actor=seen.actor,
        actor_id=seen.actor_id,
        statements=seen.statements,
    )


@lru_cache(maxsize=1000)
def _requests(method: str, route: str, status: int) -> Histogram:
    return REQUESTS.labels(method, route, str(status))


@lru_cache(maxsize=1000)
def _statements(route: str) -> Counter:
    return STATEMENTS.labels(route)


def _traced_headers(scope: Scope) -> dict[str, str]:
    """Return the headers that say which trace a request belongs to (W3C Trace Context)."""
    return {
        name.decode(): value.decode("latin-1")
        for name, value in scope["headers"]
        if name in (b"traceparent", b"tracestate")
    }
