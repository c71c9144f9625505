"""Callers of the API: the real application over a real database, without a socket between."""

from collections.abc import AsyncIterator, Callable

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from sqlalchemy import URL

from ombud.api.app import create_api
from ombud.config import Settings
from ombud.db.desk import Desk
from ombud.files import open_store
from ombud.live import LiveHub
from ombud.runtime import Runtime, equip
from ombud.testing.personas import Cast, Persona

Caller = Callable[[Persona | None], httpx.AsyncClient]
NUMBER = "1001"
"""Of the ticket that is `real`."""


@pytest.fixture
def app(runtime: Runtime) -> FastAPI:
    """The desk's address space, as `ombud.asgi` lays it out, with the API alone in it."""
    outer = FastAPI(openapi_url=None)
    outer.mount("/api/v1", create_api(runtime))
    return outer


@pytest_asyncio.fixture
async def caller(app: FastAPI) -> AsyncIterator[Caller]:
    """Make a client that calls as somebody, or as nobody."""
    clients: list[httpx.AsyncClient] = []

    def make(who: Persona | None) -> httpx.AsyncClient:
        headers = {} if who is None else {"Authorization": f"Bearer {who.token}"}
        transport = httpx.ASGITransport(app)
        client = httpx.AsyncClient(
            transport=transport, base_url="http://desk.example/api/v1/", headers=headers
        )
        clients.append(client)
        return client

    yield make
    for client in clients:
        await client.aclose()


@pytest_asyncio.fixture
async def usual(settings: Settings, database_url: URL) -> AsyncIterator[Caller]:
    """Make clients of a desk whose driver knows no short way."""
    desk = Desk(database_url.set(drivername="postgresql+psycopg"), settings)
    files = open_store(settings.data_dir / "files", limit=settings.attachment_limit)  # type: ignore[operator]  # set
    outer = FastAPI(openapi_url=None)
    outer.mount("/api/v1", create_api(Runtime(settings, equip(desk, settings), files, LiveHub(desk))))
    clients: list[httpx.AsyncClient] = []

    def make(who: Persona | None) -> httpx.AsyncClient:
        headers = {} if who is None else {"Authorization": f"Bearer {who.token}"}
        base = "http://desk.example/api/v1/"
        clients.append(
            httpx.AsyncClient(transport=httpx.ASGITransport(outer), base_url=base, headers=headers)
        )
        return clients[-1]

    yield make
    for client in clients:
        await client.aclose()
    await desk.aclose()


@pytest.fixture
def agent(caller: Caller, cast: Cast) -> httpx.AsyncClient:
    """A client of an agent who sees all tickets."""
    return caller(cast.agent)


@pytest.fixture
def admin(caller: Caller, cast: Cast) -> httpx.AsyncClient:
    """A client of an administrator."""
    return caller(cast.admin)


@pytest.fixture
def customer(caller: Caller, cast: Cast) -> httpx.AsyncClient:
    """A client of a customer."""
    return caller(cast.customer)


@pytest.fixture
def api(app: FastAPI) -> FastAPI:
    """The API itself, which describes itself."""
    found = app.routes[0].app  # type: ignore[attr-defined]
    assert isinstance(found, FastAPI)
    return found


@pytest_asyncio.fixture
async def real(admin: httpx.AsyncClient, cast: Cast) -> dict[str, str]:
    """Things that exist, by the names of parameters."""
    ticket = (await admin.post("tickets", json={"title": "Broken", "tags": ["fire"]})).json()
    assert ticket["number"] == NUMBER
    comment = (await admin.post(f"tickets/{NUMBER}/comments", json={"content": "Hello"})).json()
    file = (await admin.post(f"tickets/{NUMBER}/attachments", files={"file": ("a.txt", b"a")})).json()
    team = (await admin.post("teams", json={"name": "Night shift"})).json()
    role = (await admin.post("roles", json={"name": "Answers", "permissions": ["tickets.reply"]})).json()
    hook = (await admin.post("webhooks", json={"url": "https://example.com/hook"})).json()
    organization = (await admin.post("organizations", json={"name": "Initech"})).json()
    return {
        "number": NUMBER,
        "name": "fire",
        "comment_id": str(comment["id"]),
        "attachment_id": str(file["id"]),
        "user_id": str(cast.customer.id),
        "team_id": str(team["id"]),
        "role_id": str(role["id"]),
        "webhook_id": str(hook["id"]),
        "organization_id": str(organization["id"]),
    }
