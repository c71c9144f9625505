"""A server that goes silent, and one that is full: the desk says so, soon, and goes on when it can."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator

import httpx
import psycopg
import pytest
from pydantic import SecretStr
from sqlalchemy import text

from ombud import Actor, Desk, Settings
from ombud.asgi import build_app
from ombud.db import migrate
from ombud.db.statements import counted
from ombud.errors import Unavailable
from ombud.kit.tokens import new_api_token
from ombud.testing import Cast, make_ticket
from ombud.tickets import TicketChanges, change_ticket
from tests.db.drivers import FOUR, driven
from tests.db.holes import BlackHole
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


@pytest.mark.usefixtures("built")
def test_a_full_server_is_told_with_the_time_to_come_again_and_health_answers(server: OwnServer) -> None:
    settings = Settings(database_url=SecretStr(server.url.render_as_string(hide_password=False)))
    url = server.url.set(drivername="postgresql+asyncpg")

    async def ask() -> None:
        desk = Desk(url, settings)
        transport = httpx.ASGITransport(build_app(desk, settings), raise_app_exceptions=False)
        cookies = {"ombud_session": "x" * 43}
        token = {"Authorization": f"Bearer {new_api_token()[0]}"}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://desk.example", cookies=cookies
        ) as client:
            for path in ("/tickets", "/tickets?q=word", "/api/v1/tickets", "/api/v1/tickets?q=word"):
                answer = await client.get(path, headers=token)
                assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1"), path
                assert "too many clients" not in answer.text
            with counted() as statements:
                assert (await client.get("/healthz")).status_code == 200
            assert len(statements) == 0, "it waits for no connection"
            assert (await client.get("/readyz")).status_code == 503
        await desk.aclose()

    with contextlib.ExitStack() as others:
        with pytest.raises(psycopg.OperationalError, match="too many clients"):
            _fill(server, others)
        asyncio.run(ask())


def _fill(server: OwnServer, others: contextlib.ExitStack) -> None:
    for _place in range(PLACES + 1):
        others.enter_context(psycopg.connect(migrate.libpq(server.url)))


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


def test_a_transaction_that_is_left_idle_ends_and_holds_nothing(desk: Desk, cast: Cast) -> None:
    """Its limit is of the role (10 s; here less, to wait for it): locks go, the next call gets another connection."""
    ticket = desk.run(cast.agent.actor, make_ticket, cast.customer.id)
    changes = TicketChanges(title="Waited for the lock, and got it")

    def leave_idle() -> None:
        with desk.begin(cast.agent.actor) as idle:
            idle.execute(text("SET LOCAL idle_in_transaction_session_timeout = '300ms'"))
            idle.execute(text("SELECT FROM ombud.tickets WHERE id = :id FOR UPDATE"), {"id": ticket.id})
            assert desk.run(cast.admin.actor, change_ticket, ticket.id, changes).title == changes["title"]
            idle.execute(text("SELECT 1"))

    with pytest.raises(Unavailable):
        leave_idle()
    assert desk.run(cast.agent.actor, make_ticket, cast.customer.id).id > ticket.id
