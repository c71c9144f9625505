"""A download that runs ends with the right to it, over the API and on a page (T39)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI

from ombud import clock
from ombud.api.app import create_api
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.files import watched
from ombud.files.store import CHUNK
from ombud.mail.outgoing.links import file_link
from ombud.mail.tokens import open_namer
from ombud.people.actions import deactivate_user, remove_team_member
from ombud.runtime import Runtime
from ombud.testing import Cast, make_ticket
from ombud.tickets import StoredFile, attach_file, remove_attachment, restore_ticket, soft_delete_ticket
from tests.web.hosting import Browser

pytestmark = pytest.mark.asyncio

SYSTEM = Actor.system("test")
PIECES = 6


async def received(
    app: FastAPI, path: str, header: tuple[str, str], meanwhile: Callable[[], Awaitable[object]]
) -> tuple[int, int, int]:
    """Return status, promised length, and how many bytes came; `meanwhile` happens after the first of them."""
    status, promised, came = 0, 0, 0

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        nonlocal status, promised, came
        if message["type"] == "http.response.start":
            status = message["status"]
            promised = int(dict(message["headers"]).get(b"content-length", b"0"))
        elif message["type"] == "http.response.body":
            first, came = came == 0, came + len(message.get("body", b""))
            if first and came:
                await meanwhile()

    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"}, "http_version": "1.1", "method": "GET",
        "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
        "headers": [(b"host", b"desk.example"), (header[0].encode(), header[1].encode())],
        "client": ("127.0.0.1", 1), "server": ("desk.example", 80), "state": {},
    }  # fmt: skip
    await app(scope, receive, send)
    return status, promised, came


@pytest.mark.parametrize(
    ("edge", "lost"), [("api", "team"), ("api", "place"), ("page", "team"), ("page", "place")]
)
async def test_a_download_that_runs_ends_with_the_right_to_it(  # noqa: PLR0917 - fixtures
    web: Browser,
    runtime: Runtime,
    desk: Desk,
    cast: Cast,
    monkeypatch: pytest.MonkeyPatch,
    edge: str,
    lost: str,
) -> None:
    monkeypatch.setattr(watched, "LOOK_EVERY", 0.0)
    stored = runtime.files.put([bytes([number]) * CHUNK for number in range(PIECES)])
    file = StoredFile("large.bin", "application/zip", stored.size, stored.checksum, stored.storage_key)
    async with desk.abegin(SYSTEM) as session:
        ticket = await session.run_sync(make_ticket, cast.customer.id, team_id=cast.team.id)
        record = await session.run_sync(attach_file, ticket.id, file)
    agent = cast.team_agent
    if edge == "api":
        app, path = FastAPI(openapi_url=None), f"/attachments/{record.id}/content"
        app.mount("", create_api(runtime))
        header = ("authorization", f"Bearer {agent.token}")
    else:
        await web.sign_in(agent)
        app, path = web.app, f"/attachments/{record.id}"
        header = ("cookie", f"ombud_session={web.client.cookies['ombud_session']}")

    async def nothing() -> None:
        """Let it go on."""

    assert await received(app, path, header, nothing) == (200, stored.size, stored.size)
    moved = lambda: desk.arun(SYSTEM, remove_team_member, cast.team.id, agent.id)  # noqa: E731 - one of two
    gone = lambda: desk.arun(SYSTEM, deactivate_user, agent.id)  # noqa: E731
    status, promised, came = await received(app, path, header, gone if lost == "place" else moved)
    assert (status, promised) == (200, stored.size)
    assert 0 < came < stored.size, "what was on its way, and nothing more"
    after = await received(app, path, header, nothing)
    assert after[0] == (404 if lost == "team" else 401 if edge == "api" else 303)


@pytest.mark.parametrize("gone", ["file", "ticket"])
async def test_a_mailed_files_download_ends_with_the_file(  # noqa: PLR0917 - fixtures
    web: Browser, runtime: Runtime, desk: Desk, cast: Cast, monkeypatch: pytest.MonkeyPatch, gone: str
) -> None:
    """And with its ticket: who deletes one takes what was sent with it back, as long as it is in the bin."""
    monkeypatch.setattr(watched, "LOOK_EVERY", 0.0)
    stored = runtime.files.put([bytes([number]) * CHUNK for number in range(PIECES)])
    file = StoredFile("large.bin", "application/zip", stored.size, stored.checksum, stored.storage_key)
    async with desk.abegin(SYSTEM) as session:
        ticket = await session.run_sync(make_ticket, cast.customer.id)
        record = await session.run_sync(attach_file, ticket.id, file)
    assert runtime.settings.data_dir is not None
    link = file_link(open_namer(runtime.settings.data_dir), record.id, clock.now() + timedelta(days=1))

    async def removed() -> None:
        if gone == "file":
            await desk.arun(SYSTEM, remove_attachment, record.id)
        else:
            await desk.arun(cast.agent.in_new_request(), soft_delete_ticket, ticket.id)

    status, promised, came = await received(web.app, link, ("accept", "*/*"), removed)
    assert (status, promised) == (200, stored.size)
    assert 0 < came < stored.size
    assert (await web.get(link)).status_code == 404
    if gone == "ticket":
        await desk.arun(cast.agent.in_new_request(), restore_ticket, ticket.id)
        assert (await web.get(link)).status_code == 200
