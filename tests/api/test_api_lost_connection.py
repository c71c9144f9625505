"""A database connection that is lost under a call: what only reads is made again, and what has a key of its own."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from sqlalchemy import Connection, event, text

from ombud import Actor, Desk
from tests.web.test_lost_connection import cut, cut_under

pytestmark = [pytest.mark.asyncio, pytest.mark.own_engines]


async def test_a_read_is_made_again(agent: httpx.AsyncClient, desk: Desk) -> None:
    cuts = cut_under(desk, "FROM ombud.tickets", 1)
    assert (await agent.get("tickets?count=true")).status_code == 200
    assert cuts() == 1


async def test_once_only_and_then_it_is_told(agent: httpx.AsyncClient, desk: Desk) -> None:
    cuts = cut_under(desk, "FROM ombud.tickets", 5)
    answer = await agent.get("tickets?count=true")
    assert (answer.status_code, answer.json()["code"], cuts()) == (503, "unavailable", 2)
    assert answer.headers["retry-after"] == "1"


def cut_in_commit(desk: Desk, times: int, *, is_through: bool) -> Callable[[], int]:
    """Cut the connection in the next commits of what writes tickets, before the server hears of them or after."""
    done: list[bool] = []
    writing: set[int] = set()

    @event.listens_for(desk.async_engine.sync_engine, "before_cursor_execute")
    def note(connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        if statement.startswith("INSERT INTO ombud.tickets"):
            writing.add(id(connection))

    @event.listens_for(desk.async_engine.sync_engine, "commit")
    def lose(connection: Connection) -> None:
        if id(connection) in writing and len(done) < times:
            writing.discard(id(connection))
            done.append(is_through)
            if is_through:
                connection.exec_driver_sql("COMMIT")
            cut(connection)

    return lambda: len(done)


@pytest.mark.parametrize("is_through", [False, True])
async def test_a_commit_that_nobody_saw_the_end_of_is_looked_up_by_its_key(
    agent: httpx.AsyncClient, desk: Desk, is_through: bool
) -> None:
    """TRUST R7: done once whatever became of it, and answered as what it was."""
    cuts = cut_in_commit(desk, 1, is_through=is_through)
    made = await agent.post(
        "tickets", json={"title": "Once", "tags": ["x"]}, headers={"Idempotency-Key": "a"}
    )
    assert (made.status_code, cuts()) == (201, 1), made.text
    assert ("Idempotent-Replayed" in made.headers) is is_through
    async with desk.aread(Actor.system("test")) as session:
        assert await session.scalar(text("SELECT count(*) FROM ombud.tickets")) == 1


async def test_one_without_a_key_is_told(agent: httpx.AsyncClient, desk: Desk) -> None:
    cuts = cut_in_commit(desk, 1, is_through=False)
    refused = await agent.post("tickets", json={"title": "Once", "tags": ["x"]})
    assert (refused.status_code, refused.json()["code"], cuts()) == (503, "unavailable", 1)
    assert refused.headers["retry-after"] == "1"
