"""Tickets over HTTP: open, read, change, delete, restore."""

import httpx
import pytest

from ombud import Actor, Desk, DeskSession
from ombud.db.statements import counted
from ombud.testing import make_comment, make_ticket
from ombud.testing.personas import Cast

pytestmark = pytest.mark.asyncio
SYSTEM = Actor.system("test")


async def test_a_ticket_goes_its_way(agent: httpx.AsyncClient, cast: Cast) -> None:
    opened = await agent.post(
        "tickets",
        json={
            "title": "Printer on fire",
            "description": "It *burns*.",
            "requester_id": cast.customer.id,
            "priority": "urgent",
            "team_id": cast.team.id,
            "tags": ["hardware", "fire"],
        },
    )
    assert opened.status_code == 201, opened.text
    ticket = opened.json()
    assert opened.headers["Location"] == f"/api/v1/tickets/{ticket['number']}"
    assert ticket["requester"]["email"] == cast.customer.email
    assert [tag["name"] for tag in ticket["tags"]] == ["fire", "hardware"]
    assert (ticket["status"], ticket["channel"], ticket["team"]["name"]) == ("open", "api", "Support")
    assert ticket["organization"]["name"] == "Acme"

    changed = await agent.patch(
        f"tickets/{ticket['number']}",
        json={"status": "in_progress", "assignee_id": cast.agent.id},
        headers={"If-Match": opened.headers["ETag"]},
    )
    assert changed.status_code == 200, changed.text
    assert changed.json()["assignee"] == {"id": cast.agent.id, "name": "Agnes Agent", "is_staff": True}
    assert changed.json()["version"] == ticket["version"] + 1
    assert changed.headers["ETag"].startswith(f'"{changed.json()["version"]}-')

    read = await agent.get(f"tickets/{ticket['number']}")
    assert read.json() == changed.json()
    assert read.headers["ETag"] == changed.headers["ETag"]

    assert (await agent.delete(f"tickets/{ticket['number']}")).status_code == 204
    assert (await agent.delete(f"tickets/{ticket['number']}")).status_code == 204
    assert (await agent.get(f"tickets/{ticket['number']}")).json()["deleted_at"] is not None
    refused = await agent.patch(f"tickets/{ticket['number']}", json={"title": "No"})
    assert (refused.status_code, refused.json()["code"]) == (409, "ticket_deleted")
    restored = await agent.post(f"tickets/{ticket['number']}/restoration")
    assert restored.status_code == 200
    assert restored.json()["deleted_at"] is None


async def test_what_each_call_costs(agent: httpx.AsyncClient, cast: Cast) -> None:
    """In statements, the look at the token (1) and the context of the transaction (1) among them."""
    opened = await agent.post("tickets", json={"title": "First"})
    ticket = f"tickets/{opened.json()['number']}"
    comment = await agent.post(f"{ticket}/comments", json={"content": "First"})
    calls: list[tuple[int, str, str, object]] = [
        (1, "GET", "me", None),
        (4, "GET", ticket, None),
        (5, "POST", "tickets", {"title": "Second"}),
        (6, "POST", "tickets", {"title": "Third", "requester_id": cast.customer.id, "team_id": cast.team.id}),
        (7, "PATCH", ticket, {"title": "Renamed"}),
        (8, "PATCH", ticket, {"assignee_id": cast.agent.id, "status": "in_progress"}),
        (6, "POST", f"{ticket}/comments", {"content": "Again"}),
        (5, "GET", f"{ticket}/comments/{comment.json()['id']}", None),
        (4, "GET", f"{ticket}/history", None),
        (5, "DELETE", ticket, None),
        (4, "GET", f"users/{cast.customer.id}", None),
        (5, "GET", f"teams/{cast.team.id}", None),
    ]
    for budget, method, path, body in calls:
        with counted() as log:
            answer = await agent.request(method, path, json=body)
        assert answer.is_success, answer.text
        assert len(log) <= budget, f"{method} {path}\n{log}"


async def test_only_the_fields_that_are_asked_for(
    agent: httpx.AsyncClient, customer: httpx.AsyncClient, desk: Desk, cast: Cast
) -> None:
    number = desk.run(SYSTEM, make_ticket, cast.customer.id, title="Lamp").ticket_number
    one = await agent.get(f"tickets/{number}?fields=title,assignee")
    assert one.json() == {"title": "Lamp", "assignee": None}
    assert one.headers["ETag"]
    many = (await agent.get("tickets?fields=number,title&count=true")).json()
    assert many == {
        "items": [{"number": number, "title": "Lamp"}],
        "next_cursor": None,
        "total": 1,
        "is_more": False,
    }
    assert (await customer.get("tickets?fields=number")).json()["items"] == [{"number": number}]
    for client, path in (
        (agent, f"tickets/{number}?fields=title,color"),
        (customer, f"tickets/{number}?fields=tags"),
        (customer, "tickets?fields=assignee"),
        (agent, "tickets?fields=Title"),
        (agent, f"tickets/{number}?fields=comments"),
        (agent, f"tickets/{number}?include=comments&as_of=2026-01-01T00:00:00Z"),
    ):
        refused = await client.get(path)
        assert refused.status_code == 422, path
        assert refused.json()["errors"][0]["parameter"] in {"fields", "as_of"}


async def test_what_is_included_comes_in_a_fixed_number_of_statements(
    agent: httpx.AsyncClient, customer: httpx.AsyncClient, desk: Desk, cast: Cast
) -> None:
    def make(session: DeskSession, comments: int) -> str:
        ticket = make_ticket(session, cast.customer.id)
        for index in range(comments):
            make_comment(session, ticket, cast.agent.id, f"Said {index}", is_internal=index % 2 == 1)
        return ticket.ticket_number

    few, many = desk.run(SYSTEM, make, 2), desk.run(SYSTEM, make, 60)
    await agent.get("me")
    counts = []
    for number in (few, many):
        with counted() as log:
            answer = await agent.get(f"tickets/{number}?include=comments&include=attachments")
        counts.append(len(log))
    assert counts[0] == counts[1] <= 7
    said = answer.json()
    assert [one["content"] for one in said["comments"]] == [f"Said {index}" for index in range(50)]
    assert said["attachments"] == []
    assert "comments" not in (await agent.get(f"tickets/{few}")).json()
    public = (await customer.get(f"tickets/{few}?include=comments&fields=comments")).json()
    assert [one["content"] for one in public["comments"]] == ["Said 0"]
