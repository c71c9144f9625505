"""Signing out at a provider, too, and being signed out by one (RP-initiated and back-channel logout; T28)."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import func, select

from ombud import clock
from ombud.cli.keys import RESEAL
from ombud.db.desk import Desk
from ombud.db.open import data_dir
from ombud.db.statements import counted
from ombud.kit.vault import add_key, open_vault
from ombud.models import IdentityProvider, LogoutToken, SignInStep, WebSession
from ombud.people.openid import change_provider, count_stale, drop_expired_flows
from ombud.runtime import Runtime
from ombud.testing import Cast
from ombud.worker.intake import vault_of
from tests.openid.stage import Stage, by_another_key, by_public_key, unsigned
from tests.web.hosting import Browser
from tests.web.openid.going import SYSTEM, connect, depart, sign_in, there, who
from tests.web.test_factors import set_up_app

pytestmark = pytest.mark.asyncio

NEW: dict[str, Any] = {"email": "new@example.net", "email_verified": True}
EVENT = "http://schemas.openid.net/event/backchannel-logout"
HERE = "/sign-in/with/stage/logout"


@pytest_asyncio.fixture
async def other(web: Browser, open_runtime: Runtime) -> AsyncIterator[Browser]:
    """Another browser at the door of the same desk."""
    browser = Browser(open_runtime)
    async with browser.client:
        yield browser


async def told(web: Browser, token: str) -> httpx.Response:
    """Come as a provider's server does: without cookies, origin, or a form of the desk."""
    transport = httpx.ASGITransport(web.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://desk.example") as server:
        answer = await server.post(HERE, data={"logout_token": token})
    assert answer.headers["cache-control"] == "no-store"
    return answer


async def test_a_provider_ends_the_session_that_it_names_or_all_of_a_person(
    web: Browser, other: Browser, stage: Stage, desk: Desk
) -> None:
    await sign_in(web, stage, sid="one", **NEW)
    await sign_in(other, stage, sid="two", **NEW)
    assert (await told(web, stage.logout(sid="three"))).status_code == 200
    assert (await told(web, stage.logout(sub="subject-2", sid="one"))).status_code == 200, "of somebody else"
    assert await who(web) == await who(other) == "new@example.net"
    with counted() as log:
        ended = await told(web, stage.logout(sub="subject-1", sid="one"))
    assert (ended.status_code, ended.content) == (200, b"")
    assert len(log.statements) <= 7, log.statements
    assert await who(web) == ""
    assert await who(other) == "new@example.net"
    await told(web, stage.logout(sid="two"))
    assert await who(other) == ""
    for browser, claims in ((web, {"sid": "four"}), (other, {})):
        await sign_in(browser, stage, **NEW, **claims)
    await told(web, stage.logout(sid="five", sub="subject-1"))
    assert await who(other) == "", "a session whose name the provider never said may be the one"
    assert await who(web) == "new@example.net"
    await sign_in(other, stage, sid="six", **NEW)
    await told(web, stage.logout(sub="subject-1"))
    assert await who(web) == await who(other) == ""


async def test_what_stands_by_itself_is_not_the_providers_to_end(
    web: Browser, other: Browser, stage: Stage, cast: Cast, desk: Desk
) -> None:
    """A password's session goes on, though its account is connected; a half-done sign-in does not."""
    await web.sign_in(cast.agent)
    await set_up_app(web)
    await connect(web, stage)
    await sign_in(other, stage, sid="half")
    assert (await other.get("/sign-in/code")).status_code == 200
    await told(web, stage.logout(sid="half"))
    assert (await other.get("/sign-in/code")).status_code == 303, "begin again"
    await told(web, stage.logout(sub="subject-1"))
    assert await who(web) == cast.agent.email
    async with desk.aread(SYSTEM, fresh=True) as session:
        assert await session.scalar(select(func.count()).select_from(SignInStep)) == 0


async def test_a_word_that_proves_nothing_ends_nothing(web: Browser, stage: Stage, desk: Desk) -> None:
    await sign_in(web, stage, sid="one", **NEW)
    id_token = stage.token_text(stage.header, {**stage_claims(stage), "nonce": "n"})
    now = int(time.time())
    wrong: dict[str, dict[str, Any]] = {
        "of another issuer": {"iss": "https://id.example"},
        "without an issuer": {"iss": None},
        "for another client": {"aud": "another"},
        "for part of a name": {"aud": "de"},
        "for nobody": {"aud": None},
        "too old": {"iat": now - 700},
        "of tomorrow": {"iat": now + 90_000},
        "without a time": {"iat": None},
        "over": {"exp": now - 61},
        "without an end": {"exp": None},
        "without an event": {"events": None},
        "of another event": {"events": {"http://schemas.openid.net/event/other": {}}},
        "of an event in a list": {"events": [EVENT]},
        "of an event that says true": {"events": {EVENT: True}},
        "with a nonce": {"nonce": "n"},
        "without a name": {"jti": None},
        "with a number for a name": {"jti": 7},
        "of nothing": {"sub": None, "sid": None},
        "of a list": {"sub": ["subject-1"]},
        "of nobody": {"sub": ""},
        "of no session": {"sid": ""},
    }
    for name, claims in wrong.items():
        refused = await told(web, stage.logout(**{"sub": "subject-1", "sid": "one", **claims}))
        assert (refused.status_code, refused.json()) == (400, {"error": "invalid_request"}), name
    good = stage.logout(sid="one")
    for token in ("", "x", "x.y.z", good[:-8] + "AAAAAAAA", "a" * 20_000, id_token):
        assert (await told(web, token)).status_code == 400, token[:40]
    for sign in (unsigned, by_public_key(stage), by_another_key(stage)):
        stage.sign = sign
        assert (await told(web, stage.logout(sub="subject-1"))).status_code == 400
    stage.sign, stage.header["typ"] = None, "at+jwt"
    assert (await told(web, stage.logout(sub="subject-1"))).status_code == 400, "a token for something else"
    del stage.header["typ"]
    assert (
        await web.client.post("/sign-in/with/nobody/logout", data={"logout_token": good})
    ).status_code == 400
    from_a_page = await web.client.post(
        HERE, data={"logout_token": good}, headers={"Origin": "https://evil.example"}
    )
    assert from_a_page.status_code == 403
    assert await who(web) == "new@example.net"


def stage_claims(stage: Stage) -> dict[str, Any]:
    """Return what an ID token says."""
    now = int(time.time())
    return {"iss": stage.issuer, "sub": "subject-1", "aud": "desk", "iat": now, "exp": now + 60}


async def test_a_word_counts_once(web: Browser, stage: Stage, desk: Desk) -> None:
    await sign_in(web, stage, sid="one", **NEW)
    stage.header["typ"] = "logout+jwt"
    token = stage.logout(sub="subject-1", aud=["another", "desk"], exp=int(time.time()) - 30)
    assert (await told(web, token)).status_code == 200, "a clock may differ a little"
    assert await who(web) == ""
    await sign_in(web, stage, sid="two", **NEW)
    assert (await told(web, token)).status_code == 400
    assert await who(web) == "new@example.net"
    async with desk.aread(SYSTEM, fresh=True) as session:
        assert await session.scalar(select(func.count()).select_from(LogoutToken)) == 1
    assert await desk.arun(SYSTEM, drop_expired_flows) == 0
    with clock.frozen(clock.now() + timedelta(minutes=13)):
        assert await desk.arun(SYSTEM, drop_expired_flows) == 1


async def test_signing_out_takes_the_token_along_and_its_state_comes_back(
    web: Browser, other: Browser, open_runtime: Runtime, stage: Stage, desk: Desk
) -> None:
    stage.metadata["end_session_endpoint"] = f"{stage.issuer}/end"
    async with desk.aread(SYSTEM) as session:
        provider_id = await session.scalar(select(IdentityProvider.id)) or 0
    vault = vault_of(open_runtime.settings)
    await sign_in(other, stage, **NEW)
    async with desk.aread(SYSTEM, fresh=True) as session:
        assert (await session.scalars(select(WebSession.id_token))).all() == [None], "kept only to be used"
    await desk.arun(SYSTEM, change_provider, provider_id, {"ends_session": True}, vault=vault)
    await sign_in(web, stage, sid="one", **NEW)
    async with desk.aread(SYSTEM, fresh=True) as session:
        [kept] = await session.scalars(select(WebSession.id_token).where(WebSession.id_token.is_not(None)))
    assert kept is not None
    assert b"eyJ" not in kept
    # Another key of the ring seals it anew, and it still opens.
    folder = data_dir(open_runtime.settings) / "keys"
    add_key(folder)
    fresh = open_vault(folder)
    assert await desk.arun(SYSTEM, count_stale, fresh) >= 1
    for reseal in RESEAL:
        await desk.arun(SYSTEM, reseal, fresh)
    assert await desk.arun(SYSTEM, count_stale, fresh) == 0
    await web.get("/me/security")
    gone = there(await web.post("/sign-out"))
    state, hint = gone.pop("state"), gone.pop("id_token_hint")
    assert gone == {
        "url": f"{stage.issuer}/end",
        "client_id": "desk",
        "post_logout_redirect_uri": "http://desk.example/sign-in",
    }
    assert hint.count(".") == 2
    cookie = next(one for one in web.client.cookies.jar if one.name == "ombud_farewell")
    assert cookie.has_nonstandard_attr("HttpOnly")
    said = "You are signed out, here and at the provider."
    assert said not in (await other.get(f"/sign-in?state={state}")).text
    assert said not in (await web.get("/sign-in?state=another")).text
    assert said in (await web.get(f"/sign-in?state={state}")).text
    assert said not in (await web.get(f"/sign-in?state={state}")).text, "once"


async def test_a_token_that_is_too_long_for_an_address_is_not_kept(
    web: Browser, open_runtime: Runtime, stage: Stage, desk: Desk
) -> None:
    async with desk.aread(SYSTEM) as session:
        provider_id = await session.scalar(select(IdentityProvider.id)) or 0
    vault = vault_of(open_runtime.settings)
    await desk.arun(SYSTEM, change_provider, provider_id, {"ends_session": True}, vault=vault)
    request = await depart(web)
    code = stage.grant(request, groups=["x" * 100] * 60, **NEW)
    answer = {"state": request["state"], "code": code, "iss": stage.issuer}
    assert (await web.get("/sign-in/with/stage/return", params=answer)).status_code == 303
    async with desk.aread(SYSTEM, fresh=True) as session:
        assert (await session.scalars(select(WebSession.id_token))).all() == [None]
