"""HTTP for `ombud serve` with bounds that uvicorn's parser has not: how long the head of a request may be, and take.

A body is bounded by the application, which knows what each address takes. Without this a single endless header
would fill the memory, and a head that never ends would hold its connection for ever (TRUST.md T74).
"""

import asyncio
from typing import TYPE_CHECKING

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from ombud.cli.whole import WholeAnswers

if TYPE_CHECKING:
    from uvicorn._types import ASGI3Application

HEAD_LIMIT = 64 * 1024
"""Bytes of request line and headers together."""
HEAD_SECONDS = 20.0
"""How long they may take to come."""


class BoundedHttp(HttpToolsProtocol):
    """Answers 400 and hangs up where a head is too long, and hangs up where it takes too long."""

    _head_bytes = 0
    _named_bytes = 0
    _is_in_head = False
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the parent's
        """Begin to wait for a head."""
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what comes while a head has not ended."""
        if self._is_in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._is_in_head and self._head_bytes > HEAD_LIMIT and not self.transport.is_closing():
            self.send_400_response("The request's head is too large.")

    def on_message_begin(self) -> None:
        """A head begins: the first on this connection, or the next one."""
        if self._deadline is None:
            self._expect_head()
        self._is_in_head, self._head_bytes, self._named_bytes = True, 0, 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Count the address."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header."""
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """A head has ended."""
        self._is_in_head = False
        self._stop_waiting()
        super().on_headers_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: "ASGI3Application") -> None:
        WholeAnswers.of(cycle)
        super()._start_asgi_task(cycle, app)

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

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
