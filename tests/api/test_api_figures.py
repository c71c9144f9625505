"""Statistics, views, the audit log, and tickets as they were."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from ombud import clock
from ombud.db.statements import counted
from ombud.testing.personas import Cast
from ombud.tickets import View
from tests.api.conftest import Caller

pytestmark = pytest.mark.asyncio


async def test_statistics_add_up(agent: httpx.AsyncClient, caller: Caller, cast: Cast) -> None:
    for priority in ("high", "high", "low"):
        await agent.post("tickets", json={"title": "Counted", "priority": priority, "team_id": cast.team.id})
    with counted() as log:
        answer = await agent.get("statistics", params={"time_zone": "Europe/Berlin"})
    assert answer.status_code == 200, answer.text
    assert len(log) <= 5, str(log)
    found = answer.json()
    assert (found["total"], found["time_zone"]) == (3, "Europe/Berlin")
    assert (found["priority_counts"]["high"], found["priority_counts"]["low"]) == (2, 1)
    assert [(one["team"], one["ticket_count"]) for one in found["team_stats"]] == [("Support", 3)]
    ended = (await agent.get("statistics", params={"end": "2020-01-01T00:00:00Z"})).json()
    assert (ended["total"], ended["end"]) == (0, "2020-01-01T00:00:00+00:00")

    for query, parameter in (
        ("time_zone=Mars/Phobos", "time_zone"),
        ("start=2026-01-02T00:00:00Z&end=2026-01-01T00:00:00Z", "end"),
        ("start=2026-01-02", "start"),
    ):
        refused = await agent.get(f"statistics?{query}")
        assert refused.status_code == 422, query
        assert refused.json()["errors"][0]["parameter"] == parameter
    assert (await caller(cast.customer).get("statistics")).status_code == 403


async def test_views_count_what_their_lists_hold(
    agent: httpx.AsyncClient, caller: Caller, cast: Cast
) -> None:
    await agent.post("tickets", json={"title": "Mine", "assignee_id": cast.agent.id})
    await agent.post("tickets", json={"title": "Carla's", "requester_id": cast.customer.id})
    for who, names in (
        (cast.agent, list(View)),
        (cast.customer, [View.OPEN, View.WAITING, View.RESOLVED, View.ALL]),
    ):
        client = caller(who)
        await client.get("me")  # a token's first use is noted, which costs
        with counted() as log:
            views = (await client.get("views")).json()["items"]
        assert len(log) <= 3, str(log)
        assert [view["name"] for view in views] == names
        for view in views:
            listed = (await client.get("tickets", params={"view": view["name"]})).json()["items"]
            assert view["count"] == len(listed), (who.email, view)
    assert {view["name"]: view["count"] for view in views}["all"] == 1


async def test_the_log_says_who_did_what(agent: httpx.AsyncClient, cast: Cast) -> None:
    made = await agent.post("tickets", json={"title": "First"})
    ticket = made.json()
    changed = await agent.patch(f"tickets/{ticket['number']}", json={"title": "Second"})
    with counted() as log:
        answer = await agent.get("audit", params={"request_id": changed.headers["X-Request-Id"]})
    assert answer.status_code == 200, answer.text
    assert len(log) <= 3, str(log)
    (entry,) = answer.json()["items"]
    assert (entry["table"], entry["action"], entry["ticket_id"]) == ("tickets", "UPDATE", ticket["id"])
    assert entry["changes"]["title"] == ["First", "Second"]
    assert (entry["actor"], entry["user"]["id"]) == (f"user:{cast.agent.id}", cast.agent.id)

    query = {"ticket_id": ticket["id"], "table": "tickets", "limit": 1}
    first = await agent.get("audit", params=query)
    second = await agent.get("audit", params={**query, "cursor": first.json()["next_cursor"]})
    assert first.json()["next_cursor"] in first.headers["Link"]
    pages = [page.json()["items"] for page in (first, second)]
    assert [entry["action"] for (entry,) in pages] == ["UPDATE", "CREATE"]
    assert second.json()["next_cursor"] is None
    later = {"ticket_id": ticket["id"], "start": (clock.now() + timedelta(hours=1)).isoformat()}
    assert (await agent.get("audit", params=later)).json()["items"] == []
    assert (await agent.get("audit", params={"actor": "user:999999"})).json()["items"] == []
    assert (await agent.get("audit", params={"ticket": "1"})).status_code == 422


async def test_each_reads_their_part_of_the_log(caller: Caller, cast: Cast) -> None:
    agent = caller(cast.agent)
    made = await agent.post("tickets", json={"title": "Theirs", "team_id": cast.other_team.id})
    number, query = made.json()["number"], {"ticket_id": made.json()["id"]}
    assert (await caller(cast.customer).get("audit")).status_code == 403
    assert (await caller(cast.team_agent).get("audit", params=query)).json()["items"] == []
    assert (await agent.get("audit", params=query)).json()["items"] != []
    assert (await agent.get("audit", params={"table": "users"})).json()["items"] == []
    assert (await caller(cast.admin).get("audit", params={"table": "users"})).json()["items"] != []
    assert (
        await caller(cast.team_agent).get(f"tickets/{number}?as_of={_text(clock.now())}")
    ).status_code == 404


async def test_a_ticket_as_it_was(agent: httpx.AsyncClient, caller: Caller, cast: Cast) -> None:
    made = await agent.post(
        "tickets", json={"title": "Before", "tags": ["old"], "requester_id": cast.customer.id}
    )
    address = f"tickets/{made.json()['number']}"
    await agent.post(f"{address}/comments", json={"content": "Said early"})
    then = _text(clock.now())
    await agent.post(f"{address}/comments", json={"content": "Said late"})
    await agent.patch(address, json={"title": "After"})
    await agent.delete(f"{address}/tags/old")

    with counted() as log:
        answer = await agent.get(f"{address}?as_of={then}")
    assert answer.status_code == 200, answer.text
    assert len(log) <= 11, str(log)
    was = answer.json()
    assert (was["title"], was["tags"], was["number"]) == ("Before", ["old"], made.json()["number"])
    assert [comment["content"] for comment in was["comments"]] == ["Said early"]
    assert (await agent.get(address)).json()["title"] == "After"
    assert (await agent.get(f"{address}?as_of=2001-01-01T00:00:00Z")).status_code == 404
    assert (await caller(cast.customer).get(f"{address}?as_of={then}")).status_code == 403


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
