"""People, organizations, teams and tags over HTTP."""

from urllib.parse import quote

import httpx
import pytest

from ombud import Actor, Desk, DeskSession
from ombud.db.statements import counted
from ombud.testing.factories import make_agent, make_customer, make_organization, make_team
from ombud.testing.personas import Cast
from tests.api.conftest import Caller

pytestmark = pytest.mark.asyncio

SYSTEM = Actor.system("test")


async def test_a_person_is_made_and_changed(
    admin: httpx.AsyncClient, agent: httpx.AsyncClient, cast: Cast
) -> None:
    made = await agent.post("users", json={"email": "Zoe@acme.example", "full_name": "Zoe"})
    assert made.status_code == 201, made.text
    zoe = made.json()
    assert made.headers["Location"] == f"/api/v1/users/{zoe['id']}"
    assert zoe["organization"] == {"id": cast.organization.id, "name": "Acme"}  # by the mail domain
    assert (zoe["role"], zoe["teams"], "password_hash" in zoe) == ("customer", [], False)
    assert (await agent.get(f"users/{zoe['id']}")).json() == zoe

    again = await agent.post("users", json={"email": "zoe@ACME.example"})
    assert (again.status_code, again.json()["code"]) == (409, "conflict")

    renamed = await agent.patch(f"users/{zoe['id']}", json={"full_name": "Zoë", "organization_id": None})
    assert renamed.status_code == 200, renamed.text
    assert (renamed.json()["full_name"], renamed.json()["organization"]) == ("Zoë", None)

    raised = await admin.patch(f"users/{zoe['id']}", json={"role": "agent", "sees_all_teams": False})
    assert (raised.json()["role"], raised.json()["sees_all_teams"]) == ("agent", False)
    assert (await agent.patch(f"users/{zoe['id']}", json={"full_name": "No"})).status_code == 403
    assert (await admin.patch(f"users/{zoe['id']}", json={"organization_id": 99999})).status_code == 422
    for body in ({"email": None}, {"role": None}, {"is_active": "yes"}, {"is_active": None}):
        assert (await admin.patch(f"users/{zoe['id']}", json=body)).status_code == 422, body


async def test_administrators_keep_their_own_rights(admin: httpx.AsyncClient, cast: Cast) -> None:
    for body in ({"role": "customer"}, {"is_active": False}):
        answer = await admin.patch(f"users/{cast.admin.id}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (409, "own_rights")


async def test_everybody_may_change_their_own_name_only(caller: Caller, cast: Cast) -> None:
    for who in (cast.customer, cast.light_agent, cast.agent):
        client = caller(who)
        changed = await client.patch(f"users/{who.id}", json={"full_name": "New Name"})
        assert changed.status_code == 200, changed.text
        assert (await client.get("me")).json()["full_name"] == "New Name"
        assert (await client.patch(f"users/{who.id}", json={"role": "admin"})).status_code == 403


async def test_people_are_found_by_name_and_kind(agent: httpx.AsyncClient, cast: Cast) -> None:
    found = (await agent.get("users?q=CARLA")).json()["items"]
    assert [person["id"] for person in found] == [cast.customer.id]
    staff = (await agent.get("users?staff=true")).json()["items"]
    assert {person["role"] for person in staff} == {"admin", "agent", "light_agent"}
    assert (await agent.get("users?q=%25")).json()["items"] == []
    made = (await agent.post("users", json={"email": "\u039f\u0394\u039f\u03a3@example.org"})).json()
    for typed in (
        "\u039f\u0394\u039f\u03a3@",
        "\u03bf\u03b4\u03bf\u03c3@EX",
    ):  # Python ends it with another sigma
        assert [one["id"] for one in (await agent.get("users", params={"q": typed})).json()["items"]] == [
            made["id"]
        ]


async def test_organizations(agent: httpx.AsyncClient) -> None:
    made = await agent.post(
        "organizations",
        json={"name": "Globex", "domains": ["GLOBEX.example", "globex.example", "gx.example"]},
    )
    assert made.status_code == 201, made.text
    assert made.json()["domains"] == ["globex.example", "gx.example"]
    address = f"organizations/{made.json()['id']}"
    changed = await agent.patch(
        address, json={"domains": ["gx.example", "new.example"], "shares_tickets": True}
    )
    assert changed.status_code == 200, changed.text
    assert (changed.json()["domains"], changed.json()["shares_tickets"]) == (
        ["gx.example", "new.example"],
        True,
    )
    assert changed.json()["updated_at"] > made.json()["updated_at"]
    assert (await agent.get(address)).json() == changed.json()
    assert (await agent.post("organizations", json={"name": "GLOBEX"})).status_code == 409
    assert (await agent.patch("organizations/99999", json={"name": "x"})).status_code == 404
    assert (await agent.get("organizations/abc")).status_code == 404


async def test_teams(admin: httpx.AsyncClient, cast: Cast) -> None:
    made = await admin.post("teams", json={"name": "Night shift"})
    assert made.status_code == 201, made.text
    address = f"teams/{made.json()['id']}"
    for _ in range(2):
        assert (await admin.put(f"{address}/members/{cast.agent.id}")).status_code == 204
    assert [one["id"] for one in (await admin.get(address)).json()["members"]] == [cast.agent.id]
    assert (await admin.get(f"{address}/members")).json()["items"][0]["email"] == cast.agent.email
    assert (await admin.put(f"{address}/members/{cast.customer.id}")).status_code == 422
    assert (await admin.put(f"{address}/members/99999")).status_code == 404
    assert (await admin.put(f"teams/99999/members/{cast.agent.id}")).status_code == 404
    for _ in range(2):
        assert (await admin.delete(f"{address}/members/{cast.agent.id}")).status_code == 204
    assert (await admin.get(f"{address}/members")).json()["items"] == []
    assert (await admin.post("teams", json={"name": "night SHIFT"})).status_code == 409


async def test_tags(agent: httpx.AsyncClient) -> None:
    made = await agent.post("tags", json={"name": "Billing", "color": "#AA00ff", "description": "Money"})
    assert made.status_code == 201, made.text
    assert (await agent.post("tags", json={"name": "billing"})).status_code == 409
    assert (await agent.post("tags", json={"name": "x", "color": "red"})).status_code == 422
    number = (await agent.post("tickets", json={"title": "Tagged"})).json()["number"]
    for name in ("billing", "a/b c?", "日本"):
        put = await agent.put(_tag(number, name))
        assert put.status_code == 200, put.text
    tags = (await agent.get(f"tickets/{number}")).json()["tags"]
    assert {tag["name"] for tag in tags} == {"Billing", "a/b c?", "日本"}
    for _ in range(2):
        assert (await agent.delete(_tag(number, "a/b c?"))).status_code == 204
    assert {tag["name"] for tag in (await agent.get(f"tickets/{number}")).json()["tags"]} == {
        "Billing",
        "日本",
    }
    assert (await agent.put(_tag(number, "x" * 101))).status_code == 404
    assert (await agent.get("tags?q=BILL")).json()["items"] == [made.json()]


def _tag(number: str, name: str) -> str:
    return f"tickets/{number}/tags/{quote(name, safe='')}"


async def test_what_belongs_to_people_and_teams_comes_along(
    admin: httpx.AsyncClient, customer: httpx.AsyncClient, desk: Desk, cast: Cast
) -> None:
    """As many statements for many as for one."""

    def grow(session: DeskSession) -> None:
        for index in range(12):
            organization = make_organization(session, f"Company {index}")
            make_customer(session, email=f"p{index}@company.example", organization_id=organization.id)
            agent = make_agent(session, email=f"p{index}@agents.example")
            make_team(session, f"Team {index}", members=(agent,))

    asked = {
        "users": "include=organization&include=teams",
        "organizations": "include=people",
        "teams": "include=members",
    }
    before = {}
    await admin.get("me")
    for address, more in asked.items():
        with counted() as log:
            assert (await admin.get(f"{address}?{more}")).status_code == 200
        before[address] = len(log)
    desk.run(SYSTEM, grow)
    shown = {}
    for address, more in asked.items():
        with counted() as log:
            shown[address] = (await admin.get(f"{address}?limit=100&{more}")).json()["items"]
        assert len(log) == before[address] <= 6, f"{address}\n{log}"

    carla = next(one for one in shown["users"] if one["id"] == cast.customer.id)
    whole = (await admin.get(f"organizations/{cast.organization.id}")).json()
    assert (carla["organization"], carla["teams"], "people" in whole) == (whole, [], False)
    agent = next(one for one in shown["users"] if one["email"] == "p3@agents.example")
    assert ([team["name"] for team in agent["teams"]], agent["organization"]) == (["Team 3"], None)
    one = (await admin.get(f"users/{cast.customer.id}?include=organization&include=teams")).json()
    assert (one["organization"], one["teams"]) == (whole, [])
    plain = (await admin.get("users")).json()["items"]
    assert all("teams" not in person for person in plain)
    assert plain[0]["organization"] is None or set(plain[0]["organization"]) == {"id", "name"}

    last = shown["organizations"][-1]
    assert [person["email"] for person in last["people"]] == ["p11@company.example"]
    acme = (await admin.get(f"organizations/{cast.organization.id}?include=people&fields=people")).json()
    assert cast.customer.id in {person["id"] for person in acme["people"]}
    team = next(team for team in shown["teams"] if team["name"] == "Team 3")
    assert [person["id"] for person in team["members"]] == [agent["id"]]
    assert "members" not in (await admin.get("teams")).json()["items"][0]
    assert (await admin.get("users?include=password_hash")).status_code == 422
    assert (await customer.get(f"users/{cast.customer.id}?include=organization")).status_code == 403
