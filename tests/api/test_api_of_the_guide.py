"""Defects of the guide that could come back at the edge, tried over HTTP; the data layer has tests of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from ombud import Actor, Desk, TicketStatus
from ombud.people.actions import deactivate_user
from ombud.testing import Cast, ScratchDatabase, make_agent, make_ticket
from ombud.tickets import bulk_create_tickets
from tests.failing_commits import failing_commits

pytestmark = pytest.mark.asyncio
SYSTEM = Actor.system("test")


@pytest.fixture
def no_commit(database: ScratchDatabase) -> Iterator[None]:
    """Whoever writes a ticket or a comment fails in the commit, after everything was done."""
    with failing_commits(database):
        yield


@pytest.mark.usefixtures("no_commit")
async def test_d13_a_failing_commit_is_never_a_success(app: FastAPI, cast: Cast, desk: Desk) -> None:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    own = {"Authorization": f"Bearer {cast.agent.token}"}
    base = "http://desk.example/api/v1/"
    async with httpx.AsyncClient(transport=transport, base_url=base, headers=own) as agent:
        answer = await agent.post("tickets", json={"title": "Lamp", "requester_id": cast.customer.id})
    assert answer.status_code == 500
    assert "Lamp" not in answer.text
    assert "refused in the commit" not in answer.text
    with desk.read(SYSTEM) as session:
        assert session.scalar(text("SELECT count(*) FROM ombud.tickets")) == 0


async def test_d14_no_answer_holds_a_hash(admin: httpx.AsyncClient, cast: Cast, desk: Desk) -> None:
    number = desk.run(SYSTEM, make_ticket, cast.customer.id, assignee_id=cast.agent.id).ticket_number
    with desk.begin(SYSTEM) as session:
        session.execute(text("UPDATE ombud.users SET password_hash = '$argon2id$canary'"))
    for path in (
        "tickets",
        f"tickets/{number}",
        f"tickets/{number}/history",
        "users",
        f"users/{cast.customer.id}",
        "me",
        "audit",
    ):
        answer = await admin.get(path)
        assert answer.status_code == 200, path
        assert "canary" not in answer.text, path
        assert "password_hash" not in answer.text or path == "audit", path


async def test_d18_d19_d57_pages_part_the_list_whatever_tags_it_is_filtered_by(
    agent: httpx.AsyncClient, cast: Cast, desk: Desk
) -> None:
    """All of one moment, three tags each: no ticket is shown twice, none is left out, the total is theirs."""
    rows = [
        {"title": f"{n}", "requester_id": cast.customer.id, "tags": ["red", "green", "blue"]}
        for n in range(20)
    ]
    numbers = desk.run(SYSTEM, bulk_create_tickets, rows).numbers
    for sort in ("-created", "created", "-activity", "-priority"):
        seen: list[str] = []
        query = {"tag": ["red", "green", "blue"], "sort": sort, "limit": "6", "count": "true"}
        while True:
            answer = await agent.get("tickets", params=query)
            assert answer.status_code == 200, answer.text
            page = answer.json()
            assert page["total"] == 20
            seen += [one["number"] for one in page["items"]]
            if page["next_cursor"] is None:
                break
            query["cursor"] = page["next_cursor"]
        assert sorted(seen) == sorted(str(number) for number in numbers), sort


async def test_d22_signs_are_literal(agent: httpx.AsyncClient, cast: Cast, desk: Desk) -> None:
    for title in ("100% sure", "1000 sure", "a_b", "axb", "C:\\ full"):
        desk.run(SYSTEM, make_ticket, cast.customer.id, title=title)
    for part, expected in (
        ("100%", {"100% sure"}),
        ("a_b", {"a_b"}),
        ("%", {"100% sure"}),
        ("_", {"a_b"}),
        ("C:\\", {"C:\\ full"}),
        ("\\", {"C:\\ full"}),
    ):
        answer = await agent.get("tickets", params={"substring": part})
        assert {one["title"] for one in answer.json()["items"]} == expected, part


async def test_d23_d28_nothing_is_not_everything(agent: httpx.AsyncClient, cast: Cast, desk: Desk) -> None:
    desk.run(SYSTEM, make_ticket, cast.customer.id, assignee_id=cast.agent.id)
    free = desk.run(SYSTEM, make_ticket, cast.customer.id).ticket_number
    for query in ("status=", "tag=", "assignee=0", "assignee=", "created_from=2026-01-01T00:00:00"):
        answer = await agent.get(f"tickets?{query}")
        assert answer.status_code == 422 or answer.json()["items"] == [], (query, answer.text)
    answer = await agent.get("tickets?assignee=unassigned")
    assert [one["number"] for one in answer.json()["items"]] == [free]


async def test_d31_d32_bulk_assignment_has_guards(agent: httpx.AsyncClient, cast: Cast, desk: Desk) -> None:
    former = desk.run(SYSTEM, make_agent).id
    desk.run(SYSTEM, deactivate_user, former)
    by_status = {
        status: desk.run(SYSTEM, make_ticket, cast.customer.id, status=status).ticket_number
        for status in TicketStatus
    }
    gone = desk.run(SYSTEM, make_ticket, cast.customer.id).ticket_number
    assert (await agent.delete(f"tickets/{gone}")).status_code == 204
    numbers = [*by_status.values(), gone]
    for nobody in (cast.customer.id, former, 10**9, 0, -1):
        body = {"action": "assign", "numbers": numbers, "assignee_id": nobody}
        assert (await agent.post("tickets/bulk", json=body)).status_code == 422, nobody
    body = {"action": "assign", "numbers": numbers, "assignee_id": cast.agent.id}
    assert (await agent.post("tickets/bulk", json=body)).json()["changed"] == 3
    for status, number in by_status.items():
        ticket = (await agent.get(f"tickets/{number}")).json()
        assert ticket["status"] == status, "handing out moves nothing"
        assert (ticket["assignee"] is None) is status.is_done
    assert (await agent.get(f"tickets/{gone}")).json()["assignee"] is None


async def test_d33_d55_no_way_leads_past_the_rules(
    agent: httpx.AsyncClient, customer: httpx.AsyncClient, cast: Cast, desk: Desk
) -> None:
    number = desk.run(
        SYSTEM, make_ticket, cast.customer.id, status=TicketStatus.WAITING_ON_CUSTOMER
    ).ticket_number
    closed = desk.run(SYSTEM, make_ticket, cast.customer.id, status=TicketStatus.CLOSED).ticket_number
    back = await agent.patch(f"tickets/{closed}", json={"status": "resolved"})
    assert back.status_code == 409
    for content in ("", "  \n", "\u3000"):
        for who in (agent, customer):
            refused = await who.post(f"tickets/{number}/comments", json={"content": content})
            assert refused.status_code == 422, (content, refused.text)
    done = await agent.patch(f"tickets/{number}", json={"status": "resolved"})
    assert done.json()["resolved_at"] is not None
    before = (await agent.get(f"tickets/{number}")).json()["last_activity_at"]
    assert (await customer.post(f"tickets/{number}/comments", json={"content": "No!"})).status_code == 201
    after = (await agent.get(f"tickets/{number}")).json()
    assert after["last_activity_at"] > before
    assert (after["status"], after["resolved_at"]) == ("open", None)


async def test_d36_d53_many_at_once(agent: httpx.AsyncClient, cast: Cast) -> None:
    made = await asyncio.gather(*(agent.post("tickets", json={"title": f"{n}"}) for n in range(12)))
    assert {one.status_code for one in made} == {201}
    numbers = {one.json()["number"] for one in made}
    assert len(numbers) == 12
    tagged = await asyncio.gather(*(agent.put(f"tickets/{min(numbers)}/tags/new") for _ in range(8)))
    assert all(one.is_success for one in tagged), [one.text for one in tagged]
    ticket = (await agent.get(f"tickets/{min(numbers)}")).json()
    assert [tag["name"] for tag in ticket["tags"]] == ["new"]


async def test_d40_d41_d42_figures(agent: httpx.AsyncClient, cast: Cast, desk: Desk) -> None:
    nothing = (await agent.get("statistics")).json()
    assert nothing["status_counts"] == {status.value: 0 for status in TicketStatus}
    assert nothing["avg_resolution_hours"] is None
    same = [desk.run(SYSTEM, make_agent, full_name="Same").id for _ in range(2)]
    for assignee in (*same, None):
        desk.run(SYSTEM, make_ticket, cast.customer.id, assignee_id=assignee)
    now = (await agent.get("statistics")).json()
    assert {one["assignee_id"] for one in now["assignee_stats"]} == {*same, None}
    early = {"start": "2020-01-01T00:00:00", "end": datetime.now(UTC).isoformat()}
    assert (await agent.get("statistics", params=early)).status_code == 422, "a naive time"
