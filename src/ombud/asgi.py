"""The whole desk as one ASGI application: pages at the root, the API under /api/v1, health beside them.

Used by `ombud serve` and by host applications that mount a desk.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from fastapi import FastAPI
from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ombud.analytics import Figures
from ombud.api.app import Api, create_api
from ombud.config import Settings
from ombud.db.desk import Desk
from ombud.db.replica import Position, current_position
from ombud.files import files_of
from ombud.live import LiveHub
from ombud.observing import Metrics, Observed, Seen, name_routes, open_tracing
from ombud.runtime import Runtime, equip
from ombud.web.app import create_web

POSITION_COOKIE = "ombud_position"
POSITION_HEADER = "X-Ombud-Position"


API = "/api/v1"


class DeskApp(FastAPI):
    """All of the desk behind one observer; the API may answer before anything else looks at a request."""

    observed: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.observed(scope, receive, send)

    async def usual(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as FastAPI does."""
        await super().__call__(scope, receive, send)


def build_app(desk: Desk, settings: Settings, *, streams: bool = True) -> FastAPI:
    """Return the application around an open desk, which the caller closes.

    Without `streams` pages are not told live of what changes: for hosts where each stream would hold a worker.
    """
    live = LiveHub(desk)
    files = files_of(settings).up_to(lambda: desk.choices.over(settings).attachment_limit)
    figures = Figures(desk) if settings.redis_url is not None else None
    runtime = Runtime(
        settings=settings,
        desk=equip(desk, settings),
        files=files,
        live=live,
        streams=streams,
        figures=figures,
    )

    traces = open_tracing(desk)

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await live.start()
        try:
            yield
        finally:
            await live.stop()
            if traces is not None:
                await asyncio.to_thread(traces.close)
            # Whoever opened the desk may have threads that use its synchronous connections: chores, for example.
            await desk.aclose_asynchronous()

    app = DeskApp(lifespan=lifespan, openapi_url=None, docs_url=None, redoc_url=None)
    if settings.replica_url is not None:
        app.add_middleware(ReadYourWrites, is_secure=(settings.base_url or "").startswith("https:"))
    api, web = create_api(runtime), create_web(runtime)
    name_routes(api, API)
    name_routes(web)
    app.add_route("/metrics", Metrics(runtime).answer, include_in_schema=False)
    app.mount(API, api)
    app.router.routes += [Route(address, _Elsewhere(api)) for address in ("/api", "/api/{rest:path}")]
    app.mount("/", web)
    app.router.default = _Elsewhere(api)  # `*` and other targets that are no path (RFC 9112 section 3.2)
    app.observed = Observed(app.usual, tracing=traces, briefly=_Briefly(api))
    return app


class _Briefly:
    """The API's short way, for whoever observes it from outside."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def __call__(
        self, seen: Seen, scope: Scope, receive: Receive, send: Send
    ) -> tuple[Scope, Receive] | None:
        root = scope.get("root_path", "") + API
        if not scope["path"].startswith(f"{root}/tickets"):
            return scope, receive
        inner = {**scope, "root_path": root}
        left = await self._api.briefly(inner, receive, send)
        state = inner["state"]
        seen.request_id = state.get("request_id", "")
        if left is not None:
            return {**scope, "state": state}, left[1]
        seen.route, seen.status = f"{API}{inner['route'].path_format}", state["status"]
        seen.named(state["principal"].actor)
        return None


class _Elsewhere:
    """Answers programs as the API does where it is not: under another version, say."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        root = scope.get("root_path", "") + API
        await self._api({**scope, "root_path": root, "path": f"{root}/"}, receive, send)


class ReadYourWrites:
    """Lets what a request wrote be found by the next one, whichever process answers it (see `ombud.db.replica`).

    A browser carries the position in a cookie, a program may carry it in a header. Who makes one up only reads from
    the primary.
    """

    def __init__(self, app: ASGIApp, *, is_secure: bool) -> None:
        self._app = app
        self._attributes = "; Path=/; HttpOnly; SameSite=Lax; Max-Age=600" + ("; Secure" if is_secure else "")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = HTTPConnection(scope)
        brought = request.headers.get(POSITION_HEADER) or request.cookies.get(POSITION_COOKIE) or ""
        is_lsn = brought.isascii() and brought.isdigit() and len(brought) < 20
        position = Position(int(brought) if is_lsn else 0)

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start" and position.has_moved:
                headers = MutableHeaders(scope=message)
                headers.append("set-cookie", f"{POSITION_COOKIE}={position.lsn}{self._attributes}")
                headers[POSITION_HEADER] = str(position.lsn)
            await send(message)

        token = current_position.set(position)
        try:
            await self._app(scope, receive, told)
        finally:
            current_position.reset(token)
