"""Desks by each driver that Ombud takes, behind one synchronous face."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

import pytest

from ombud import Actor, Desk, DeskSession, Settings
from ombud.testing import ScratchDatabase

T = TypeVar("T")

DRIVERS = ("psycopg", "psycopg2", "asyncpg")


class Unit(Protocol):
    """Run something in a transaction of its own, by the driver at hand."""

    def __call__(self, actor: Actor, work: Callable[[DeskSession], T]) -> T: ...


@pytest.fixture(scope="session")
def loop() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(params=DRIVERS)
def unit(request: pytest.FixtureRequest, database: ScratchDatabase, loop: asyncio.Runner) -> Iterator[Unit]:
    """Transactions by one driver, on an empty desk."""
    desk = Desk(
        database.url.set(drivername=f"postgresql+{request.param}"),
        Settings(statement_timeout=1.5, lock_timeout=0.5, pool_size=2, pool_overflow=0, pool_timeout=30),
    )
    if request.param == "asyncpg":

        async def run(actor: Actor, work: Callable[[DeskSession], T]) -> T:
            async with desk.abegin(actor) as session:
                return await session.run_sync(work)  # type: ignore[arg-type]

        yield lambda actor, work: loop.run(run(actor, work))
        loop.run(desk.aclose())
        return

    def begin(actor: Actor, work: Callable[[DeskSession], T]) -> T:
        with desk.begin(actor) as session:
            return work(session)

    yield begin
    desk.close()
