"""Answers in one write: head and body of what has a length leave together.

uvicorn writes the head when it is told of it, and the body when that comes: two calls of the kernel, two packets, and a
client that wakes up for a head. Here the head of an answer that says how long it is waits for the first of its body.
What has no length is a stream, whose head is sent at once.
"""

from typing import TYPE_CHECKING

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

if TYPE_CHECKING:
    from uvicorn._types import ASGISendEvent, HTTPResponseStartEvent


class WholeAnswers(RequestResponseCycle):
    """One request and its answer; made of uvicorn's own (`of`)."""

    _start: "HTTPResponseStartEvent | None" = None

    @staticmethod
    def of(cycle: RequestResponseCycle) -> None:
        """Make `cycle` one of these: uvicorn makes it where nobody else can, before anything is answered."""
        cycle.__class__ = WholeAnswers

    async def send(self, message: "ASGISendEvent") -> None:
        """Send on what the application says, the head of a whole answer with its body."""
        if self._start is None:
            if (
                message["type"] == "http.response.start"
                and not self.response_started
                and _has_length(message)
            ):
                self._start = message
            else:
                await super().send(message)
            return
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        # Nothing below waits: what is written in between is all of this answer.
        start, self._start = self._start, None
        transport = self.transport
        self.transport = gathered = _Gathered()  # type: ignore[assignment]  # as much of one as `send` knows
        try:
            await super().send(start)
            await super().send(message)
        finally:
            self.transport = transport
            if gathered.parts:
                transport.write(b"".join(gathered.parts))
            if gathered.is_closed:
                transport.close()

    async def send_500_response(self) -> None:
        """Say that the application failed, in place of a head that nobody was sent."""
        self._start = None
        await super().send_500_response()


class _Gathered:
    """Stands for a transport while an answer is put together."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.is_closed = False

    def write(self, data: bytes) -> None:
        self.parts.append(data)

    def close(self) -> None:
        self.is_closed = True


def _has_length(start: "HTTPResponseStartEvent") -> bool:
    return any(name == b"content-length" for name, _value in start.get("headers", ()))
