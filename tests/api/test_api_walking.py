"""Lists while they change under who walks through them: what was there all the time is seen exactly once.

Over every paged list of the description: one that is new has an entry in `paged`, or this fails.
"""

from __future__ import annotations

import base64
import json
import random
from dataclasses import replace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.orm import Session

from ombud.api.openapi import describe
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.db.statements import counted
from ombud.models import Mailbox
from ombud.runtime import Runtime
from ombud.testing import Cast, make_ticket
from tests.api.conftest import Caller
from tests.api.paged import Listed, Rows, Write, lists

pytestmark = pytest.mark.asyncio

AT_FIRST = 7
BUDGET = 6
"""Statements that a page of any list costs at most, of one thing as of a hundred."""
SYSTEM = Actor.system("test")


@pytest.fixture
def runtime(runtime: Runtime) -> Runtime:
    """One that takes thousands of calls a minute."""
    return replace(runtime, settings=runtime.settings.model_copy(update={"api_rate": 1_000_000}))


@pytest.fixture
def rows(desk: Desk, cast: Cast) -> Rows:
    """What a worker makes, on a desk that takes and sends mail and has a ticket."""

    def make(session: Session) -> None:
        session.add(Mailbox(name="Support", address="support@desk.example", smtp_host="mail.example"))
        make_ticket(session, cast.customer.id, title="The first")

    desk.run(SYSTEM, make)
    return Rows(desk, cast)


@pytest.mark.timeout(300)
async def test_what_is_there_all_the_time_is_seen_once(
    admin: httpx.AsyncClient, caller: Caller, cast: Cast, rows: Rows, app: FastAPI
) -> None:
    random.seed(7)
    found: dict[str, str] = {}
    known = lists(rows)
    for path, listed in known.items():
        here = path
        for name, of in (("number", ""), ("webhook_id", "webhooks"), ("import_id", "imports")):
            if f"{{{name}}}" in path:
                made = (await admin.get(f"{of}?limit=100")).json()["items"] if of else []
                first = min((one["id"] for one in made), default="1001")
                here = path.replace(f"{{{name}}}", str(first))
        for order in listed.orders:
            found[here] = await walked(admin, here.removeprefix("/"), listed, order)
    orders = [order_of(cursor) for cursor in found.values()]
    assert len(set(orders)) == len(orders), f"two lists take the cursors of each other: {sorted(orders)}"
    others = [caller(who) for who in (cast.customer, cast.agent, cast.light_agent)]
    for path, cursor in found.items():
        await limited(admin, path.removeprefix("/"))
        await refuses(admin, path.removeprefix("/"), next(one for one in found.values() if one != cursor))
        await mangled(admin, path.removeprefix("/"), cursor)
        for other in others:
            await theirs(other, path.removeprefix("/"), cursor)
    api = app.routes[0].app  # type: ignore[attr-defined]
    paged = {
        path
        for path, operations in describe(api).get("paths", {}).items()
        if {"cursor", "limit"} <= {one["name"] for one in operations.get("get", {}).get("parameters", [])}
    }
    assert paged == known.keys(), "a list that is new has an entry here"


async def walked(admin: httpx.AsyncClient, path: str, listed: Listed, order: str) -> str:
    """Walk through a list in some pages, while things come, go and move between them; return a cursor of it."""

    async def done(how: Write, what: str) -> Any:
        answer = await how(admin, what)
        assert answer.is_success, f"{path} {answer.text}"
        return answer

    def word() -> str:
        return f"w{random.randbytes(6).hex()}"

    before = (await admin.get(f"{path}?limit=100")).json()["items"]
    for _ in range(AT_FIRST - len(before)):
        await done(listed.make, word())
    first = (await admin.get(f"{path}?limit=100&{order}")).json()
    assert first["next_cursor"] is None, path
    there = [listed.key_of(one) for one in first["items"]]
    assert len(there) >= AT_FIRST, path
    stays, seen, size = set(there), [], max(2, len(there) // 4)
    ours = [one for one in there if one != "1001"]
    cursor, one_of_it = "", ""
    while cursor is not None:
        query = f"limit={size}&{order}" + (f"&cursor={cursor}" if cursor else "")
        page = (await admin.get(f"{path}?{query}")).json()
        seen += [listed.key_of(one) for one in page["items"]]
        cursor = page["next_cursor"]
        one_of_it = cursor or one_of_it
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
    return one_of_it


async def limited(admin: httpx.AsyncClient, path: str) -> None:
    """Ask for a page of one, of the greatest size, and of sizes that there are not."""
    with counted() as of_one:
        one = await admin.get(f"{path}?limit=1")
    assert (len(one.json()["items"]), "next" in one.links) == (1, True), f"{path} {one.text}"
    with counted() as of_all:
        every = await admin.get(f"{path}?limit=100")
    assert len(every.json()["items"]) >= AT_FIRST, path
    assert len(of_all) <= len(of_one) <= BUDGET, f"{path}\n{of_one}\n{of_all}"
    for wrong in ("101", "0", "", "1" * 5000):
        refused = await admin.get(f"{path}?limit={wrong}")
        problem = refused.json()
        assert (refused.status_code, problem["errors"][0]["parameter"]) == (422, "limit"), f"{path} {wrong}"


async def refuses(admin: httpx.AsyncClient, path: str, foreign: str) -> None:
    """Go on with the cursor of another list."""
    refused = await admin.get(f"{path}?cursor={foreign}")
    assert refused.status_code == 422, f"{path} {foreign}"
    assert refused.json()["errors"][0]["parameter"] == "cursor"


def order_of(cursor: str) -> str:
    """Return the name of the order that a cursor belongs to."""
    return str(json.loads(base64.urlsafe_b64decode(cursor + "=="))[0])


ODD: tuple[object, ...] = (
    0,
    -1,
    2**63 - 1,
    -(2**63),
    2**63,
    10**400,
    1.5,
    True,
    None,
    "",
    "\x00",
    "\ud800",
    "\u202e",
    "x" * 400,
    [],
    {},
)
AT = tuple(
    {"t": at} for at in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-01-01", "x", 7)
)


async def mangled(admin: httpx.AsyncClient, path: str, cursor: str) -> None:
    """Go on with cursors that somebody changed: a page of the list, or a refusal that names the cursor."""
    order, values = json.loads(base64.urlsafe_b64decode(cursor + "=="))
    made = [
        cursor[:at] + random.choice("ABC019_-") + cursor[at + 1 :]
        for at in random.sample(range(len(cursor)), 5)
    ]
    odd = [*ODD, *AT, float("nan"), float("inf"), -float("inf")]
    texts = [
        json.dumps([order, [*values[:n], one, *values[n + 1 :]]]) for n in range(len(values)) for one in odd
    ]
    shapes: list[object] = [[order], [order, values[:-1]], [order, [*values, 1]], order, 7, {}]
    texts += [json.dumps(one) for one in shapes]
    made += [base64.urlsafe_b64encode(text.encode()).decode().rstrip("=") for text in texts]
    made += ["", "=", "%00", "%FF", "ü", cursor[:-1], "A" * 1000, "A" * 1001]
    for text in random.sample(made, 15):
        answer = await admin.get(f"{path}?cursor={text}")
        assert answer.status_code in {200, 422}, f"{path} {text} {answer.text}"
        assert answer.is_success or answer.json()["errors"][0]["parameter"] == "cursor", answer.text


async def theirs(other: httpx.AsyncClient, path: str, cursor: str) -> None:
    """Go on with an administrator's cursor: there is nothing that is not on one's own list."""
    own = await other.get(f"{path}?limit=100")
    answer = await other.get(f"{path}?limit=100&cursor={cursor}")
    if own.is_success and answer.is_success:
        assert all(one in own.json()["items"] for one in answer.json()["items"]), path
    else:
        assert answer.status_code in {own.status_code, 422}, f"{path} {answer.text}"
