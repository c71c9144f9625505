"""One look at everything, each part on its own: what is dead is told as dead, and hides none of the others."""

import asyncio
import platform
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

import sqlalchemy

from ombud._version import __version__
from ombud.clock import now
from ombud.db import migrate
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.errors import OmbudError
from ombud.files import FileStore, place_of
from ombud.health import queries
from ombud.kit.cache import open_cache
from ombud.kit.log_lines import told
from ombud.kit.logs import Log
from ombud.kit.metrics import last_beats
from ombud.people.policy import require_admin

log = Log(__name__)

PART_SECONDS = 3.0
"""The longest that one part may take to say how it is."""
LATE = {"outbox_late": 300.0, "inbox": 300.0, "webhooks": 3600.0, "search": 300.0}
"""Seconds from which on a queue is behind."""
QUIET_WORKER = 60.0
UNFETCHED = timedelta(minutes=30)
_NOBODY = f"sha256/00/{'0' * 64}"

Item = dict[str, str | int | float | bool | None]


class State(StrEnum):
    """How a part is: `off` is one that the desk does not have."""

    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Panel:
    """A part, what is to be said of it in a sentence, and its figures."""

    name: str
    state: State
    words: str
    items: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True)
class Health:
    """Every part; the worst of them is the desk's."""

    panels: tuple[Panel, ...]

    @property
    def state(self) -> State:
        """The worst state of any part."""
        order = (State.BAD, State.WARNING, State.GOOD)
        return next(
            state for state in order if state is State.GOOD or any(p.state is state for p in self.panels)
        )


async def look_at(desk: Desk, actor: Actor, files: FileStore) -> Health:
    """Return how everything is. For administrators; eleven statements, in transactions of their own."""
    require_admin(actor)
    looks: tuple[tuple[str, Callable[[Desk, FileStore], Awaitable[Panel]]], ...] = (
        ("database", _database),
        ("replica", _replica),
        ("worker", _worker),
        ("queues", _queues),
        ("mailboxes", _mailboxes),
        ("files", _files),
        ("redis", _redis),
        ("statements", _statements),
        ("sizes", _sizes),
        ("versions", _versions),
    )
    return Health(tuple([await _one(name, look, desk, files) for name, look in looks]))


async def _one(
    name: str, look: Callable[[Desk, FileStore], Awaitable[Panel]], desk: Desk, files: FileStore
) -> Panel:
    try:
        return await asyncio.wait_for(look(desk, files), PART_SECONDS)
    except TimeoutError:
        return Panel(name, State.BAD, f"No answer within {PART_SECONDS:.0f} seconds.")
    except OmbudError as error:
        return Panel(name, State.BAD, error.message)
    except Exception as error:  # noqa: BLE001 - a part that cannot be looked at must not hide the others
        log.warning("a part of the desk cannot be looked at", part=name, reason=told(error)[0])
        return Panel(name, State.BAD, "It cannot be looked at; the log says why.")


async def _rows(desk: Desk, statement: Any) -> list[Any]:
    async with desk.aread(Actor.system("health"), fresh=True) as session:
        return list((await session.execute(statement)).all())


async def _database(desk: Desk, _files: FileStore) -> Panel:
    row = (await _rows(desk, queries.server()))[0]
    head = migrate.head()
    item: Item = {
        "version": row.version,
        "started_at": row.started_at.isoformat(),
        "bytes": row.bytes,
        "connections": row.connections,
        "max_connections": row.max_connections,
        "schema": row.revision,
    }
    if row.revision != head:
        return Panel("database", State.BAD, f"Its schema is {row.revision}, not {head}.", (item,))
    if row.connections > 0.8 * row.max_connections:
        return Panel("database", State.WARNING, "Most of its connections are taken.", (item,))
    return Panel("database", State.GOOD, f"PostgreSQL {row.version} answers.", (item,))


async def _replica(desk: Desk, _files: FileStore) -> Panel:
    if desk.settings.replica_url is None:
        return Panel("replica", State.OFF, "None is set up; everything is read from the database itself.")
    replica = desk.reading
    if replica is not None and replica.replica.serves(Actor.system("health").label):
        return Panel("replica", State.GOOD, "It follows, and is read from.")
    return Panel(
        "replica", State.WARNING, "It is behind or away; everything is read from the database itself."
    )


async def _worker(_desk: Desk, _files: FileStore) -> Panel:
    moment = now().timestamp()
    items: tuple[Item, ...] = tuple(
        {"chore": name, "seconds_ago": round(max(0.0, moment - beat), 1)}
        for name, beat in sorted(last_beats().items())
    )
    if not items:
        return Panel("worker", State.OFF, "No worker runs in this process.")
    latest = min(float(item["seconds_ago"] or 0) for item in items)
    if latest > QUIET_WORKER:
        return Panel("worker", State.BAD, f"It has done nothing for {latest:.0f} seconds.", items)
    return Panel("worker", State.GOOD, f"It last did something {latest:.0f} seconds ago.", items)


async def _queues(desk: Desk, _files: FileStore) -> Panel:
    rows = await _rows(desk, queries.queues())
    items: tuple[Item, ...] = tuple(
        {"queue": name, "waiting": count, "seconds": None if age is None else round(max(0.0, age), 1)}
        for name, count, age in rows
    )
    late = [str(name) for name, _, age in rows if age is not None and age > LATE.get(name, float("inf"))]
    if late:
        return Panel("queues", State.WARNING, f"Behind: {', '.join(late)}.", items)
    return Panel("queues", State.GOOD, "Nothing waits longer than it should.", items)


async def _mailboxes(desk: Desk, _files: FileStore) -> Panel:
    rows = await _rows(desk, queries.mailboxes())
    items: tuple[Item, ...] = tuple(
        {
            "name": row.name,
            "address": row.address,
            "is_active": row.is_active,
            "fetched_at": row.fetched_at.isoformat() if row.fetched_at else None,
            "problem": row.problem,
        }
        for row in rows
    )
    ill = [
        row.name
        for row in rows
        if row.is_active
        and row.is_fetched
        and (row.problem or row.fetched_at is None or now() - row.fetched_at > UNFETCHED)
    ]
    if ill:
        return Panel("mailboxes", State.WARNING, f"Not fetched: {', '.join(ill)}.", items)
    if not rows:
        return Panel("mailboxes", State.OFF, "There is none yet.")
    return Panel("mailboxes", State.GOOD, "All are as they should be.", items)


async def _files(desk: Desk, files: FileStore) -> Panel:
    await asyncio.to_thread(files.has, _NOBODY)
    return Panel("files", State.GOOD, "They can be read.", ({"place": place_of(desk.settings)},))


async def _redis(desk: Desk, _files: FileStore) -> Panel:
    url = desk.settings.redis_url
    if url is None:
        return Panel("redis", State.OFF, "None is set up; figures are computed each time.")
    cache = open_cache(url.get_secret_value())
    try:
        await cache.aget("ombud:health")
    finally:
        cache.close()
    if cache.figures.failures:
        return Panel("redis", State.WARNING, "It does not answer; figures are computed each time.")
    return Panel("redis", State.GOOD, "It answers.")


async def _statements(desk: Desk, _files: FileStore) -> Panel:
    if not (await _rows(desk, queries.statements_there()))[0][0]:
        return Panel(
            "statements",
            State.OFF,
            "PostgreSQL does not count statements here: the extension pg_stat_statements is missing. "
            "`ombud db slow` says what to do.",
        )
    try:
        rows = await _rows(desk, queries.slow())
    except OmbudError:
        return Panel(
            "statements", State.OFF, "pg_stat_statements is not loaded. `ombud db slow` says what to do."
        )
    items: tuple[Item, ...] = tuple(
        {
            "query": " ".join(row.query.split())[:300],
            "calls": row.calls,
            "mean_ms": round(row.mean_ms, 2),
            "total_ms": round(row.total_ms, 1),
        }
        for row in rows
    )
    return Panel("statements", State.GOOD, "What took most time together, of what pages and API ask.", items)


async def _sizes(desk: Desk, _files: FileStore) -> Panel:
    tables = await _rows(desk, queries.sizes())
    attached = (await _rows(desk, queries.file_sizes()))[0]
    items: list[Item] = [{"name": row.name, "bytes": int(row.bytes), "rows": int(row.rows)} for row in tables]
    items.append({"name": "attached files", "bytes": int(attached.bytes), "rows": int(attached.files)})
    return Panel(
        "sizes", State.GOOD, "The largest tables with their indexes, and attached files.", tuple(items)
    )


async def _versions(_desk: Desk, _files: FileStore) -> Panel:
    item: Item = {
        "ombud": __version__,
        "schema": migrate.head(),
        "python": platform.python_version(),
        "sqlalchemy": sqlalchemy.__version__,
    }
    return Panel(
        "versions", State.GOOD, f"Ombud {__version__} on Python {platform.python_version()}.", (item,)
    )
