"""The page of a customer: what it shows to whom, editing, merging with its way back, letting go, forgetting."""

from __future__ import annotations

import re

import pytest
from sqlalchemy.orm import Session

from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.db.statements import counted
from ombud.models import Passkey, TicketStatus, User
from ombud.people.actions import create_organization
from ombud.testing import Cast, make_comment, make_customer, make_ticket
from tests.web.hosting import Browser

pytestmark = pytest.mark.asyncio

SYSTEM = Actor.system("test")


async def make(desk: Desk, cast: Cast) -> tuple[int, int]:
    """Ann twice: one with many tickets, one of them of the other team; one with a single ticket."""

    def act(session: Session) -> tuple[int, int]:
        one = make_customer(session, email="ann@example.com", full_name="Ann Lee").id
        two = make_customer(session, email="ann+old@example.com", full_name="Ann Lee").id
        create_organization(session, name="Lee & Sons", notes="Pays late")
        for number in range(23):
            make_ticket(session, one, title=f"Solved {number}", status=TicketStatus.RESOLVED)
        ticket = make_ticket(session, one, title="Still on fire")
        make_comment(session, ticket, one, "It burns, it burns.")
        hidden = make_ticket(session, one, title="Hidden fire", team_id=cast.other_team.id)
        make_comment(session, hidden, one, "hidden-words")
        make_ticket(session, two, title="Of the other Ann")
        return one, two

    return await desk.arun(SYSTEM, act)


async def person(desk: Desk, person_id: int) -> User:
    async with desk.aread(SYSTEM, fresh=True) as session:
        return await session.get_one(User, person_id)


async def test_a_customer_is_shown_with_tickets_and_words(web: Browser, cast: Cast, desk: Desk) -> None:
    one, two = await make(desk, cast)
    await web.sign_in(cast.agent)
    assert f'href="/customers/{one}"' in (await web.get("/customers?q=ann%40example")).text
    costs = []
    for who in (one, two):
        with counted() as statements:
            shown = (await web.get(f"/customers/{who}")).text
        costs.append(len(statements))
    assert max(costs) <= 12, costs
    assert costs[0] == costs[1], "as many tickets as there may be"
    shown = (await web.get(f"/customers/{one}")).text
    assert shown.index("Still on fire") < shown.index("Solved 22"), "what is open comes first"
    assert "2 open tickets, 25 tickets in all" in shown
    assert "It burns, it burns." in shown
    number = re.search(r'href="(/tickets/\d+)"', shown)
    assert number is not None
    assert f'href="/customers/{one}"' in (await web.get(number[1])).text, "the ticket leads to its customer"
    further = re.search(r'href="(/customers/[^"]+cursor=[^"]+)" rel="next"', shown)
    assert further is not None
    rest = (await web.get(further[1])).text
    assert re.findall(r"Solved \d+", rest) == ["Solved 2", "Solved 1", "Solved 0"]
    assert f"/customers/{one}/merge" not in shown, "for administrators"
    for path in ("/customers/999999", "/customers/x", f"/customers/{one}?cursor=x"):
        assert (await web.get(path)).status_code in (404, 422), path
    web.client.cookies.clear()
    await web.sign_in(cast.team_agent)
    partly = (await web.get(f"/customers/{one}")).text
    assert "1 open ticket, 24 tickets in all" in partly
    assert "Hidden fire" not in partly
    assert "hidden-words" not in partly


async def test_what_is_known_is_kept(web: Browser, cast: Cast, desk: Desk) -> None:
    one, _ = await make(desk, cast)
    await web.sign_in(cast.agent)
    form = {"full_name": "Ann B. Lee", "email": "ann@example.com", "organization": "lee & sons"}
    assert (await web.post(f"/customers/{one}", form)).status_code == 303
    shown = (await web.get(f"/customers/{one}")).text
    assert "Ann B. Lee" in shown
    assert "Pays late" in shown
    for changed, status, said in (
        ({"organization": "Nobody Ltd"}, 422, "The company must be the name"),
        ({"email": "ann+old@example.com"}, 409, "in use"),
        ({"email": "nothing"}, 422, "The address must be"),
    ):
        refused = await web.post(f"/customers/{one}", {**form, **changed})
        assert (refused.status_code, said in refused.text) == (status, True), changed
    assert (await web.post(f"/customers/{cast.admin.id}", form)).status_code == 403
    web.client.cookies.clear()
    await web.sign_in(cast.light_agent)
    assert (await web.post(f"/customers/{one}", form)).status_code == 403
    assert 'name="organization"' not in (await web.get(f"/customers/{one}")).text
    assert (await person(desk, one)).full_name == "Ann B. Lee"


async def test_who_sees_some_teams_changes_the_name_only(web: Browser, cast: Cast, desk: Desk) -> None:
    """ADR 0035: by an address of their own they would read what is hidden from them."""
    one, _ = await make(desk, cast)
    await web.sign_in(cast.team_agent)
    shown = (await web.get(f"/customers/{one}")).text
    assert 'name="full_name"' in shown
    assert 'name="email"' not in shown
    assert "somebody who sees all teams changes them" in shown
    assert (await web.post(f"/customers/{one}", {"full_name": "Ann B. Lee"})).status_code == 303
    for changed in ({"email": "tara@elsewhere.example"}, {"organization": "Acme"}):
        refused = await web.post(f"/customers/{one}", {"full_name": "Ann", **changed})
        assert (refused.status_code, "sees all teams" in refused.text) == (403, True), changed
    kept = await person(desk, one)
    assert (kept.full_name, kept.email) == ("Ann B. Lee", "ann@example.com")


async def test_two_become_one_and_come_apart(web: Browser, cast: Cast, desk: Desk) -> None:
    one, two = await make(desk, cast)
    await web.sign_in(cast.admin)
    here = f"/customers/{one}/merge"
    with counted() as statements:
        picker = (await web.get(here)).text
    assert len(statements) <= 13
    assert re.search(rf'{here}\?other={two}".*?the same inbox, the same name', picker, re.DOTALL)
    assert f"{here}?other={cast.customer.id}" in (await web.get(f"{here}?q={cast.customer.email}")).text
    preview = (await web.get(f"{here}?other={two}")).text
    assert "25 tickets, 2 messages" in preview
    assert "1 ticket, no messages" in preview
    assert "API tokens are revoked" in preview
    assert "by a password alone" not in preview
    async with desk.abegin(SYSTEM) as session:
        session.add(Passkey(user_id=two, name="Key", credential_id=b"two", public_key=b"k"))
    assert "by a password alone" in (await web.get(f"{here}?other={two}")).text
    assert "by a password alone" not in (await web.get(f"/customers/{two}/merge?other={one}")).text
    done = await web.post(here, {"other": str(two)})
    assert done.status_code == 303, done.text
    merged = (await web.get(done.headers["location"])).text
    assert "Of the other Ann" in merged
    assert "also ann+old@example.com" in merged
    assert f'href="/customers/{one}">Go there' in (await web.get(f"/customers/{two}")).text
    assert (await web.post(here, {"other": str(two)})).status_code == 409
    request = re.search(r'name="request" value="([^"]+)"', merged)
    assert request is not None
    assert (await web.post("/undo", {"request": request[1]})).status_code == 303
    assert "Of the other Ann" in (await web.get(f"/customers/{two}")).text
    for other in (one, cast.agent.id):
        assert 'role="alert"' in (await web.get(f"{here}?other={other}")).text
        assert (await web.post(here, {"other": str(other)})).status_code in (409, 422)


async def test_who_goes_is_let_go_and_forgotten(web: Browser, cast: Cast, desk: Desk) -> None:
    one, _ = await make(desk, cast)
    await web.sign_in(cast.admin)
    here = f"/customers/{one}"
    for verb, active in (("deactivation", False), ("reactivation", True)):
        assert (await web.post(f"{here}/{verb}")).status_code == 303
        assert (await person(desk, one)).is_active is active
    assert (await web.post(f"/customers/{cast.agent.id}/deactivation")).status_code == 403
    assert "There is no way back." in (await web.get(f"{here}/anonymisation")).text
    wrong = await web.post(f"{here}/anonymisation", {"confirm": "somebody@example.com", "texts": "yes"})
    assert (wrong.status_code, (await person(desk, one)).full_name) == (422, "Ann Lee")
    gone = await web.post(f"{here}/anonymisation", {"confirm": "ANN@example.com", "texts": "yes"})
    assert gone.status_code == 303, gone.text
    shown = (await web.get(here)).text
    assert "was anonymised" in shown
    assert "Ann Lee" not in shown
    assert "It burns" not in shown
    assert f"{here}/merge" not in shown
