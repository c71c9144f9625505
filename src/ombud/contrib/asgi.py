"""The desk's own pages and API below a path of an ASGI host. Needs `ombud[server]` when it is opened."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import AsyncExitStack
from typing import Any

from ombud.contrib.host import HostDesk
from ombud.errors import Invalid

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
HostApplication = Callable[[Any, Any, Any], Awaitable[None]]
"""A host's own application; frameworks spell the types of ASGI in their own ways."""

_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)+")


def clean_prefix(prefix: str) -> str:
    """Return the path as it is mounted; Invalid for one that is not a plain path below the root."""
    path = prefix.rstrip("/")
    if not _PREFIX.fullmatch(path) or any(part in (".", "..") for part in path.split("/")):
        raise Invalid(fields={"prefix": "must be a path such as /support."})
    return path


class MountedDesk:
    """The desk's pages and API as an ASGI application, for a host that sets `root_path` (Starlette's mount does).

    `startup` and `shutdown` belong into the host's lifespan; without them the first request starts it.
    """

    def __init__(self, host: HostDesk) -> None:
        host.sends_mail()
        self._host = host
        self._lock = asyncio.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stack = AsyncExitStack()
        self._app: Application | None = None

    async def startup(self) -> None:
        """Open the desk and begin to listen for changes."""
        await self._started()

    async def shutdown(self) -> None:
        """Stop listening, end the streams of open pages."""
        self._app = None
        await self._stack.aclose()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for a page or for the API."""
        app = await self._started()
        await app(scope, receive, send)

    async def _started(self) -> Application:
        loop = asyncio.get_running_loop()
        if self._loop is not loop:  # another process after a fork, or a test's next loop
            self._loop, self._lock, self._app = loop, asyncio.Lock(), None
            self._stack = AsyncExitStack()
        if self._app is not None:
            return self._app
        async with self._lock:
            if self._app is None:
                self._app = await self._make()
            return self._app

    async def _make(self) -> Application:
        from ombud.asgi import build_app

        desk = await self._host.opened()
        app = await asyncio.to_thread(build_app, desk, desk.settings)
        await self._stack.enter_async_context(app.router.lifespan_context(app))
        return app


class DeskBelow:
    """An ASGI application with the desk below a path, and the host's own application for everything else.

    Answers the server's lifespan events itself where the host's application cannot (Django's).
    """

    def __init__(self, app: HostApplication, host: HostDesk, prefix: str, *, lifespan: bool = False) -> None:
        """With `lifespan` the host's own application is asked for its lifespan; the desk starts at first use."""
        self._app = app
        self._desk_host = host
        self._desk = MountedDesk(host)
        self._prefix = clean_prefix(prefix)
        self._lifespan = lifespan

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Give the request to the desk or to the host."""
        if scope["type"] == "lifespan" and not self._lifespan:
            await self._live(receive, send)
            return
        root = scope.get("root_path", "")
        path = scope.get("path", "").removeprefix(root)
        if scope["type"] == "http" and path == self._prefix:
            await _redirect(send, root + self._prefix + "/", scope["query_string"])
        elif scope["type"] == "http" and path.startswith(f"{self._prefix}/"):
            await self._desk({**scope, "root_path": root + self._prefix}, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                try:
                    await self._desk.startup()
                except Exception as error:
                    await send({"type": "lifespan.startup.failed", "message": str(error)})
                    raise
                await send({"type": "lifespan.startup.complete"})
            else:
                await self._desk.shutdown()
                await self._desk_host.aclose()
                await send({"type": "lifespan.shutdown.complete"})
                return


async def _redirect(send: Send, path: str, query: bytes) -> None:
    location = path.encode() + (b"?" + query if query else b"")
    await send({"type": "http.response.start", "status": 307, "headers": [(b"location", location)]})
    await send({"type": "http.response.body", "body": b""})
