"""What every case needs: the three sides on one size of data, and facts about that data."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.conninfo import conninfo_to_dict

from benchmarks.guide.best_side import BestSide, connect
from benchmarks.guide.databases import Server
from benchmarks.guide.guide_side import GuideSide
from benchmarks.guide.model import sessions
from benchmarks.guide.ombud_side import OmbudSide
from ombud import Actor, Desk

ME = 3
"""The agent who asks."""
STATEMENT_TIMEOUT = 60.0
"""Seconds. More than a desk's own limit of five, so that what takes longer is measured and not cut off."""


@dataclass(frozen=True)
class Bench:
    """The sides of one run."""

    server: Server
    tickets: int
    guide: GuideSide
    ombud: OmbudSide
    best: BestSide
    guide_connection: Any
    """A plain connection to the guide's database."""
    words: dict[int, str]
    """Some of the vocabulary by rank: the lower, the commoner."""

    @property
    def depth(self) -> int:
        """How far down a list the deep page begins."""
        return min(100_000, self.tickets // 5)

    @property
    def many(self) -> int:
        """How many tickets are changed at once."""
        return min(10_000, self.tickets // 5)

    def database(self, side: str, tickets: int | None = None) -> str:
        """Return the name of a side's database."""
        return f"{side}_{tickets or self.tickets}"

    async def newest_at(self, place: int) -> tuple[datetime, int]:
        """Return time and id of the ticket at a place of the list, newest first."""
        row = await self.guide_connection.fetchrow(
            "SELECT created_at, id FROM tickets WHERE deleted_at IS NULL"
            " ORDER BY created_at DESC, id DESC OFFSET $1 LIMIT 1",
            place,
        )
        return row[0], row[1]


def capped(found: tuple[int, list[int]]) -> tuple[int, list[int]]:
    """Return an answer as all sides can give it: Ombud counts no further than a thousand."""
    return min(found[0], 1000), found[1]


@asynccontextmanager
async def sides(server: Server, tickets: int) -> AsyncIterator[Bench]:
    """Connect all sides to the databases of one size."""
    engine, maker = sessions(server.url("asyncpg", f"guide_{tickets}"))
    best = await connect(_arguments(server, f"best_{tickets}"))
    plain = await connect(_arguments(server, f"guide_{tickets}"))
    async with desk(server, f"ombud_{tickets}") as ombud:
        words = dict(await plain.fetch("SELECT rank, w FROM bench_vocab WHERE rank IN (60, 1000)"))
        yield Bench(server, tickets, GuideSide(maker), ombud, BestSide(best), plain, words)
    await plain.close()
    await best.close()
    await engine.dispose()


@asynccontextmanager
async def desk(server: Server, database: str) -> AsyncIterator[OmbudSide]:
    """Open a desk on a database, for an agent who sees all."""
    opened = Desk(server.desk_url(database))
    opened.settings = opened.settings.model_copy(update={"statement_timeout": STATEMENT_TIMEOUT})
    try:
        yield OmbudSide(opened, Actor.agent(ME))
    finally:
        await opened.aclose()


def _arguments(server: Server, database: str) -> dict[str, Any]:
    found = conninfo_to_dict(server.dsn(database))
    return {name: found[name] for name in ("host", "port", "user")} | {"database": database}
