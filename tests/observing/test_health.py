"""Health for administrators, as a page and over the API: each part on its own, the dead ones told as dead."""

from __future__ import annotations

import signal
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from ombud import Actor, Desk, Settings, clock
from ombud.analytics import Figures
from ombud.api.app import create_api
from ombud.db import migrate
from ombud.files import files_of
from ombud.kit.metrics import last_beats
from ombud.live import LiveHub
from ombud.runtime import Runtime
from ombud.testing import Cast, Persona, ScratchDatabase, counted, make_ticket
from ombud.worker.chores import CHORES, _attempt
from tests.redis_running import RunningRedis, redis_running
from tests.web.hosting import Browser

pytestmark = pytest.mark.asyncio
SYSTEM = Actor.system("test")
CANARY = "canary-91c2"


def caller(runtime: Runtime, who: Persona) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(create_api(runtime)),
        base_url="http://desk.example",
        headers={"Authorization": f"Bearer {who.token}"},
    )


async def panels(runtime: Runtime, who: Persona) -> dict[str, dict[str, Any]]:
    async with caller(runtime, who) as client:
        with counted() as statements:
            answer = await client.get("/health")
    assert answer.status_code == 200, answer.text
    assert len(statements) <= 18, str(statements)
    return {one["name"]: one for one in answer.json()["panels"]}


async def test_every_part_is_told(runtime: Runtime, desk: Desk, cast: Cast) -> None:
    for chore in CHORES:
        if chore.name == "statistics":
            _attempt(desk, chore)
    desk.run(SYSTEM, make_ticket, cast.customer.id)
    found = await panels(runtime, cast.admin)
    assert found["database"]["state"] == "good"
    assert found["queues"]["state"] == "good"
    assert {one["queue"] for one in found["queues"]["items"]} >= {"outbox", "inbox", "quarantine", "webhooks"}
    assert found["files"]["state"] == "good"
    assert (found["redis"]["state"], found["replica"]["state"]) == ("off", "off")
    assert found["statements"]["words"]
    assert any(one["name"] == "tickets" and one["bytes"] > 0 for one in found["sizes"]["items"])
    assert "statistics" in {one["chore"] for one in found["worker"]["items"]}
    assert "statistics" in last_beats()
    with clock.frozen(clock.now() + timedelta(hours=1)):
        found = await panels(runtime, cast.admin)
    assert found["worker"]["state"] == "bad"


async def test_what_waits_too_long_is_told(
    runtime: Runtime, desk: Desk, cast: Cast, database: ScratchDatabase
) -> None:
    ticket = desk.run(SYSTEM, make_ticket, cast.customer.id)
    with migrate.connected(database.admin_url) as connection:
        connection.execute(
            "UPDATE ombud.ticket_search SET is_indexed = false, changed_at = now() - interval '1 hour'"
            " WHERE ticket_id = %s",
            [ticket.id],
        )
    found = await panels(runtime, cast.admin)
    assert (found["queues"]["state"], found["queues"]["words"]) == ("warning", "Behind: search.")


async def test_only_administrators_see_it(runtime: Runtime, cast: Cast) -> None:
    for who in (cast.agent, cast.light_agent, cast.customer):
        async with caller(runtime, who) as client:
            assert (await client.get("/health")).status_code == 403


@pytest.mark.usefixtures("built")
async def test_dead_parts_take_nothing_down_and_no_secret_shows(
    desk: Desk, settings: Settings, cast: Cast, tmp_path: Path
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]  # bound and not listened on: refused
        dead = settings.model_copy(
            update={
                "files_url": "s3://bucket/x",
                "files_endpoint": f"http://127.0.0.1:{port}",
                "files_region": "x",
                "files_access_key": SecretStr(CANARY),
                "files_secret_key": SecretStr(CANARY),
                "redis_url": SecretStr(f"redis://:{CANARY}@127.0.0.1:{port}"),
            }
        )
        runtime = Runtime(settings=dead, desk=Desk(desk.url, dead), files=files_of(dead), live=LiveHub(desk))
        try:
            found = await panels(runtime, cast.admin)
            assert found["files"]["state"] == "bad"
            assert found["redis"]["state"] == "warning"
            assert found["database"]["state"] == "good"
            web = Browser(runtime)
            await web.sign_in(cast.admin)
            page = await web.get("/settings/health")
        finally:
            await runtime.desk.aclose()
    assert page.status_code == 200
    assert "Not working" in page.text
    assert "It does not answer; figures are computed each time." in page.text
    assert "PostgreSQL" in page.text
    assert CANARY not in page.text + str(found)


@pytest.fixture
def redis() -> Iterator[RunningRedis]:
    with redis_running() as running:
        yield running


async def test_statistics_over_the_api_are_right_whatever_becomes_of_redis(
    redis: RunningRedis, runtime: Runtime, settings: Settings, desk: Desk, cast: Cast
) -> None:
    """TRUST R10: flushed, filled with nonsense, frozen and killed, it makes no answer wrong."""
    process, url = redis
    there = settings.model_copy(update={"redis_url": SecretStr(url)})
    figures = Figures(Desk(desk.url, there))
    cached = Runtime(settings=there, desk=desk, files=runtime.files, live=runtime.live, figures=figures)
    from redis import Redis

    total = 0
    async with caller(cached, cast.admin) as cold, caller(runtime, cast.admin) as plain:
        for step in ("as it is", "again", "flushed", "nonsense", "frozen", "killed"):
            match step:
                case "flushed":
                    with Redis.from_url(url) as client:
                        client.flushall()
                case "nonsense":
                    with Redis.from_url(url) as client:
                        for key in client.scan_iter():
                            client.set(key, '["1:1:", {"total": 77}]')
                case "frozen":
                    process.send_signal(signal.SIGSTOP)
                case "killed":
                    process.send_signal(signal.SIGCONT)
                    process.kill()
                case _:
                    pass
            for _ in range(2):
                answers = [await client.get("/statistics") for client in (cold, plain)]
                assert [one.status_code for one in answers] == [200, 200], answers[0].text
                assert answers[0].json() == answers[1].json(), step
                assert answers[0].json()["total"] == total
            await desk.arun(SYSTEM, make_ticket, cast.customer.id)
            total += 1
    assert figures.cache.figures.hits > 0
    figures.cache.close()
    await figures._desk.aclose()
