"""`ombud.contrib.fastapi`: one session a request, its commit before the answer, errors as problems."""

from collections.abc import AsyncIterator
from typing import Annotated

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI, HTTPException, Request
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from ombud import Actor, Desk, DeskSession, Settings, Ticket, User
from ombud.contrib.fastapi import HostedDesk
from ombud.errors import Forbidden, RateLimited
from ombud.testing import Cast, ScratchDatabase, counted
from ombud.tickets import open_ticket
from tests.contrib.callers import actor_from, signed_in
from tests.waiting import left_open

pytestmark = pytest.mark.asyncio


def caller(request: Request) -> Actor:
    return actor_from(request.headers.get("x-caller"))


def make_host(settings: Settings, database: ScratchDatabase) -> tuple[FastAPI, HostedDesk]:
    support = HostedDesk(caller, settings)
    app = FastAPI()
    support.install(app)
    add_asynchronous(app, support)
    add_synchronous(app, support)
    add_failing(app, support, database)
    return app, support


def add_asynchronous(app: FastAPI, support: HostedDesk) -> None:
    writing = Annotated[AsyncSession, support.writes]
    reading = Annotated[AsyncSession, support.reads]

    @app.post("/tickets")
    async def create(session: writing, title: str) -> str:
        return (await session.run_sync(open_ticket, title=title)).ticket_number

    @app.get("/count")
    async def count(session: reading) -> int:
        return await session.scalar(select(func.count()).select_from(Ticket)) or 0

    @app.post("/twin")
    async def twin(session: writing, email: str) -> dict[str, str]:
        session.add(User(email=email))  # not flushed: the commit finds out
        return {"created": email}

    @app.get("/write-in-read")
    async def write_in_read(session: reading) -> None:
        await session.run_sync(open_ticket, title="No")


def add_synchronous(app: FastAPI, support: HostedDesk) -> None:
    writing = Annotated[DeskSession, support.sync_writes]
    reading = Annotated[DeskSession, support.sync_reads]

    @app.post("/sync/tickets")
    def create(session: writing, title: str) -> str:
        return open_ticket(session, title=title).ticket_number

    @app.get("/sync/count")
    def count(session: reading) -> int:
        return session.scalar(select(func.count()).select_from(Ticket)) or 0

    @app.post("/sync/twin")
    def twin(session: writing, email: str) -> dict[str, str]:
        session.add(User(email=email))
        return {"created": email}


def add_failing(app: FastAPI, support: HostedDesk, database: ScratchDatabase) -> None:
    writing = Annotated[AsyncSession, support.writes]

    @app.post("/broken-off")
    async def broken_off(session: writing, title: str) -> str:
        await session.run_sync(open_ticket, title=title)
        database.end_connections()
        return "saved"

    @app.post("/raising")
    async def raising(session: writing, title: str, how: str) -> None:
        await session.run_sync(open_ticket, title=title)
        raise {"http": HTTPException(418), "desk": Forbidden(), "limit": RateLimited(retry_after=7)}[how]


@pytest_asyncio.fixture
async def web(settings: Settings, database: ScratchDatabase, cast: Cast) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody whom the host knows as a customer."""
    app, support = make_host(settings, database)
    transport = httpx.ASGITransport(app)
    headers = signed_in(cast.customer)
    async with (
        support.lifespan(app),
        httpx.AsyncClient(transport=transport, base_url="http://host.example", headers=headers) as client,
    ):
        yield client


@pytest.mark.parametrize("kind", ["", "/sync"])
async def test_a_request_is_one_transaction(web: httpx.AsyncClient, kind: str) -> None:
    assert (await web.get(f"{kind}/count")).json() == 0  # also connects, and learns types
    with counted() as log:
        made = await web.post(f"{kind}/tickets", params={"title": "Broken"})
    assert (made.status_code, made.json()) == (200, "1001")
    assert len(log) <= 7, log
    with counted() as log:
        assert (await web.get(f"{kind}/count")).json() == 1
    assert len(log) == 2, log  # who acts, and the question


@pytest.mark.parametrize("kind", ["", "/sync"])
async def test_a_failing_commit_is_never_a_success(
    web: httpx.AsyncClient, cast: Cast, desk: Desk, kind: str
) -> None:
    """The guide's dependency committed after the answer: the second customer of one address got a 200."""
    answers = [
        await web.post(f"{kind}/twin", params={"email": "ann@example.com"}, headers=signed_in(cast.agent))
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [200, 409]
    assert answers[1].headers["content-type"] == "application/problem+json"
    assert "created" not in answers[1].json()
    async with desk.aread(Actor.system("test")) as session:
        found = select(func.count()).select_from(User).where(User.email == "ann@example.com")
        assert await session.scalar(found) == 1


async def test_a_database_that_dies_before_the_commit_is_told(web: httpx.AsyncClient) -> None:
    answer = await web.post("/broken-off", params={"title": "Lost?"})
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert answer.headers["retry-after"] == "1"
    assert (await web.get("/count")).json() == 0, "the next request connects again, and nothing was saved"


@pytest.mark.parametrize(("how", "status"), [("http", 418), ("desk", 403), ("limit", 429)])
async def test_whatever_is_raised_rolls_back(web: httpx.AsyncClient, how: str, status: int) -> None:
    answer = await web.post("/raising", params={"title": "Never", "how": how})
    assert answer.status_code == status
    assert answer.headers.get("retry-after") == ("7" if how == "limit" else None)
    assert (await web.get("/count")).json() == 0


async def test_a_reading_session_does_not_write(web: httpx.AsyncClient) -> None:
    answer = await web.get("/write-in-read")
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_bad_input_names_the_field_and_no_sql(web: httpx.AsyncClient) -> None:
    answer = await web.post("/tickets", params={"title": " "})
    assert answer.status_code == 422
    assert answer.json()["errors"] == [{"pointer": "#/title", "detail": "must not be blank."}]
    assert "INSERT" not in answer.text


async def test_nobody_gets_in_without_an_actor(web: httpx.AsyncClient) -> None:
    answer = await web.get("/count", headers={"X-Caller": ""})
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


async def test_no_connection_is_kept(
    settings: Settings, database: ScratchDatabase, cast: Cast, desk: Desk
) -> None:
    app, support = make_host(settings, database)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with support.lifespan(app):
        async with httpx.AsyncClient(transport=transport, base_url="http://host.example") as web:
            for path in ("/tickets?title=a", "/raising?title=b&how=desk", "/twin?email=nonsense"):
                await web.post(path, headers=signed_in(cast.agent))
        pool = (await support.opened()).async_engine.pool
        assert pool.checkedout() == 0  # type: ignore[attr-defined]  # of the pool that engines use
        assert left_open(database.admin_url) == 0
    async with desk.aread(Actor.system("test")):
        assert left_open(database.admin_url, seconds=0) == 1, "this one"
