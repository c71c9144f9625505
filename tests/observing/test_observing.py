"""What the whole application says of itself: one line and one figure for each request, and no secret in any of them."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from pydantic import SecretStr

from ombud import Desk, Settings
from ombud.asgi import build_app
from ombud.errors import Invalid
from ombud.kit.log_lines import write_logs
from ombud.kit.logs import Log
from ombud.testing import Cast, counted

pytestmark = [pytest.mark.asyncio, pytest.mark.usefixtures("built")]
TOKEN = "canary-of-the-metrics-token"
CANARY = "canary-7f3a"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"metrics_token": SecretStr(TOKEN)})


def lines(written: io.StringIO, event: str = "request") -> list[dict[str, Any]]:
    found = [json.loads(line) for line in written.getvalue().splitlines()]
    return [line for line in found if line["event"] == event]


@pytest_asyncio.fixture
async def caller(desk: Desk, settings: Settings, cast: Cast) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(build_app(desk, settings), client=("192.0.2.1", 1))
    headers = {"Authorization": f"Bearer {cast.agent.token}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://desk.example", headers=headers
    ) as client:
        yield client


async def test_each_request_is_one_line_with_its_facts(
    caller: httpx.AsyncClient, cast: Cast, written: io.StringIO
) -> None:
    made = await caller.post(
        "/api/v1/tickets", json={"title": CANARY, "description": CANARY, "requester_id": cast.customer.id}
    )
    number = made.json()["number"]
    with counted() as statements:
        read = await caller.get(f"/api/v1/tickets/{number}?fields=title")
    line = lines(written)[-1]
    assert (line["method"], line["route"], line["status"]) == ("GET", "/api/v1/tickets/{number}", 200)
    assert line["request_id"] == read.headers["X-Request-Id"]
    assert (line["actor"], line["actor_id"]) == ("agent", cast.agent.id)
    assert line["statements"] == len(statements) > 0
    assert line["ms"] > 0
    page = await caller.get("/tickets")
    assert (lines(written)[-1]["route"], lines(written)[-1]["status"]) == ("/tickets", page.status_code)
    for path in ("/nothing/here", "/api/v1/nothing"):
        await caller.get(path)
        assert (lines(written)[-1]["route"], lines(written)[-1]["status"]) == ("(none)", 404)
    assert CANARY not in written.getvalue()


async def test_what_is_answered_before_all_else_is_told_like_the_rest(
    caller: httpx.AsyncClient, cast: Cast, written: io.StringIO
) -> None:
    body = {"title": "Where is my invoice?"}
    await caller.get("/api/v1/me")
    await caller.get("/api/v1/me")
    made = await caller.post("/api/v1/tickets", json=body)
    path = f"/api/v1/tickets/{made.json()['number']}"
    read = await caller.get(path)
    known = await caller.get(path, headers={"If-None-Match": read.headers["ETag"]})
    refused = await caller.get(path, headers={"Authorization": "Bearer nobody"})
    wrong = await caller.post("/api/v1/tickets", json={"title": ""})
    answers = made, read, known, refused, wrong
    told = lines(written)[-len(answers) :]
    assert [(line["method"], line["status"], line["statements"]) for line in told[:3]] == [
        ("POST", 201, 1),
        ("GET", 200, 1),
        ("GET", 304, 1),
    ]
    assert (
        [line["status"] for line in told] == [one.status_code for one in answers] == [201, 200, 304, 401, 422]
    )
    assert [line["request_id"] for line in told] == [one.headers["X-Request-Id"] for one in answers]
    assert [line["route"] for line in told] == [
        "/api/v1/tickets",
        *["/api/v1/tickets/{number}"] * 3,
        "/api/v1/tickets",
    ]
    assert [line["actor"] for line in told] == ["agent", "agent", "agent", "", "agent"]
    assert (known.content, "content-type" in known.headers) == (b"", False)
    figures = (await caller.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})).text
    assert (
        'ombud_request_seconds_count{method="GET",route="/api/v1/tickets/{number}",status="304"}' in figures
    )


async def test_what_callers_send_breaks_no_line_and_no_label(
    caller: httpx.AsyncClient, written: io.StringIO
) -> None:
    hostile = '/a%0d%0a{"event":"forged"}%1b[31m?token=' + CANARY
    await caller.get(hostile, headers={"User-Agent": 'x"}\x1b[2J'})
    await caller.request("BREW", "/tickets")
    await caller.get("/tickets", headers={"X-Request-Id": 'forged"}{"a'})
    for line in written.getvalue().splitlines():
        assert json.loads(line)["event"] != "forged"
    assert "\x1b" not in written.getvalue()
    assert "forged" not in written.getvalue()
    assert lines(written)[1]["method"] == "OTHER"
    figures = (await caller.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})).text
    assert "forged" not in figures
    assert "BREW" not in figures


async def test_secrets_are_in_no_line(caller: httpx.AsyncClient, cast: Cast, written: io.StringIO) -> None:
    async with httpx.AsyncClient(transport=caller._transport, base_url="http://desk.example") as browser:
        await browser.post("/sign-in", data={"email": cast.agent.email, "password": CANARY})
        await browser.get("/tickets", headers={"Cookie": f"ombud_session={CANARY}"})
    await caller.get("/api/v1/me", headers={"Authorization": f"Bearer omb_live_{CANARY}"})
    log = Log("ombud.test")
    try:
        int(CANARY)  # whose error says what it was given
    except ValueError as error:
        log.exception("it failed")
        failure = error
    log.error("it failed", error=failure)
    log.warning(
        "known by name", smtp_password=CANARY, cookie=CANARY, api_token=CANARY, nested={"secret": CANARY}
    )
    log.warning("known by form", url=f"postgresql://desk:{CANARY}@db/desk", said=f"password={CANARY}")
    said = f"Authorization: Bearer {CANARY}xx"
    log.warning(said, key=f"whsec_{CANARY}", token_is=f"omb_live_{CANARY}")
    logging.getLogger("third.party").warning("url %s", f"https://a:{CANARY}@host/")
    logging.getLogger("third.party").info("not at all: %s", CANARY)
    text = written.getvalue()
    assert CANARY not in text
    assert cast.agent.token not in text
    assert cast.agent.password not in text
    failed = lines(written, "it failed")[0]
    assert failed["error"] == "ValueError"
    assert failed["trace"][-1].startswith("tests.observing.test_observing.test_secrets_are_in_no_line:")


async def test_lines_for_people_are_single_too() -> None:
    stream = io.StringIO()
    handler = write_logs("console", to=stream)
    try:
        Log("ombud.test").warning("two\nlines \x1b[31m", subject="a\r\nb")
    finally:
        logging.getLogger().removeHandler(handler)
    assert stream.getvalue().count("\n") == 1
    assert "\x1b" not in stream.getvalue()


async def test_figures_are_for_those_who_may_read_them(
    caller: httpx.AsyncClient, desk: Desk, settings: Settings, cast: Cast
) -> None:
    assert (await caller.get("/metrics")).status_code == 404
    assert (await caller.get("/metrics", headers={"Authorization": "Bearer x"})).status_code == 404
    await caller.get("/api/v1/tickets")
    with counted() as statements:
        answer = await caller.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert len(statements) <= 2, str(statements)
    figures = answer.text
    assert (
        'ombud_request_seconds_bucket{le="0.005",method="GET",route="/api/v1/tickets",status="200"}'
        in figures
    )
    assert "ombud_database_up 1.0" in figures
    assert 'ombud_queue_depth{queue="outbox"} 0.0' in figures
    assert 'ombud_queue_age_seconds{queue="quarantine"} 0.0' in figures
    assert "ombud_pool_connections_in_use" in figures
    assert str(cast.agent.email) not in figures

    near = settings.model_copy(update={"metrics_token": None, "metrics_peers": "192.0.2.0/24"})
    far = settings.model_copy(update={"metrics_token": None})
    for chosen, status in ((near, 200), (far, 404)):
        transport = httpx.ASGITransport(build_app(desk, chosen), client=("192.0.2.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://desk.example") as other:
            assert (await other.get("/metrics")).status_code == status
    with pytest.raises(Invalid, match="OMBUD_METRICS_PEERS"):
        build_app(desk, settings.model_copy(update={"metrics_peers": "everybody"}))
