"""Figures from a cache, never old ones: PostgreSQL is asked each time whether anything has changed since.

That question is answered by the audit log, whoever wrote (bulk, COPY, another program), so nothing has to be told to
the cache when something changes, and a cache that missed, lost or kept too much cannot make an answer wrong. It costs
one short statement; computing statistics costs a hundred times that.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, cast

from sqlalchemy import URL, make_url
from sqlalchemy.orm import Session

from ombud._version import __version__
from ombud.analytics import queries
from ombud.analytics.rules import Span, check_time_zone
from ombud.analytics.statistics import TicketStatistics, get_ticket_statistics
from ombud.db.actor import Actor, Scope
from ombud.db.context import actor_of
from ombud.db.desk import ATTEMPTS, Desk
from ombud.db.translate import Lost, Retryable
from ombud.kit.cache import Cache, open_cache
from ombud.tickets import queries as tickets
from ombud.tickets.policy import require_staff

KEPT_SECONDS = 3600


class Figures:
    """Statistics and counters of a desk, by way of a cache; that of OMBUD_REDIS_URL if none is given.

    Make it once for a process. `cache.figures` counts hits and misses.
    """

    def __init__(self, desk: Desk, cache: Cache | None = None) -> None:
        self._desk = desk
        url = desk.settings.redis_url
        self.cache = cache or open_cache(url.get_secret_value() if url is not None else None)
        self._place = _place_of(desk.url)

    def statistics(
        self,
        actor: Actor,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        time_zone: str = "UTC",
    ) -> TicketStatistics:
        """Return what `get_ticket_statistics` returns."""
        name, compute = self._statistics(actor, start, end, time_zone)
        return cast("TicketStatistics", self._find(actor, name, compute))

    async def astatistics(
        self,
        actor: Actor,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        time_zone: str = "UTC",
    ) -> TicketStatistics:
        """The asynchronous twin of `statistics`."""
        name, compute = self._statistics(actor, start, end, time_zone)
        return cast("TicketStatistics", await self._afind(actor, name, compute))

    def counters(self, actor: Actor) -> dict[str, int]:
        """Return how many tickets each view holds for `actor`, counted up to the cap of `view_counters`."""
        return cast("dict[str, int]", self._find(actor, self._counters_of(actor), _counters))

    async def acounters(self, actor: Actor) -> dict[str, int]:
        """The asynchronous twin of `counters`."""
        return cast("dict[str, int]", await self._afind(actor, self._counters_of(actor), _counters))

    def _find(self, actor: Actor, name: str, compute: Callable[[Session], Any]) -> Any:
        kept = _Kept.read(self.cache.get(name))
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with self._desk.read(actor, fresh=True) as session:
                    found = _look(session, kept, compute)
                break
            except (Lost, Retryable):  # it only reads
                if attempt == ATTEMPTS:
                    raise
        if self._count(found) and found.moment is not None:
            self.cache.put(name, found.written(), KEPT_SECONDS)
        return found.value

    async def _afind(self, actor: Actor, name: str, compute: Callable[[Session], Any]) -> Any:
        kept = _Kept.read(await self.cache.aget(name))
        for attempt in range(1, ATTEMPTS + 1):
            try:
                async with self._desk.aread(actor, fresh=True) as session:
                    found = await session.run_sync(_look, kept, compute)
                break
            except (Lost, Retryable):
                if attempt == ATTEMPTS:
                    raise
        if self._count(found) and found.moment is not None:
            await self.cache.aput(name, found.written(), KEPT_SECONDS)
        return found.value

    def _count(self, found: "_Kept") -> bool:
        """Count a hit or a miss; True for a miss."""
        if found.is_hit:
            self.cache.figures.hits += 1
        else:
            self.cache.figures.misses += 1
        return not found.is_hit

    def _statistics(
        self, actor: Actor, start: datetime | None, end: datetime | None, time_zone: str
    ) -> tuple[str, Callable[[Session], Any]]:
        require_staff(actor)
        Span(start, end)
        check_time_zone(time_zone)
        span = [moment.isoformat() if moment is not None else None for moment in (start, end)]
        # Who sees everything sees the same figures.
        who = "all" if actor.scope is Scope.ALL else _rights_of(actor)
        name = self._name("statistics", who, *span, time_zone)
        return name, lambda session: get_ticket_statistics(session, start=start, end=end, time_zone=time_zone)

    def _counters_of(self, actor: Actor) -> str:
        return self._name("counters", _rights_of(actor))

    def _name(self, *parts: object) -> str:
        # An update may run beside the version before it, which gives its values another shape.
        return f"ombud:{_digest(self._place, __version__, *parts)}"


class _Kept:
    """A value, and the moment at which it was true."""

    def __init__(self, value: Any, moment: str | None, *, is_hit: bool = False) -> None:
        self.value = value
        self.moment = moment
        self.is_hit = is_hit

    @classmethod
    def read(cls, text: str | None) -> "_Kept | None":
        """Read what `written` wrote; None for anything else."""
        try:
            moment, value = json.loads(text or "")
        except (ValueError, TypeError, RecursionError):
            return None
        is_ours = (
            isinstance(moment, str) and moment.isascii() and moment.isprintable() and isinstance(value, dict)
        )
        return cls(value, moment) if is_ours else None

    def written(self) -> str:
        return json.dumps([self.moment, self.value], separators=(",", ":"))


def _look(session: Session, kept: _Kept | None, compute: Callable[[Session], Any]) -> _Kept:
    """Ask first, compute afterwards: what changes in between makes the answer newer than its moment, never older."""
    moment, holds = session.execute(queries.unchanged_since((kept and kept.moment) or "")).one()
    if kept is not None and holds:
        return _Kept(kept.value, kept.moment, is_hit=True)
    return _Kept(compute(session), moment)


def _counters(session: Session) -> dict[str, int]:
    return dict(session.execute(tickets.view_counters(actor_of(session))).one()._mapping)


def _rights_of(actor: Actor) -> str:
    """Return all that decides what an actor sees: other rights are another name, so nothing is left behind."""
    parts = (actor.kind, actor.scope, actor.user_id, sorted(actor.team_ids), actor.organization_id)
    return _digest(*parts, actor.read_only)


def _place_of(url: str | URL) -> str:
    """Name the database, without its password: several desks may share one Redis."""
    target = make_url(url)
    return _digest(target.host, target.port, target.database, sorted(target.query.items()))


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps([str(part) for part in parts]).encode()).hexdigest()
