"""How much a caller may ask for: units by cost, in a bucket that fills evenly (GCRA, ITU-T I.371).

Each process keeps its own buckets, in memory: it protects the desk from a program that runs wild, and costs nothing.
A desk of several processes therefore allows up to so many times as much.
"""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from ombud.errors import RateLimited

PERIOD = 60
"""Seconds in which an empty bucket fills."""
READ, WRITE = 1, 3
# What costs the desk more than reading or changing one thing.
WEIGHTS = {
    "GET /tickets": 2,
    "GET /search/suggestions": 5,
    "GET /audit": 5,
    "GET /statistics": 10,
    "GET /duplicates/tickets": 10,
    "GET /duplicates/users": 10,
    "GET /tickets/{number}/duplicates": 5,
    "GET /users/{user_id}/duplicates": 5,
    "POST /tickets/{number}/merges": 10,
    "POST /users/{user_id}/merges": 30,
    "POST /users/{user_id}/anonymisation": 30,
    "POST /tags/{tag_id}/merges": 30,
    "POST /tags/normalisation": 30,
    "POST /tickets/bulk": 30,
    "POST /undo": 30,
    "POST /exports": 30,
    "POST /imports": 30,
    "POST /imports/{import_id}/repetition": 30,
    "GET /exports/{export_id}/file": 10,
}
KEPT = 10_000
"""Callers that are remembered; who comes back after so many others starts with a full bucket."""


def weight_of(method: str, route: str) -> int:
    """Return the units that a call costs."""
    plain = READ if method in ("GET", "HEAD", "OPTIONS") else WRITE
    return WEIGHTS.get(f"{method} {route}", plain)


@dataclass(frozen=True, slots=True)
class Left:
    """What a caller has left: of `limit` units, and the seconds until all of them are there again."""

    limit: int
    remaining: int
    reset: int

    def headers(self) -> dict[str, str]:
        """Return the headers of draft-ietf-httpapi-ratelimit-headers-07."""
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset),
        }

    def raw_headers(self) -> list[tuple[bytes, bytes]]:
        """Return them as ASGI has them."""
        return [
            (b"ratelimit-limit", b"%d" % self.limit),
            (b"ratelimit-remaining", b"%d" % self.remaining),
            (b"ratelimit-reset", b"%d" % self.reset),
        ]


class Buckets:
    """The buckets of all callers: `limit` units in PERIOD, all at once or evenly."""

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        # When each caller's bucket is full again; who is not there has a full one.
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def take(self, caller: str, units: int) -> tuple[Left, bool]:
        """Take units, and tell what is left and whether they were there; when not, nothing is taken."""
        now = self._clock()
        cost = units * PERIOD / self._limit
        full_at = max(now, self._full_at.get(caller, now))
        is_enough = full_at + cost - now <= PERIOD
        if is_enough:
            full_at += cost
            self._full_at[caller] = full_at
            self._full_at.move_to_end(caller)
            while len(self._full_at) > KEPT:
                self._full_at.popitem(last=False)
        wait = full_at - now
        remaining = math.floor((PERIOD - wait) * self._limit / PERIOD + 1e-6)
        return Left(self._limit, max(0, remaining), math.ceil(wait)), is_enough

    def wait_for(self, left: Left, units: int) -> int:
        """Return the seconds until so many units are there, rounded up."""
        return max(1, math.ceil((min(units, self._limit) - left.remaining) * PERIOD / self._limit))

    def refusal(self, left: Left, units: int) -> RateLimited:
        """Return the error for a caller who has not enough left."""
        words = "Too many calls. Wait, then go on more slowly; RateLimit-Remaining says what is left."
        return RateLimited(words, retry_after=self.wait_for(left, units))
