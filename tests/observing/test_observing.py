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
from ombud.errors import Invalid, Unavailable
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


REFUSED: tuple[tuple[int, str, str, dict[str, Any]], ...] = (
    (
        400,
        "POST",
        "tickets/1/attachments",
        {"content": b"x", "headers": {"Content-Type": "multipart/form-data"}},
    ),
    (401, "GET", "tickets", {"headers": {"Authorization": "Bearer nobody"}}),
    (403, "POST", "roles", {"json": {"name": "x", "permissions": []}}),
    (404, "GET", "tickets/999999", {}),
    (404, "GET", "nothing", {}),
    (404, "GET", "tickets/", {}),
    (404, "GET", "", {}),
    (404, "GET", "../v2/tickets", {}),
    (404, "HEAD", "../../api", {}),
    (405, "DELETE", "tickets", {}),
    (413, "POST", "tickets", {"content": b" " * 1_100_000, "headers": {"Content-Type": "application/json"}}),
    (415, "POST", "tickets", {"content": b"x", "headers": {"Content-Type": "text/plain"}}),
    (415, "POST", "tickets", {"content": b"x", "headers": {"Content-Encoding": "gzip"}}),
    (422, "POST", "tickets", {"json": {"x": 1}}),
    (422, "POST", "tickets", {"content": b"", "headers": {"Content-Type": "application/json"}}),
    (422, "GET", "tickets?limit=0", {}),
    (500, "GET", "broken/0", {}),
    (503, "GET", "broken/1", {}),
    (429, "GET", "statistics?start=2026-01-01T00:00:00Z&end=2026-02-01T00:00:00Z", {}),
)


async def test_every_refusal_has_the_same_form_and_is_in_the_log_by_its_id(
    desk: Desk, settings: Settings, cast: Cast, written: io.StringIO
) -> None:
    app = build_app(desk, settings.model_copy(update={"api_rate": 60}))
    api = next(one.app for one in app.routes if getattr(one, "path", "") == "/api/v1")  # type: ignore[attr-defined]

    async def broken(which: int) -> None:
        raise Unavailable if which else ZeroDivisionError(CANARY)

    api.add_api_route("/broken/{which}", broken)
    seen = set()
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    base, own = "http://desk.example/api/v1/", {"Authorization": f"Bearer {cast.agent.token}"}
    async with httpx.AsyncClient(transport=transport, base_url=base, headers=own) as client:
        for status, method, path, more in REFUSED:
            for _ in range(7 if status == 429 else 1):
                answer = await client.request(method, path, **more)
            assert answer.status_code == status, f"{method} {path} {answer.text}"
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert answer.headers["Cache-Control"] == "no-store"
            line = lines(written)[-1]
            assert (line["status"], line["request_id"]) == (status, answer.headers["X-Request-Id"]), path
            if method != "HEAD":
                problem = answer.json()
                assert problem["instance"] == f"urn:uuid:{answer.headers['X-Request-Id']}"
                assert (problem["status"], problem["type"]) == (
                    status,
                    f"/api/v1/docs#problem-{problem['code']}",
                )
                seen.add(problem["detail"])
            if status in {429, 503}:
                assert int(answer.headers["Retry-After"]) == problem["retry_after"] > 0
            counts = {one for one in answer.headers if one.startswith("ratelimit-")}
            assert len(counts) == (
                0 if status in {401, 404, 405, 500, 503} and path != "tickets/999999" else 3
            ), path
    assert {
        "There is nothing at this address. Addresses have no slash at their end.",
        "The body is packed. Send it as it is, without Content-Encoding.",
        "Send the body in UTF-8 with this Content-Type: application/json or application/merge-patch+json.",
        "The body is empty. Send JSON.",
    } <= seen
    assert not any(CANARY in one for one in seen)


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
