"""Lists while they change under who walks through them: what was there all the time is seen exactly once.

Over every paged list of the description: one that is new has an entry here, or the last test fails.
"""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial, reduce
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.orm import Session

from ombud.api.openapi import describe
from ombud.db.actor import Actor
from ombud.db.base import Base
from ombud.db.desk import Desk
from ombud.models import (
    BouncedAddress,
    InboundMail,
    Mailbox,
    MailSource,
    TransferJob,
    TransferKind,
    TransferProblem,
)
from ombud.runtime import Runtime
from ombud.testing import Cast, make_ticket
from ombud.tickets import assign
from tests.api.conftest import Caller

pytestmark = pytest.mark.asyncio

AT_FIRST = 7
SYSTEM = Actor.system("test")
Write = Callable[[httpx.AsyncClient, str], Awaitable[httpx.Response]]


@dataclass(frozen=True)
class Listed:
    """A list, and how a thing on it is made (by a word), moved within its order, and taken away."""

    make: Write
    move: Write | None = None
    remove: Write | None = None
    key: tuple[str, ...] = ("id",)
    orders: tuple[str, ...] = ("",)

    def key_of(self, item: dict[str, Any]) -> str:
        """Return what tells an item from all others of its list."""
        return "/".join(str(reduce(dict.__getitem__, name.split("."), item)) for name in self.key)


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


async def in_turn_of(path: str, client: httpx.AsyncClient, word: str) -> httpx.Response:
    """Ask for a job and cancel it, for everybody has one under way."""
    if path == "exports":
        made = await client.post(path, json={"format": "csv"})
    else:
        form = {"format": "csv", "dry_run": "true"}
        made = await client.post(path, data=form, files={"file": (f"{word}.csv", b"title\n")})
    return await client.delete(f"{path}/{made.json()['id']}")


async def twice(client: httpx.AsyncClient, path: str, *bodies: dict[str, Any]) -> list[dict[str, Any]]:
    """Make two things that may be one, the first of them first."""
    made = [await client.post(path, json=body) for body in bodies]
    assert all(one.is_success for one in made), made[0].text
    return [one.json() for one in made]


async def twins(client: httpx.AsyncClient, word: str) -> list[dict[str, Any]]:
    """Two customers with one inbox, and every other time with one name."""
    names = [word, word if random.random() < 0.5 else word[::-1]]
    return await twice(
        client,
        "users",
        *({"email": f"{word}+{n}@example.org", "full_name": name} for n, name in enumerate(names)),
    )


async def like_tickets(client: httpx.AsyncClient, word: str) -> list[dict[str, Any]]:
    """Two tickets of one new customer about one matter."""
    body = {"title": f"{word} prints empty pages", "requester": {"email": f"{word}@example.net"}}
    return await twice(client, "tickets", body, body)


def the_last(made: Callable[[httpx.AsyncClient, str], Awaitable[list[dict[str, Any]]]]) -> Write:
    """Make a pair that is found by itself."""

    async def make(client: httpx.AsyncClient, word: str) -> httpx.Response:
        one = (await made(client, word))[-1]
        return await client.get(f"tickets/{one['number']}" if "number" in one else f"users/{one['id']}")

    return make


def settled(kind: str) -> Write:
    """Say of a pair, by its key, that they are two."""

    async def dismiss(client: httpx.AsyncClient, key: str) -> httpx.Response:
        ids = key.split("/")
        body = {"user_ids": [int(one) for one in ids]} if kind == "users" else {"numbers": ids}
        return await client.post(f"duplicates/{kind}/dismissals", json=body)

    return dismiss


def apart(kind: str, made: Callable[[httpx.AsyncClient, str], Awaitable[list[dict[str, Any]]]]) -> Write:
    """Make a pair and say that they are two."""

    async def make(client: httpx.AsyncClient, word: str) -> httpx.Response:
        key = "/".join(str(one["id" if kind == "users" else "number"]) for one in await made(client, word))
        return await settled(kind)(client, key)

    return make


class Rows:
    """What a worker makes: rows in the database, each found on the list that it is for."""

    def __init__(self, desk: Desk, cast: Cast) -> None:
        self._desk, self._admin, self._customer = desk, cast.admin.id, cast.customer.id

    def of(self, row: Callable[[Session, str], Base]) -> Write:
        """Make a row of a word."""

        async def make(client: httpx.AsyncClient, word: str) -> httpx.Response:
            def add(session: Session) -> None:
                session.add(row(session, word))

            await self._desk.arun(SYSTEM, add)
            return await client.get("me")

        return make

    def bounced(self, _session: Session, word: str) -> Base:
        """An address that mail came back from."""
        return BouncedAddress(email=f"{word}@example.com")

    def inbound(self, session: Session, word: str) -> Base:
        """A message that came in."""
        box = session.scalars(select(Mailbox.id)).first()
        whole = {"source": MailSource.LMTP, "checksum": f"{word[1:]:0>64}", "storage_key": word, "size": 1}
        return InboundMail(mailbox_id=box, subject=word, **whole)

    def problem(self, session: Session, word: str) -> Base:
        """A row of an import that did not come in: of the first one."""
        jobs = select(TransferJob.id).where(TransferJob.kind == TransferKind.IMPORT)
        job = session.scalars(jobs.order_by(TransferJob.id)).first()
        return TransferProblem(job_id=job, line=1, key=word)

    def told(self, session: Session, _word: str) -> Base:
        """A word to the administrator."""
        ticket = make_ticket(session, self._customer)
        assign(session, ticket.id, self._admin)
        return ticket


async def mailed(client: httpx.AsyncClient, word: str) -> httpx.Response:
    """Answer somebody by mail."""
    ticket = {"title": word, "requester": {"email": f"{word}@example.com"}}
    number = (await client.post("tickets", json=ticket)).json()["number"]
    body = {"content": word, "delivery": {"not_before": "2040-01-01T00:00:00Z"}}
    return await client.post(f"tickets/{number}/comments", json=body)


async def tried(client: httpx.AsyncClient, _word: str) -> httpx.Response:
    """Send one more message by the first webhook."""
    first = (await client.get("webhooks?limit=1")).json()["items"][0]["id"]
    return await client.post(f"webhooks/{first}/trial")


ORDERS = ("sort=-activity", "sort=activity", "sort=-priority")
PEOPLE, TICKETS = ("person.id", "other.id"), ("ticket.number", "other.number")


def lists(rows: Rows) -> dict[str, Listed]:
    """Return every list in pages, in an order in which there is always one of what the next one needs."""
    return {
        "/tickets/{number}/history": Listed(noted),
        "/audit": Listed(noted),
        "/tickets": Listed(
            posted("tickets", title="{}"), prioritised, deleted("tickets"), ("number",), ORDERS
        ),
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
        "/webhooks": Listed(
            posted("webhooks", url="https://hooks.example.com/{}"), None, deleted("webhooks")
        ),
        "/webhooks/{webhook_id}/deliveries": Listed(tried),
        "/exports": Listed(partial(in_turn_of, "exports"), None, deleted("exports")),
        "/imports": Listed(partial(in_turn_of, "imports"), None, deleted("imports")),
        "/imports/{import_id}/errors": Listed(rows.of(rows.problem), key=("key",)),
        "/mail/inbound": Listed(rows.of(rows.inbound)),
        "/bounced-addresses": Listed(
            rows.of(rows.bounced), None, deleted("bounced-addresses"), key=("email",)
        ),
        "/notifications": Listed(rows.of(rows.told)),
        "/outbox": Listed(mailed),
        "/duplicates/users": Listed(the_last(twins), None, settled("users"), PEOPLE),
        "/duplicates/users/dismissals": Listed(
            apart("users", twins), None, deleted("duplicates/users/dismissals"), PEOPLE
        ),
        "/duplicates/tickets": Listed(the_last(like_tickets), None, settled("tickets"), TICKETS),
        "/duplicates/tickets/dismissals": Listed(
            apart("tickets", like_tickets), None, deleted("duplicates/tickets/dismissals"), TICKETS
        ),
    }


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
    one = await admin.get(f"{path}?limit=1")
    assert (len(one.json()["items"]), "next" in one.links) == (1, True), f"{path} {one.text}"
    assert (await admin.get(f"{path}?limit=100")).is_success
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
