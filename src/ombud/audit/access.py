"""Looks at things, gathered in memory for a moment: a page view must not cost a transaction of its own.

While the database is away they wait in a file (`spill`). Downloads and exports do not go this way; they are
noted in their own transaction (`record_access`).
"""

import threading
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from weakref import WeakKeyDictionary

from ombud.clock import now
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.models import AccessKind

CAPACITY = 50_000
"""Looks kept while the database is away; the oldest are given up first."""
REPEAT_SECONDS = 300.0
"""The same person looking at the same thing again within this time is one look."""
REMEMBERED = 10_000
LONGEST = 300
"""Characters of a thing's name that the log has room for."""


@dataclass(frozen=True, slots=True)
class Look:
    """One look, as it will be written."""

    kind: AccessKind
    thing: str
    principal: str
    user_id: int | None
    request_id: str
    at: datetime = field(default_factory=now)

    def row(self) -> dict[str, Any]:
        """Return the values of the log's columns."""
        return {
            "at": self.at,
            "principal": self.principal,
            "user_id": self.user_id,
            "kind": self.kind,
            "object": self.thing,
            "request_id": self.request_id,
        }


class AccessBuffer:
    """Gathers looks from any thread; a chore takes them out and writes them, once a second."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._looks: deque[Look] = deque(maxlen=CAPACITY)
        self._recent: dict[tuple[str, AccessKind, str], float] = {}
        self.lost = 0
        """How many looks did not fit in while the database was away."""

    def note(self, actor: Actor, kind: AccessKind, thing: str) -> None:
        """Remember that `actor` looked at `thing` (`ticket:1042`); returns at once.

        A refusal (`DENIED`) is noted each time, everything else once in five minutes.
        """
        look = Look(kind, _storable(thing), actor.label, actor.user_id, actor.request_id)
        with self._lock:
            if kind is AccessKind.DENIED or not self._is_repeated(look):
                self._keep(look)

    def take(self) -> list[Look]:
        """Return what was gathered, and gather anew."""
        with self._lock:
            looks = list(self._looks)
            self._looks.clear()
        return looks

    def put_back(self, looks: list[Look]) -> None:
        """Keep looks that could not be written for the next time."""
        with self._lock:
            newer = list(self._looks)
            self._looks.clear()
            for look in [*looks, *newer]:
                self._keep(look)

    def _keep(self, look: Look) -> None:
        self.lost += len(self._looks) == CAPACITY
        self._looks.append(look)

    def _is_repeated(self, look: Look) -> bool:
        key, moment = (look.principal, look.kind, look.thing), time.monotonic()
        if moment - self._recent.get(key, -REPEAT_SECONDS) < REPEAT_SECONDS:
            return True
        self._recent.pop(key, None)  # so that the oldest stand first
        if len(self._recent) >= REMEMBERED:
            del self._recent[next(iter(self._recent))]
        self._recent[key] = moment
        return False


def _storable(thing: str) -> str:
    """Leave out what PostgreSQL does not take: one such name would keep all the others from being written."""
    return thing.replace("\0", "").encode(errors="replace").decode()[:LONGEST]


_buffers: WeakKeyDictionary[Desk, AccessBuffer] = WeakKeyDictionary()
_making = threading.Lock()


def views_of(desk: Desk) -> AccessBuffer:
    """Return the desk's buffer in this process: edges note here what they show, the chores write it."""
    found = _buffers.get(desk)
    if found is None:
        with _making:
            found = _buffers.setdefault(desk, AccessBuffer())
    return found
