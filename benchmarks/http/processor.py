"""Processor time of the three who share the machine: the application, the backends that work for it, and the clients.

As Linux counts it, in hundredths of a second. What PostgreSQL does for all (its checkpointer, say) belongs to nobody
here. Backends are looked at again and again, as some end before the measurement does.
"""

from __future__ import annotations

import os
import statistics
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.http.load import Told
from benchmarks.http.servers import Application, Place

EVERY_SECONDS = 0.25
_TICK = 1000 / os.sysconf("SC_CLK_TCK")
_USER = 11
"""Where user time stands in a line of /proc/PID/stat, counted from behind the name; system time is next."""
_BACKENDS = "SELECT pid FROM pg_stat_activity WHERE datname = %s AND application_name = %s"


@dataclass(frozen=True)
class Spent:
    """Milliseconds of processor time that one request took."""

    application: float
    database: float
    clients: float

    @classmethod
    def median(cls, found: Sequence[Spent]) -> Spent:
        """Return the medians of some rounds."""
        parts = [(one.application, one.database, one.clients) for one in found]
        return cls(*(statistics.median(part) for part in zip(*parts, strict=True)))

    def __str__(self) -> str:
        return f"{self.application:.2f} + {self.database:.2f} + {self.clients:.2f}"


def watched(place: Place, application: Application, work: Callable[[], Told]) -> tuple[Told, Spent]:
    """Let others ask, and return how that went and what each request took."""
    before, spent = _milliseconds(application.process), _backends(place, application)
    begun, seen, done = dict(spent), dict(spent), threading.Event()

    def look() -> None:
        while not done.wait(EVERY_SECONDS):
            seen.update(_backends(place, application))

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        told = work()
    finally:
        done.set()
        watcher.join()
    seen.update(_backends(place, application))
    requests = max(1, len(told.taken))
    database = sum(now - begun.get(one, 0.0) for one, now in seen.items())
    after = _milliseconds(application.process)
    return told, Spent((after - before) / requests, database / requests, told.processor / requests)


def _backends(place: Place, application: Application) -> dict[int, float]:
    with place.server.connect(place.database) as connection:
        rows = connection.execute(_BACKENDS, [place.database, application.name]).fetchall()
    return {one: spent for (one,) in rows if (spent := _milliseconds(one))}


def _milliseconds(process: int) -> float:
    try:
        line = Path(f"/proc/{process}/stat").read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    fields = line.rpartition(")")[2].split()
    return _TICK * sum(map(int, fields[_USER : _USER + 2]))
