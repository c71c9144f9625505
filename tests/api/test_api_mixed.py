"""One foreign number among ten (TRUST.md T33): in bulk it looks like a missing one, elsewhere all is refused."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlalchemy import text

from ombud.db.actor import Actor
from ombud.db.context import DeskSession
from ombud.db.desk import Desk
from ombud.testing import Cast, make_ticket
from ombud.tickets import soft_delete_ticket
from tests.api.conftest import Caller

pytestmark = pytest.mark.asyncio
SYSTEM = Actor.system("test")
MISSING = "999999"
CHANGES: list[dict[str, Any]] = [
    {"action": "status", "status": "resolved"},
    {"action": "assign", "assignee_id": None},
    {"action": "tag", "add_tags": ["fire"]},
    {"action": "delete"},
    {"action": "restore"},
]


def _tickets(session: DeskSession, cast: Cast, *, deleted: bool = False) -> list[str]:
    """Make nine tickets of a team and a tenth of another; return their numbers, the foreign one last."""
    mine = [
        make_ticket(session, cast.customer.id, team_id=cast.team.id, assignee_id=cast.team_agent.id)
        for _ in range(9)
    ]
    foreign = make_ticket(session, cast.other_customer.id, title="Secret", team_id=cast.other_team.id)
    for one in (*mine, foreign) if deleted else ():
        soft_delete_ticket(session, one.id)
    return [one.ticket_number for one in (*mine, foreign)]


async def _all_of(desk: Desk, number: str) -> list[Any]:
    """Return all that a change could touch of a ticket."""
    async with desk.aread(SYSTEM, fresh=True) as session:
        told = (
            "SELECT to_jsonb(t), (SELECT count(*) FROM ombud.comments c WHERE c.ticket_id = t.id),"
            " (SELECT array_agg(g.tag_id) FROM ombud.ticket_tags g WHERE g.ticket_id = t.id)"
            " FROM ombud.tickets t WHERE t.ticket_number = :number"
        )
        return [tuple(row) for row in await session.execute(text(told), {"number": number})]


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change["action"])
async def test_in_bulk_a_foreign_one_looks_like_a_missing_one_and_the_others_change(
    caller: Caller, cast: Cast, desk: Desk, change: dict[str, Any]
) -> None:
    client = caller(cast.team_agent)
    numbers = await desk.arun(SYSTEM, _tickets, cast, deleted=change["action"] == "restore")
    foreign = numbers[-1]
    before = await _all_of(desk, foreign)
    answer = await client.post("tickets/bulk", json={"numbers": [*numbers, MISSING], **change})
    assert answer.status_code == 200, answer.text
    items = {item.pop("number"): item for item in answer.json()["items"]}
    assert items[foreign] == items[MISSING]
    assert items[foreign]["outcome"] == "not_found"
    assert [items[one]["outcome"] for one in numbers[:-1]] == ["changed"] * 9
    assert "Secret" not in answer.text
    assert await _all_of(desk, foreign) == before


async def _merge(client: httpx.AsyncClient, mine: str, other: str, more: list[str]) -> httpx.Response:
    return await client.post(f"tickets/{mine}/merges", json={"numbers": [*more, other]})


async def _merge_into(client: httpx.AsyncClient, mine: str, other: str, more: list[str]) -> httpx.Response:
    return await client.post(f"tickets/{other}/merges", json={"numbers": [mine, *more]})


async def _keep_apart(client: httpx.AsyncClient, mine: str, other: str, _more: list[str]) -> httpx.Response:
    return await client.post("duplicates/tickets/dismissals", json={"numbers": [mine, other]})


@pytest.mark.parametrize("call", [_merge, _merge_into, _keep_apart])
async def test_elsewhere_the_whole_call_is_refused_in_the_words_for_a_missing_one(
    caller: Caller, cast: Cast, desk: Desk, call: Any
) -> None:
    client = caller(cast.team_agent)
    mine, *more, foreign = await desk.arun(SYSTEM, _tickets, cast)
    before = [await _all_of(desk, one) for one in (mine, *more, foreign)]
    refused, missing = [await call(client, mine, other, more) for other in (foreign, MISSING)]
    assert refused.status_code == missing.status_code
    assert refused.status_code in (404, 422), refused.text

    def said(answer: httpx.Response, number: str) -> dict[str, Any]:
        body: dict[str, Any] = answer.json()
        body.pop("instance")
        return {name: str(value).replace(number, "?") for name, value in body.items()}

    assert said(refused, foreign) == said(missing, MISSING)
    assert [await _all_of(desk, one) for one in (mine, *more, foreign)] == before
