"""Who calls too often is told so, when to come back, and costs the desk nothing more."""

import dataclasses
import re
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from ombud import Actor, Desk
from ombud.api.app import ROUTERS, create_api
from ombud.api.rates import WEIGHTS, Buckets, weight_of
from ombud.runtime import Runtime
from ombud.testing import Cast, counted, make_ticket

SYSTEM = Actor.system("test")


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_bucket_empties_at_once_and_fills_evenly() -> None:
    clock = Clock()
    buckets = Buckets(60, clock)
    for left in range(50, -1, -10):
        told, is_enough = buckets.take("user:1", 10)
        assert (told.remaining, is_enough) == (left, True)
    assert told.reset == 60
    told, is_enough = buckets.take("user:1", 1)
    assert (told.remaining, is_enough) == (0, False)
    assert buckets.wait_for(told, 1) == 1
    assert buckets.wait_for(told, 30) == 30
    assert buckets.take("user:2", 1)[1], "another caller has a bucket of their own"
    clock.now += 29.5
    assert not buckets.take("user:1", 30)[1], "a refusal takes nothing"
    clock.now += 0.5
    assert buckets.take("user:1", 30)[1]
    clock.now += 3600
    told, _ = buckets.take("user:1", 0)
    assert (told.remaining, told.reset) == (60, 0)


def test_weights_name_routes_that_there_are() -> None:
    known = {
        f"{method} {route.path}"  # type: ignore[attr-defined]
        for router in ROUTERS
        for route in router.routes
        for method in route.methods  # type: ignore[attr-defined]
    }
    assert set(WEIGHTS) <= known
    assert weight_of("GET", "/me") < weight_of("DELETE", "/tickets/{number}") < weight_of("POST", "/undo")


def test_the_documentation_names_what_costs_more() -> None:
    text = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (.*`/?[A-Z]+ .*) \| (\d+) \|$", text, re.MULTILINE)
    said = {call: int(units) for calls, units in rows for call in re.findall(r"`([A-Z]+ /[^`]*)`", calls)}
    assert said == WEIGHTS


@pytest.fixture
def app(runtime: Runtime) -> FastAPI:
    limited = dataclasses.replace(runtime, settings=runtime.settings.model_copy(update={"api_rate": 40}))
    outer = FastAPI(openapi_url=None)
    outer.mount("/api/v1", create_api(limited))
    return outer


@pytest.mark.asyncio
async def test_every_answer_says_what_is_left(agent: httpx.AsyncClient, desk: Desk, cast: Cast) -> None:
    number = desk.run(SYSTEM, make_ticket, cast.customer.id).ticket_number
    left = []
    for path in ("me", f"tickets/{number}", "tickets/nothing", "tickets?color=red"):
        answer = await agent.get(path)
        assert answer.headers["RateLimit-Limit"] == "40"
        assert int(answer.headers["RateLimit-Reset"]) <= 60
        left.append(int(answer.headers["RateLimit-Remaining"]))
    assert left == [39, 38, 37, 35]
    assert "RateLimit-Limit" not in (await agent.get("openapi.json")).headers


@pytest.mark.asyncio
async def test_too_many_calls_are_refused_before_anything_is_done(
    agent: httpx.AsyncClient, admin: httpx.AsyncClient, desk: Desk, cast: Cast
) -> None:
    number = desk.run(SYSTEM, make_ticket, cast.customer.id).ticket_number
    assert (
        await agent.post("tickets/bulk", json={"numbers": [number], "action": "delete"})
    ).status_code == 200
    with counted() as log:
        refused = await agent.post("tickets/bulk", json={"numbers": [number], "action": "restore"})
    assert len(log) <= 1, "who calls is looked up, and nothing more"
    assert refused.status_code == 429
    assert refused.json()["code"] == "rate_limited"
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert refused.json()["retry_after"] == int(refused.headers["Retry-After"])
    assert int(refused.headers["RateLimit-Remaining"]) <= 10
    assert (await agent.get("me")).status_code == 200, "what is cheap still works"
    assert (await admin.get(f"tickets/{number}")).json()["deleted_at"] is not None


@pytest.mark.asyncio
async def test_a_burst_of_searches_is_told_to_wait(agent: httpx.AsyncClient) -> None:
    answers = [await agent.get(f"tickets?q=word{number}") for number in range(25)]
    assert [one.status_code for one in answers[:20]] == [200] * 20, "two units each, of forty"
    refused = [one for one in answers[20:] if one.status_code == 429]
    assert len(refused) >= 3, "the bucket fills while it is emptied, by less than a unit a second"
    assert all(int(one.headers["Retry-After"]) >= 1 for one in refused)
