"""Curation over HTTP: who may, what comes of it, and what a customer learns: nothing."""

from __future__ import annotations

import pytest

from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.models import Ticket, TicketStatus, User
from ombud.testing import Cast, counted, make_comment, make_customer, make_tag, make_ticket
from ombud.tickets import add_tags
from tests.api.conftest import Caller

pytestmark = pytest.mark.asyncio

SYSTEM = Actor.system("test")


async def test_people_are_found_merged_and_forgotten(caller: Caller, cast: Cast, desk: Desk) -> None:
    with desk.begin(SYSTEM) as session:
        one = make_customer(session, email="ann+1@example.com", full_name="Ann Lee").id
        two = make_customer(session, email="ann@example.com", full_name="Ann Lee").id
        make_ticket(session, one)
    agent, admin = caller(cast.agent), caller(cast.admin)
    (pair,) = (await agent.get("duplicates/users")).json()["items"]
    assert (pair["score"], pair["reasons"]) == (1.0, ["same_inbox", "same_name"])
    assert {pair["person"]["id"], pair["other"]["id"]} == {one, two}
    like = (await agent.get(f"users/{two}/duplicates?limit=5")).json()["items"]
    assert [found["other"]["id"] for found in like] == [one]
    merges = f"users/{two}/merges"
    assert (await agent.post(merges, json={"user_ids": [one]})).status_code == 403
    assert (await admin.post(merges, json={"user_ids": [one, 10**9]})).status_code == 404
    assert (await admin.post(merges, json={"user_ids": [cast.agent.id]})).status_code == 409
    assert (await admin.post(merges, json={"user_ids": []})).status_code == 422
    assert (await admin.post(merges, json={"user_ids": [one], "role": "admin"})).status_code == 422
    preview = f"users/{two}/merge-preview?user_ids="
    assert (await agent.get(f"{preview}{one}")).status_code == 403
    assert (await admin.get(f"{preview}{10**9}")).status_code == 404
    assert (await admin.get(f"{preview}{two}")).status_code == 422
    assert "one of the team" in (await admin.get(f"{preview}{cast.agent.id}")).json()["problem"]
    with counted() as statements:
        shown = (await admin.get(f"{preview}{one}")).json()
    assert len(statements) <= 4
    assert (shown["target"]["id"], shown["problem"]) == (two, "")
    assert [(side["email"], side["tickets"]) for side in shown["sources"]] == [("ann+1@example.com", 1)]
    done = await admin.post(merges, json={"user_ids": [one]})
    assert done.status_code == 200, done.text
    with desk.read(SYSTEM) as session:
        assert session.get_one(User, one).merged_into_id == two
    forget = f"users/{two}/anonymisation"
    assert (await agent.post(forget, json={})).status_code == 403
    forgotten = await admin.post(forget, json={"texts": True})
    assert forgotten.status_code == 200, forgotten.text
    assert forgotten.json()["redacted_rows"] > 0
    assert "ann" not in (await admin.get(f"users/{two}")).text.replace("anonymised", "").lower()


async def test_tickets_are_found_and_merged(caller: Caller, cast: Cast, desk: Desk) -> None:
    with desk.begin(SYSTEM) as session:
        first = make_ticket(session, cast.customer.id, title="Printer is on fire", description="It burns.")
        second = make_ticket(session, cast.customer.id, title="Printer is on fire!", description="It burns.")
        foreign = make_ticket(session, cast.other_customer.id, team_id=cast.other_team.id)
        make_comment(session, second, cast.customer.id, "help")
        numbers = (first.ticket_number, second.ticket_number, foreign.ticket_number)
    agent = caller(cast.agent)
    (pair,) = (await agent.get("duplicates/tickets")).json()["items"]
    assert (pair["ticket"]["number"], pair["other"]["number"]) == numbers[:2]
    assert len((await agent.get(f"tickets/{numbers[1]}/duplicates")).json()["items"]) == 1
    preview = f"tickets/{numbers[0]}/merge-preview?numbers="
    assert (await caller(cast.light_agent).get(f"{preview}{numbers[1]}")).status_code == 200
    assert (await caller(cast.team_agent).get(f"{preview}{numbers[2]}")).status_code == 404
    shown = (await agent.get(f"{preview}{numbers[1]}&numbers={numbers[2]}")).json()
    assert (shown["target"]["number"], shown["problem"], shown["strangers"]) == (numbers[0], "", [numbers[2]])
    assert [(side["number"], side["messages"]) for side in shown["sources"]] == [
        (numbers[1], 1),
        (numbers[2], 0),
    ]
    merges = f"tickets/{numbers[0]}/merges"
    foreign_one = await caller(cast.team_agent).post(merges, json={"numbers": [numbers[1], numbers[2]]})
    missing_one = await caller(cast.team_agent).post(merges, json={"numbers": [numbers[1], "999999"]})
    assert foreign_one.status_code == missing_one.status_code == 404
    assert (await agent.post(merges, json={"numbers": [numbers[2]]})).status_code == 409
    with counted() as statements:
        done = await agent.post(merges, json={"numbers": [numbers[1]]})
    assert done.status_code == 200, done.text
    assert len(statements) <= 20
    with desk.read(SYSTEM) as session:
        merged = session.get_one(Ticket, second.id)
        assert (merged.merged_into_id, merged.status) == (first.id, TicketStatus.CLOSED)
    assert (await agent.get(f"tickets/{numbers[1]}")).json()["merged_into"] == numbers[0]
    assert (await agent.get(f"tickets/{numbers[0]}")).json()["merged_into"] is None
    assert (await caller(cast.customer).get(f"tickets/{numbers[1]}")).json()["merged_into"] == numbers[0]
    assert "was merged already" in (await agent.get(f"{preview}{numbers[1]}")).json()["problem"]
    await agent.post(
        f"tickets/{numbers[0]}/merges", json={"numbers": [numbers[2]], "across_requesters": True}
    )
    unseen = (await caller(cast.other_customer).get(f"tickets/{numbers[2]}")).json()
    assert (unseen["status"], unseen["merged_into"]) == ("closed", None)


async def test_tags_are_renamed_and_merged(caller: Caller, cast: Cast, desk: Desk) -> None:
    with desk.begin(SYSTEM) as session:
        one, two = make_tag(session, "one").id, make_tag(session, "two").id
    agent = caller(cast.agent)
    assert (await agent.patch(f"tags/{one}", json={"name": "uno"})).json()["name"] == "uno"
    assert (await agent.patch(f"tags/{one}", json={"name": "TWO"})).status_code == 409
    assert (await agent.patch(f"tags/{one}", json={"color": "red"})).status_code == 422
    assert (await agent.post(f"tags/{one}/merges", json={"tag_ids": [two]})).status_code == 200
    assert [tag["name"] for tag in (await agent.get("tags")).json()["items"]] == ["uno"]
    assert (await agent.post(f"tags/{one}/merges", json={"tag_ids": [two]})).status_code == 404


async def test_tags_are_normalised_and_deleted(caller: Caller, cast: Cast, desk: Desk) -> None:
    with desk.begin(SYSTEM) as session:
        add_tags(session, make_ticket(session, cast.customer.id).id, ["Big_One", "big one", "fine"])
    agent = caller(cast.agent)
    wanted = [{"name": "big-one", "was": ["Big_One", "big one"]}]
    told = (await agent.post("tags/normalisation", json={"dry_run": True})).json()
    assert (told["items"], told["request_id"]) == (wanted, None)
    assert len((await agent.get("tags")).json()["items"]) == 3
    assert (await caller(cast.team_agent).post("tags/normalisation", json={})).status_code == 403
    with counted() as statements:
        done = (await agent.post("tags/normalisation", json={})).json()
    assert done["items"] == wanted
    assert len(statements) <= 14
    left = {tag["name"]: tag["id"] for tag in (await agent.get("tags")).json()["items"]}
    assert set(left) == {"big-one", "fine"}
    gone = f"tags/{left['big-one']}"
    assert (await caller(cast.team_agent).delete(gone)).status_code == 403
    with counted() as statements:
        assert (await agent.delete(gone)).status_code == 204
    assert len(statements) <= 10
    assert (await agent.delete(gone)).status_code == 404
    assert [tag["name"] for tag in (await agent.get("tags")).json()["items"]] == ["fine"]


async def test_customers_and_light_agents_curate_nothing(caller: Caller, cast: Cast, desk: Desk) -> None:
    with desk.begin(SYSTEM) as session:
        tag = make_tag(session).id
        number = make_ticket(session, cast.customer.id).ticket_number
        other = make_ticket(session, cast.customer.id).ticket_number
    calls: list[tuple[str, str, object]] = [
        ("GET", "duplicates/users", None),
        ("GET", "duplicates/tickets", None),
        ("GET", f"users/{cast.customer.id}/duplicates", None),
        ("GET", f"tickets/{number}/duplicates", None),
        ("POST", f"users/{cast.customer.id}/merges", {"user_ids": [cast.colleague.id]}),
        ("POST", f"users/{cast.customer.id}/anonymisation", {"texts": True}),
        ("POST", f"tickets/{number}/merges", {"numbers": [other]}),
        ("PATCH", f"tags/{tag}", {"name": "x"}),
        ("POST", f"tags/{tag}/merges", {"tag_ids": [tag + 1]}),
        ("POST", "tags/normalisation", {}),
        ("DELETE", f"tags/{tag}", None),
    ]
    for method, path, body in calls:
        answer = await caller(cast.customer).request(method, path, json=body)
        assert answer.status_code == 403, (path, answer.text)
        if method != "GET":
            light = await caller(cast.light_agent).request(method, path, json=body)
            assert light.status_code == 403, (path, light.text)
