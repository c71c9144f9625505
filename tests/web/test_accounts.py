"""Settings of people, teams and roles, and what is one's own: sessions, password, tokens."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.db.statements import counted
from ombud.models import ApiToken, CustomRole, Passkey, Team, User, UserRole, WebSession
from ombud.people import queries
from ombud.people.accounts import create_token
from ombud.people.roles import create_role
from ombud.runtime import Runtime
from ombud.testing import Cast, make_customer
from tests.web.hosting import Browser

pytestmark = pytest.mark.asyncio

SYSTEM = Actor.system("test")
ADMINS = ("/settings/people", "/settings/people/new", "/settings/teams", "/settings/roles")


async def grow_old(desk: Desk) -> None:
    """Let every proof of who somebody is be long ago."""
    async with desk.abegin(SYSTEM) as session:
        await session.execute(update(WebSession).values(confirmed_at=func.now() - timedelta(hours=1)))


async def test_settings_of_people_are_for_administrators(web: Browser, cast: Cast, desk: Desk) -> None:
    role = await desk.arun(cast.admin.in_new_request(), create_role, name="Reads", permissions=[])
    for who in (cast.agent, cast.light_agent, cast.customer):
        await web.sign_in(who)
        own = f"/settings/people/{who.id}"
        for path in (*ADMINS, own, f"/settings/roles/{role.id}"):
            assert (await web.get(path)).status_code == 403, (who.email, path)
        for path in (
            "/settings/people",
            own,
            f"{own}/deactivation",
            f"{own}/reactivation",
            "/settings/teams",
            f"/settings/teams/{cast.team.id}",
            f"/settings/teams/{cast.team.id}/deletion",
            "/settings/roles",
            f"/settings/roles/{role.id}",
            f"/settings/roles/{role.id}/deletion",
        ):
            answer = await web.post(path, {"name": "x", "role": "admin", "email": "x@ombud.example"})
            assert answer.status_code == 403, (who.email, path)
        await web.post("/sign-out")
    await web.sign_in(cast.admin)
    for path in ADMINS:
        assert (await web.get(path)).status_code == 200, path
    assert (await web.get("/settings/people/999999")).status_code == 404
    assert (await web.get("/settings/people/x")).status_code == 404


async def test_somebody_is_added_changed_and_let_go(web: Browser, cast: Cast, desk: Desk) -> None:
    await web.sign_in(cast.admin)
    await web.post("/settings/roles", {"name": "Answers", "tickets.reply": "yes"})
    async with desk.aread(SYSTEM) as session:
        role = (await session.scalars(select(CustomRole))).one()
    form = {"email": "new@ombud.example", "full_name": "Nora New", "role": f"role-{role.id}"}
    made = await web.post("/settings/people", {**form, f"team-{cast.team.id}": "reads"})
    assert made.status_code == 303, made.text
    person = made.headers["location"]
    shown = await web.get(person)
    assert "Nora New" in shown.text
    user_id = int(person.rpartition("/")[2])
    async with desk.aread(SYSTEM) as session:
        user = (await session.scalars(select(User).where(User.id == user_id))).one()
        assert (user.role, user.custom_role_id, user.sees_all_teams) == (UserRole.AGENT, role.id, False)
        places = (await session.execute(queries.memberships_of(user_id))).all()
    assert [tuple(one) for one in places] == [(cast.team.id, True)]
    for path in (f"{person}/deactivation", f"{person}/reactivation"):
        assert (await web.post(path)).headers["location"] == person
    taken = await web.post(person, {**form, "email": cast.agent.email})
    assert taken.status_code == 422
    assert "already in use" in taken.text
    raised = await web.post(person, {**form, "role": "customer"})
    assert raised.status_code == 303
    assert "Nora New" in (await web.get("/settings/people?who=customers&q=nora")).text
    assert "Nora New" not in (await web.get("/settings/people?q=nora")).text


async def test_a_search_of_people_is_paged_to_its_end(web: Browser, cast: Cast, desk: Desk) -> None:
    async with desk.abegin(SYSTEM) as session:
        for number in range(120):
            name = f"Ämmel & Sons {number:03d}" if number % 2 else f"Other {number:03d}"
            await session.run_sync(make_customer, email=f"p{number}@example.org", full_name=name)
    await web.sign_in(cast.admin)
    path, names = "/settings/people?who=customers&q=%C3%A4mmel%20%26", list[str]()
    while path:
        shown = (await web.get(path)).text
        names += re.findall(r"<bdi>(Ämmel &amp; Sons \d+)</bdi>", shown)
        assert "Other 0" not in shown
        more = re.search(r'href="([^"]+)" rel="next"', shown)
        path = html.unescape(more[1]) if more else ""
    assert names == [f"Ämmel &amp; Sons {number:03d}" for number in range(1, 120, 2)]


async def test_saving_a_name_signs_nobody_out(runtime: Runtime, web: Browser, cast: Cast) -> None:
    other = Browser(runtime)
    async with other.client:
        await other.sign_in(cast.agent)
        await web.sign_in(cast.admin)
        form = {"email": cast.agent.email, "full_name": "Agnes A.", "role": "agent", "sees_all_teams": "yes"}
        await web.post(f"/settings/people/{cast.agent.id}", {**form, f"team-{cast.team.id}": "works"})
        assert (await other.get("/tickets")).status_code == 200
        await web.post(f"/settings/people/{cast.agent.id}", {**form, "role": "light_agent"})
        assert (await other.get("/tickets")).status_code == 303


async def test_a_team_is_made_renamed_and_deleted(web: Browser, cast: Cast, desk: Desk) -> None:
    await web.sign_in(cast.admin)
    assert (await web.post("/settings/teams", {"name": "Night"})).status_code == 303
    assert (await web.post("/settings/teams", {"name": "support"})).status_code == 422
    assert (await web.post(f"/settings/teams/{cast.team.id}", {"name": "First line"})).status_code == 303
    gone = f"/settings/teams/{cast.team.id}/deletion"
    assert "Say which team takes its tickets" in (await web.post(gone)).text, "it has members"
    assert "First line" in (await web.get("/settings/teams")).text
    assert (await web.post(gone, {"tickets_to": str(cast.other_team.id)})).status_code == 303
    async with desk.aread(SYSTEM) as session:
        names = set(await session.scalars(select(Team.name)))
    assert names == {"Billing", "Night"}


async def test_a_role_is_changed_and_deleted_when_nobody_has_it(web: Browser, cast: Cast, desk: Desk) -> None:
    role = await desk.arun(cast.admin.in_new_request(), create_role, name="Reads", permissions=[])
    await web.sign_in(cast.admin)
    changed = await web.post(f"/settings/roles/{role.id}", {"name": "Notes", "notes.write": "yes"})
    assert changed.status_code == 303
    async with desk.aread(SYSTEM) as session:
        now = (await session.scalars(select(CustomRole))).one()
    assert (now.name, now.permissions) == ("Notes", ["notes.write"])
    given = {"email": cast.agent.email, "full_name": "Agnes Agent", "role": f"role-{role.id}"}
    await web.post(f"/settings/people/{cast.agent.id}", given)
    assert (await web.post(f"/settings/roles/{role.id}/deletion")).status_code == 409
    await web.post(f"/settings/people/{cast.agent.id}", {**given, "role": "agent"})
    assert (await web.post(f"/settings/roles/{role.id}/deletion")).status_code == 303


async def test_sensitive_changes_ask_for_the_password_once_more(web: Browser, cast: Cast, desk: Desk) -> None:
    await web.sign_in(cast.admin)
    await grow_old(desk)
    person = f"/settings/people/{cast.agent.id}"
    shown = await web.get(person)
    assert "confirm that it is you" in shown.text
    here = {"Referer": f"http://desk.example{person}"}
    for path in (
        person, f"{person}/deactivation", f"{person}/reactivation", "/settings/people", "/settings/roles",
        "/settings/roles/1", "/settings/roles/1/deletion", "/me/password", "/me/tokens",
    ):  # fmt: skip
        asked = await web.post(path, {"name": "x"}, headers=here)
        assert asked.status_code == 303, path
        assert asked.headers["location"] == f"/me/confirmation?next={person.replace('/', '%2F')}"
    await web.get(asked.headers["location"])
    before = web.client.cookies.get("ombud_session")
    wrong = await web.post("/me/confirmation", {"password": "wrong", "next": person})
    assert wrong.status_code == 422
    right = await web.post("/me/confirmation", {"password": cast.admin.password, "next": person})
    assert right.headers["location"] == person
    assert web.client.cookies.get("ombud_session") != before, "a new secret for more power"
    assert "confirm that it is you" not in (await web.get(person)).text
    assert (await web.post(f"{person}/deactivation")).headers["location"] == person


async def test_a_new_password_puts_everybody_else_out(
    runtime: Runtime, web: Browser, cast: Cast, desk: Desk
) -> None:
    thief = Browser(runtime)
    async with thief.client:
        await thief.sign_in(cast.customer)
        await web.sign_in(cast.customer)
        old = web.client.cookies.get("ombud_session")
        refused = await web.post("/me/password", {"password": "Carla.Customer1"})
        assert refused.status_code == 422
        assert "more than your name" in refused.text
        done = await web.post("/me/password", {"password": "seven small umbrellas"})
        assert done.headers["location"] == "/me/security?saved=yes"
        assert web.client.cookies.get("ombud_session") != old
        assert (await web.get("/me/security?saved=yes")).status_code == 200
        assert (await thief.get("/tickets")).status_code == 303
    await web.post("/sign-out")
    await web.get("/sign-in")
    again = {"email": cast.customer.email, "password": "seven small umbrellas"}
    assert (await web.post("/sign-in", again)).status_code == 303


async def test_ones_other_browsers_are_signed_out(runtime: Runtime, web: Browser, cast: Cast) -> None:
    others = [Browser(runtime) for _ in range(2)]
    others[0].client.headers["User-Agent"] = (
        "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
    )
    others[1].client.headers["User-Agent"] = "<b>bold"
    await web.sign_in(cast.agent)
    for one in others:
        await one.sign_in(cast.agent)
    shown = (await web.get("/me/security")).text
    assert shown.count("(this browser)") == 1
    assert ">Firefox on Linux<" in shown
    assert ">Unknown browser<" in shown
    assert "<b>bold" not in shown
    ends = re.findall(r"/me/sessions/\d+/end", shown)
    assert len(ends) == 2
    assert (await web.post(ends[0])).status_code == 303
    assert sorted([(await one.get("/tickets")).status_code for one in others]) == [200, 303]
    assert (await web.post("/me/sessions/end")).status_code == 303
    assert [(await one.get("/tickets")).status_code for one in others] == [303, 303]
    assert (await web.get("/tickets")).status_code == 200
    person = f"/settings/people/{cast.agent.id}"
    await others[0].sign_in(cast.admin)
    assert "Sign them out everywhere" in (await others[0].get(person)).text
    assert (await others[0].post(f"{person}/sessions/end")).headers["location"] == person
    assert (await web.get("/tickets")).status_code == 303
    assert (await others[0].get("/tickets")).status_code == 200
    for one in others:
        await one.client.aclose()


async def test_an_administrator_ends_one_session_and_takes_one_passkey(
    runtime: Runtime, web: Browser, cast: Cast, desk: Desk
) -> None:
    who, person = cast.agent, f"/settings/people/{cast.agent.id}"
    others = [Browser(runtime) for _ in range(2)]
    for one in others:
        await one.sign_in(who)
    await web.sign_in(cast.admin)
    shown = (await web.get(person)).text
    ends = re.findall(rf"{person}/sessions/\d+/end", shown)
    assert len(ends) == 2
    foreign = ends[0].replace(person, f"/settings/people/{cast.customer.id}")
    assert (await web.post(foreign)).status_code == 404, "another's"
    assert (await web.post(ends[0])).headers["location"] == person
    assert sorted([(await one.get("/tickets")).status_code for one in others]) == [200, 303]
    assert re.findall(rf"{person}/sessions/\d+/end", (await web.get(person)).text) == ends[1:]
    async with desk.abegin(SYSTEM) as session:
        session.add_all(
            Passkey(user_id=who.id, credential_id=name.encode(), public_key=b"x", name=name, sign_count=0)
            for name in ("<b>Lost", "Kept")
        )
    shown = (await web.get(person)).text
    assert "&lt;b&gt;Lost" in shown
    lost, kept = re.findall(rf"{person}/passkeys/\d+/removal", shown)
    foreign = lost.replace(person, f"/settings/people/{cast.customer.id}")
    assert (await web.post(foreign)).status_code == 404, "another's"
    assert (await web.post(lost)).headers["location"] == person
    left = (await web.get(person)).text
    assert (lost in left, kept in left) == (False, True)
    assert [(await one.get("/tickets")).status_code for one in others] == [303, 303]
    own = (await web.get(f"/settings/people/{cast.admin.id}")).text
    assert "/sessions/" not in own, "one's own are on the page Security"
    await grow_old(desk)
    for path in (ends[1], kept):
        asked = await web.post(path, headers={"Referer": f"http://desk.example{person}"})
        assert asked.headers["location"].startswith("/me/confirmation"), path
    for one in others:
        await one.client.aclose()


async def test_an_administrator_revokes_one_token(web: Browser, cast: Cast, desk: Desk) -> None:
    person, other = (f"/settings/people/{who.id}" for who in (cast.agent, cast.customer))
    own = cast.admin.in_new_request
    async with desk.abegin(SYSTEM) as session:
        await session.execute(update(ApiToken).values(name="<b>Old", revoked_at=func.now()))
    lost, kept = [
        (await desk.arun(own(), create_token, cast.agent.id, name))[1].id for name in ("<b>Lost", "Kept")
    ]
    foreign = (await desk.arun(own(), create_token, cast.customer.id, "Theirs"))[1].id
    await web.sign_in(cast.admin)
    shown = (await web.get(person)).text
    assert "&lt;b&gt;Lost" in shown
    assert "&lt;b&gt;Old" not in shown, "what is revoked already is no news"
    found = re.findall(rf"{person}/tokens/(\d+)/revocation", shown)
    assert found == [str(kept), str(lost)]
    for path in (f"{person}/tokens/{foreign}", f"{other}/tokens/{lost}", f"/me/tokens/{lost}"):
        assert (await web.post(f"{path}/revocation")).status_code == 404, "another's"
    assert (await web.post(f"{person}/tokens/{lost}/revocation")).headers["location"] == person
    await grow_old(desk)
    again = await web.post(f"{person}/tokens/{kept}/revocation")
    assert again.headers["location"].startswith("/me/confirmation")
    async with desk.aread(SYSTEM, fresh=True) as session:
        good = select(ApiToken.id).where(ApiToken.revoked_at.is_(None)).order_by(ApiToken.id)
        assert (await session.scalars(good)).all() == [kept, foreign]
    await web.sign_in(cast.admin)
    assert "/tokens/" not in (await web.get(f"/settings/people/{cast.admin.id}")).text, (
        "those are on Security"
    )


async def test_what_leads_out_of_the_desk_wants_a_fresh_proof(web: Browser, cast: Cast, desk: Desk) -> None:
    """The pages ask as the API does: whoever sits down at an open browser carries nothing away."""
    await web.sign_in(cast.admin)
    mailbox = {
        "name": "Support",
        "address": "help@desk.example",
        "smtp_host": "smtp.example",
        "auth": "password",
        "imap_security": "tls",
        "smtp_security": "starttls",
        "imap_port": "993",
        "smtp_port": "587",
        "reopen_days": "14",
        "imap_folder": "INBOX",
    }
    mailboxes = (await web.post("/settings/mailboxes", mailbox)).headers["location"]
    await web.post("/settings/webhooks", {"url": "https://hooks.example/1", "events": "ticket.created"})
    (webhook,) = set(re.findall(r"/settings/webhooks/\d+", (await web.get("/settings/webhooks")).text))
    await grow_old(desk)
    before = [(await web.get(path)).text for path in (mailboxes, webhook)]
    assert all("confirm that it is you" in page for page in before)
    forms: list[tuple[str, dict[str, str]]] = [
        ("/settings/mailboxes", {**mailbox, "address": "more@desk.example"}),
        (mailboxes, {**mailbox, "smtp_host": "smtp.attacker.example"}),
        (f"{mailboxes}/sending", {"is_paused": "yes"}),
        ("/settings/webhooks", {"url": "https://attacker.example/"}),
        (webhook, {"url": "https://attacker.example/", "is_active": "yes"}),
        (f"{webhook}/secret", {}),
        (f"{webhook}/deletion", {}),
        ("/settings/transfers/exports", {"format": "jsonl"}),
        ("/settings/transfers/imports", {"format": "jsonl"}),
        ("/settings/transfers/imports/1/repetition", {}),
    ]
    for path, form in forms:
        assert (await web.post(path, form)).headers["location"].startswith("/me/confirmation"), path
    after = [(await web.get(path)).text for path in (mailboxes, webhook)]
    assert not any("attacker" in page for page in after)


async def test_a_token_is_shown_once_and_works_until_it_is_revoked(web: Browser, cast: Cast) -> None:
    await web.sign_in(cast.customer)
    made = await web.post("/me/tokens", {"name": "Script", "may": "read"})
    (token,) = re.findall(r"omb_live_\w+", made.text)
    assert made.headers["cache-control"] == "no-store"
    shown = (await web.get("/me/security")).text
    assert token not in shown
    newest = re.findall(r"/me/tokens/\d+/revocation", shown)[0]
    assert (await web.post(newest)).status_code == 303
    assert newest not in (await web.get("/me/security")).text


async def test_the_pages_cost_the_same_whoever_is_here(web: Browser, cast: Cast, desk: Desk) -> None:
    await web.sign_in(cast.admin)
    for path, budget in (("/settings/people?who=all", 5), ("/settings/teams", 6), ("/settings/roles", 5),
                         (f"/settings/people/{cast.agent.id}", 13), ("/me/security", 11)):  # fmt: skip
        await web.get(path)
        with counted() as log:
            assert (await web.get(path)).status_code == 200
        assert len(log.statements) <= budget, (path, log.statements)
