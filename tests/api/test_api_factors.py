"""Second factors, connections and the password over HTTP, and the proof that each change wants (T24)."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pyotp
import pytest
from sqlalchemy import func, select

from ombud import clock
from ombud.api.app import create_api
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.db.statements import counted
from ombud.models import (
    AccountNotice,
    AccountRequest,
    Identity,
    IdentityProvider,
    NoticeKind,
    Passkey,
    User,
    WebSession,
)
from ombud.people import accounts, throttle
from ombud.runtime import Runtime
from ombud.testing.personas import Cast, Persona
from tests.api.conftest import Caller
from tests.api.test_api_accounts import grow_old
from tests.authenticator import Authenticator

pytestmark = pytest.mark.asyncio

SYSTEM = Actor.system("test")
NEW_PASSWORD = "seven purple kettles"


async def set_up_app(client: httpx.AsyncClient) -> tuple[pyotp.TOTP, list[str]]:
    """Set an authenticator app up; returns it, and the recovery codes."""
    begun = await client.post("me/factors/totp")
    assert begun.status_code == 200, begun.text
    assert begun.json()["secret"] in begun.json()["uri"]
    app = pyotp.TOTP(begun.json()["secret"])
    done = await client.post("me/factors/totp/confirmation", json={"code": app.at(clock.now())})
    assert done.status_code == 200, done.text
    return app, done.json()["recovery_codes"]


async def sessions_of(desk: Desk, who: Persona) -> int:
    async with desk.aread(SYSTEM, fresh=True) as session:
        mine = select(func.count()).select_from(WebSession).where(WebSession.user_id == who.id)
        return await session.scalar(mine) or 0


async def test_an_app_is_set_up_in_two_steps(agent: httpx.AsyncClient, cast: Cast, desk: Desk) -> None:
    await desk.arun(cast.agent.in_new_request(), accounts.start_session, cast.agent.id)
    nothing: dict[str, object] = {"totp_since": None, "recovery_codes_left": 0, "passkeys": []}
    assert (await agent.get("me/factors")).json() == nothing
    assert (await agent.post("me/factors/totp/confirmation", json={"code": "123456"})).status_code == 409
    assert (await agent.post("me/factors/recovery-codes")).status_code == 409
    key = {"Idempotency-Key": "app-1"}
    begun = await agent.post("me/factors/totp", headers=key)
    again = await agent.post("me/factors/totp", headers=key)
    assert again.json() == {"secret": None, "uri": None}
    wrong = await agent.post("me/factors/totp/confirmation", json={"code": "abcdef"})
    assert wrong.json()["errors"][0]["pointer"] == "#/code"
    assert (await agent.get("me/factors")).json() == nothing, "it counts once it is confirmed"
    assert await sessions_of(desk, cast.agent) == 1

    code = pyotp.TOTP(begun.json()["secret"]).at(clock.now())
    key = {"Idempotency-Key": "app-2"}
    done = await agent.post("me/factors/totp/confirmation", json={"code": code}, headers=key)
    assert len(done.json()["recovery_codes"]) == 10
    repeated = await agent.post("me/factors/totp/confirmation", json={"code": code}, headers=key)
    assert (repeated.status_code, repeated.json()) == (200, {"recovery_codes": None})
    assert await sessions_of(desk, cast.agent) == 0, "browsers are signed out"
    with counted() as log:
        found = (await agent.get("me/factors")).json()
    assert len(log) <= 7, str(log)
    assert found["totp_since"] is not None
    assert found["recovery_codes_left"] == 10
    fresh = (await agent.post("me/factors/recovery-codes")).json()["recovery_codes"]
    assert not set(fresh) & set(done.json()["recovery_codes"])
    assert (await agent.post("me/factors/totp")).json()["code"] == "totp_in_use"
    assert (await agent.delete("me/factors/totp")).status_code == 204
    assert (await agent.get("me/factors")).json() == nothing
    assert (await agent.delete("me/factors/totp")).status_code == 404


async def test_changes_want_a_fresh_proof(admin: httpx.AsyncClient, cast: Cast, desk: Desk) -> None:
    """T24: who found a token takes no account over with it."""
    app, _codes = await set_up_app(admin)
    await grow_old(desk, cast.admin)
    calls: list[tuple[str, str, object]] = [
        ("POST", "me/factors/totp", None),
        ("POST", "me/factors/totp/confirmation", {"code": "1"}),
        ("DELETE", "me/factors/totp", None),
        ("POST", "me/factors/recovery-codes", None),
        ("POST", "me/factors/passkeys/options", None),
        ("POST", "me/factors/passkeys", {"name": "x", "credential": {}}),
        ("DELETE", "me/factors/passkeys/1", None),
        ("PUT", "me/password", {"password": NEW_PASSWORD}),
        ("DELETE", "me/identities/1", None),
        ("POST", "me/address", {"email": "x@ombud.example"}),
        ("DELETE", f"users/{cast.agent.id}/factors", None),
        ("DELETE", f"users/{cast.agent.id}/identities/1", None),
    ]
    for method, path, body in calls:
        refused = await admin.request(method, path, json=body)
        assert (refused.status_code, refused.json()["code"]) == (403, "confirmation_needed"), (method, path)
    for body in ({}, {"password": "x", "code": "1"}):
        assert (await admin.post("confirmation", json=body)).status_code == 422
    code = app.at(clock.now().timestamp() + 30)
    assert (await admin.post("confirmation", json={"code": code})).status_code == 204
    assert (await admin.post("confirmation", json={"code": code})).status_code == 403, "counts once"
    assert (await admin.delete("me/factors/totp")).status_code == 204


async def test_guessing_codes_is_slowed_down(customer: httpx.AsyncClient) -> None:
    app, _codes = await set_up_app(customer)
    for _ in range(throttle.CODES.both.burst):
        assert (await customer.post("confirmation", json={"code": "abc"})).status_code == 403
    right = {"code": app.at(clock.now().timestamp() + 30)}
    assert (await customer.post("confirmation", json=right)).status_code == 429


async def test_a_passkey_is_added_named_and_removed(runtime: Runtime, cast: Cast, desk: Desk) -> None:
    origin = "https://desk.example"
    settings = runtime.settings.model_copy(update={"base_url": origin})
    client, other = (
        httpx.AsyncClient(
            transport=httpx.ASGITransport(create_api(replace(runtime, settings=settings))),
            base_url=f"{origin}/",
            headers={"Authorization": f"Bearer {who.token}"},
        )
        for who in (cast.agent, cast.light_agent)
    )
    async with client, other:
        key = Authenticator(origin)
        options = (await client.post("me/factors/passkeys/options")).json()["options"]
        body = {"name": "Key ring", "credential": key.create(options)}
        assert (await other.post("me/factors/passkeys", json=body)).status_code == 422, "another's challenge"
        once = {"Idempotency-Key": "passkey-1"}
        made = await client.post("me/factors/passkeys", json=body, headers=once)
        assert made.status_code == 201, made.text
        repeated = await client.post("me/factors/passkeys", json=body, headers=once)
        assert repeated.json() == {**made.json(), "recovery_codes": None}
        assert len(made.json()["recovery_codes"]) == 10
        assert made.json()["passkey"]["name"] == "Key ring"
        again = await client.post("me/factors/passkeys", json=body)
        assert (again.status_code, again.json()["code"]) == (422, "bad_passkey"), "a challenge counts once"
        here = f"me/factors/passkeys/{made.json()['passkey']['id']}"
        for method in ("PATCH", "DELETE"):
            name = {"name": "Mine"} if method == "PATCH" else None
            assert (await other.request(method, here, json=name)).status_code == 404
        await prove_by_passkey(client, other, key, desk, cast)
        renamed = await client.patch(here, json={"name": "Old"})
        assert [one["name"] for one in renamed.json()["passkeys"]] == ["Old"]
        assert (await client.delete(here)).status_code == 204
        assert (await client.get("me/factors")).json()["recovery_codes_left"] == 0


async def prove_by_passkey(
    client: httpx.AsyncClient, other: httpx.AsyncClient, key: Authenticator, desk: Desk, cast: Cast
) -> None:
    """A passkey is a fresh proof of who owns the token, by a challenge of that token that counts once."""
    await grow_old(desk, cast.agent)
    await grow_old(desk, cast.light_agent)
    assert (await other.post("confirmation/options")).status_code == 409, "who has none"
    asked = (await client.post("confirmation/options")).json()["options"]
    assert [one["id"] for one in asked["allowCredentials"]] == [key.get(asked)["id"]]
    signed = {"credential": key.get(asked)}
    assert (await other.post("confirmation", json=signed)).status_code == 403, "another's challenge"
    once = {"Idempotency-Key": "proof-1"}
    assert (await client.post("me/factors/recovery-codes")).json()["code"] == "confirmation_needed"
    for id_ in ("", "x" * 30_000):
        assert (await client.post("confirmation", json={"credential": {"id": id_}})).status_code == 403
    forged = {
        "credential": Authenticator(key.origin).get(
            (await client.post("confirmation/options")).json()["options"]
        )
    }
    assert (await client.post("confirmation", json=forged)).status_code == 403, "an unknown key"
    assert (await client.post("confirmation", json={**signed, "code": "1"})).status_code == 422
    assert (await client.post("me/factors/recovery-codes")).status_code == 403
    signed = {"credential": key.get((await client.post("confirmation/options")).json()["options"])}
    for _ in range(2):
        assert (await client.post("confirmation", json=signed, headers=once)).status_code == 204
    assert (await client.post("confirmation", json=signed)).status_code == 403, "a challenge counts once"
    assert (await client.post("me/factors/recovery-codes")).status_code == 200


async def test_an_administrator_takes_factors_and_connections_away(
    admin: httpx.AsyncClient, agent: httpx.AsyncClient, cast: Cast, desk: Desk
) -> None:
    await set_up_app(agent)
    async with desk.abegin(SYSTEM) as session:
        there = IdentityProvider(
            slug="there", label="There", issuer="https://id.example", client_id="desk", for_customers=False
        )
        session.add(there)
        await session.flush()
        mine = Identity(user_id=cast.agent.id, provider_id=there.id, issuer="https://id.example", subject="s")
        session.add(mine)
        await session.flush()
        begun = WebSession(
            user_id=cast.agent.id, token_hash=b"x", expires_at=clock.now(), identity_id=mine.id
        )
        session.add(begun)
    person = f"users/{cast.agent.id}"
    assert (await admin.get(f"{person}/factors")).json()["totp_since"] is not None
    [link] = (await admin.get(f"{person}/identities")).json()["items"]
    assert link["provider"] == "There"
    for path in ("factors", "identities"):
        assert (await agent.get(f"users/{cast.admin.id}/{path}")).status_code == 403
        assert (await admin.get(f"users/999999/{path}")).status_code == 404
    assert (await admin.delete(f"users/{cast.admin.id}/identities/{link['id']}")).status_code == 404
    assert (await admin.delete(f"{person}/identities/{link['id']}")).status_code == 204
    assert await sessions_of(desk, cast.agent) == 0
    async with desk.abegin(SYSTEM) as session:
        lost, kept = (
            Passkey(user_id=cast.agent.id, credential_id=name, public_key=b"x", name="x", sign_count=0)
            for name in (b"lost", b"kept")
        )
        browsers = [
            WebSession(user_id=cast.agent.id, token_hash=name, expires_at=clock.now())
            for name in (b"a", b"b")
        ]
        session.add_all([lost, kept, *browsers])
        await session.flush()
        one, key = browsers[0].id, lost.id
    for path in (f"sessions/{one}", f"factors/passkeys/{key}"):
        assert (await agent.delete(f"{person}/{path}")).status_code == 403
        assert (await admin.delete(f"users/{cast.admin.id}/{path}")).status_code == 404, "another's"
    assert (await admin.delete(f"{person}/sessions/{one}")).status_code == 204
    assert await sessions_of(desk, cast.agent) == 1
    assert (await admin.delete(f"{person}/factors/passkeys/{key}")).status_code == 204
    assert await sessions_of(desk, cast.agent) == 0
    assert len((await admin.get(f"{person}/factors")).json()["passkeys"]) == 1
    assert (await admin.delete(f"{person}/factors")).status_code == 204
    assert (await agent.get("me/factors")).json()["totp_since"] is None
    notices = (await agent.get("me/notices")).json()["items"]
    assert [(one["kind"], one["by_other"], one["read_at"]) for one in notices] == [
        ("factors_reset", True, None),
        ("passkey_removed", True, None),
        ("identity_removed", True, None),
        ("totp_added", False, None),
    ]
    assert (await admin.post("me/notices/reading")).status_code == 204
    assert (await agent.get("me/notices")).json()["items"] == notices, "each their own"
    assert (await agent.post("me/notices/reading")).status_code == 204
    assert all(one["read_at"] for one in (await agent.get("me/notices")).json()["items"])
    async with desk.aread(SYSTEM, fresh=True) as session:
        told = await session.execute(
            select(AccountNotice.kind, AccountNotice.by_other)
            .where(AccountNotice.user_id == cast.agent.id, AccountNotice.by_other)
            .order_by(AccountNotice.id)
        )
    assert [tuple(one) for one in told] == [
        (NoticeKind.IDENTITY_REMOVED, True),
        (NoticeKind.PASSKEY_REMOVED, True),
        (NoticeKind.FACTORS_RESET, True),
    ]


async def test_ones_password_is_replaced_and_browsers_are_signed_out(
    caller: Caller, agent: httpx.AsyncClient, cast: Cast, desk: Desk
) -> None:
    await desk.arun(cast.agent.in_new_request(), accounts.start_session, cast.agent.id)
    short = await agent.put("me/password", json={"password": "short"})
    assert (short.status_code, "password" in short.text) == (422, True)
    assert (await agent.put("me/password", json={"password": NEW_PASSWORD})).status_code == 204
    async with desk.aread(SYSTEM, fresh=True) as session:
        [letter] = await session.scalars(select(AccountRequest))
    assert (letter.from_ip, letter.from_browser) == ("127.0.0.1", "python-httpx"), "what the letter says"
    assert await sessions_of(desk, cast.agent) == 0
    await desk.arun(cast.agent.in_new_request(), accounts.start_session, cast.agent.id)
    await grow_old(desk, cast.agent)
    assert (await agent.post("confirmation", json={"password": cast.agent.password})).status_code == 403
    assert (await agent.post("confirmation", json={"password": NEW_PASSWORD})).status_code == 204
    assert (await agent.delete("me/sessions")).status_code == 204
    assert await sessions_of(desk, cast.agent) == 0
    async with desk.aread(SYSTEM, fresh=True) as session:
        assert await session.scalar(select(User.is_active).where(User.id == cast.agent.id))
