"""What every answer has in common: the request's id, safe headers, HEAD, and no bare traceback.

Plain ASGI, because it must hold for streams and for what goes wrong outside of routes as well.
"""

from typing import Any

from fastapi import Request
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ombud.api import problems
from ombud.api.rates import Left
from ombud.db.actor import new_request_id
from ombud.errors import OmbudError
from ombud.kit.logs import Log

_log = Log(__name__)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
}


class Envelope:
    """Wraps the API. A caller's own X-Request-Id is not taken over: the audit log must not hold a forged one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = dict(scope.get("state", {}))
        answer = _Answer(send, state, request_id=new_request_id(), without_body=scope["method"] == "HEAD")
        # HEAD runs the route of GET; `is_head` lets a route spare itself the body.
        state |= {"request_id": answer.request_id, "is_head": answer.without_body}
        inner = {**scope, "state": state, "method": "GET" if answer.without_body else scope["method"]}
        try:
            await self._app(inner, receive, answer.send)
        except Exception:
            _log.exception("request failed", request_id=answer.request_id)
            if answer.started:
                raise  # too late to say anything: the connection breaks off, and the client notices
            problem = problems.answer(Request(inner), 500, "error", OmbudError.default_message)
            await problem(inner, receive, answer.send)


class _Answer:
    """Sends an answer on, completed."""

    def __init__(self, send: Send, state: dict[str, Any], *, request_id: str, without_body: bool) -> None:
        self._send = send
        self._state = state
        self.request_id = request_id
        self.without_body = without_body
        self.started = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            headers = MutableHeaders(scope=message)
            headers["X-Request-Id"] = self.request_id
            left: Left | None = self._state.get("left")
            for name, value in left.headers().items() if left is not None else ():
                headers[name] = value
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        elif message["type"] == "http.response.body" and self.without_body:
            message = {**message, "body": b""}
        await self._send(message)
