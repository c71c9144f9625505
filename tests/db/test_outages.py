"""A server that goes silent, and one that is full: the desk says so, soon, and goes on when it can."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator

import psycopg
import pytest
from sqlalchemy import URL, text

from ombud import Actor, Desk, Settings
from ombud.db import migrate
from ombud.errors import Unavailable
from tests.db.drivers import FOUR, driven
from tests.db.servers import OwnServer, own_server

PLACES = 6


@pytest.fixture(scope="module")
def server() -> Iterator[OwnServer]:
    settings = {"max_connections": str(PLACES), "superuser_reserved_connections": "0", "max_wal_senders": "0"}
    with own_server(settings=settings) as made:
        migrate.upgrade(made.url)
        yield made


@pytest.mark.parametrize("driver", FOUR)
def test_a_full_server_is_told_and_used_again(server: OwnServer, driver: str) -> None:
    with driven(driver, server.url) as one:
        with contextlib.ExitStack() as others:
            with pytest.raises(psycopg.OperationalError, match="too many clients"):
                _fill(server, others)
            with pytest.raises(Unavailable, match="does not answer right now"):
                one.scalar("SELECT 1")
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with contextlib.suppress(Unavailable):  # the others are just leaving
                assert one.scalar("SELECT 1") == 1
                break
        assert one.scalar("SELECT 1") == 1
        assert one.pool.checkedout() == 0


def _fill(server: OwnServer, others: contextlib.ExitStack) -> None:
    for _place in range(PLACES + 1):
        others.enter_context(psycopg.connect(migrate.libpq(server.url)))


class BlackHole:
    """A door to the server that can be shut in silence: it takes what is sent, and nothing comes back."""

    def __init__(self, target: URL) -> None:
        self.target = target
        self.is_open = asyncio.Event()
        self.is_open.set()

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncIterator[URL]:
        """Take connections; yields where."""
        tasks: set[asyncio.Task[None]] = set()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            there, back = await asyncio.open_connection(self.target.host, self.target.port)
            for task in (self._pass(reader, back), self._pass(there, writer)):
                tasks.add(asyncio.ensure_future(task))

        door = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with door:
            yield self.target.set(port=door.sockets[0].getsockname()[1])
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                await self.is_open.wait()
                writer.write(data)
        except OSError:
            pass  # one of the two has gone
        finally:
            writer.close()


@pytest.mark.asyncio
@pytest.mark.parametrize("driver", ["asyncpg", "psycopg"])
async def test_silence_ends_what_is_under_way_and_what_begins(server: OwnServer, driver: str) -> None:
    hole = BlackHole(server.url)
    settings = Settings(pool_size=2, pool_timeout=1.0, statement_timeout=0.3)
    async with hole.opened() as url:
        desk = Desk(url.set(drivername=f"postgresql+{driver}"), settings)

        async def ask(*, then_silence: bool = False) -> object:
            async with desk.aread(Actor.agent(1)) as session:
                assert await session.scalar(text("SELECT 1")) == 1
                if then_silence:
                    hole.is_open.clear()
                return await asyncio.wait_for(session.scalar(text("SELECT 2")), 20)

        with pytest.raises(Unavailable):
            await ask(then_silence=True)
        with pytest.raises(Unavailable):
            await ask()
        hole.is_open.set()
        deadline = time.monotonic() + 30
        while True:  # connecting may take longer than it is given, where much else runs
            try:
                assert await ask() == 2
                break
            except Unavailable:
                assert time.monotonic() < deadline
        assert desk.async_engine.pool.checkedout() == 0  # type: ignore[attr-defined]
        await desk.aclose()
