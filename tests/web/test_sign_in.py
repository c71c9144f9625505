"""Signing in and out, the first start, and what the door refuses."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from urllib.parse import urljoin

import httpx
import pytest
from sqlalchemy import text

from ombud.config import Settings
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.db.turns import Turns
from ombud.people.door import APART, AT_ONCE, DOOR, QUEUED, Door
from ombud.people.queries import credentials
from ombud.people.throttle import SIGN_IN, take
from ombud.runtime import Runtime
from ombud.testing import Cast, counted
from ombud.web import place
from ombud.web.place import safe_next
from tests.web.hosting import ORIGIN, Browser

pytestmark = pytest.mark.asyncio
NEW = {"full_name": "Ann Founder", "email": "ann@desk.example", "password": "a sentence to remember"}


async def test_an_empty_desk_is_set_up_once(web: Browser) -> None:
    assert (await web.get("/")).headers["location"] == "/sign-in"
    assert (await web.get("/sign-in")).headers["location"] == "/set-up"
    await web.get("/set-up")
    done = await web.post("/set-up", NEW)
    assert done.status_code == 303
    assert done.headers["location"] == "/"
    assert (await web.get("/tickets")).status_code == 200
    assert (await web.get("/set-up")).headers["location"] == "/sign-in"


@pytest.mark.parametrize("loss", ["is_active = false", "role = 'agent'"])
async def test_a_desk_whose_administrators_are_gone_is_not_set_up_by_who_comes_by(
    web: Browser, cast: Cast, desk: Desk, loss: str
) -> None:
    async with desk.abegin(Actor.system("host")) as session:
        await session.execute(text(f"UPDATE ombud.users SET {loss} WHERE role = 'admin'"))
    assert (await web.get("/sign-in")).status_code == 200
    assert (await web.get("/set-up")).headers["location"] == "/sign-in"
    assert (await web.post("/set-up", NEW)).headers["location"] == "/sign-in"
    async with desk.aread(DOOR) as session:
        assert (await session.execute(credentials(NEW["email"]))).one_or_none() is None


async def test_set_up_says_what_is_wrong_beside_the_field(web: Browser) -> None:
    await web.get("/set-up")
    refused = await web.post("/set-up", {**NEW, "password": "short"})
    assert refused.status_code == 422
    assert "The password must have at least 10 characters." in refused.text
    assert "Ann Founder" in refused.text
    assert "short" not in refused.text


async def test_two_tabs_of_the_form(web: Browser, cast: Cast) -> None:
    """Opened at once, the first one's form does not hold; when one has signed in, the other one is in, too."""
    await web.get("/sign-in")
    first = {
        "email": cast.agent.email,
        "password": cast.agent.password,
        "next": "/tickets?view=all",
        "csrf": web.csrf,
    }
    web.client.cookies.clear()
    await web.get("/sign-in")
    late = await web.client.post("/sign-in", data=first, headers={"Origin": ORIGIN})
    assert late.status_code == 403
    assert "out of date" in late.text
    assert f'value="{cast.agent.email}"' in late.text
    assert cast.agent.password not in late.text
    assert (await web.client.get("/tickets")).status_code == 303, "it opened nothing"
    await web.sign_in(cast.agent)
    behind = await web.client.post("/sign-in", data=first, headers={"Origin": ORIGIN})
    assert (behind.status_code, behind.headers["location"]) == (303, "/tickets?view=all")


async def test_two_who_set_up_at_once_make_one_administrator(web: Browser, desk: Desk) -> None:
    await web.get("/set-up")
    forms = [web.post("/set-up", {**NEW, "email": f"ann{n}@desk.example"}) for n in range(4)]
    answers = await asyncio.gather(*forms)
    assert sorted(answer.headers["location"] for answer in answers) == [
        "/",
        "/sign-in",
        "/sign-in",
        "/sign-in",
    ]
    async with desk.aread(Actor.system("test")) as session:
        assert await session.scalar(text("SELECT count(*) FROM ombud.users")) == 1


async def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(web: Browser, cast: Cast) -> None:
    await web.get("/sign-in")
    wrong = await web.post("/sign-in", {"email": cast.agent.email, "password": "wrong"})
    unknown = await web.post("/sign-in", {"email": "nobody@desk.example", "password": "wrong"})
    assert wrong.status_code == unknown.status_code == 422
    assert wrong.text.replace(cast.agent.email, "") == unknown.text.replace("nobody@desk.example", "")
    assert "ombud_session" not in web.client.cookies


async def test_many_failures_make_even_the_right_password_wait(web: Browser, cast: Cast) -> None:
    await web.get("/sign-in")
    for _ in range(5):
        await web.post("/sign-in", {"email": cast.agent.email, "password": "wrong"})
    refused = await web.post("/sign-in", {"email": cast.agent.email, "password": cast.agent.password})
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0
    assert "Too many attempts" in refused.text
    with counted() as statements:
        again = await web.post("/sign-in", {"email": cast.agent.email.upper(), "password": "wrong"})
    assert (again.status_code, len(statements)) == (429, 0), "refused a moment ago: nothing is asked again"
    assert 0 < int(again.headers["retry-after"]) <= int(refused.headers["retry-after"])


async def test_a_crowd_from_one_network_stands_in_a_queue_that_ends(web: Browser, cast: Cast) -> None:
    """Who finds it full is told without a look at anything, and goes in from elsewhere (TRUST.md R28)."""
    turns = web.app.state.parts.door.turns
    await web.get("/sign-in")
    form = {"email": cast.agent.email, "password": cast.agent.password}
    async with AsyncExitStack() as stack:
        for _ in range(AT_ONCE - 1):
            await stack.enter_async_context(turns.aturn("127.0.0.1"))
        waiting = [asyncio.create_task(_wait(turns)) for _ in range(QUEUED)]
        while turns.waiting() < QUEUED:  # noqa: ASYNC110 -- tasks that are about to begin, in this very loop
            await asyncio.sleep(0)
        with counted() as statements:
            refused = await web.post("/sign-in", form)
        assert (refused.status_code, refused.headers["retry-after"], len(statements)) == (429, "1", 0)
        assert "Too many people are signing in from where you are." in refused.text
        elsewhere = httpx.ASGITransport(web.app, client=("192.0.2.9", 1))
        async with httpx.AsyncClient(
            transport=elsewhere, base_url=ORIGIN, cookies=web.client.cookies
        ) as other:
            answer = await other.post("/sign-in", data={**form, "csrf": web.csrf}, headers={"Origin": ORIGIN})
        assert answer.status_code == 303
    await asyncio.gather(*waiting)
    assert (await web.post("/sign-in", form)).status_code == 303


async def test_who_waits_behind_the_last_try_costs_no_look(web: Browser, cast: Cast) -> None:
    """Of a guesser's forms that wait, those behind the first refusal are refused by what the process remembers."""
    turns = web.app.state.parts.door.turns
    await web.get("/sign-in")
    form = {"email": cast.agent.email, "password": "wrong"}
    crowd = SIGN_IN.both.burst + 2 * AT_ONCE
    with counted() as log:
        async with AsyncExitStack() as stack:
            for _ in range(AT_ONCE - 1):
                await stack.enter_async_context(turns.aturn("127.0.0.1"))
            forms = [asyncio.create_task(web.post("/sign-in", form)) for _ in range(crowd)]
            while turns.waiting() < crowd:  # noqa: ASYNC110 -- tasks that are about to begin, in this very loop
                await asyncio.sleep(0)
        answers = await asyncio.gather(*forms)
    told = Counter(answer.status_code for answer in answers)
    assert told == {422: SIGN_IN.both.burst, 429: crowd - SIGN_IN.both.burst}
    assert all(int(one.headers["retry-after"]) > 0 for one in answers if one.status_code == 429)
    asked = sum("take_turns" in statement for statement in log.statements)
    assert SIGN_IN.both.burst < asked < SIGN_IN.both.burst + AT_ONCE, (
        "those that were looked at together, at most"
    )


async def test_a_network_that_had_its_turns_is_refused_without_a_look(
    web: Browser, cast: Cast, desk: Desk
) -> None:
    """Whichever account it asks for next; for other networks nothing changes (TRUST.md R28)."""
    for number in range(SIGN_IN.network.burst):
        await desk.arun(DOOR, take, SIGN_IN, account=f"user{number}@people.example", ip="127.0.0.1")
    await web.get("/sign-in")
    with counted() as first:
        told = await web.post("/sign-in", {"email": "somebody@people.example", "password": "wrong"})
    with counted() as second:
        again = await web.post("/sign-in", {"email": cast.agent.email, "password": cast.agent.password})
    assert (told.status_code, again.status_code) == (429, 429)
    assert 0 < int(again.headers["retry-after"]) <= SIGN_IN.network.seconds
    assert (len(first) > 0, len(second)) == (True, 0)
    await desk.arun(DOOR, take, SIGN_IN, account=cast.agent.email, ip="192.0.2.9")


async def test_between_two_forms_others_are_served() -> None:
    door, loop, begun = Door(), asyncio.get_running_loop(), []
    for number in range(3):
        async with door.turn(f"192.0.2.{number}"):
            begun.append(loop.time())
    late = [at - begun[0] - number * APART for number, at in enumerate(begun)]
    assert min(late) >= -0.1 * APART, (
        "counted from the first: a busy machine makes the second late, not the third"
    )


async def _wait(turns: Turns) -> None:
    async with turns.aturn("127.0.0.1"):
        pass


async def test_the_session_cookie_is_closed_to_scripts_and_ends_with_signing_out(
    web: Browser, cast: Cast
) -> None:
    answer = await web.sign_in(cast.agent)
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    kept = dict(web.client.cookies)
    assert (await web.get("/tickets")).status_code == 200
    assert (await web.post("/sign-out")).headers["location"] == "/sign-in"
    web.client.cookies.update(kept)
    assert (await web.get("/tickets")).headers["location"].startswith("/sign-in")


async def test_with_tls_the_cookie_is_bound_to_the_host(runtime: Runtime, cast: Cast, built: None) -> None:
    web = Browser(runtime, base_url="https://desk.example")
    async with web.client:
        await web.get("/sign-in")
        form = {"email": cast.agent.email, "password": cast.agent.password, "csrf": web.csrf}
        answer = await web.client.post("/sign-in", data=form)
    assert "__Host-ombud=" in answer.headers["set-cookie"]
    assert "Secure" in answer.headers["set-cookie"]


async def test_signing_in_gives_a_new_session_whatever_cookie_came_before(web: Browser, cast: Cast) -> None:
    planted = "x" * 43
    web.client.cookies.set("ombud_session", planted)
    await web.sign_in(cast.agent)
    assert web.client.cookies.get("ombud_session", domain="desk.example") != planted
    async with httpx.AsyncClient(transport=httpx.ASGITransport(web.app), base_url=ORIGIN) as other:
        other.cookies.set("ombud_session", planted)
        assert (await other.get("/tickets")).status_code == 303


async def test_after_signing_in_one_goes_on_to_the_page_that_was_asked_for(web: Browser, cast: Cast) -> None:
    asked = await web.get("/tickets?view=all&status=open")
    assert asked.headers["location"] == "/sign-in?next=%2Ftickets%3Fview%3Dall%26status%3Dopen"
    await web.get(asked.headers["location"])
    form = {
        "email": cast.agent.email,
        "password": cast.agent.password,
        "next": "/tickets?view=all&status=open",
    }
    assert (await web.post("/sign-in", form)).headers["location"] == "/tickets?view=all&status=open"


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example", "/\\evil.example", "\\/x", "/a\nb", ""]
)
async def test_going_on_never_leaves_the_desk(target: str) -> None:
    assert safe_next(target) == "/"


@pytest.mark.parametrize("dots", ["..", "%2e%2e", ".%2E", "%2E.", ".", "%2e"])
async def test_no_dots_lead_out_of_a_desk_below_a_prefix(dots: str) -> None:
    place.settle("/desk")
    assert safe_next("/desk/tickets?view=all&q=%2e%2e/..") == "/desk/tickets?view=all&q=%2e%2e/.."
    for target in (f"/desk/{dots}/host", f"/desk/tickets/{dots}/{dots}//evil.example", "/host", "/desk"):
        assert safe_next(target) == "/desk/", target


AWAY = [
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "https://evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "/\t/evil.example",
    "/\n/evil.example",
    "\t//evil.example",
    " //evil.example",
    "/./\\evil.example",
    "/..//evil.example",
    "//desk.example@evil.example",
    "//evil\u3002example",
    "/\u2028/evil.example",
    "",
]


def _seen_by_a_browser(target: str) -> str:
    """Return where an address of a `Location` leads, as browsers read it (WHATWG URL: tabs go, backslashes turn)."""
    plain = target.strip().replace("\t", "").replace("\n", "").replace("\r", "").replace("\\", "/")
    return urljoin(f"{ORIGIN}/sign-in", plain)


async def test_no_way_on_leads_away_from_the_desk(web: Browser, cast: Cast) -> None:
    """T29, on each route that takes `next`: at the door, and for who is signed in already."""
    for target in AWAY:
        await web.get("/sign-in", params={"next": target})
        answer = await web.post("/sign-in/code", {"code": "1", "next": target})
        assert answer.headers["location"] == "/sign-in?next=%2F", ascii(target)
    await web.sign_in(cast.agent)
    for target in AWAY:
        ways = [
            await web.get("/sign-in", params={"next": target}),
            await web.post("/sign-in", {"next": target, "csrf": "0" * 64}),
        ]
        for answer in ways:
            where = _seen_by_a_browser(answer.headers["location"])
            assert where == f"{ORIGIN}/", (ascii(target), where)
        asked = await web.get("/me/confirmation", params={"next": target})
        assert 'name="next" value="/"' in asked.text, ascii(target)
    await web.get("/me/confirmation")
    for target in AWAY:
        proof = {"password": cast.agent.password, "next": target}
        answer = await web.post("/me/confirmation", proof)
        assert answer.status_code == 303, answer.text
        assert _seen_by_a_browser(answer.headers["location"]) == f"{ORIGIN}/", ascii(target)
        await web.get("/me/confirmation")


async def test_a_deactivated_person_is_out_at_once(web: Browser, cast: Cast, desk: Desk) -> None:
    from ombud.people.actions import deactivate_user

    await web.sign_in(cast.agent)
    await desk.arun(cast.admin.in_new_request(), deactivate_user, cast.agent.id)
    assert (await web.get("/tickets")).headers["location"].startswith("/sign-in")
    await web.get("/sign-in")
    again = await web.post("/sign-in", {"email": cast.agent.email, "password": cast.agent.password})
    assert again.status_code == 422, "like a wrong password"
    assert (await web.get("/tickets")).headers["location"].startswith("/sign-in")


async def test_a_script_that_is_sent_to_the_form_does_not_outdate_the_one_on_the_screen(
    web: Browser, cast: Cast
) -> None:
    await web.get("/sign-in")
    kept = dict(web.client.cookies)
    web.client.cookies.clear()
    answer = await web.client.get("/sign-in", headers={"Sec-Fetch-Mode": "cors"})
    assert answer.status_code == 200
    assert not web.client.cookies
    web.client.cookies.update(kept)
    signed_in = await web.post("/sign-in", {"email": cast.agent.email, "password": cast.agent.password})
    assert signed_in.status_code == 303


async def test_forms_from_elsewhere_are_refused(web: Browser, cast: Cast) -> None:
    await web.sign_in(cast.agent)
    ticket = {"email": "new@home.example", "title": "Hello"}
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        assert (await web.post("/tickets", ticket, headers=headers)).status_code == 403
    assert (await web.client.post("/tickets", data=ticket, headers={"Origin": ORIGIN})).status_code == 403
    assert (await web.client.post("/tickets", data={**ticket, "csrf": "0" * 64})).status_code == 403
    assert (await web.post("/tickets", ticket)).status_code == 303


async def test_an_unknown_host_is_refused_where_the_desk_has_an_address(
    runtime: Runtime, settings: Settings, built: None
) -> None:
    from dataclasses import replace

    addressed = replace(runtime, settings=settings.model_copy(update={"base_url": ORIGIN}))
    web = Browser(addressed)
    async with web.client:
        assert (await web.get("/healthz")).status_code == 200
        assert (await web.get("/healthz", headers={"Host": "evil.example"})).status_code == 421
