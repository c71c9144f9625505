"""Lists while they change under who walks through them: what was there all the time is seen exactly once.

Over every paged list of the description: one that is new has an entry here, or the last test fails.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from ombud.api.openapi import describe
from ombud.runtime import Runtime

pytestmark = pytest.mark.asyncio

AT_FIRST = 9
Write = Callable[[httpx.AsyncClient, str], Awaitable[httpx.Response]]


@dataclass(frozen=True)
class Listed:
    """A list, and how a thing on it is made (by a word), moved within its order, and taken away."""

    make: Write
    move: Write | None = None
    remove: Write | None = None
    key: str = "id"
    orders: tuple[str, ...] = ("",)


def posted(path: str, also: dict[str, Any] | None = None, **fields: str) -> Write:
    """Make a thing whose fields hold a word, and what it must have beside."""

    async def make(client: httpx.AsyncClient, word: str) -> httpx.Response:
        words = {name: value.format(word) for name, value in fields.items()}
        return await client.post(path, json={**words, **(also or {})})

    return make


def patched(path: str, **fields: str) -> Write:
    """Move a thing by a field that it is ordered by."""

    async def move(client: httpx.AsyncClient, key: str) -> httpx.Response:
        body = {name: value.format(random.randbytes(3).hex()) for name, value in fields.items()}
        return await client.patch(f"{path}/{key}", json=body)

    return move


def deleted(path: str) -> Write:
    """Take a thing away."""

    async def remove(client: httpx.AsyncClient, key: str) -> httpx.Response:
        return await client.delete(f"{path}/{key}")

    return remove


async def prioritised(client: httpx.AsyncClient, number: str) -> httpx.Response:
    """Move a ticket in each order that it may have: its priority, and when something happened to it."""
    now = (await client.get(f"tickets/{number}")).json()["priority"]
    other = random.choice([one for one in ("low", "medium", "high", "urgent") if one != now])
    return await client.patch(f"tickets/{number}", json={"priority": other})


async def noted(client: httpx.AsyncClient, word: str) -> httpx.Response:
    """Let the first ticket have one more line in its history."""
    return await client.patch("tickets/1001", json={"title": word})


ORDERS = ("sort=-activity", "sort=activity", "sort=-priority")
LISTS = {
    "/tickets/{number}/history": Listed(noted),
    "/audit": Listed(noted),
    "/tickets": Listed(posted("tickets", title="{}"), prioritised, deleted("tickets"), "number", ORDERS),
    "/tickets/{number}/comments": Listed(posted("tickets/1001/comments", content="{}")),
    "/tags": Listed(posted("tags", name="{}"), patched("tags", name="{}"), deleted("tags")),
    "/users": Listed(posted("users", email="{}@example.org"), patched("users", full_name="{}")),
    "/teams": Listed(posted("teams", name="{}"), patched("teams", name="{}")),
    "/organizations": Listed(posted("organizations", name="{}"), patched("organizations", name="{}")),
    "/roles": Listed(
        posted("roles", {"permissions": ["tickets.reply"]}, name="{}"),
        patched("roles", name="{}"),
        deleted("roles"),
    ),
}
ELSEWHERE = {
    "/bounced-addresses", "/duplicates/tickets", "/duplicates/tickets/dismissals", "/duplicates/users",
    "/duplicates/users/dismissals", "/exports", "/imports", "/imports/{import_id}/errors", "/mail/inbound",
    "/notifications", "/outbox", "/webhooks", "/webhooks/{webhook_id}/deliveries",
}  # fmt: skip
"""Made by the worker, or few: their queries take the same cursors; they are not walked here."""


@pytest.fixture
def runtime(runtime: Runtime) -> Runtime:
    """One that takes thousands of calls a minute."""
    return replace(runtime, settings=runtime.settings.model_copy(update={"api_rate": 1_000_000}))


async def test_what_is_there_all_the_time_is_seen_once(admin: httpx.AsyncClient) -> None:
    random.seed(7)
    assert (await admin.post("tickets", json={"title": "The first"})).json()["number"] == "1001"
    for path, listed in LISTS.items():
        for order in listed.orders:
            await walked(admin, path.replace("{number}", "1001"), listed, order)


async def walked(admin: httpx.AsyncClient, path: str, listed: Listed, order: str) -> None:
    """Walk through a list in some pages, while things come, go and move between the pages."""

    async def done(how: Write, what: str) -> Any:
        answer = await how(admin, what)
        assert answer.is_success, f"{path} {answer.text}"
        return answer

    def word() -> str:
        return f"w{random.randbytes(6).hex()}"

    path = path.removeprefix("/")
    before = (await admin.get(f"{path}?limit=100")).json()["items"]
    for _ in range(AT_FIRST - len(before)):
        await done(listed.make, word())
    first = (await admin.get(f"{path}?limit=100&{order}")).json()
    assert first["next_cursor"] is None, path
    there = [str(one[listed.key]) for one in first["items"]]
    assert len(there) >= AT_FIRST
    stays, seen, size = set(there), [], len(there) // 4
    ours = [one for one in there if one != "1001"]
    cursor: str | None = ""
    while cursor is not None:
        query = f"limit={size}&{order}" + (f"&cursor={cursor}" if cursor else "")
        page = (await admin.get(f"{path}?{query}")).json()
        seen += [str(one[listed.key]) for one in page["items"]]
        cursor = page["next_cursor"]
        if len(seen) > 5 * len(there):
            break  # what moves before who walks can be met again and again
        await done(listed.make, word())
        if len(ours) > 2:
            for how in filter(None, (listed.move, listed.remove)):
                gone = ours.pop(random.randrange(len(ours)))
                stays.discard(gone)
                await done(how, gone)
    assert stays, path
    assert {one: seen.count(one) for one in stays} == dict.fromkeys(stays, 1), f"{path} {order}"


async def test_every_paged_list_is_walked(app: FastAPI) -> None:
    api = app.routes[0].app  # type: ignore[attr-defined]
    paged = {
        path
        for path, found in describe(api).get("paths", {}).items()
        if {"cursor", "limit"} <= {one["name"] for one in found.get("get", {}).get("parameters", [])}
    }
    assert paged == LISTS.keys() | ELSEWHERE
