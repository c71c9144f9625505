"""One's own account: connecting and disconnecting it, confirming, the second factor, signing out."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from ombud.db.desk import Desk
from ombud.models import Identity, IdentityProvider, WebSession
from ombud.people.openid import change_provider
from ombud.runtime import Runtime
from ombud.testing import Cast
from ombud.worker.intake import vault_of
from tests.openid.stage import (
    CLIENT_ID,
    Stage,
)
from tests.web.hosting import Browser
from tests.web.openid.going import (
    NOT_CONNECTED,
    OVER,
    SYSTEM,
    come_back,
    connect,
    links,
    sign_in,
    there,
    who,
)
from tests.web.test_accounts import grow_old
from tests.web.test_factors import set_up_app

pytestmark = pytest.mark.asyncio


async def test_who_is_signed_in_connects_their_account_and_disconnects_it(
    web: Browser, open_runtime: Runtime, stage: Stage, cast: Cast, desk: Desk
) -> None:
    await web.sign_in(cast.agent)
    await grow_old(desk)
    await web.get("/me/security")
    asked = await web.post("/me/identities/stage", headers={"Referer": "http://desk.example/me/security"})
    assert asked.headers["location"] == "/me/confirmation?next=%2Fme%2Fsecurity", "a fresh proof is wanted"
    await web.get("/me/confirmation")
    await web.post("/me/confirmation", {"password": cast.agent.password})
    done = await connect(web, stage, email="private@example.org", email_verified=True)
    assert done.headers["location"] == "/me/security?changed=yes"
    page = await web.get("/me/security")
    assert "private@example.org" in page.text
    assert "Your account was connected with The stage" in page.text

    other = Browser(open_runtime)
    async with other.client:
        await sign_in(other, stage)
        assert await who(other) == cast.agent.email
        # The subject is taken: nobody else connects it, and no account is made of it.
        third = Browser(open_runtime)
        async with third.client:
            await third.sign_in(cast.customer)
            taken = await connect(third, stage)
            assert taken.status_code == 422
            assert "connected with another account here" in taken.text
        again = await connect(web, stage)
        assert again.status_code == 303, "once more is harmless"
        assert len(await links(desk)) == 1

        identity = page.text.partition("/me/identities/")[2].partition("/removal")[0]
        assert identity.isdigit()
        await web.get("/me/security")
        gone = await web.post(f"/me/identities/{identity}/removal")
        assert gone.headers["location"] == "/me/security?changed=yes"
        assert await who(other) == "", "what began with the link ended with it"
    assert await who(web) == cast.agent.email
    assert "no longer connected with The stage" in (await web.get("/me/security")).text
    assert await links(desk) == []
    web.client.cookies.clear()
    assert NOT_CONNECTED in (await sign_in(web, stage)).text


async def test_the_last_way_in_stays(web: Browser, stage: Stage, cast: Cast, desk: Desk) -> None:
    await sign_in(web, stage, email="new@example.net", email_verified=True)
    page = await web.get("/me/security")
    identity = page.text.partition("/me/identities/")[2].partition("/removal")[0]
    refused = await web.post(f"/me/identities/{identity}/removal")
    assert refused.status_code == 409
    assert "the only way to sign in" in refused.text
    assert len(await links(desk)) == 1
    await web.post("/me/password", {"password": "a sentence that nobody guesses"})
    await web.get("/me/security")
    assert (await web.post(f"/me/identities/{identity}/removal")).status_code == 303
    assert await who(web) == "new@example.net", "this browser goes on"
    other = await web.post(f"/me/identities/{identity}/removal")
    assert other.status_code == 404


async def test_nobody_removes_anothers_connection(
    web: Browser, open_runtime: Runtime, stage: Stage, cast: Cast, desk: Desk
) -> None:
    await sign_in(web, stage, email="new@example.net", email_verified=True)
    async with desk.aread(SYSTEM) as session:
        identity = await session.scalar(select(Identity.id))
    for persona in (cast.customer, cast.agent, cast.admin):
        other = Browser(open_runtime)
        async with other.client:
            await other.sign_in(persona)
            await other.get("/me/security")
            assert (await other.post(f"/me/identities/{identity}/removal")).status_code == 404
    assert len(await links(desk)) == 1


async def test_a_second_factor_is_asked_for_unless_the_provider_asks(
    web: Browser, open_runtime: Runtime, stage: Stage, cast: Cast, desk: Desk
) -> None:
    await web.sign_in(cast.agent)
    _app, codes = await set_up_app(web)
    await connect(web, stage)
    web.client.cookies.clear()
    half = await sign_in(web, stage)
    assert half.status_code == 200, (
        "a page of ours in between: another site's redirect brings no strict cookie"
    )
    assert half.headers["refresh"] == "0; url=/sign-in/code?next=%2Fme%2Fsecurity"
    assert "ombud_session" not in web.client.cookies
    await web.get("/sign-in/code")
    done = await web.post("/sign-in/code", {"code": codes[0]})
    assert done.status_code == 303
    async with desk.aread(SYSTEM) as session:
        began = (await session.scalars(select(WebSession.identity_id).order_by(WebSession.id))).all()
        assert began[-1] == await session.scalar(select(Identity.id)), "remembered across the second step"
        provider_id = await session.scalar(select(IdentityProvider.id)) or 0
    vault = vault_of(open_runtime.settings)
    await desk.arun(SYSTEM, change_provider, provider_id, {"asks_second_factor": True}, vault=vault)
    web.client.cookies.clear()
    assert (await sign_in(web, stage)).headers["location"] == "/me/security"


async def test_a_provider_confirms_who_one_is(web: Browser, stage: Stage, cast: Cast, desk: Desk) -> None:
    await sign_in(web, stage, email="new@example.net", email_verified=True)
    await grow_old(desk)

    async def confirm(subject: str = "subject-1", **claims: Any) -> httpx.Response:
        page = await web.get("/me/confirmation?next=/me/security")
        assert "Confirm at <bdi>The stage</bdi>" in page.text
        request = there(await web.post("/me/confirmation/with/stage", {"next": "/me/security"}))
        assert (request["prompt"], request["max_age"]) == ("login", "0")
        return await come_back(web, request, stage.grant(request, subject, **claims))

    assert "did not ask you again" in (await confirm(auth_time=int(time.time()) - 3_600)).text
    assert "did not ask you again" in (await confirm(auth_time=None)).text
    assert NOT_CONNECTED in (await confirm("subject-2")).text
    await web.get("/me/security")
    here = {"Referer": "http://desk.example/me/security"}
    still = await web.post("/me/tokens", {"name": "x"}, headers=here)
    assert still.headers["location"].startswith("/me/confirmation")
    before = web.client.cookies["ombud_session"]
    assert (await confirm()).headers["location"] == "/me/security"
    assert web.client.cookies["ombud_session"] != before, "the session is another one"
    await web.get("/me/security")
    assert (await web.post("/me/tokens", {"name": "x"})).status_code == 200


async def test_who_began_to_connect_must_be_who_comes_back(
    web: Browser, stage: Stage, cast: Cast, desk: Desk
) -> None:
    await web.sign_in(cast.agent)
    await web.get("/me/security")
    request = there(await web.post("/me/identities/stage"))
    web.client.cookies.delete("ombud_session", domain="desk.example")
    await web.sign_in(cast.customer)
    assert OVER in (await come_back(web, request, stage.grant(request))).text
    assert await links(desk) == []


async def test_signing_out_goes_on_to_the_provider_where_it_is_set_up_so(
    web: Browser, open_runtime: Runtime, stage: Stage, desk: Desk
) -> None:
    stage.metadata["end_session_endpoint"] = f"{stage.issuer}/end"
    claims: dict[str, Any] = {"email": "new@example.net", "email_verified": True}
    await sign_in(web, stage, **claims)
    await web.get("/me/security")
    assert (await web.post("/sign-out")).headers["location"] == "/sign-in"
    async with desk.aread(SYSTEM) as session:
        provider_id = await session.scalar(select(IdentityProvider.id)) or 0
    vault = vault_of(open_runtime.settings)
    await desk.arun(SYSTEM, change_provider, provider_id, {"ends_session": True}, vault=vault)
    await sign_in(web, stage, **claims)
    await web.get("/me/security")
    gone = there(await web.post("/sign-out"))
    assert gone.pop("state")
    assert gone.pop("id_token_hint")
    assert gone == {
        "url": f"{stage.issuer}/end",
        "client_id": CLIENT_ID,
        "post_logout_redirect_uri": "http://desk.example/sign-in",
    }
    assert await who(web) == ""
    # Where the provider cannot be asked, one is out here all the same.
    await sign_in(web, stage, **claims)
    await web.get("/me/security")
    web.app.state.parts.book._known.clear()
    stage.replies["/.well-known/openid-configuration"] = lambda: (500, {}, b"")
    assert (await web.post("/sign-out")).headers["location"] == "/sign-in"
    assert await who(web) == ""
