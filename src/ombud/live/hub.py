"""One connection for a process that asks what changed, any number of subscribers in it.

It listens for the NOTIFY that edges send after a commit (`db/nudge.py`), and then asks the audit log by snapshot,
so that no commit is missed whatever their order. Who writes past Ombud (psql, COPY, another program) does not
notify: for those it asks every half second, too. A subscriber that is slow loses no change: what comes while it
works is merged into one set. When the connection is lost the hub connects again and tells everybody to look anew,
because something may have been missed.

With each question it asks what administrators chose (`ombud.settings`), so that every process knows at once.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass

from ombud.db.desk import Desk
from ombud.db.replica import PRIMARY_POSITION
from ombud.live import queries
from ombud.live.listener import listen
from ombud.settings import learn

POLL_SECONDS = 0.5
"""How long a change that nobody notified of stays unseen."""
PAUSE_SECONDS = 0.1
"""The least time between two questions to the audit log, however often it is nudged; the first is asked at once."""
RECONNECT_SECONDS = 0.5
TOO_MANY = 100
"""More tickets than this at once are told as "everything"."""


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

    def __init__(self, desk: Desk, *, poll_seconds: float = POLL_SECONDS) -> None:
        self._desk = desk
        self.poll_seconds = poll_seconds
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
        async with self._desk.async_engine.connect() as plain:
            connection = await plain.execution_options(isolation_level="AUTOCOMMIT")
            try:
                listener = await listen(connection)
                turn = self._desk.choices.turn()
                moment, chosen = (await connection.execute(queries.present_moment())).one()
                learn(self._desk.choices, turn, chosen)
                self.connected.set()
                if not first:
                    self._tell(Changes(everything=True))
                while True:
                    await listener.wait(self.poll_seconds)
                    turn = self._desk.choices.turn()
                    row = (await connection.execute(queries.tickets_changed(moment))).one()
                    moment, ids, chosen = row
                    if learn(self._desk.choices, turn, chosen):
                        self._tell(Changes(everything=True))
                    if ids:
                        if self._desk.reading is not None:  # who looks now must find what they are told of
                            self._desk.reading.replica.note_for_all(await connection.scalar(PRIMARY_POSITION))
                        self._tell(
                            Changes(everything=True) if len(ids) > TOO_MANY else Changes(frozenset(ids))
                        )
                    await asyncio.sleep(PAUSE_SECONDS)
            finally:
                await connection.invalidate()  # it listens: no other user of the pool may get it


def _driver_error() -> type[Exception]:
    from sqlalchemy.exc import DBAPIError

    return DBAPIError
