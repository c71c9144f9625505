"""What somebody signs in with is changed while they do (TRUST.md T28, T96): no session outlives the change.

The change is made and not committed yet when the form is sent: the form must wait for it, or come before it as a whole.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, TypeVar

import pyotp
import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from ombud import clock
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.errors import Conflict
from ombud.kit.otp import new_totp_secret
from ombud.kit.passwords import needs_rehash, verify_password
from ombud.kit.tokens import digest
from ombud.kit.vault import KEY_BYTES, Key, Vault
from ombud.mail.outgoing.accounts import write_requested
from ombud.models import (
    AccountToken,
    ApiToken,
    Identity,
    IdentityProvider,
    LinkPurpose,
    Mailbox,
    Passkey,
    TotpFactor,
    User,
    WebSession,
)
from ombud.people.accounts import ByProvider, Proof, create_token, rehash_password
from ombud.people.actions import deactivate_user, end_other_sessions, reactivate_user, set_password
from ombud.people.door import Door
from ombud.people.factors import (
    ProofOver,
    begin_second_step,
    begin_totp,
    confirm_totp,
    end_step,
    remove_passkey,
    sign_in,
)
from ombud.people.factors.actions import lock_account
from ombud.people.letters import invite, issue_link, revoke_invitation
from ombud.people.openid import ProviderChanges, change_provider, cut_off
from ombud.people.queries import credentials
from ombud.runtime import Runtime
from ombud.testing import Cast, Persona
from tests.waiting import WAITING_HERE
from tests.web.hosting import Browser
from tests.web.test_factors import first_step, later, set_up_app

pytestmark = pytest.mark.asyncio
SYSTEM = Actor.system("test")
T = TypeVar("T")
OTHER_HASH = "$argon2id$another"


@asynccontextmanager
async def meanwhile(
    desk: Desk,
    actor: Actor,
    change: Callable[[Session], object],
    form: Coroutine[Any, Any, T],
    *,
    then: Callable[[Session], object] | None = None,
) -> AsyncIterator[T]:
    """Send a form while a change is made; yields its answer, which comes when the change is committed, or before.

    With `then` the change goes on once the form waits for it.
    """
    async with desk.abegin(actor) as session:
        await session.run_sync(change)
        sent = asyncio.ensure_future(form)
        while not (sent.done() or await _waits(desk)):  # noqa: ASYNC110 -- the database knows who waits
            await asyncio.sleep(0)
        if then is not None:
            await session.run_sync(then)
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
    known = proof.password_hash or ""
    assert await desk.arun(own, rehash_password, who.id, "$argon2id$rehashed", known=known)
    for gone in (proof, replace(proof, is_whole=True)):
        with pytest.raises(ProofOver):
            await desk.arun(own, sign_in, gone)
    assert await desk.arun(own, sign_in, Proof(who.id))
    await desk.arun(cast.admin.in_new_request(), deactivate_user, who.id)
    with pytest.raises(ProofOver):
        await desk.arun(own, sign_in, Proof(who.id))
    await desk.arun(cast.admin.in_new_request(), reactivate_user, who.id)
    assert await _sessions(desk, who.id) == 0, "coming back revives nothing"


async def test_an_older_hash_brings_no_old_password_back(cast: Cast, desk: Desk) -> None:
    """Whoever signs in is hashed again; a password that was set meanwhile stays set."""
    who = cast.customer
    old = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(who.password)
    admin = cast.admin.in_new_request
    await desk.arun(admin(), set_password, who.id, old)

    def made(session: Session) -> None:
        set_password(session, who.id, OTHER_HASH)

    check = Door().check(desk, who.email, who.password, "192.0.2.1")
    async with meanwhile(desk, admin(), made, check) as proof:
        assert proof is not None
    assert await _hash_of(desk, who) == OTHER_HASH
    with pytest.raises(ProofOver):
        await desk.arun(Actor.customer(who.id), sign_in, proof)
    await desk.arun(admin(), set_password, who.id, old)
    assert await Door().check(desk, who.email, who.password, "192.0.2.1") is not None
    assert verify_password(await _hash_of(desk, who), who.password)
    assert not needs_rehash(await _hash_of(desk, who)), "where nothing comes between"


async def test_a_link_that_signs_in_ends_with_the_password(runtime: Runtime, cast: Cast, desk: Desk) -> None:
    """It is used and the session begun in two transactions; a change may come before the second."""
    who = cast.customer
    settings = runtime.settings.model_copy(update={"sign_in_links": True})
    web = Browser(replace(runtime, settings=settings))
    async with web.client:
        secret = await desk.arun(SYSTEM, issue_link, who.id, LinkPurpose.SIGN_IN, who.email)
        await web.get(f"/link/{secret}")
        await web.get("/link")
        async with meanwhile(
            desk,
            cast.admin.in_new_request(),
            lambda session: lock_account(session, who.id),
            web.post("/link"),
            then=lambda session: set_password(session, who.id, OTHER_HASH),
        ) as answer:
            assert answer.status_code == 410
    assert await _sessions(desk, who.id) == 0


async def test_a_providers_word_opens_nothing_once_it_is_switched_off(cast: Cast, desk: Desk) -> None:
    """Neither does it for a half-done sign-in that began with it, nor where it is no more for people like these."""
    who, own, vault = cast.agent, Actor.customer(cast.agent.id), Vault([Key("k", b"k" * KEY_BYTES)])
    async with desk.abegin(SYSTEM) as session:
        provider = IdentityProvider(
            slug="there", label="There", issuer="https://id.example", client_id="desk"
        )
        session.add(provider)
        await session.flush()
        link = Identity(user_id=who.id, provider_id=provider.id, issuer="https://id.example", subject="s")
        session.add(link)
    by = Proof(who.id, by=ByProvider(link.id), is_whole=True)

    async def changed(**given: Any) -> list[int]:
        changes: ProviderChanges = given  # type: ignore[assignment]  # fields of it
        _provider, ended = await desk.arun(SYSTEM, change_provider, provider.id, changes, vault=vault)
        return list(ended)

    off: list[dict[str, bool]] = [{"is_active": False}, {"for_staff": False}]
    for change in off:
        secret = await desk.arun(SYSTEM, begin_second_step, by)
        assert await desk.arun(own, sign_in, by)
        assert len(await changed(**change)) == 1, "who came by it is out"
        assert await _sessions(desk, who.id) == 0
        half = await desk.arun(SYSTEM, end_step, who.id, digest(secret))
        assert half is not None
        for proof in (by, half):
            with pytest.raises(ProofOver):
                await desk.arun(own, sign_in, proof)
        await changed(**dict.fromkeys(change, True))
    assert await desk.arun(own, sign_in, by), "as soon as it is on again"
    assert await changed(for_customers=False) == [], "who is staff stays"
    await desk.arun(cast.admin.in_new_request(), cut_off, who.id, link.id)
    with pytest.raises(ProofOver):
        await desk.arun(own, sign_in, by)


async def test_a_token_that_is_made_meanwhile_goes_with_its_owner(cast: Cast, desk: Desk) -> None:
    """Revoked with the others: coming back must revive none of them."""
    who, made = cast.agent, list[int]()

    def make(session: Session) -> None:
        made.append(create_token(session, who.id, "Script")[1].id)

    letting_go = desk.arun(cast.admin.in_new_request(), deactivate_user, who.id)
    async with meanwhile(desk, SYSTEM, make, letting_go) as gone:
        assert gone.is_active is False
    async with desk.aread(SYSTEM, fresh=True) as session:
        assert (await session.get_one(ApiToken, made[0])).revoked_at is not None


@pytest.mark.parametrize("ended_by", ["sign-in", "administrator"])
async def test_an_invitation_that_is_just_written_ends_with_the_others(
    cast: Cast, desk: Desk, ended_by: str
) -> None:
    """What writes the letter has taken the request, and nobody sees its link yet."""
    who, vault = cast.customer, Vault([Key("k", b"k" * KEY_BYTES)])
    mailbox = Mailbox(name="Desk", address="desk@ombud.example", smtp_host="smtp.example")
    async with desk.abegin(SYSTEM) as session:
        session.add(mailbox)
        await session.execute(update(User).where(User.id == who.id).values(last_login=None))
    await desk.arun(cast.admin.in_new_request(), invite, who.id)

    def written(session: Session) -> None:
        assert write_requested(session, vault, "https://desk.example") == 1
        assert session.scalars(select(AccountToken.user_id)).all() == [who.id]

    if ended_by == "sign-in":
        end = desk.arun(Actor.customer(who.id), sign_in, Proof(who.id))
    else:
        end = desk.arun(cast.admin.in_new_request(), revoke_invitation, who.id)
    async with meanwhile(desk, SYSTEM, written, end):
        pass
    async with desk.aread(SYSTEM, fresh=True) as session:
        assert (await session.scalars(select(AccountToken.purpose))).all() == []


async def test_nobody_is_invited_who_signs_in_at_that_moment(cast: Cast, desk: Desk) -> None:
    who = cast.customer
    async with desk.abegin(SYSTEM) as session:
        await session.execute(update(User).where(User.id == who.id).values(last_login=None))

    def made(session: Session) -> None:
        sign_in(session, Proof(who.id))

    inviting = desk.arun(cast.agent.in_new_request(), invite, who.id)
    with pytest.raises(Conflict, match="signed in already"):
        async with meanwhile(desk, Actor.customer(who.id), made, inviting):
            pass


async def test_an_app_that_is_begun_twice_at_once_is_the_later_one(cast: Cast, desk: Desk) -> None:
    who, own, vault = cast.agent, Actor.customer(cast.agent.id), Vault([Key("k", b"k" * KEY_BYTES)])
    first: list[str] = []

    def made(session: Session) -> None:
        first.append(begin_totp(session, vault=vault))

    async with meanwhile(desk, own, made, desk.arun(own, begin_totp, vault=vault)) as second:
        assert second not in first
    async with desk.aread(SYSTEM, fresh=True) as session:
        (sealed,) = (await session.scalars(select(TotpFactor.secret))).all()
    assert vault.open(sealed, ("totp_factors", "secret", who.id)) == second


async def _hash_of(desk: Desk, who: Persona) -> str:
    async with desk.aread(SYSTEM, fresh=True) as session:
        return str((await session.execute(credentials(who.email))).one().password_hash)
