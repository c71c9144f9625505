"""Numbers at their limits, in what is counted, asked and remembered: nothing is ever blocked by one (T72)."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest
from sqlalchemy import text

from ombud import Actor, Desk
from ombud.kit.cursor import encode_cursor
from ombud.testing import Cast, make_ticket
from ombud.tickets.actions.bulk import TicketRow, bulk_create_tickets

pytestmark = pytest.mark.asyncio
SYSTEM = Actor.system("test")
MAX = 2**63 - 1


async def _open(agent: httpx.AsyncClient, cast: Cast) -> int:
    new = {"title": "One more", "description": "x", "requester_id": cast.customer.id}
    made = await agent.post("tickets", json=new)
    assert made.status_code == 201, made.text
    return int(made.json()["number"])


async def test_numbers_that_are_brought_stand_in_nobodys_way(
    agent: httpx.AsyncClient, desk: Desk, cast: Cast
) -> None:
    first = await _open(agent, cast)
    brought = [first + 1, first + 2, first + 4, MAX, MAX + 1, 10**15, 10**49, 0]
    rows = [
        TicketRow(title="From elsewhere", requester_id=cast.customer.id, ticket_number=str(number))
        for number in brought
    ]
    made = await desk.arun(SYSTEM, bulk_create_tickets, [*rows, *(_spelt(cast, first))])
    assert None not in made.numbers
    following = [await _open(agent, cast) for _ in range(3)]
    assert following == [first + 5, first + 6, first + 7]
    again = await desk.arun(SYSTEM, bulk_create_tickets, rows[:1], on_error="skip")
    assert again.problems[0].rule == "is already used."
    async with desk.abegin(SYSTEM) as session:
        for number in (MAX, 10**15, -1, 0, 1):
            await session.execute(text("SELECT ombud.keep_numbers_above(:n)"), {"n": number})
    assert await _open(agent, cast) == first + 8


def _spelt(cast: Cast, first: int) -> list[TicketRow]:
    """Numbers that are others than they look like."""
    return [
        TicketRow(title="Spelt", requester_id=cast.customer.id, ticket_number=number)
        for number in (f"0{first + 6}", f"{first + 6}.0", f"+{first + 6}", "٩٩٩٩٩٩", "A-1", "1e6")
    ]


async def test_what_is_asked_at_its_limits_is_answered(
    agent: httpx.AsyncClient, desk: Desk, cast: Cast
) -> None:
    ticket = await desk.arun(SYSTEM, make_ticket, cast.customer.id)
    far = datetime.max.replace(tzinfo=UTC)
    for at, key, found in ((far, MAX, 1), (far, -MAX - 1, 1), (datetime.min.replace(tzinfo=UTC), 1, 0)):
        answer = await agent.get("tickets", params={"cursor": encode_cursor("-activity", (at, key))})
        assert (answer.status_code, len(answer.json()["items"])) == (200, found), (at, key)
    for name in ("team", "assignee", "requester", "organization"):
        for number, status in ((MAX, 200), (MAX + 1, 422), (0, 422), (-1, 422), ("1e3", 422)):
            answer = await agent.get("tickets", params={name: number})
            assert answer.status_code == status, (name, number)
    for number in (MAX, MAX + 1, 10**49, "0", "-1", f"0{ticket.ticket_number}", f"{ticket.ticket_number}.0"):
        assert (await agent.get(f"tickets/{number}")).status_code == 404
    for name in ("requester_id", "assignee_id", "team_id"):
        for given in (MAX, MAX + 1, -1, 10**400, 1.5, True):
            body = {"title": "x", "requester_id": cast.customer.id} | {name: given}
            answer = await agent.post("tickets", content=_json(body), headers=JSON)
            assert answer.status_code == 422, (name, given)
    for moment in ("9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00"):
        answer = await agent.get("tickets", params={"created_from": moment})
        assert answer.status_code in (200, 422), moment
    for limit, status in ((1, 200), (100, 200), (101, 422), (0, 422), (MAX + 1, 422)):
        assert (await agent.get("tickets", params={"limit": limit})).status_code == status, limit
    assert (await agent.get("tickets?q=created:>9999-12-30")).status_code == 200
    beyond = await agent.get("tickets?q=created:>9999-12-31")
    assert (beyond.status_code, beyond.json()["errors"][0]["parameter"]) == (422, "created")
    await _open(agent, cast)


JSON = {"Content-Type": "application/json"}


def _json(body: dict[str, object]) -> str:
    inner = ", ".join(f'"{name}": {_value(value)}' for name, value in body.items())
    return f"{{{inner}}}"


def _value(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value).lower()
