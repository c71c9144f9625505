"""The desk's own pages and API below a path of a WSGI host, through a2wsgi.

A WSGI worker is busy until its answer ends, so pages get no stream here: they show what others changed when
they are loaded again. Everything else is the same. The desk's application runs in one event loop of each
process, in a thread that starts with the first request, after any fork.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from ombud.contrib.asgi import Application, Message, Receive, Scope, Send, clean_prefix
from ombud.contrib.host import HostDesk

if TYPE_CHECKING:
    from a2wsgi import ASGIMiddleware

Environ = MutableMapping[str, Any]
StartResponse = Callable[..., Any]
WsgiApplication = Callable[[Any, Any], Iterable[bytes]]

_TASK = "ombud.task"


class DeskBelow:
    """A WSGI application with the desk below a path, and the host's own application for everything else."""

    def __init__(self, app: WsgiApplication, host: HostDesk, prefix: str) -> None:
        self._app = app
        self._bridge = Bridge(host)
        self._prefix = clean_prefix(prefix)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Give the request to the desk or to the host."""
        path = environ.get("PATH_INFO", "")
        if path == self._prefix:
            query = environ.get("QUERY_STRING", "")
            target = environ.get("SCRIPT_NAME", "") + self._prefix + "/" + (f"?{query}" if query else "")
            start_response("307 Temporary Redirect", [("Location", target), ("Content-Length", "0")])
            return []
        if not path.startswith(f"{self._prefix}/"):
            return self._app(environ, start_response)
        environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + self._prefix
        environ["PATH_INFO"] = path.removeprefix(self._prefix)
        return self._bridge(environ, start_response)

    def close(self) -> None:
        """Stop the desk's part in this process; the next request starts it again."""
        self._bridge.close()


class Bridge:
    """The desk as a WSGI application."""

    def __init__(self, host: HostDesk) -> None:
        host.sends_mail()
        self._host = host
        self._lock = threading.Lock()
        self._pid = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._inner: ASGIMiddleware | None = None
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._forget)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
        """Answer a request; what the desk still does for it is ended when the client goes away."""
        inner, loop = self._running()
        environ["wsgi.input"] = _Body(environ)
        for name in ("CONTENT_LENGTH", "CONTENT_TYPE"):  # empty means absent here (PEP 3333), but not in ASGI
            if not environ.get(name, "-"):
                del environ[name]
        answer = iter(inner(environ, start_response))  # type: ignore[arg-type]  # a2wsgi names each key of the environment
        with ExitStack() as stack:
            stack.callback(_end, loop, environ)
            yield from answer

    def close(self) -> None:
        """Stop the event loop and its thread; what it was still doing is ended."""
        with self._lock:
            if self._loop is not None and self._thread is not None:
                asyncio.run_coroutine_threadsafe(self._host.aclose(), self._loop).result(timeout=10)
                self._loop.call_soon_threadsafe(self._loop.stop)
                self._thread.join(timeout=10)
            self._loop = self._inner = self._thread = None

    def _running(self) -> tuple[ASGIMiddleware, asyncio.AbstractEventLoop]:
        with self._lock:
            if self._inner is None or self._loop is None:
                from a2wsgi import ASGIMiddleware

                loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=_run, args=(loop,), name="ombud-desk", daemon=True)
                self._thread.start()
                app = asyncio.run_coroutine_threadsafe(self._make(), loop).result()
                self._loop, self._inner = loop, ASGIMiddleware(app, loop=loop)  # type: ignore[arg-type]  # its own names for ASGI's types
            return self._inner, self._loop

    async def _make(self) -> Application:
        from ombud.asgi import build_app

        desk = await self._host.opened()
        return _known(await asyncio.to_thread(build_app, desk, desk.settings, streams=False))

    def _forget(self) -> None:
        self._lock = threading.Lock()
        self._loop = self._inner = self._thread = None


def _run(loop: asyncio.AbstractEventLoop) -> None:
    """Run a loop until it is stopped, and give back what it holds."""
    asyncio.set_event_loop(loop)
    loop.run_forever()
    left = asyncio.all_tasks(loop)
    for task in left:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
    loop.run_until_complete(loop.shutdown_asyncgens())
    loop.run_until_complete(asyncio.sleep(0))  # connections that were closed just now say goodbye
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()


def _known(app: Application) -> Application:
    """Return the application with what the bridge adds: whom it talks to, and which task to end."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        environ = scope["wsgi_environ"]
        environ[_TASK] = asyncio.current_task()
        # Many servers give no REMOTE_PORT, and without one a2wsgi leaves the client out: limits count by address.
        client = (environ.get("REMOTE_ADDR", ""), int(environ.get("REMOTE_PORT") or 0))
        await app({**scope, "client": client}, receive, send)

    return answer


class _Body:
    """The request's body, which ends with an error where the client breaks off: a2wsgi would read for ever."""

    def __init__(self, environ: Environ) -> None:
        self._source = environ["wsgi.input"]

    def read(self, size: int = -1) -> bytes:
        """Read up to `size` bytes."""
        data: bytes = self._source.read(size)
        if size > 0 and not data:
            raise ConnectionError("the client broke off")
        return data


def _end(loop: asyncio.AbstractEventLoop, environ: Environ) -> None:
    task: asyncio.Task[None] | None = environ.get(_TASK)
    if task is not None and not task.done():
        loop.call_soon_threadsafe(task.cancel)


__all__ = ["Bridge", "DeskBelow", "Message"]
