"""HTTP for `ombud serve` with bounds that uvicorn's parser has not: how long the head of a request may be, and take,
and how slowly a body may come.

How long a body may be is the application's to say, which knows what each address takes. Without this a single endless
header would fill the memory, and a head or a body that never ends would hold its connection, and who reads it, for
ever, whoever sends it (TRUST.md T74).
"""

import asyncio
import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from ombud.cli.whole import WholeAnswers
from ombud.db.actor import new_request_id
from ombud.kit.logs import Log

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application

HEAD_LIMIT = 64 * 1024
"""Bytes of request line and headers together."""
HEAD_SECONDS = 20.0
"""How long they may take to come."""
BODY_SECONDS = 20.0
"""How long any body may take to come, beside what its rate allows."""
BODY_RATE = 1000.0
"""Bytes a second that a longer body comes at, at least: a tenth of what the slowest of telephones does."""

_log = Log(__name__)


def refusal(status: HTTPStatus, code: str, detail: str) -> bytes:
    """Return an answer to what never came to the application, in the form of all others, and tell the log of it."""
    request_id = new_request_id()
    _log.info("request refused unread", status=int(status), code=code, request_id=request_id)
    problem = {
        "type": "about:blank",
        "title": status.phrase,
        "status": int(status),
        "detail": detail,
        "code": code,
        "instance": f"urn:uuid:{request_id}",
    }
    body = json.dumps(problem).encode()
    head = (
        f"HTTP/1.1 {int(status)} {status.phrase}\r\ncontent-type: application/problem+json\r\n"
        f"content-length: {len(body)}\r\nx-request-id: {request_id}\r\n"
        "cache-control: no-store\r\nconnection: close\r\n\r\n"
    )
    return head.encode() + body


class BoundedHttp(HttpToolsProtocol):
    """Answers 431 and hangs up where a head is too long, hangs up where it takes too long, and says 408 to a body."""

    _head_bytes = 0
    _named_bytes = 0
    _hosts = 0
    _is_in_head = False
    _deadline: asyncio.TimerHandle | None = None
    _is_in_body = False
    _body_bytes = 0
    _body_since = 0.0
    _weighing: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the parent's
        """Begin to wait for a head."""
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_waiting()
        self._end_body()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what comes while a head has not ended."""
        if self._is_in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._is_in_head and self._head_bytes > HEAD_LIMIT and not self.transport.is_closing():
            self._refuse_head()
        if self._is_in_body and self._weighing is None:
            self._weighing = self.loop.call_later(BODY_SECONDS, self._weigh)

    def on_message_begin(self) -> None:
        """A head begins: the first on this connection, or the next one."""
        if self._deadline is None:
            self._expect_head()
        self._is_in_head, self._head_bytes, self._named_bytes, self._hosts = True, 0, 0, 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Count the address."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header."""
        self._count(len(name) + len(value))
        self._hosts += name.lower() == b"host"
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """A head has ended, and a body begins.

        It names its host once (RFC 9112 section 3.2): of two a proxy may believe the other one.
        """
        parser: Any = self.parser  # None once the connection is lost, when nothing comes any more
        may_lack_it = parser.get_http_version() == "1.0"
        if self._hosts > 1 or (self._hosts == 0 and not may_lack_it):
            raise httptools.HttpParserError("Host")  # answered with 400, as all that is no HTTP
        self._is_in_head = False
        self._stop_waiting()
        self._is_in_body, self._body_bytes, self._body_since = True, 0, self.loop.time()
        super().on_headers_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: "ASGI3Application") -> None:
        WholeAnswers.of(cycle)
        super()._start_asgi_task(cycle, app)

    def on_body(self, body: bytes) -> None:
        """Count it, also what nobody reads any more because the request is answered."""
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """A body has ended; most come with their head."""
        self._end_body()
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, or too much of it, and hang up."""
        if self._named_bytes > HEAD_LIMIT:
            self._refuse_head()
            return
        self.transport.write(refusal(HTTPStatus.BAD_REQUEST, "bad_request", msg))
        self.transport.close()

    def _refuse_head(self) -> None:
        detail = f"The address and the headers of a request have at most {HEAD_LIMIT:,} bytes together."
        self.transport.write(refusal(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "head_too_large", detail))
        self.transport.close()

    def _count(self, size: int) -> None:
        """Raise what the parser takes for a malformed request once a head that came in one piece is too long."""
        self._named_bytes += size
        if self._named_bytes > HEAD_LIMIT:
            raise httptools.HttpParserError

    def _expect_head(self) -> None:
        self._deadline = asyncio.get_running_loop().call_later(HEAD_SECONDS, self._give_up)

    def _give_up(self) -> None:
        self._deadline = None
        if not self.transport.is_closing():
            self.transport.close()

    def _weigh(self) -> None:
        """Hang up on a body that is behind its time, and look again when this one would be."""
        self._weighing = None
        if self.transport.is_closing():
            return
        now = self.loop.time()
        if self.flow.read_paused:
            self._body_since = now - self._body_bytes / BODY_RATE  # it waits for us, not we for it
        due = self._body_since + BODY_SECONDS + self._body_bytes / BODY_RATE
        if now < due:
            self._weighing = self.loop.call_at(due, self._weigh)
            return
        if not self.cycle.response_started:
            detail = "The body comes too slowly."
            self.transport.write(refusal(HTTPStatus.REQUEST_TIMEOUT, "too_slow", detail))
        self.transport.close()

    def _end_body(self) -> None:
        self._is_in_body = False
        if self._weighing is not None:
            self._weighing.cancel()
            self._weighing = None

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
