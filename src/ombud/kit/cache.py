"""A cache on Redis that is never needed: whatever is wrong with it, there is just nothing in it.

Values are texts, found again by name or computed anew. Waiting is short, and after a failure nobody asks for a while.
Needs the extra `redis`.
"""

import asyncio
import threading
import time
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol

from ombud.errors import Invalid, Unavailable

if TYPE_CHECKING:
    from redis import Redis

WAIT_SECONDS = 0.05
"""The longest that Redis may take for one answer."""
REST_SECONDS = 5.0
"""How long it is left alone after it failed."""
LONGEST_VALUE = 1_000_000


@dataclass
class CacheFigures:
    """What a cache was good for, in this process."""

    hits: int = 0
    misses: int = 0
    failures: int = 0

    @property
    def hit_rate(self) -> float | None:
        """Hits among all that was asked for; None when nothing was."""
        asked = self.hits + self.misses
        return self.hits / asked if asked else None


class Cache(Protocol):
    """Somewhere to keep texts for a while. It may forget any of them at any time, and raises nothing."""

    figures: CacheFigures

    def get(self, name: str) -> str | None: ...
    def put(self, name: str, value: str, seconds: int) -> None: ...
    async def aget(self, name: str) -> str | None: ...
    async def aput(self, name: str, value: str, seconds: int) -> None: ...
    def close(self) -> None: ...


class NoCache:
    """Keeps nothing."""

    def __init__(self) -> None:
        self.figures = CacheFigures()

    def get(self, name: str) -> str | None:
        return None

    def put(self, name: str, value: str, seconds: int) -> None: ...

    async def aget(self, name: str) -> str | None:
        return None

    async def aput(self, name: str, value: str, seconds: int) -> None: ...

    def close(self) -> None: ...


class RedisCache:
    """Keeps texts in Redis. Asynchronous callers wait in a thread, and not at all while Redis is left alone."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._client: Redis | None = None
        self._rests_until = float("-inf")
        self._lock = threading.Lock()
        self.figures = CacheFigures()

    def get(self, name: str) -> str | None:
        """Return what was kept under this name, or None."""
        from redis.exceptions import ResponseError

        found = None
        if not self.is_resting:
            try:
                found = self._connected().get(name)
            except self._failure as error:
                # Another program's list or bytes under our name: nothing is wrong with Redis, and `put` replaces them.
                is_foreign = isinstance(error, ResponseError) and str(error).startswith("WRONGTYPE")
                if not is_foreign and not isinstance(error, UnicodeDecodeError):
                    self._rest(error)
        return None if found is None else str(found)

    def put(self, name: str, value: str, seconds: int) -> None:
        """Keep a text for some seconds; very long ones are not worth it."""
        if self.is_resting or len(value) > LONGEST_VALUE:
            return
        try:
            self._connected().set(name, value, ex=seconds)
        except self._failure as error:
            self._rest(error)

    async def aget(self, name: str) -> str | None:
        """The asynchronous twin of `get`."""
        return None if self.is_resting else await asyncio.to_thread(self.get, name)

    async def aput(self, name: str, value: str, seconds: int) -> None:
        """The asynchronous twin of `put`."""
        if not self.is_resting:
            await asyncio.to_thread(self.put, name, value, seconds)

    def close(self) -> None:
        """Close the connections."""
        if self._client is not None:
            self._client.close()

    @property
    def is_resting(self) -> bool:
        """True for a while after a failure."""
        return time.monotonic() < self._rests_until

    @property
    def _failure(self) -> tuple[type[Exception], ...]:
        from redis.exceptions import RedisError

        # All but the first two: what the driver stumbles with over the answers of a server that is no Redis.
        return (RedisError, OSError, ValueError, TypeError, AttributeError, LookupError)

    def _rest(self, _error: Exception) -> None:
        self._rests_until = time.monotonic() + REST_SECONDS
        self.figures.failures += 1

    def _connected(self) -> "Redis":
        with self._lock:
            if self._client is None:
                from redis import Redis
                from redis.backoff import NoBackoff
                from redis.retry import Retry

                self._client = Redis.from_url(
                    self._url,
                    socket_timeout=WAIT_SECONDS,
                    socket_connect_timeout=WAIT_SECONDS,
                    decode_responses=True,
                    retry=Retry(NoBackoff(), 0),
                )
            return self._client

    def check_url(self) -> None:
        """Raise Invalid when the address is none; nothing connects."""
        try:
            self._connected()
        except ValueError:  # without its words, which may have a password in them
            raise Invalid(
                "OMBUD_REDIS_URL is no address of a Redis: redis://, rediss:// or unix://."
            ) from None


def open_cache(url: str | None) -> Cache:
    """Return the cache at a URL (redis://, rediss://, unix://), or one that keeps nothing; Invalid for others."""
    if url is None:
        return NoCache()
    if find_spec("redis") is None:
        raise Unavailable("OMBUD_REDIS_URL is set, but the extra is missing: pip install 'ombud[redis]'")
    cache = RedisCache(url)
    cache.check_url()
    return cache
