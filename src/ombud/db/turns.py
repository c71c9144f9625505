"""Turns: how many searches run at once, and who is next. Everything else that is asked goes on beside them.

A search may keep a core of the database's machine busy for as long as a statement may run. Fifty at once would leave
nothing to those who open a ticket, so a process lets few run, and the others wait without a connection. People take
turns, whoever asks most: nobody has all of them, and who waits too long is told to come again.
"""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from threading import Lock

from ombud.errors import RateLimited, Unavailable

QUEUED = 10
"""Searches of one person that may wait at once."""


class TooManySearches(RateLimited):
    """One person's searches wait already, as many as may."""

    code = "too_many_searches"
    default_message = "Your other searches are still waiting. Let them finish, then search again."


class SearchesBusy(Unavailable):
    """No turn came in time."""

    code = "searches_busy"
    default_message = "Many searches are running right now. Try again in a moment."


class Turns:
    """A process's turns: `at_once` run, of one person all but one of these, and others wait for `seconds`.

    For threads and for event loops, which may take from the same turns. `queued` of one person may wait; what is told
    when more would, and when no turn came, are `full` and `busy`.
    """

    def __init__(
        self,
        at_once: int,
        seconds: float,
        *,
        queued: int = QUEUED,
        full: type[RateLimited] = TooManySearches,
        busy: type[Unavailable] = SearchesBusy,
    ) -> None:
        self._at_once = at_once
        self._queued, self._full, self._busy = queued, full, busy
        self._own = max(1, at_once - 1)
        self._seconds = seconds
        self._lock = Lock()
        self._running = Counter[str]()
        self._waiting: OrderedDict[str, deque[Future[None]]] = OrderedDict()

    @contextmanager
    def turn(self, who: str) -> Iterator[None]:
        """Hold a turn of `who`; raises `full` and `busy`."""
        place = self._join(who)
        if place is not None:
            with self._waiting_in(who, place):
                place.result(self._seconds)
        try:
            yield
        finally:
            self._leave(who)

    @asynccontextmanager
    async def aturn(self, who: str) -> AsyncIterator[None]:
        """The asynchronous twin of `turn`."""
        place = self._join(who)
        if place is not None:
            with self._waiting_in(who, place):
                async with asyncio.timeout(self._seconds):
                    await asyncio.wrap_future(place)
        try:
            yield
        finally:
            self._leave(who)

    def waiting(self) -> int:
        """Return how many wait."""
        with self._lock:
            return sum(len(places) for places in self._waiting.values())

    def running(self) -> int:
        """Return how many turns are held."""
        with self._lock:
            return self._running.total()

    def _join(self, who: str) -> Future[None] | None:
        """Take a turn (None), or a place among those who wait."""
        with self._lock:
            # Where a turn is free, whoever waits has all of their own already.
            if self._running.total() < self._at_once and self._running[who] < self._own:
                self._running[who] += 1
                return None
            places = self._waiting.setdefault(who, deque())
            if len(places) >= self._queued:
                raise self._full(retry_after=1)
            place = Future[None]()
            places.append(place)
            return place

    @contextmanager
    def _waiting_in(self, who: str, place: Future[None]) -> Iterator[None]:
        """Give the place up when no turn came, or nobody wants it any more."""
        try:
            yield
        except TimeoutError:
            self._give_up(who, place)
            raise self._busy from None
        except BaseException:
            self._give_up(who, place)
            raise

    def _leave(self, who: str) -> None:
        with self._lock:
            self._back(who)
            while self._running.total() < self._at_once and (following := self._next()) is not None:
                who, place = following
                if place.set_running_or_notify_cancel():  # an event loop may have given it up a moment ago
                    self._running[who] += 1
                    place.set_result(None)

    def _give_up(self, who: str, place: Future[None]) -> None:
        """Wait no longer; a turn that came in the same moment goes on to the next."""
        with self._lock:
            has_turn = place.done() and not place.cancelled()
            places = self._waiting.get(who, deque())
            if place in places:
                places.remove(place)
            if not places:
                self._waiting.pop(who, None)
        if has_turn:
            self._leave(who)

    def _next(self) -> tuple[str, Future[None]] | None:
        """Take who is next out of those who wait; they go behind all others."""
        for who, places in self._waiting.items():
            if self._running[who] < self._own:
                place = places.popleft()
                if places:
                    self._waiting.move_to_end(who)
                else:
                    del self._waiting[who]
                return who, place
        return None

    def _back(self, who: str) -> None:
        self._running[who] -= 1
        if self._running[who] <= 0:
            del self._running[who]
