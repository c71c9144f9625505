"""Every list in pages, and how a thing on it is made, moved and taken away: for `test_api_walking`."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial, reduce
from typing import Any

import httpx
from sqlalchemy import select
from sqlalchemy.orm import Session

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
from ombud.testing import Cast, make_ticket
from ombud.tickets import assign

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
