"""Letters about accounts, on the pages: one answer for everybody, links that only a button uses (T20, T23)."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from sqlalchemy import func, select, update

from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.db.statements import counted
from ombud.models import AccountRequest, LinkPurpose, User, WebSession
from ombud.people import letters
from ombud.people.actions import deactivate_user
from ombud.runtime import Runtime
from ombud.testing import Cast
from tests.web.hosting import Browser

pytestmark = pytest.mark.asyncio

SYSTEM = Actor.system("account-mail")
NEW = "eleven quiet herons waiting"


async def _issue(desk: Desk, user_id: int, email: str, purpose: LinkPurpose) -> str:
    return await desk.arun(SYSTEM, letters.issue_link, user_id, purpose, email)


async def test_asking_is_the_same_whoever_has_the_address(web: Browser, cast: Cast, desk: Desk) -> None:
    await web.get("/forgot")
    answers = []
    for email in (cast.customer.email, "nobody@example.com"):
        with counted() as statements:
            answer = await web.post("/forgot", {"email": email})
        own = {"x-request-id", "content-length", "date"}
        kept = {name: value for name, value in answer.headers.items() if name not in own}
        answers.append((answer.status_code, answer.text.replace(email, ""), kept, len(statements)))
    assert answers[0] == answers[1]
    assert answers[0][0] == 200
    assert answers[0][3] <= 5
    async with desk.aread(SYSTEM, fresh=True) as session:
        first = (await session.scalars(select(AccountRequest).order_by(AccountRequest.id))).first()
    assert first is not None
    assert (first.from_ip, first.from_browser) == ("127.0.0.1", "python-httpx"), "what the letter says"
    again = await web.post("/forgot", {"email": cast.customer.email})
    assert again.text.replace(cast.customer.email, "") == answers[0][1], "too soon, and nothing tells"
    async with desk.aread(SYSTEM) as session:
        asked = (await session.scalars(select(AccountRequest.email).order_by(AccountRequest.id))).all()
    assert asked == [cast.customer.email, "nobody@example.com"], "one letter in the window"


async def test_asking_for_a_link_that_signs_in_is_the_same_whoever_it_is(
    runtime: Runtime, cast: Cast, built: None
) -> None:
    """A customer gets one; staff, who was let go, and nobody get none: the door says and does the same (T20)."""
    links = Browser(replace(runtime, settings=runtime.settings.model_copy(update={"sign_in_links": True})))
    gone = cast.other_customer
    async with links.client:
        await runtime.desk.arun(cast.admin.in_new_request(), deactivate_user, gone.id)
        await links.get("/sign-in/link")
        answers = []
        for email in (cast.customer.email, cast.agent.email, gone.email, "nobody@example.com"):
            with counted() as statements:
                answer = await links.post("/sign-in/link", {"email": email})
            own = {"x-request-id", "content-length", "date"}
            kept = {name: value for name, value in answer.headers.items() if name not in own}
            answers.append((answer.status_code, answer.text.replace(email, ""), kept, len(statements)))
        assert answers[0][0] == 200
        assert [one == answers[0] for one in answers] == [True] * 4
        voids = []
        for path in ("/link/" + "x" * 43, "/link/" + "y" * 43):
            await links.get(path)
            with counted() as statements:
                voids.append(((await links.get("/link")).status_code, len(statements)))
        assert voids[0] == voids[1]


async def test_a_failed_sign_in_hashes_once_whoever_it_is(
    web: Browser, cast: Cast, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from argon2 import PasswordHasher

    runs: list[str] = []
    verify = PasswordHasher.verify

    def noted(self: PasswordHasher, stored: str, password: bytes) -> bool:
        runs.append(stored.split("$")[3])
        return bool(verify(self, stored, password))

    monkeypatch.setattr(PasswordHasher, "verify", noted)
    monkeypatch.setattr("ombud.people.hashing.FAILURES", 0)  # by this process, where it can be seen
    await web.get("/sign-in")
    counts = []
    for email in (cast.agent.email, "nobody@desk.example"):
        with counted() as statements:
            await web.post("/sign-in", {"email": email, "password": "wrong"})
        counts.append(len(statements))
    assert counts[0] == counts[1]
    assert len(runs) == 2
    assert runs[0] == runs[1], "the same work: memory, passes, lanes"


async def test_a_link_leaves_the_address_and_opening_it_uses_nothing_up(
    web: Browser, cast: Cast, desk: Desk
) -> None:
    secret = await _issue(desk, cast.customer.id, cast.customer.email, LinkPurpose.RESET)
    for _ in range(2):
        opened = await web.get(f"/link/{secret}")
        assert (opened.status_code, opened.headers["location"]) == (303, "/link")
        assert opened.headers["cache-control"] == "no-store"
        cookie = opened.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        shown = await web.get("/link")
        assert "Choose a new password" in shown.text
        assert secret not in shown.text
        assert shown.headers["cache-control"] == "no-store"
    assert (await web.client.head(f"/link/{secret}")).status_code == 303
    weak = await web.post("/link", {"password": "short"})
    assert weak.status_code == 422
    assert "The password must have at least 10 characters." in weak.text
    done = await web.post("/link", {"password": NEW})
    assert done.status_code == 200, done.text
    assert "Your password is set" in done.text
    await web.get(f"/link/{secret}")
    assert (await web.get("/link")).status_code == 410
    assert (
        await web.client.post("/link", data={"csrf": web.csrf}, headers={"Origin": "http://evil.example"})
    ).status_code == 403


async def test_a_reset_ends_all_sessions_and_the_new_password_works(
    web: Browser, runtime: Runtime, cast: Cast, desk: Desk
) -> None:
    other = Browser(runtime)
    async with other.client:
        await other.sign_in(cast.agent)
        secret = await _issue(desk, cast.agent.id, cast.agent.email, LinkPurpose.RESET)
        await web.get(f"/link/{secret}")
        await web.get("/link")
        assert (await web.post("/link", {"password": NEW})).status_code == 200
        assert (await other.client.get("/tickets/new")).status_code in (303, 401)
    async with desk.aread(SYSTEM) as session:
        assert await session.scalar(select(func.count()).select_from(WebSession)) == 0
    await web.get("/sign-in")
    assert (await web.post("/sign-in", {"email": cast.agent.email, "password": NEW})).status_code == 303


async def test_an_invitation_asks_for_the_name_beside_the_field(web: Browser, cast: Cast, desk: Desk) -> None:
    secret = await _issue(desk, cast.customer.id, cast.customer.email, LinkPurpose.INVITE)
    await web.get(f"/link/{secret}")
    await web.get("/link")
    refused = await web.post("/link", {"password": NEW, "full_name": " "})
    assert refused.status_code == 422
    assert "Your name must not be empty." in refused.text or "Your name" in refused.text
    assert (await web.post("/link", {"password": NEW, "full_name": "Carla Neu"})).status_code == 200
    async with desk.aread(SYSTEM) as session:
        assert await session.scalar(select(User.full_name).where(User.id == cast.customer.id)) == "Carla Neu"


async def test_a_link_signs_a_customer_in_only_where_the_desk_has_them(
    web: Browser, runtime: Runtime, cast: Cast, desk: Desk
) -> None:
    secret = await _issue(desk, cast.customer.id, cast.customer.email, LinkPurpose.SIGN_IN)
    await web.get(f"/link/{secret}")
    await web.get("/link")
    assert (await web.post("/link")).status_code == 410
    assert (await web.get("/sign-in/link")).status_code == 404
    assert "Sign in by mail" not in (await web.get("/sign-in")).text
    with_links = Browser(
        replace(runtime, settings=runtime.settings.model_copy(update={"sign_in_links": True}))
    )
    async with with_links.client:
        assert "Sign in by mail" in (await with_links.get("/sign-in")).text
        assert (await with_links.get("/sign-in/link")).status_code == 200
        for who, status in ((cast.agent, 410), (cast.customer, 303)):
            secret = await _issue(desk, who.id, who.email, LinkPurpose.SIGN_IN)
            await with_links.get(f"/link/{secret}")
            await with_links.get("/link")
            assert (await with_links.post("/link")).status_code == status, who.email
        assert (await with_links.get("/tickets/new")).status_code == 200


async def test_what_is_no_link_leads_on(web: Browser) -> None:
    for path in ("/link", "/link/x", "/link/" + "x" * 43):
        await web.get(path)
        void = await web.get("/link")
        assert void.status_code == 410, path
        assert 'href="/forgot"' in void.text
    bad = await web.client.get("/forgot")
    web.csrf = re.search(r'name="csrf" value="([0-9a-f]{64})"', bad.text)[1]  # type: ignore[index]  # it is there
    refused = await web.post("/forgot", {"email": "not an address"})
    assert refused.status_code == 422
    assert "The email must be an address" in refused.text


async def test_another_address_of_ones_own(web: Browser, cast: Cast, desk: Desk) -> None:
    await web.sign_in(cast.customer)
    wrong = await web.post("/me/address", {"email": "nonsense"})
    assert wrong.status_code == 422
    assert "The new address must be an address" in wrong.text
    asked = await web.post("/me/address", {"email": "new@example.com"})
    assert asked.headers["location"] == "/me/security?asked=yes"
    secret = await _issue(desk, cast.customer.id, "new@example.com", LinkPurpose.VERIFY)
    await web.client.get(f"/link/{secret}")
    await web.get("/link")
    assert "new@example.com" in (await web.post("/link")).text
    async with desk.abegin(SYSTEM) as session:
        assert (
            await session.scalar(select(User.email).where(User.id == cast.customer.id)) == "new@example.com"
        )
        await session.execute(
            update(WebSession).values(confirmed_at=func.now() - letters.LIFE[LinkPurpose.RESET])
        )
    await web.get("/tickets/new")
    stale = await web.post("/me/address", {"email": "third@example.com"})
    assert stale.status_code in (303, 403)
    assert "asked" not in stale.headers.get("location", "")


async def test_administrators_invite_and_take_back(web: Browser, cast: Cast, desk: Desk) -> None:
    async with desk.abegin(SYSTEM) as session:
        await session.execute(update(User).where(User.id == cast.agent.id).values(last_login=None))
    await web.sign_in(cast.admin)
    page = f"/settings/people/{cast.agent.id}"
    assert "Has never signed in, and has no open invitation." in (await web.get(page)).text
    await web.post(f"{page}/invitation")
    assert "about to go out" in (await web.get(page)).text
    await _issue(desk, cast.agent.id, cast.agent.email, LinkPurpose.INVITE)
    await web.post(f"{page}/invitation/revocation")
    assert "has no open invitation" in (await web.get(page)).text
    await web.post(f"/settings/people/{cast.customer.id}/reset")
    async with desk.aread(SYSTEM) as session:
        assert (await session.scalars(select(AccountRequest.email))).all() == [cast.customer.email]
