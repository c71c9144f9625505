"""TRUST R8, with the settings as they come: nobody waits longer than five seconds for a server that went silent."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import URL, text

from ombud import Actor, Desk, Settings
from ombud.asgi import build_app
from ombud.db import silence
from ombud.errors import Unavailable
from ombud.testing import Cast, make_ticket
from tests.db.holes import BlackHole

pytestmark = [pytest.mark.asyncio, pytest.mark.usefixtures("built")]
SYSTEM = Actor.system("test")
AGREED = 5.0
BLOCKING, OTHERS = ("psycopg", "psycopg2"), ("asyncpg", "psycopg")
Ask = Callable[[], Awaitable[object]]
Work = Callable[[Any], object]


def _desk(url: URL, driver: str) -> Desk:
    return Desk(url.set(drivername=f"postgresql+{driver}"))


class Sides:
    """All that asks through one door: four drivers, the API and the pages, none with settings of its own."""

    def __init__(self, url: URL, cast: Cast, ticket: str) -> None:
        settings = Settings(database_url=SecretStr(url.render_as_string(hide_password=False)))
        self.blocking = {name: _desk(url, name) for name in BLOCKING}
        self.others = {f"async {name}": _desk(url, name) for name in OTHERS}
        self.served = _desk(url, "asyncpg")
        transport = httpx.ASGITransport(build_app(self.served, settings), raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://desk.example")
        self.headers = {"Authorization": f"Bearer {cast.agent.token}", "Cookie": f"ombud_session={'x' * 43}"}
        self.ticket = f"/api/v1/tickets/{ticket}"

    def work(self, work: Work, last: Callable[[], object] = lambda: None) -> dict[str, Ask]:
        """Return ways to have something done and then `last`, before the commit."""

        def block(desk: Desk) -> None:
            with desk.begin(SYSTEM) as session:
                work(session)
                last()

        async def other(desk: Desk) -> None:
            async with desk.abegin(SYSTEM) as session:
                await session.run_sync(work)
                await asyncio.to_thread(last)

        return {
            **{name: partial(asyncio.to_thread, block, desk) for name, desk in self.blocking.items()},
            **{name: partial(other, desk) for name, desk in self.others.items()},
        }

    def requests(self) -> dict[str, Ask]:
        """Return requests by the short way and by the usual one, of the API and of pages."""
        return {
            "read": partial(self._ask, "GET", self.ticket),
            "list": partial(self._ask, "GET", "/api/v1/tickets?count=true"),
            "write": partial(self._ask, "POST", f"{self.ticket}/comments", json={"content": "Said."}),
            "page": partial(self._ask, "GET", "/tickets"),
        }

    async def _ask(self, method: str, path: str, **more: Any) -> None:
        answer = await self.client.request(method, path, headers=self.headers, **more)
        if answer.status_code == 503:
            assert answer.headers["Retry-After"] == "1"
            raise Unavailable
        assert answer.status_code < 400, answer.text

    async def close(self) -> None:
        await self.client.aclose()
        for desk in (*self.blocking.values(), *self.others.values(), self.served):
            await desk.aclose()


async def _works(ask: Ask) -> bool:
    try:
        await ask()
    except Unavailable:
        return False
    return True


async def _refused(ways: dict[str, Ask]) -> dict[str, float]:
    """Ask in all ways at once; return who was not told within the time agreed, and how long it took."""
    late: dict[str, float] = {}

    async def watch(name: str, ask: Ask) -> None:
        begun = time.monotonic()
        assert not await _works(ask), name
        seconds = time.monotonic() - begun
        if seconds > AGREED:
            late[name] = seconds

    async with asyncio.TaskGroup() as group:
        for name, ask in ways.items():
            group.create_task(watch(name, ask))
    return late


def _one(session: Any) -> object:
    return session.scalar(text("SELECT 1"))


async def test_all_are_told_within_five_seconds_and_served_within_five(
    desk: Desk, cast: Cast, database_url: URL
) -> None:
    ticket = desk.run(cast.agent.actor, make_ticket, cast.customer.id).ticket_number
    hole = BlackHole(database_url)
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(20))  # all wait at the same time
    async with hole.opened() as url, AsyncExitStack() as stack:
        sides = Sides(url, cast, ticket)
        stack.push_async_callback(sides.close)
        ways = {**sides.work(_one), **sides.requests()}
        for name, ask in ways.items():
            assert await _works(ask), name
        begun, is_shut = threading.Semaphore(0), threading.Event()

        def slow(session: Any) -> object:
            _one(session)
            begun.release()
            return session.scalar(text("SELECT 2 FROM pg_sleep(3)"))

        def wait() -> None:
            begun.release()
            is_shut.wait()

        under_way = {
            **{f"{name}, under way": ask for name, ask in sides.work(slow).items()},
            **{f"{name}, before the commit": ask for name, ask in sides.work(_one, wait).items()},
        }
        begun_before = asyncio.ensure_future(_refused(under_way))
        for _way in under_way:
            await asyncio.to_thread(begun.acquire)
        hole.is_open.clear()
        is_shut.set()
        crowd = {f"{name} {number}": ask for number in range(12) for name, ask in sides.requests().items()}
        assert await _refused({**ways, **crowd}) == {}
        assert await begun_before == {}
        assert await _refused(ways) == {}, "whoever must connect"
        hole.is_open.set()
        opened = time.monotonic()
        for name, ask in ways.items():
            while not await _works(ask):
                assert time.monotonic() - opened < AGREED, name


async def test_what_only_takes_long_is_not_cut_off(
    database_url: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long it takes: the server is there, which is all that is asked."""
    for name in ("DOUBT_SECONDS", "ANSWER_SECONDS", "ASK_EVERY", "TICK_SECONDS"):
        monkeypatch.setattr(silence, name, 0.1)
    knocks: list[object] = []
    answers = silence._answers

    def noting(place: object) -> bool:
        knocks.append(place)
        return answers(place)

    monkeypatch.setattr(silence, "_answers", noting)
    desks = [_desk(database_url, name) for name in (*BLOCKING, *OTHERS)]

    def block(desk: Desk) -> object:
        with desk.read(SYSTEM) as session:
            return session.scalar(text("SELECT 1 FROM pg_sleep(1)"))

    async def other(desk: Desk) -> object:
        async with desk.aread(SYSTEM) as session:
            return await session.scalar(text("SELECT 1 FROM pg_sleep(1)"))

    asked = [asyncio.to_thread(block, desk) for desk in desks[:2]] + [other(desk) for desk in desks[2:]]
    assert await asyncio.gather(*asked) == [1] * 4
    assert len(knocks) > 2
    for desk in desks:
        await desk.aclose()
