"""Many tickets in one call: a word for each, and the way back."""

from typing import Any

import httpx
import pytest

from ombud.db.statements import counted
from ombud.testing.personas import Cast
from tests.api.conftest import Caller

pytestmark = pytest.mark.asyncio


async def opened(agent: httpx.AsyncClient, count: int) -> list[str]:
    """Open tickets and return their numbers."""
    answers = [await agent.post("tickets", json={"title": f"Ticket {turn}"}) for turn in range(count)]
    return [answer.json()["number"] for answer in answers]


async def change(client: httpx.AsyncClient, numbers: list[str], **what: Any) -> dict[str, Any]:
    """Change tickets and return what became of them."""
    answer = await client.post("tickets/bulk", json={"numbers": numbers, **what})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    assert found["request_id"] == answer.headers["X-Request-Id"]
    assert found["changed"] == sum(item["outcome"] == "changed" for item in found["items"])
    return found


def outcomes(found: dict[str, Any]) -> list[str]:
    """Return the outcomes in order."""
    return [item["outcome"] for item in found["items"]]


async def test_each_ticket_has_an_outcome(agent: httpx.AsyncClient, cast: Cast) -> None:
    one, two, gone = await opened(agent, 3)
    assert (await agent.delete(f"tickets/{gone}")).status_code == 204

    moved = await change(agent, [two, "none", gone, one, two], action="status", status="resolved")
    assert [item["number"] for item in moved["items"]] == [two, "none", gone, one]
    assert outcomes(moved) == ["changed", "not_found", "deleted", "changed"]
    assert outcomes(await change(agent, [one], action="status", status="resolved")) == ["unchanged"]
    illegal = await change(agent, [one], action="status", status="waiting_on_customer")
    assert outcomes(illegal) == ["illegal_move"]
    done = await change(agent, [one], action="assign", assignee_id=cast.agent.id)
    assert outcomes(done) == ["done"]

    assert outcomes(await change(agent, [one, two], action="status", status="open")) == ["changed"] * 2
    await change(agent, [one, two], action="assign", assignee_id=cast.agent.id)
    assert (await agent.get(f"tickets/{two}")).json()["assignee"]["id"] == cast.agent.id
    assert outcomes(await change(agent, [one], action="assign", assignee_id=None)) == ["changed"]
    assert (await agent.get(f"tickets/{one}")).json()["assignee"] is None

    await change(agent, [one, two], action="tag", add_tags=["a", "b"])
    swapped = await change(agent, [one], action="tag", add_tags=["c"], remove_tags=["a"])
    assert outcomes(swapped) == ["changed"]
    assert [tag["name"] for tag in (await agent.get(f"tickets/{one}")).json()["tags"]] == ["b", "c"]

    assert outcomes(await change(agent, [one, gone], action="delete")) == ["changed", "unchanged"]
    assert outcomes(await change(agent, [one, two], action="restore")) == ["changed", "unchanged"]


async def test_fields_belong_to_their_action(agent: httpx.AsyncClient, cast: Cast) -> None:
    numbers = await opened(agent, 1)
    for body, pointer in (
        ({"action": "status"}, "#/status"),
        ({"action": "status", "status": None}, "#/status"),
        ({"action": "assign"}, "#/assignee_id"),
        ({"action": "assign", "assignee_id": 999_999}, "#/assignee_id"),
        ({"action": "tag"}, "#/add_tags"),
        ({"action": "delete", "status": "open"}, "#/status"),
        ({"action": "explode"}, "#/action"),
        ({"action": "delete", "numbers": []}, "#/numbers"),
        ({"action": "delete", "numbers": ["1"] * 1001}, "#/numbers"),
    ):
        refused = await agent.post("tickets/bulk", json={"numbers": numbers, **body})
        assert refused.status_code == 422, body
        assert refused.json()["errors"][0]["pointer"] == pointer, refused.text


async def test_only_the_team_changes_many_and_only_what_it_sees(caller: Caller, cast: Cast) -> None:
    (number,) = await opened(caller(cast.agent), 1)
    body = {"numbers": [number], "action": "delete"}
    for who in (cast.customer, cast.light_agent):
        assert (await caller(who).post("tickets/bulk", json=body)).status_code == 403
    await caller(cast.agent).patch(f"tickets/{number}", json={"team_id": cast.other_team.id})
    unseen = await change(caller(cast.team_agent), [number, "999999"], action="delete")
    assert outcomes(unseen) == ["not_found", "not_found"]
    assert (await caller(cast.agent).get(f"tickets/{number}")).json()["deleted_at"] is None


async def test_a_bulk_change_is_taken_back_by_its_request(
    agent: httpx.AsyncClient, caller: Caller, cast: Cast
) -> None:
    numbers = await opened(agent, 2)
    done = await change(agent, numbers, action="status", status="closed")
    way_back = {"request_id": done["request_id"]}
    other = await caller(cast.other_agent).post("undo", json=way_back)
    assert (other.status_code, other.json()["code"]) == (403, "forbidden")

    undone = await agent.post("undo", json=way_back)
    assert undone.status_code == 200, undone.text
    assert undone.json() == {
        "request_id": undone.headers["X-Request-Id"], "tickets": 2, "links": 0, "files": 0, "skipped": [],
    }  # fmt: skip
    assert {(await agent.get(f"tickets/{one}")).json()["status"] for one in numbers} == {"open"}

    again = await agent.post("undo", json=way_back)
    assert (again.status_code, again.json()["code"]) == (409, "changed_since")
    redone = await agent.post("undo", json={"request_id": undone.json()["request_id"]})
    assert redone.status_code == 200
    assert {(await agent.get(f"tickets/{one}")).json()["status"] for one in numbers} == {"closed"}
    assert (await agent.post("undo", json={"request_id": "unknown"})).status_code == 404
    for who in (cast.customer, cast.light_agent):
        assert (await caller(who).post("undo", json=way_back)).status_code == 403, who.email


async def test_one_and_thirty_cost_the_same(agent: httpx.AsyncClient, cast: Cast) -> None:
    numbers = await opened(agent, 31)
    logs = []
    for some in (numbers[:1], numbers[1:]):
        body = {"numbers": some, "action": "assign", "assignee_id": cast.agent.id}
        with counted() as log:
            assert (await agent.post("tickets/bulk", json=body)).json()["changed"] == len(some)
        logs.append(log)
    assert len(logs[0]) == len(logs[1]) <= 7, str(logs[1])
