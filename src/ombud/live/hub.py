"""One LISTEN connection for a process, any number of subscribers in it.

The audit triggers notify at commit with the numbers of the tickets touched. A subscriber that is slow loses
no change: what comes while it works is merged into one set. When the connection is lost the hub connects
again and tells everybody to look anew, because something may have been missed.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

from ombud.db.desk import Desk

CHANNEL = "ombud_tickets"
RECONNECT_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Changes:
    """Tickets that changed; `everything` means too many to name, or that some may have been missed."""

    ticket_ids: frozenset[int] = frozenset()
    everything: bool = False

    def __or__(self, other: "Changes") -> "Changes":
        return Changes(self.ticket_ids | other.ticket_ids, self.everything or other.everything)

    def __bool__(self) -> bool:
        return self.everything or bool(self.ticket_ids)


class _Subscriber:
    def __init__(self) -> None:
        self.pending = Changes()
        self.wake = asyncio.Event()

    def tell(self, changes: Changes) -> None:
        self.pending |= changes
        self.wake.set()

    async def next(self) -> Changes:
        await self.wake.wait()
        self.wake.clear()
        pending, self.pending = self.pending, Changes()
        return pending


class LiveHub:
    """Start it once for a process; `subscribe` as often as there are open pages."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._subscribers: set[_Subscriber] = set()
        self._task: asyncio.Task[None] | None = None
        self.connected = asyncio.Event()

    async def start(self) -> None:
        """Begin to listen; returns once the first connection stands."""
        self._task = asyncio.create_task(self._listen(), name="ombud-live")
        await self.connected.wait()

    async def stop(self) -> None:
        """Stop listening; open subscriptions end."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def subscribe(self) -> AsyncGenerator[Changes, None]:
        """Yield what changed, merged, for as long as the caller iterates."""
        subscriber = _Subscriber()
        self._subscribers.add(subscriber)
        try:
            while True:
                yield await subscriber.next()
        finally:
            self._subscribers.discard(subscriber)

    def _tell(self, changes: Changes) -> None:
        for subscriber in self._subscribers:
            subscriber.tell(changes)

    async def _listen(self) -> None:
        first = True
        while True:
            try:
                await self._listen_once(first)
            except (OSError, _driver_error()):
                await asyncio.sleep(RECONNECT_SECONDS)
            first = False

    async def _listen_once(self, first: bool) -> None:
        lost = asyncio.Event()
        raw = await self._desk.async_engine.raw_connection()
        driver: Any = raw.driver_connection
        try:
            driver.add_termination_listener(lambda _connection: lost.set())
            await driver.add_listener(CHANNEL, self._on_notify)
            self.connected.set()
            if not first:
                self._tell(Changes(everything=True))
            await lost.wait()
        finally:
            # A listening connection never goes back to the pool.
            raw.invalidate()

    def _on_notify(self, _connection: object, _pid: int, _channel: str, payload: str) -> None:
        if payload == "*":
            self._tell(Changes(everything=True))
            return
        ids = frozenset(int(part) for part in payload.split(",") if part.isdigit())
        if ids:
            self._tell(Changes(ids))


def _driver_error() -> type[Exception]:
    from sqlalchemy.exc import DBAPIError

    return DBAPIError
