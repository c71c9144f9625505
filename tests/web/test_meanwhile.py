"""What somebody signs in with is changed while they do (TRUST.md T28, T96): no session outlives the change.

The change is made and not committed yet when the form is sent: the form must wait for it, or come before it as a whole.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pyotp
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ombud import clock
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.kit.otp import new_totp_secret
from ombud.models import Passkey, TotpFactor, WebSession
from ombud.people.accounts import Proof
from ombud.people.actions import (
    deactivate_user,
    end_other_sessions,
    reactivate_user,
    rehash_password,
    set_password,
)
from ombud.people.door import Door
from ombud.people.factors import ProofOver, confirm_totp, remove_passkey, sign_in
from ombud.testing import Cast
from tests.waiting import WAITING_HERE
from tests.web.hosting import Browser
from tests.web.test_factors import first_step, later, set_up_app

pytestmark = pytest.mark.asyncio
SYSTEM = Actor.system("test")
OTHER_HASH = "$argon2id$another"


@asynccontextmanager
async def meanwhile(
    desk: Desk, actor: Actor, change: Callable[[Session], object], form: Coroutine[Any, Any, httpx.Response]
) -> AsyncIterator[httpx.Response]:
    """Send a form while a change is made; yields its answer, which comes when the change is committed, or before."""
    async with desk.abegin(actor) as session:
        await session.run_sync(change)
        sent = asyncio.ensure_future(form)
        while not (sent.done() or await _waits(desk)):  # noqa: ASYNC110 -- the database knows who waits
            await asyncio.sleep(0)
    yield await sent


async def _waits(desk: Desk) -> bool:
    """Tell whether anybody waits for what somebody else holds."""
    async with desk.aread(SYSTEM, fresh=True) as session:
        return bool(await session.scalar(WAITING_HERE))


async def _sessions(desk: Desk, user_id: int) -> int:
    async with desk.aread(SYSTEM, fresh=True) as session:
        found = await session.scalar(
            select(func.count()).select_from(WebSession).where(WebSession.user_id == user_id)
        )
    return found or 0


def _old(cast: Cast) -> dict[str, str]:
    return {"email": cast.agent.email, "password": cast.agent.password}


@pytest.mark.parametrize("change", ["password", "deactivation"])
async def test_the_old_password_opens_nothing(web: Browser, cast: Cast, desk: Desk, change: str) -> None:
    def made(session: Session) -> None:
        if change == "password":
            set_password(session, cast.agent.id, OTHER_HASH)
        else:
            deactivate_user(session, cast.agent.id)

    await web.get("/sign-in")
    async with meanwhile(desk, cast.admin.in_new_request(), made, web.post("/sign-in", _old(cast))) as answer:
        assert answer.headers.get("location", "/sign-in").startswith("/sign-in")
    assert "ombud_session" not in web.client.cookies
    assert await _sessions(desk, cast.agent.id) == 0


async def test_who_sets_an_app_up_leaves_no_session_without_it(web: Browser, cast: Cast, desk: Desk) -> None:
    own = Actor.customer(cast.agent.id)
    app = pyotp.TOTP(new_totp_secret())
    async with desk.abegin(SYSTEM) as session:
        session.add(TotpFactor(user_id=cast.agent.id, secret=b"sealed"))

    def made(session: Session) -> None:
        confirm_totp(session, app.secret, app.at(clock.now()))
        end_other_sessions(session, cast.agent.id)

    await web.get("/sign-in")
    async with meanwhile(desk, own, made, web.post("/sign-in", _old(cast))) as answer:
        assert answer.headers["location"] == "/sign-in/code?next=%2F"
    assert await _sessions(desk, cast.agent.id) == 0


async def test_half_a_sign_in_ends_with_the_password(web: Browser, cast: Cast, desk: Desk) -> None:
    await web.sign_in(cast.agent)
    app, _codes = await set_up_app(web)
    await first_step(web, cast.agent)

    def made(session: Session) -> None:
        set_password(session, cast.agent.id, OTHER_HASH)

    form = web.post("/sign-in/code", {"code": await later(app)})
    async with meanwhile(desk, cast.admin.in_new_request(), made, form) as answer:
        assert answer.headers["location"].startswith("/sign-in?")
    assert await _sessions(desk, cast.agent.id) == 0


async def test_what_held_when_it_was_compared_must_hold_when_the_session_begins(
    cast: Cast, desk: Desk
) -> None:
    """A password, a passkey, an account: each may go between the two transactions."""
    who, own = cast.customer, Actor.customer(cast.customer.id)
    proof = await Door().check(desk, who.email, who.password, "192.0.2.1")
    assert proof is not None
    async with desk.abegin(SYSTEM) as session:
        key = Passkey(user_id=who.id, name="Key", credential_id=b"c", public_key=b"k")
        session.add(key)
    by_key = Proof(who.id, passkey_id=key.id, is_whole=True)
    assert await desk.arun(own, sign_in, by_key)
    assert await desk.arun(own, sign_in, proof) is None, "a passkey is a second factor"
    await desk.arun(own, remove_passkey, key.id)
    assert await desk.arun(own, sign_in, proof)
    with pytest.raises(ProofOver):
        await desk.arun(own, sign_in, by_key)
    await desk.arun(own, rehash_password, who.id, "$argon2id$rehashed")
    for gone in (proof, replace(proof, is_whole=True)):
        with pytest.raises(ProofOver):
            await desk.arun(own, sign_in, gone)
    assert await desk.arun(own, sign_in, Proof(who.id))
    await desk.arun(cast.admin.in_new_request(), deactivate_user, who.id)
    with pytest.raises(ProofOver):
        await desk.arun(own, sign_in, Proof(who.id))
    await desk.arun(cast.admin.in_new_request(), reactivate_user, who.id)
    assert await _sessions(desk, who.id) == 0, "coming back revives nothing"
