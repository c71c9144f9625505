"""Idempotency keys: one effect and one answer, however often and however fast a call is repeated."""

import asyncio
from datetime import timedelta

import httpx
import pytest
from sqlalchemy import text

from ombud import clock
from ombud.api.app import create_api
from ombud.api.once import UNSAFE
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.db.statements import counted
from ombud.idempotency import KEPT_FOR, drop_old_answers
from ombud.idempotency.queries import key_lock
from ombud.runtime import Runtime
from ombud.testing import ScratchDatabase
from ombud.testing.personas import Cast
from tests.api.conftest import Caller

pytestmark = pytest.mark.asyncio

SYSTEM = Actor.system("test")
KEY = {"Idempotency-Key": "5b1f6f0c-6d0c-4e57-8a43-1d0a3a0d2f11"}
REPLAYED = "Idempotent-Replayed"


def tickets(desk: Desk) -> int:
    """Count the tickets of the whole desk."""
    with desk.read(SYSTEM) as session:
        return int(session.scalar(text("SELECT count(*) FROM ombud.tickets")) or 0)


async def test_a_repetition_gets_the_same_answer(agent: httpx.AsyncClient, desk: Desk) -> None:
    first = await agent.post("tickets", json={"title": "Once"}, headers=KEY)
    again = await agent.post("tickets", json={"title": "Once"}, headers=KEY)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert (REPLAYED in first.headers, again.headers[REPLAYED]) == (False, "true")
    for name in ("Location", "ETag", "Content-Type"):
        assert again.headers[name] == first.headers[name]
    assert again.headers["X-Request-Id"] != first.headers["X-Request-Id"]
    assert tickets(desk) == 1


async def test_fifty_at_once_are_one(agent: httpx.AsyncClient, desk: Desk) -> None:
    """R14. Whoever comes while the first is at work is told so, and gets the one answer later."""

    async def ask() -> httpx.Response:
        return await agent.post("tickets", json={"title": "Once"}, headers=KEY)

    first = await asyncio.gather(*(ask() for _ in range(50)))
    refused = [one for one in first if one.status_code != 201]
    # 503: no connection for a while, where much else runs
    assert {one.json()["code"] for one in refused if one.status_code != 503} <= {"idempotency_key_in_use"}
    answers = [one for one in first if one.status_code == 201] + [await ask() for _ in refused]
    assert {one.status_code for one in answers} == {201}
    assert len({one.content for one in answers}) == 1
    assert sum(REPLAYED not in one.headers for one in answers) == 1
    assert tickets(desk) == 1


async def test_while_the_first_runs_the_others_are_turned_away(
    agent: httpx.AsyncClient, cast: Cast, desk: Desk
) -> None:
    with desk.begin(SYSTEM) as session:
        assert session.scalar(key_lock(f"{cast.agent.id} POST /tickets {KEY['Idempotency-Key']}"))
        refused = await agent.post("tickets", json={"title": "Once"}, headers=KEY)
        assert (refused.status_code, refused.json()["code"]) == (409, "idempotency_key_in_use")
    assert (await agent.post("tickets", json={"title": "Once"}, headers=KEY)).status_code == 201


async def test_a_key_is_for_one_request_of_one_person(caller: Caller, cast: Cast, desk: Desk) -> None:
    agent, other = caller(cast.agent), caller(cast.other_agent)
    first = await agent.post("tickets", json={"title": "Once"}, headers=KEY)
    changed = await agent.post("tickets", json={"title": "Twice"}, headers=KEY)
    assert (changed.status_code, changed.json()["code"]) == (422, "idempotency_key_reused")
    assert changed.json()["errors"] == [
        {"detail": "was used for another request.", "header": "Idempotency-Key"}
    ]
    theirs = await other.post("tickets", json={"title": "Once"}, headers=KEY)
    assert theirs.status_code == 201
    assert theirs.json()["id"] != first.json()["id"]
    # another route has keys of its own, and another ticket at the same route is another request
    here, there = (f"tickets/{one.json()['number']}/comments" for one in (first, theirs))
    assert (await agent.post(here, json={"content": "Hello"}, headers=KEY)).status_code == 201
    assert (await agent.post(there, json={"content": "Hello"}, headers=KEY)).status_code == 422
    assert tickets(desk) == 2


async def test_what_was_refused_is_not_kept(agent: httpx.AsyncClient, cast: Cast) -> None:
    for wrong in ({"title": ""}, {"title": "x", "team_id": 999_999}, {"title": "x", "surprise": 1}):
        assert (await agent.post("tickets", json=wrong, headers=KEY)).status_code == 422
    made = await agent.post("tickets", json={"title": "Right", "team_id": cast.team.id}, headers=KEY)
    assert (made.status_code, REPLAYED in made.headers) == (201, False)


async def test_the_effect_is_not_there_without_its_answer(
    agent: httpx.AsyncClient, desk: Desk, database: ScratchDatabase
) -> None:
    database.execute("ALTER TABLE ombud.kept_answers ADD CONSTRAINT never CHECK (status = 0)")
    try:
        assert not (await agent.post("tickets", json={"title": "Lost"}, headers=KEY)).is_success
        assert tickets(desk) == 0
    finally:
        database.execute("ALTER TABLE ombud.kept_answers DROP CONSTRAINT never")
    assert (await agent.post("tickets", json={"title": "Lost"}, headers=KEY)).status_code == 201
    assert tickets(desk) == 1


async def test_answers_are_kept_for_a_day(agent: httpx.AsyncClient, desk: Desk) -> None:
    start = clock.now()
    with clock.frozen(start):
        first = await agent.post("tickets", json={"title": "Once"}, headers=KEY)
    with clock.frozen(start + KEPT_FOR - timedelta(seconds=1)):
        again = await agent.post("tickets", json={"title": "Once"}, headers=KEY)
        with desk.begin(SYSTEM) as session:
            assert drop_old_answers(session) == 0
    assert again.content == first.content
    with clock.frozen(start + KEPT_FOR + timedelta(seconds=1)):
        later = await agent.post("tickets", json={"title": "Another"}, headers=KEY)
        assert (later.status_code, REPLAYED in later.headers) == (201, False)
    with clock.frozen(start + 3 * KEPT_FOR), desk.begin(SYSTEM) as session:
        assert drop_old_answers(session) == 1
        assert drop_old_answers(session) == 0


async def test_files_may_come_with_another_boundary(agent: httpx.AsyncClient) -> None:
    number = (await agent.post("tickets", json={"title": "Files"})).json()["number"]
    address = f"tickets/{number}/attachments"
    first, again, other = [
        await agent.post(address, files={"file": ("a.txt", content, "text/plain")}, headers=KEY)
        for content in (b"hello", b"hello", b"HELLO")
    ]
    assert (first.status_code, again.status_code, other.status_code) == (201, 201, 422)
    assert first.request.headers["Content-Type"] != again.request.headers["Content-Type"]
    assert again.content == first.content
    assert len((await agent.get(address)).json()["items"]) == 1


async def test_answers_without_a_body_come_again_too(agent: httpx.AsyncClient) -> None:
    number = (await agent.post("tickets", json={"title": "Gone"})).json()["number"]
    for replayed in (None, "true"):
        gone = await agent.delete(f"tickets/{number}", headers=KEY)
        assert (gone.status_code, gone.content, gone.headers.get(REPLAYED)) == (204, b"", replayed)


async def test_malformed_keys_are_refused_and_safe_calls_need_none(agent: httpx.AsyncClient) -> None:
    for bad in ("", "x" * 256, "two words", "caf\u00e9".encode().decode("latin-1")):
        refused = await agent.post(
            "tickets", json={"title": "x"}, headers=[(b"Idempotency-Key", bad.encode("latin-1"))]
        )
        assert refused.status_code == 422, bad
        assert refused.json()["errors"][0]["header"] == "Idempotency-Key"
    twice = await agent.post(
        "tickets", json={"title": "x"}, headers=[("Idempotency-Key", "a"), ("Idempotency-Key", "b")]
    )
    assert twice.status_code == 422
    assert (await agent.get("tickets", headers=KEY)).status_code == 200


async def test_a_key_costs_three_statements(agent: httpx.AsyncClient) -> None:
    await agent.post("tickets", json={"title": "Warm"})
    with counted() as plain:
        await agent.post("tickets", json={"title": "Without"})
    with counted() as keyed:
        await agent.post("tickets", json={"title": "With"}, headers=KEY)
    with counted() as replayed:
        await agent.post("tickets", json={"title": "With"}, headers=KEY)
    assert len(keyed) == len(plain) + 3
    assert len(replayed) <= 4


async def test_no_unsafe_route_forgets_it(runtime: Runtime, caller: Caller) -> None:
    """Each says so in the description, and each refuses a malformed key before it looks at anything else."""
    document = (await caller(None).get("openapi.json")).json()
    unsafe = [
        (path, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method.upper() in UNSAFE
    ]
    assert unsafe
    for path, operation in unsafe:
        assert "Idempotency-Key" in {one["name"] for one in operation["parameters"]}, path
        assert "409" in operation["responses"], path
    assert len(unsafe) == sum(
        bool(UNSAFE & (route.methods or set()))  # type: ignore[attr-defined]
        for route in create_api(runtime).routes
    )


async def test_one_cannot_read_anothers_answers(caller: Caller, cast: Cast, desk: Desk) -> None:
    """Row security: administrators included."""
    await caller(cast.agent).post("tickets", json={"title": "Mine"}, headers=KEY)
    statement = text("SELECT count(*) FROM ombud.kept_answers")
    for who, seen in ((cast.agent, 1), (cast.admin, 0), (cast.customer, 0)):
        with desk.read(who.actor) as session:
            assert session.scalar(statement) == seen, who.email
