"""Second factors on the pages: setting up, the second step of signing in, what ends, what is asked of staff."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import func, select, text, update

from ombud import clock
from ombud.config import Settings
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.models import (
    AccountNotice,
    Identity,
    IdentityProvider,
    LoginAttempt,
    NoticeKind,
    SignInStep,
    TotpFactor,
    WebSession,
)
from ombud.people.actions import set_password
from ombud.people.factors import reset_factors
from ombud.people.throttle import CODES
from ombud.runtime import Runtime
from ombud.testing import Cast, Persona
from tests.web.hosting import Browser
from tests.web.test_accounts import grow_old

pytestmark = pytest.mark.asyncio

SYSTEM = Actor.system("test")
_SECRET = re.compile(r'<code class="secret">([A-Z2-7 ]+)</code>')
_CODE = re.compile(r"<code>((?:[a-z2-9]{5}-){3}[a-z2-9]{5})</code>")


async def set_up_app(web: Browser) -> tuple[pyotp.TOTP, list[str]]:
    """Set an authenticator app up on the security page; returns it, and the recovery codes."""
    await web.get("/me/security")
    shown = await web.post("/me/app")
    assert shown.status_code == 200, shown.text
    found = _SECRET.search(shown.text)
    assert found is not None
    app = pyotp.TOTP(found[1].replace(" ", ""))
    done = await web.post("/me/app/confirmation", {"code": app.at(clock.now())})
    assert done.status_code == 200, done.text
    await web.get("/me/security")
    return app, _CODE.findall(done.text)


async def first_step(web: Browser, who: Persona) -> None:
    """Type the right password, and land before the second step."""
    web.client.cookies.clear()
    await web.get("/sign-in")
    answer = await web.post("/sign-in", {"email": who.email, "password": who.password})
    assert answer.headers["location"] == "/sign-in/code?next=%2F"
    await web.get("/sign-in/code")


async def later(app: pyotp.TOTP, steps: int = 1) -> str:
    """Return a code of a half minute that is still taken, and that was not used yet."""
    return app.at(clock.now() + timedelta(seconds=30 * steps))


async def test_an_app_counts_once_it_is_confirmed(web: Browser, cast: Cast, desk: Desk) -> None:
    await web.sign_in(cast.agent)
    await web.get("/me/security")
    shown = await web.post("/me/app")
    assert shown.headers["cache-control"] == "no-store"
    assert "data:image/svg+xml" in shown.text
    wrong = await web.post("/me/app/confirmation", {"code": "12345"})
    assert wrong.status_code == 422
    assert "This code is not the one that the app shows now." in wrong.text
    assert _SECRET.findall(wrong.text) == _SECRET.findall(shown.text), (
        "the same secret: it was scanned already"
    )
    other = Browser(web.app.state.parts.runtime)
    async with other.client:
        await other.sign_in(cast.agent)  # nothing counts yet: the password is enough
    _app, codes = await set_up_app(web)
    assert len(set(codes)) == 10
    page = await web.get("/me/security")
    assert "10 of 10 left" in page.text
    assert "An authenticator app was set up." in page.text
    assert not any(code in page.text for code in codes)
    assert (await web.post("/me/app")).status_code == 409, "another app takes no place unasked"


async def test_a_change_of_factors_ends_other_sessions_and_renews_this_one(
    web: Browser, runtime: Runtime, cast: Cast
) -> None:
    other = Browser(runtime)
    async with other.client:
        await other.sign_in(cast.agent)
        await web.sign_in(cast.agent)
        before = web.client.cookies.get("ombud_session")
        await set_up_app(web)
        assert web.client.cookies.get("ombud_session") != before
        assert (await web.get("/tickets")).status_code == 200
        assert (await other.get("/tickets")).headers["location"].startswith("/sign-in")


async def test_a_password_is_half_a_sign_in_and_opens_nothing(web: Browser, cast: Cast, desk: Desk) -> None:
    await web.sign_in(cast.agent)
    app, _codes = await set_up_app(web)
    await first_step(web, cast.agent)
    assert "ombud_session" not in web.client.cookies
    step = web.client.cookies["ombud_step"]
    for path in ("/", "/tickets", "/me/security", "/live"):
        assert (await web.get(path)).status_code in (303, 401), path
    web.client.cookies.set("ombud_session", step, domain="desk.example")
    assert (await web.get("/tickets")).status_code == 303, "the step's secret is no session"
    web.client.cookies.delete("ombud_session", domain="desk.example")
    await web.get("/sign-in/code")
    wrong = await web.post("/sign-in/code", {"code": "000000" if app.now() != "000000" else "000001"})
    assert wrong.status_code == 422
    assert "That code is not right" in wrong.text
    done = await web.post("/sign-in/code", {"code": await later(app), "next": "/tickets?view=all"})
    assert done.headers["location"] == "/tickets?view=all"
    assert web.client.cookies["ombud_session"] != step
    assert "ombud_step" not in web.client.cookies
    async with desk.aread(SYSTEM) as session:
        assert await session.scalar(select(func.count()).select_from(SignInStep)) == 0


async def test_a_half_minutes_code_is_taken_once(web: Browser, runtime: Runtime, cast: Cast) -> None:
    await web.sign_in(cast.agent)
    app, _codes = await set_up_app(web)
    code = await later(app)
    doors = [Browser(runtime) for _ in range(4)]
    for one in doors:
        await first_step(one, cast.agent)
    answers = await asyncio.gather(*(one.post("/sign-in/code", {"code": code}) for one in doors))
    assert sorted(answer.status_code for answer in answers) == [303, 422, 422, 422]
    # Neither is one of an earlier half minute, once a later one was taken.
    await first_step(web, cast.agent)
    assert (await web.post("/sign-in/code", {"code": app.at(clock.now())})).status_code == 422
    for one in doors:
        await one.client.aclose()


async def test_a_recovery_code_opens_once(web: Browser, runtime: Runtime, cast: Cast, desk: Desk) -> None:
    await web.sign_in(cast.agent)
    _app, codes = await set_up_app(web)
    doors = [Browser(runtime) for _ in range(4)]
    for one in doors:
        await first_step(one, cast.agent)
    spoken = codes[3].upper().replace("-", " ")
    answers = await asyncio.gather(*(one.post("/sign-in/code", {"code": spoken}) for one in doors))
    assert sorted(answer.status_code for answer in answers) == [303, 422, 422, 422]
    winner = doors[[answer.status_code for answer in answers].index(303)]
    page = await winner.get("/me/security")
    assert "9 of 10 left" in page.text
    assert "with a recovery code" in page.text
    fresh = await winner.post("/me/recovery-codes")
    assert not set(_CODE.findall(fresh.text)) & set(codes)
    await first_step(web, cast.agent)
    assert (await web.post("/sign-in/code", {"code": codes[0]})).status_code == 422, "the old ones are void"
    for one in doors:
        await one.client.aclose()


async def test_of_many_wrong_codes_at_once_few_are_looked_at(web: Browser, cast: Cast, desk: Desk) -> None:
    """A hundred tries at once cannot reach more than the account's turns."""
    await web.sign_in(cast.agent)
    _app, codes = await set_up_app(web)
    await first_step(web, cast.agent)
    wrong = "aaaaa-aaaaa-aaaaa-aaaaa"
    answers = await asyncio.gather(*(web.post("/sign-in/code", {"code": wrong}) for _ in range(100)))
    looked_at = [answer for answer in answers if answer.status_code == 422]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert len(looked_at) + len(refused) == 100
    assert 1 <= len(looked_at) <= CODES.both.burst + 2, "a turn comes back a minute; the machine may be slow"
    assert all(int(answer.headers["retry-after"]) > 0 for answer in refused)
    # Then a right one is not looked at either, and is not used up by that.
    assert (await web.post("/sign-in/code", {"code": codes[0]})).status_code == 429
    async with desk.abegin(SYSTEM) as session:
        await session.execute(text("SET LOCAL ROLE ombud_owner"))
        await session.execute(update(LoginAttempt).values(free_at=func.now()))
    assert (await web.post("/sign-in/code", {"code": codes[0]})).status_code == 303


async def test_what_is_stored_opens_nothing(web: Browser, cast: Cast, desk: Desk) -> None:
    """T26: hashes and sealed secrets, read out of the database, are no credentials."""
    await web.sign_in(cast.agent)
    await set_up_app(web)
    await first_step(web, cast.agent)
    async with desk.aread(SYSTEM) as session:
        stored = [
            *(
                await session.scalars(
                    text("SELECT encode(code_hash, 'hex') FROM ombud.recovery_codes LIMIT 1")
                )
            ),
            *(await session.scalars(text("SELECT convert_from(secret, 'UTF8') FROM ombud.totp_factors"))),
        ]
        step = (
            await session.scalars(text("SELECT encode(token_hash, 'hex') FROM ombud.sign_in_steps"))
        ).one()
    assert len(stored) == 2
    for one in stored:
        assert (await web.post("/sign-in/code", {"code": one})).status_code == 422
    web.client.cookies.set("ombud_step", step, domain="desk.example")
    assert (await web.get("/sign-in/code")).headers["location"].startswith("/sign-in?")


async def test_a_half_sign_in_ends_with_the_password_and_with_time(
    web: Browser, cast: Cast, desk: Desk
) -> None:
    await web.sign_in(cast.agent)
    app, _codes = await set_up_app(web)
    await first_step(web, cast.agent)
    async with desk.abegin(SYSTEM) as session:
        await session.execute(text("SET LOCAL ROLE ombud_owner"))
        await session.execute(update(SignInStep).values(expires_at=func.now() - timedelta(seconds=1)))
    assert (await web.get("/sign-in/code")).headers["location"].startswith("/sign-in?")
    await first_step(web, cast.agent)
    await desk.arun(cast.admin.in_new_request(), set_password, cast.agent.id, "$argon2id$another")
    answer = await web.post("/sign-in/code", {"code": await later(app)})
    assert answer.headers["location"].startswith("/sign-in?")


async def test_changes_want_a_fresh_proof_and_take_a_code_for_one(
    web: Browser, cast: Cast, desk: Desk
) -> None:
    await web.sign_in(cast.agent)
    app, codes = await set_up_app(web)
    await grow_old(desk)
    await web.get("/me/security")
    here = {"Referer": "http://desk.example/me/security"}
    for path in (
        "/me/app", "/me/app/confirmation", "/me/app/removal", "/me/recovery-codes", "/me/passkeys",
        "/me/passkeys/options", "/me/passkeys/1/removal",
    ):  # fmt: skip
        asked = await web.post(path, {"name": "x"}, headers=here)
        assert asked.headers["location"] == "/me/confirmation?next=%2Fme%2Fsecurity", path
    page = await web.get("/me/confirmation")
    assert "a code of your authenticator app" in page.text
    before = web.client.cookies["ombud_session"]
    assert (await web.post("/me/confirmation", {"code": "zzz"})).status_code == 422
    done = await web.post("/me/confirmation", {"code": await later(app), "next": "/me/security"})
    assert done.headers["location"] == "/me/security"
    assert web.client.cookies["ombud_session"] != before
    await web.get("/me/security")
    assert (await web.post("/me/app/removal")).headers["location"] == "/me/security?changed=yes"
    page = await web.get("/me/security")
    assert "was removed" in page.text
    assert "Recovery codes" not in page.text
    async with desk.aread(SYSTEM) as session:
        assert await session.scalar(text("SELECT count(*) FROM ombud.recovery_codes")) == 0
    assert codes


async def test_staff_without_a_factor_are_led_to_set_one_up(
    runtime: Runtime, settings: Settings, cast: Cast, built: None
) -> None:
    strict = replace(runtime, settings=settings.model_copy(update={"staff_second_factor": True}))
    web = Browser(strict)
    async with web.client:
        await web.sign_in(cast.customer)
        assert (await web.get("/tickets")).status_code == 200, "customers are not meant"
        web.client.cookies.clear()
        await web.sign_in(cast.agent)
        for path in ("/", "/tickets", "/tickets/new", "/notifications"):
            assert (await web.get(path)).headers["location"] == "/me/security", path
        await web.get("/me/security")
        assert (await web.post("/me/tokens", {"name": "way round"})).headers["location"] == "/me/security"
        assert "Staff of this desk need" in (await web.get("/me/security")).text
        await set_up_app(web)
        assert (await web.get("/tickets")).status_code == 200
        assert "Staff of this desk need" not in (await web.get("/me/security")).text


async def test_an_administrator_takes_lost_factors_away(
    web: Browser, runtime: Runtime, cast: Cast, desk: Desk
) -> None:
    await web.sign_in(cast.agent)
    await set_up_app(web)
    async with desk.abegin(SYSTEM) as session:
        there = IdentityProvider(
            slug="there",
            label="Over there",
            issuer="https://id.example",
            client_id="desk",
            for_customers=False,
        )
        session.add(there)
        await session.flush()
        link = Identity(user_id=cast.agent.id, provider_id=there.id, issuer="https://id.example", subject="s")
        session.add(link)
    admin = Browser(runtime)
    async with admin.client:
        await admin.sign_in(cast.admin)
        person = f"/settings/people/{cast.agent.id}"
        assert "Over there" in (await admin.get(person)).text
        assert (await admin.post(f"{person}/identities/{link.id}/removal")).headers["location"] == person
        assert "Over there" not in (await admin.get(person)).text
        assert "Take their second factors away" in (await admin.get(person)).text
        done = await admin.post(f"{person}/factors/removal")
        assert done.headers["location"] == person
        assert "Take their second factors away" not in (await admin.get(person)).text
    assert (await web.get("/tickets")).headers["location"].startswith("/sign-in"), "signed out"
    web.client.cookies.clear()
    await web.sign_in(cast.agent)  # with the password alone
    said = (await web.get("/me/security")).text
    assert "An administrator took" in said
    assert "An administrator removed your connection with Over there" in said
    told = (await web.get("/notifications")).text
    assert "An administrator took" in told
    assert 'count">4<span class="sr-only"> unread' in told, "the bell counts them, and the new browser"
    await web.post("/notifications/reading")
    told = (await web.get("/notifications")).text
    assert "An administrator took" in told
    assert "(unread)" not in told
    async with desk.aread(SYSTEM) as session:
        resets = select(AccountNotice).where(AccountNotice.kind == NoticeKind.FACTORS_RESET)
        found = (await session.scalars(resets)).first()
        logged = await session.scalar(
            text(
                "SELECT count(*) FROM ombud.audit_logs"
                " WHERE table_name = 'totp_factors' AND action = 'DELETE' AND user_id = :u"
            ),
            {"u": cast.admin.id},
        )
    assert found is not None
    assert (found.kind, found.by_other) == (NoticeKind.FACTORS_RESET, True)
    assert logged == 1


async def test_nobody_but_administrators_resets(desk: Desk, cast: Cast) -> None:
    from ombud.errors import Forbidden

    for who in (cast.agent, cast.light_agent, cast.customer):
        with pytest.raises(Forbidden):
            await desk.arun(who.in_new_request(), reset_factors, cast.admin.id)


async def test_no_secret_is_told_anywhere(web: Browser, cast: Cast, desk: Desk) -> None:
    """T84: neither the app's secret nor a recovery code, in clear, as hash or sealed, is in log or pages."""
    await web.sign_in(cast.agent)
    app, codes = await set_up_app(web)
    async with desk.aread(SYSTEM) as session:
        log = (
            await session.scalars(text("SELECT changes::text || record_key::text FROM ombud.audit_logs"))
        ).all()
        sealed = (
            await session.scalars(text("SELECT convert_from(secret, 'UTF8') FROM ombud.totp_factors"))
        ).one()
        hashes = (
            await session.scalars(text("SELECT encode(code_hash, 'hex') FROM ombud.recovery_codes"))
        ).all()
        rows = (await session.scalars(text("SELECT (t.*)::text FROM ombud.totp_factors t"))).all()
    assert any("confirmed_at" in row for row in log)
    pages = [(await web.get(path)).text for path in ("/me/security", "/me/confirmation", "/tickets")]
    for word in (app.secret, sealed, *hashes, *codes):
        assert not any(word in row for row in log)
        assert not any(word in page for page in pages)
    assert not any(app.secret in row for row in rows), "sealed at rest"


async def test_factors_are_ones_own(desk: Desk, cast: Cast) -> None:
    """Row security: nobody sees another's, and an administrator makes none in another's name."""
    from sqlalchemy.exc import DBAPIError

    from ombud.errors import OmbudError

    async with desk.abegin(cast.agent.in_new_request()) as session:
        session.add(TotpFactor(user_id=cast.agent.id, secret=b"x"))
    async with desk.aread(cast.light_agent.in_new_request()) as session:
        assert await session.scalar(select(func.count()).select_from(TotpFactor)) == 0
    with pytest.raises((OmbudError, DBAPIError)):
        async with desk.abegin(cast.admin.in_new_request()) as session:
            session.add(TotpFactor(user_id=cast.customer.id, secret=b"x"))
    with pytest.raises((OmbudError, DBAPIError)):
        async with desk.aread(cast.agent.in_new_request()) as session:
            await session.execute(text("SELECT secret FROM ombud.totp_factors"))
    async with desk.aread(SYSTEM) as session:
        assert await session.scalar(select(func.count()).select_from(WebSession)) == 0
