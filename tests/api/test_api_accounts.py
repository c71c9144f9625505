"""Roles, tokens, sessions and fresh proofs over HTTP."""

from datetime import timedelta

import httpx
import pytest
from sqlalchemy import func, update

from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.models import ApiToken
from ombud.people import accounts, throttle
from ombud.testing.factories import make_ticket
from ombud.testing.personas import Cast, Persona
from tests.api.conftest import Caller

pytestmark = pytest.mark.asyncio

SYSTEM = Actor.system("test")


async def grow_old(desk: Desk, who: Persona) -> None:
    """Let a persona's proof of who they are be long ago."""
    past = func.now() - timedelta(hours=1)
    async with desk.abegin(SYSTEM) as session:
        await session.execute(update(ApiToken).where(ApiToken.user_id == who.id).values(confirmed_at=past))


async def test_a_role_is_made_given_changed_and_deleted(
    admin: httpx.AsyncClient, agent: httpx.AsyncClient, cast: Cast, desk: Desk
) -> None:
    made = await admin.post(
        "roles", json={"name": "Answers", "permissions": ["notes.write", "tickets.reply"]}
    )
    assert made.status_code == 201, made.text
    role = made.json()
    assert made.headers["Location"] == f"/api/v1/roles/{role['id']}"
    assert role["permissions"] == ["tickets.reply", "notes.write"]
    async with desk.abegin(SYSTEM) as session:
        number = (await session.run_sync(make_ticket, cast.customer.id)).ticket_number

    address = f"users/{cast.agent.id}"
    given = await admin.patch(address, json={"custom_role_id": role["id"]})
    assert given.json()["custom_role"] == {"id": role["id"], "name": "Answers"}
    assert (await agent.get("me")).json()["permissions"] == ["notes.write", "tickets.reply"]
    assert (await agent.patch(f"tickets/{number}", json={"priority": "high"})).status_code == 403
    assert (await agent.post(f"tickets/{number}/comments", json={"content": "x"})).status_code == 201

    changed = await admin.patch(f"roles/{role['id']}", json={"permissions": ["tickets.change"]})
    assert changed.json()["permissions"] == ["tickets.change"]
    assert (await agent.patch(f"tickets/{number}", json={"priority": "high"})).status_code == 200
    assert (await agent.post(f"tickets/{number}/comments", json={"content": "x"})).status_code == 403

    in_use = await admin.delete(f"roles/{role['id']}")
    assert (in_use.status_code, in_use.json()["code"]) == (409, "role_in_use")
    raised = await admin.patch(address, json={"role": "light_agent"})
    assert raised.json()["custom_role"] is None, "nobody comes back with it"
    assert (await admin.delete(f"roles/{role['id']}")).status_code == 204
    assert (await agent.get(f"roles/{role['id']}")).status_code == 404
    assert (await agent.get("roles")).json()["items"] == []


async def test_a_team_whose_tickets_one_only_reads(
    admin: httpx.AsyncClient, agent: httpx.AsyncClient, cast: Cast, desk: Desk
) -> None:
    async with desk.abegin(SYSTEM) as session:
        ticket = await session.run_sync(make_ticket, cast.customer.id, team_id=cast.other_team.id)
    address = f"teams/{cast.other_team.id}"
    assert (await admin.put(f"{address}/members/{cast.agent.id}?reads_only=true")).status_code == 204
    assert (await admin.get(address)).json()["reader_ids"] == [cast.agent.id]
    here = f"tickets/{ticket.ticket_number}"
    assert (await agent.patch(here, json={"priority": "high"})).status_code == 403
    assert (await agent.put(f"{here}/tags/x")).status_code == 403
    assert (await agent.post(f"{here}/comments", json={"content": "x"})).status_code == 403
    assert (
        await agent.post(f"{here}/comments", json={"content": "x", "is_internal": True})
    ).status_code == 201
    many = await agent.post("tickets/bulk", json={"numbers": [ticket.ticket_number], "action": "delete"})
    assert "read_only" in many.text
    assert (await admin.put(f"{address}/members/{cast.agent.id}")).status_code == 204
    assert (await agent.patch(here, json={"priority": "high"})).status_code == 200


async def test_sensitive_calls_want_a_fresh_proof(admin: httpx.AsyncClient, cast: Cast, desk: Desk) -> None:
    """Whoever finds a token must not take accounts over. What programs do by night goes on with an old one.

    An import of records can bring administrators; links for passwords go through the server of a mailbox.
    """
    mailbox = {"name": "Support", "address": "help@desk.example", "smtp_host": "smtp.example"}
    mailboxes = f"mailboxes/{(await admin.post('mailboxes', json=mailbox)).json()['id']}"
    await grow_old(desk, cast.admin)
    person = f"users/{cast.other_agent.id}"
    calls: list[tuple[str, str, object]] = [
        ("POST", "tokens", {"name": "x"}),
        ("POST", "roles", {"name": "x", "permissions": []}),
        ("PATCH", "roles/1", {"name": "y"}),
        ("DELETE", "roles/1", None),
        ("PATCH", person, {"role": "admin"}),
        ("PATCH", person, {"email": "other@ombud.example"}),
        ("PATCH", person, {"is_active": False}),
        ("PATCH", person, {"sees_all_teams": False}),
        ("PATCH", person, {"custom_role_id": None}),
        ("POST", "users", {"email": "new@ombud.example", "role": "agent"}),
        ("POST", f"users/{cast.customer.id}/merges", {"user_ids": [cast.other_customer.id]}),
        ("POST", f"users/{cast.customer.id}/anonymisation", {}),
        ("PUT", f"teams/{cast.team.id}/members/{cast.other_agent.id}", None),
        ("DELETE", f"teams/{cast.team.id}/members/{cast.other_agent.id}", None),
        ("POST", "mailboxes", {**mailbox, "address": "more@desk.example"}),
        ("PATCH", mailboxes, {"smtp_host": "smtp.attacker.example"}),
        ("PATCH", f"{mailboxes}/sending", {"is_paused": True}),
    ]
    for method, path, body in calls:
        refused = await admin.request(method, path, json=body)
        assert (refused.status_code, refused.json()["code"]) == (403, "confirmation_needed"), (method, path)
    brought = await admin.post("imports", data={"format": "jsonl"}, files={"file": ("x.jsonl", b"{}")})
    assert (brought.status_code, brought.json()["code"]) == (403, "confirmation_needed")
    rows = {"file": ("x.csv", b"title,requester_email\r\n")}
    for name, sent in (
        ("webhooks", {"json": {"url": "https://hooks.example/1"}}),
        ("imports", {"data": {"format": "csv"}, "files": rows}),
    ):
        made = await admin.request("POST", name, **sent)
        assert made.status_code == 201, made.text
    assert (await admin.get(mailboxes)).json()["smtp_host"] == "smtp.example"
    assert (await admin.patch(person, json={"full_name": "Bertram"})).status_code == 200
    assert (await admin.post("confirmation", json={"password": "wrong"})).status_code == 403
    assert (await admin.post("tokens", json={"name": "x"})).status_code == 403
    assert (await admin.post("confirmation", json={"password": cast.admin.password})).status_code == 204
    assert (await admin.post("tokens", json={"name": "x"})).status_code == 201


async def test_guessing_at_a_confirmation_is_slowed_down(admin: httpx.AsyncClient, cast: Cast) -> None:
    for _ in range(throttle.SIGN_IN.both.burst):
        assert (await admin.post("confirmation", json={"password": "wrong"})).status_code == 403
    blocked = await admin.post("confirmation", json={"password": cast.admin.password})
    assert blocked.status_code == 429
    assert int(blocked.headers["Retry-After"]) > 0


async def test_a_token_is_shown_once_even_to_who_asks_twice(
    customer: httpx.AsyncClient, caller: Caller, app: object
) -> None:
    key = {"Idempotency-Key": "make-a-token-1"}
    made = await customer.post("tokens", json={"name": "Script", "scopes": ["read"], "days": 3}, headers=key)
    assert made.status_code == 201, made.text
    token = made.json()["token"]
    again = await customer.post("tokens", json={"name": "Script", "scopes": ["read"], "days": 3}, headers=key)
    assert again.json() == {**made.json(), "token": None}
    assert token not in (await customer.get("tokens")).text
    bearer = {"Authorization": f"Bearer {token}"}
    assert (await customer.get("me", headers=bearer)).json()["scopes"] == ["read"]
    assert (await customer.post("tickets", json={"title": "x"}, headers=bearer)).status_code == 403
    assert (await customer.delete(f"tokens/{made.json()['id']}")).status_code == 204
    assert (await customer.get("me", headers=bearer)).status_code == 401


async def test_a_narrow_token_makes_no_wider_one(caller: Caller, cast: Cast, desk: Desk) -> None:
    async with desk.abegin(SYSTEM) as session:
        narrow, _record = await session.run_sync(
            accounts.create_token, cast.agent.id, "narrow", scopes=("read", "write")
        )
    client = caller(Persona(user=cast.agent.user, actor=cast.agent.actor, token=narrow))
    for scopes in ([], ["mail"], ["read", "mail"]):
        assert (await client.post("tokens", json={"name": "x", "scopes": scopes})).status_code == 403
    assert (await client.post("tokens", json={"name": "x", "scopes": ["read"]})).status_code == 201


async def test_a_narrow_token_opens_no_other_way_in(caller: Caller, cast: Cast, desk: Desk) -> None:
    """What it is kept from stays closed: it sets no password, takes no address, adds and removes no factor (T38)."""
    async with desk.abegin(SYSTEM) as session:
        narrow, _record = await session.run_sync(
            accounts.create_token, cast.agent.id, "narrow", scopes=("read", "write")
        )
    client = caller(Persona(user=cast.agent.user, actor=cast.agent.actor, token=narrow))
    calls: list[tuple[str, str, object]] = [
        ("PUT", "me/password", {"password": "another umbrella for me"}),
        ("POST", "me/address", {"email": "other@ombud.example"}),
        ("POST", "me/factors/totp", None),
        ("POST", "me/factors/totp/confirmation", {"code": "123456"}),
        ("DELETE", "me/factors/totp", None),
        ("POST", "me/factors/recovery-codes", None),
        ("POST", "me/factors/passkeys/options", None),
        ("POST", "me/factors/passkeys", {"name": "x", "credential": {}}),
        ("DELETE", "me/factors/passkeys/1", None),
        ("DELETE", "me/identities/1", None),
    ]
    for method, path, body in calls:
        refused = await client.request(method, path, json=body)
        assert (refused.status_code, refused.json()["code"]) == (403, "insufficient_scope"), (method, path)
    assert (await client.patch("me/preferences", json={"theme": "dark"})).status_code == 200


async def test_sessions_and_tokens_are_ones_own(
    customer: httpx.AsyncClient, agent: httpx.AsyncClient, admin: httpx.AsyncClient, cast: Cast, desk: Desk
) -> None:
    begin, who = accounts.start_session, cast.customer
    await desk.arun(who.in_new_request(), begin, who.id, ip="127.0.0.1", user_agent="curl/8.5.0")
    (mine,) = (await customer.get("me/sessions")).json()["items"]
    assert (mine["ip"], "token_hash" in mine) == ("127.0.0.1", False)
    assert (mine["browser"], mine["user_agent"]) == ("curl", "curl/8.5.0")
    own = (await customer.get("tokens")).json()["items"][0]["id"]
    for other in (agent, admin):
        assert (await other.get("me/sessions")).json()["items"] == []
        assert (await other.delete(f"me/sessions/{mine['id']}")).status_code == 404
    assert (await agent.delete(f"tokens/{own}")).status_code == 404
    assert (await customer.delete(f"me/sessions/{mine['id']}")).status_code == 204
    assert (await customer.get("me/sessions")).json()["items"] == []
    assert (await admin.delete(f"tokens/{own}")).status_code == 204
    assert (await customer.get("me")).status_code == 401


async def test_administrators_see_where_somebody_is_signed_in_and_end_it(
    admin: httpx.AsyncClient, agent: httpx.AsyncClient, cast: Cast, desk: Desk
) -> None:
    for who in (cast.agent, cast.customer):
        await desk.arun(who.in_new_request(), accounts.start_session, who.id, user_agent="curl/8.5.0")
    there, theirs = f"users/{cast.agent.id}/sessions", f"users/{cast.agent.id}/tokens"
    (seen,) = (await admin.get(there)).json()["items"]
    assert (seen["browser"], "token_hash" in seen) == ("curl", False)
    assert [one["id"] for one in (await admin.get(theirs)).json()["items"]] == [
        one["id"] for one in (await agent.get("tokens")).json()["items"]
    ]
    for path in (there, theirs):
        assert (await agent.get(path)).status_code == 403, "their own as well: those are at /me"
        assert (await admin.get(path.replace(str(cast.agent.id), "999999"))).status_code == 404
    await grow_old(desk, cast.admin)
    assert (await admin.delete(there)).json()["code"] == "confirmation_needed"
    async with desk.abegin(SYSTEM) as session:
        await session.execute(update(ApiToken).values(confirmed_at=func.now()))
    assert (await admin.delete(there)).status_code == 204
    assert (await admin.get(there)).json()["items"] == []
    assert len((await admin.get(f"users/{cast.customer.id}/sessions")).json()["items"]) == 1
    assert (await agent.get("me")).status_code == 200, "tokens stay"
