"""What both clients know of the event stream, without any I/O: its lines, where it broke off, when to come again."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import httpx

from ombud.client import sending
from ombud.client.errors import Problem, Unreachable
from ombud.client.shapes import Event

MEDIA_TYPE = "text/event-stream"
SILENCE = 45.0
"""Seconds without a sign of life after which a connection is lost; the desk gives one every 15."""
FIRST_PAUSE = 1.0
LONGEST_LINE = 1 << 20
_END = re.compile(rb"\r\n|\n|\r")


class Heard(NamedTuple):
    """An event, and what to give as `after` to hear what came after it."""

    id: str
    event: Event


class Ear:
    """What a listener remembers from one connection to the next."""

    def __init__(
        self, after: str | None = None, tries: int | None = None, params: Mapping[str, Any] | None = None
    ) -> None:
        self.last = after or ""
        self._params = params or {}
        self._tries = tries
        self._failures, self._has_heard = 0, False
        self._pause = FIRST_PAUSE
        self._rest = b""
        self._id, self._data = self.last, list[bytes]()

    def request(self, client: httpx.Client | httpx.AsyncClient) -> httpx.Request:
        """Make the request of a connection, which begins where the one before broke off."""
        self._rest, self._id, self._data = b"", self.last, []
        self._has_heard = False
        headers = {"Accept": MEDIA_TYPE, "Cache-Control": "no-cache"}
        if self.last:
            headers["Last-Event-ID"] = self.last
        given = client.timeout
        read = None if given.read is None else max(given.read, SILENCE)
        timeout = httpx.Timeout(connect=given.connect, read=read, write=given.write, pool=given.pool)
        return client.build_request("GET", "events", params=self._params, headers=headers, timeout=timeout)

    def hear(self, chunk: bytes) -> Iterator[Heard]:
        """Yield the events that a piece of the stream completes. The form is that of HTML's server-sent events."""
        self._has_heard = True
        self._rest += chunk
        while found := _END.search(self._rest):
            if found[0] == b"\r" and found.end() == len(self._rest):
                break  # its line feed may be on its way
            line, self._rest = self._rest[: found.start()], self._rest[found.end() :]
            heard = self._line(line)
            if heard is not None:
                yield heard
        if len(self._rest) > LONGEST_LINE:
            raise httpx.RemoteProtocolError("A line of the stream does not end.")

    def pause(self, answer: httpx.Response | None = None) -> float:
        """Return how many seconds to wait before the next connection; Unreachable when that was the last try.

        `answer` is one that says that the desk cannot listen now.
        """
        self._failures = 0 if self._has_heard else self._failures + 1
        if self._failures and self._failures == self._tries:
            raise Unreachable(None)
        return max(self._pause, sending.wait_before(min(self._failures, 10), answer))

    def _line(self, line: bytes) -> Heard | None:
        if not line:
            return self._event()
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        match name:
            case b"data":
                self._data.append(value)
            case b"id" if b"\0" not in value:
                self._id = value.decode()
            case b"retry" if value.isdigit():
                self._pause = min(int(value) / 1000, sending.LONGEST_WAIT)
        return None

    def _event(self) -> Heard | None:
        self.last, data = self._id, b"\n".join(self._data)
        self._data = []
        return Heard(self.last, json.loads(data)) if data else None


def is_stream(answer: httpx.Response) -> bool:
    """Tell whether an answer is the stream that was asked for; Problem for another success."""
    if not answer.is_success:
        return False
    if not answer.headers.get("Content-Type", "").startswith(MEDIA_TYPE):
        raise Problem(answer.status_code, {})
    return True


def require_later(answer: httpx.Response) -> None:
    """Raise Problem for a refusal that stays one; its body must have been read."""
    if not sending.should_try_again(answer):
        raise sending.problem_of(answer)
