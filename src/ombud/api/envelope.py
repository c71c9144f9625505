"""What every answer has in common: the request's id, its tag, safe headers, HEAD, and no bare traceback.

Plain ASGI, because it must hold for streams and for what goes wrong outside of routes as well.
"""

from typing import Any, TypeAlias

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ombud.api import problems
from ombud.api.conditional import is_known, tag_of, version_in
from ombud.api.rates import Left
from ombud.db.actor import new_request_id
from ombud.errors import OmbudError
from ombud.kit.logs import Log

RawHeaders: TypeAlias = list[tuple[bytes, bytes]]

_log = Log(__name__)
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
}


_RAW = [(name.lower().encode(), value.encode()) for name, value in _HEADERS.items()]


async def sealed(scope: Scope, status: int, headers: RawHeaders, body: bytes, send: Send) -> None:
    """Send a whole answer of JSON with what every answer has in common, as `Envelope` does for the others."""
    state = scope["state"]
    left: Left | None = state.get("left")
    own = next((value.decode() for name, value in headers if name == b"etag"), None)
    if own is not None or (status == 200 and scope["method"] == "GET"):
        tag = tag_of(body, own)
        headers = [one for one in headers if one[0] != b"etag"]
        asked = next(
            (value.decode("latin-1") for name, value in scope["headers"] if name == b"if-none-match"), None
        )
        if asked is not None and scope["method"] == "GET" and is_known(asked, tag):
            status, body = 304, b""
            headers = [one for one in headers if one[0] != b"content-type"]
        headers.append((b"etag", tag.encode()))
    state["status"] = status
    if status != 304:
        headers.append((b"content-length", b"%d" % len(body)))
    headers.append((b"x-request-id", state["request_id"].encode()))
    if left is not None:
        headers += left.raw_headers()
    headers += _RAW
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class Envelope:
    """Wraps the API. A caller's own X-Request-Id is not taken over: the audit log must not hold a forged one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = dict(scope.get("state", {}))
        answer = _Answer(send, state, scope, state.get("request_id") or new_request_id())
        # HEAD runs the route of GET; `is_head` lets a route spare itself the body.
        state |= {"request_id": answer.request_id, "is_head": answer.without_body}
        inner = {**scope, "state": state, "method": "GET" if answer.without_body else scope["method"]}
        try:
            await self._app(inner, receive, answer.send)
        except ClientDisconnect:  # nobody is there to hear it, but it is counted as what it was
            if not answer.started:
                problem = problems.answer(Request(inner), 400, "bad_request", "The body did not come whole.")
                await problem(inner, receive, answer.send)
        except Exception:
            _log.exception("request failed", request_id=answer.request_id)
            if answer.started:
                raise  # too late to say anything: the connection breaks off, and the client notices
            problem = problems.answer(Request(inner), 500, "error", OmbudError.default_message)
            await problem(inner, receive, answer.send)


class _Answer:
    """Sends an answer on, completed."""

    def __init__(self, send: Send, state: dict[str, Any], scope: Scope, request_id: str) -> None:
        self._send = send
        self._state = state
        self._scope = scope
        self.request_id = request_id
        self.without_body = scope["method"] == "HEAD"
        self.started = False
        self._waiting: Message | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["X-Request-Id"] = self.request_id
            left: Left | None = self._state.get("left")
            for name, value in left.headers().items() if left is not None else ():
                headers[name] = value
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            if self._is_tagged(message["status"], headers):
                self._waiting = message  # its tag names the body, which comes next
                return
            if message["status"] == 204:
                del headers["Content-Type"]  # of a body that is not there
        elif message["type"] == "http.response.body":
            if self._waiting is not None:
                message = await self._tagged(self._waiting, message)
            if self.without_body:
                message = {**message, "body": b""}
        self.started = True
        await self._send(message)

    def _is_tagged(self, status: int, headers: MutableHeaders) -> bool:
        """Tell whether an answer gets a tag: what is shown as JSON, and what was changed where it has a version."""
        if headers.get("content-type") != "application/json":
            return False
        own = headers.get("etag")
        if own is not None:
            return status < 300 and version_in(own) is not None
        return status == 200 and self._scope["method"] in ("GET", "HEAD")

    async def _tagged(self, start: Message, message: Message) -> Message:
        """Send the start of an answer with the tag of its body, and return what is left of that to send."""
        self._waiting = None
        headers = MutableHeaders(scope=start)
        if not message.get("more_body", False):
            tag = headers["ETag"] = tag_of(message["body"], headers.get("etag"))
            asked = Headers(scope=self._scope).get("if-none-match")
            if asked is not None and self._scope["method"] in ("GET", "HEAD") and is_known(asked, tag):
                start, message = {**start, "status": 304}, {**message, "body": b""}
                del headers["Content-Type"], headers["Content-Length"]
        self.started = True
        await self._send(start)
        return message
