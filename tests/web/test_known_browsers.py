"""A sign-in from a browser that somebody has not used before is told of: by the bell, and by a letter."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from sqlalchemy import select, text

from ombud.audit.keys import signing_key
from ombud.curation import anonymise_person, merge_people
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.models import AccountNotice, AccountRequest, LetterKind, NoticeKind
from ombud.people import accounts
from ombud.testing import Cast
from ombud.testing.personas import Persona
from ombud.worker.logs import keys_folder
from tests.web.hosting import Browser

pytestmark = pytest.mark.asyncio

SYSTEM = Actor.system("account-mail")
COOKIE = "ombud_session-browser"


async def _told(desk: Desk, who: Persona) -> tuple[int, int]:
    """Return how many notices and letters about new browsers there are for somebody."""
    notices = select(AccountNotice.id).where(
        AccountNotice.user_id == who.id, AccountNotice.kind == NoticeKind.NEW_BROWSER
    )
    asked = select(AccountRequest.id).where(
        AccountRequest.user_id == who.id, AccountRequest.kind == LetterKind.NEW_BROWSER
    )
    async with desk.aread(SYSTEM, fresh=True) as session:
        return len((await session.scalars(notices)).all()), len((await session.scalars(asked)).all())


async def _from_a_new_one(web: Browser, who: Persona) -> httpx.Response:
    web.client.cookies.clear()
    return await web.sign_in(who)


async def test_a_browser_that_is_not_known_is_told_of(web: Browser, cast: Cast, desk: Desk) -> None:
    first = await web.sign_in(cast.agent)
    (given,) = [line for line in first.headers.get_list("set-cookie") if line.startswith(COOKIE)]
    assert "HttpOnly" in given
    assert "SameSite=lax" in given
    assert "Max-Age=34560000" in given
    assert await _told(desk, cast.agent) == (0, 0), "the first browser ever is no news"
    known = web.client.cookies[COOKIE]

    del web.client.cookies["ombud_session"]
    await web.sign_in(cast.agent)
    assert await _told(desk, cast.agent) == (0, 0), "nor is one that is known"
    del web.client.cookies["ombud_session"]
    await web.sign_in(cast.customer)
    assert await _told(desk, cast.customer) == (0, 0), "nor somebody's first, though others used it"

    await _from_a_new_one(web, cast.agent)
    assert await _told(desk, cast.agent) == (1, 1)
    async with desk.aread(SYSTEM) as session:
        letter = (await session.scalars(select(AccountRequest))).one()
    assert (letter.from_ip, letter.from_browser) == ("127.0.0.1", "python-httpx")
    page = await web.get("/me/security")
    assert "signed in with a new browser: python-httpx" in page.text

    web.client.cookies.clear()
    web.client.cookies.set(COOKIE, known)
    await web.sign_in(cast.agent)
    assert await _told(desk, cast.agent) == (1, 1), "the old one is known as before"
    for made_up in ("x", "y" * 201):
        web.client.cookies.clear()
        web.client.cookies.set(COOKIE, made_up)
        answer = await web.sign_in(cast.agent)
        assert COOKIE in answer.headers["set-cookie"]
    assert await _told(desk, cast.agent) == (3, 3)


async def test_there_is_no_storm_of_letters_and_who_wants_none_gets_none(
    web: Browser, cast: Cast, desk: Desk
) -> None:
    for _ in range(6):
        await _from_a_new_one(web, cast.agent)
    assert await _told(desk, cast.agent) == (5, 3), "a browser that forgets its cookies is new each time"

    await _from_a_new_one(web, cast.customer)
    page = await web.get("/me/security")
    assert "Send no such letters" in page.text
    changed = await web.post("/me/preferences", {"new_browser_letters": "off"})
    assert changed.status_code == 303
    assert "Send such letters" in (await web.get("/me/security")).text
    await _from_a_new_one(web, cast.customer)
    assert await _told(desk, cast.customer) == (1, 0)
    await web.get("/me/security")
    await web.post("/me/preferences", {"new_browser_letters": "on"})
    await _from_a_new_one(web, cast.customer)
    assert await _told(desk, cast.customer) == (2, 1)


async def test_of_each_person_twenty_are_known(desk: Desk, cast: Cast) -> None:
    actor = Actor.customer(cast.customer.id).for_request("r")
    for number in range(25):
        await desk.arun(actor, accounts.start_session, cast.customer.id, browser=f"browser {number}")
    assert await _told(desk, cast.customer) == (24, 3)
    for number, told in ((24, 24), (5, 24), (4, 25)):
        await desk.arun(actor, accounts.start_session, cast.customer.id, browser=f"browser {number}")
        assert await _told(desk, cast.customer) == (told, 3), number


async def test_they_go_with_the_person(desk: Desk, cast: Cast, tmp_path: Path) -> None:
    async def known() -> int:
        async with desk.abegin(SYSTEM) as session:
            await session.execute(text("SET LOCAL ROLE ombud_owner"))
            return int(await session.scalar(text("SELECT count(*) FROM ombud.known_browsers")) or 0)

    for who in (cast.customer, cast.colleague, cast.other_customer):
        actor = Actor.customer(who.id).for_request("r")
        await desk.arun(actor, accounts.start_session, who.id, browser="the same in the library")
    assert await known() == 3
    key = signing_key(keys_folder(tmp_path))
    await desk.arun(cast.admin.in_new_request(), anonymise_person, key, cast.customer.id)
    assert await known() == 2
    await desk.arun(cast.admin.in_new_request(), merge_people, [cast.colleague.id], cast.other_customer.id)
    assert await known() == 1


async def test_nobody_reads_or_writes_what_browsers_are_known_by(desk: Desk, cast: Cast) -> None:
    for statement in (
        "SELECT token_hash FROM ombud.known_browsers",
        "INSERT INTO ombud.known_browsers (user_id, token_hash) VALUES (1, 'x')",
        "DELETE FROM ombud.known_browsers",
    ):
        with pytest.raises(Exception, match=r"[Pp]ermission|not allowed|may not"):
            async with desk.abegin(cast.agent.in_new_request()) as session:
                await session.execute(text(statement))
