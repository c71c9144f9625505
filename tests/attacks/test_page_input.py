"""Every page and every form, given what no browser sends: each answers in words, none falls over (TRUST.md T02).

Names of fields come from the forms that pages show and from the routes, so that one that is added is tried, too.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import AsyncIterator
from urllib.parse import quote

import httpx
import pytest
import pytest_asyncio
from bs4 import BeautifulSoup
from fastapi.routing import APIRoute

from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.runtime import Runtime
from ombud.testing import Cast, make_comment, make_ticket
from ombud.web.app import ROUTERS
from tests.web.hosting import ORIGIN, Browser
from tests.web.test_matrix import changes, filled, routes

pytestmark = pytest.mark.asyncio
SYSTEM = Actor.system("test")
STREAMS = ("/live", "/tickets/{number}/live")
LEAVES = ("/sign-out", "/csp-report")
HOSTILE = (
    "\0", "9" * 400, "-1", "٣", "²", "[", "\u202e<script>", "a" * 70_000, " ", "9223372036854775808", "0001-01-01",
    "1e9", "\uffff", "a@b", "[/]%", "x\r\ny: z", "99999999999", '{"a":' * 900, "null", "__class__",
)  # fmt: skip
NAMES = (
    "q", "view", "exact", "status", "priority", "channel", "assignee", "team", "tag", "requester", "organization",
    "sort", "cursor", "before", "after", "state", "of", "kept", "next", "other", "numbers", "user_ids", "who", "name",
    "email",
)  # fmt: skip
"""What pages read from addresses without declaring it."""
EACH = 2
"""So many of them are tried on each page, and so many fields of each form one by one; raise it to go hunting."""
INSIDE = ("Traceback", "sqlalchemy", "asyncpg", "SELECT ", "psycopg")


@pytest_asyncio.fixture
async def web(runtime: Runtime, built: None) -> AsyncIterator[Browser]:
    browser = Browser(runtime)
    async with browser.client:
        yield browser


def declared() -> dict[str, set[str]]:
    """Return the parameters that each page declares."""
    found = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    return {
        one.path: {field.alias for field in one.dependant.query_params}
        for one in found
        if "GET" in (one.methods or ()) and one.path not in STREAMS
    }


def fields(page: str, here: str, into: dict[str, dict[str, str]]) -> None:
    """Note the fields of each form on a page, by the route that takes it."""
    for form in BeautifulSoup(page, "html.parser").find_all("form", method="post"):
        action = str(form.get("action") or here).partition("?")[0]
        for method, path in routes():
            if method == "POST" and re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", path), action):
                names = {str(one["name"]): str(one.get("value") or "") for one in form.select("[name]")}
                into.setdefault(path, {}).update(names)


def assert_in_words(answer: httpx.Response, where: object) -> None:
    assert answer.status_code < 500, (where, answer.status_code)
    assert answer.is_success or not any(word in answer.text for word in INSIDE), where


WRONG_TYPES: tuple[dict[str, str], ...] = (
    {"Content-Type": "application/json"},
    {"Content-Type": "text/plain"},
    {"Content-Type": "multipart/mixed; boundary=x"},
    {"Content-Type": "application/x-www-form-urlencoded, text/plain"},
    {"Content-Type": "application/x-www-form-urlencoded; charset=utf-16"},
    {"Content-Type": "application/x-www-form-urlencoded", "Content-Encoding": "gzip"},
    {},
)
NO_FORM = {"/csp-report", "/sign-in/link"}
"""Takes a report as browsers send it; is not there before an administrator chooses it."""


async def test_what_is_no_form_is_not_read_as_an_empty_one(web: Browser, cast: Cast, desk: Desk) -> None:
    """T06: every address that takes a form, with the right token; most would do something with nothing said."""
    ticket = await desk.arun(SYSTEM, make_ticket, cast.customer.id)
    await web.sign_in(cast.admin)
    before, token = await changes(desk), {"Origin": ORIGIN, "X-CSRF-Token": web.csrf}
    kinds = itertools.cycle(WRONG_TYPES)
    for path in sorted({path for method, path in routes() if method == "POST"} - NO_FORM):
        for kind in itertools.islice(kinds, 3):
            here = filled(path, cast, ticket.ticket_number)
            answer = await web.client.post(here, content=b'{"title": "x"}', headers={**token, **kind})
            assert answer.status_code == 415, (path, kind, answer.status_code)
    assert await changes(desk) == before
    twice = f"csrf={web.csrf}&title=One&title=Two&email=one@example.com&description=x"
    said = {**token, "Content-Type": "Application/X-WWW-Form-Urlencoded; charset=UTF-8"}
    assert (await web.client.post("/tickets", content=twice, headers=said)).status_code == 303
    assert "Two" in (await web.get("/tickets")).text, "T05: the last one counts, as in text_of"


@pytest.mark.timeout(120)
async def test_no_page_and_no_form_falls_over(web: Browser, cast: Cast, desk: Desk) -> None:
    async with desk.abegin(SYSTEM) as session:
        ticket = await session.run_sync(make_ticket, cast.customer.id)
        await session.run_sync(make_comment, ticket, cast.agent.id, "Hello")
    number, turns, more = ticket.ticket_number, itertools.cycle(HOSTILE), itertools.cycle(NAMES)
    await web.sign_in(cast.admin)
    forms: dict[str, dict[str, str]] = {}
    for path, names in declared().items():
        here = filled(path, cast, number)
        fields((await web.get(here)).text, here, forms)
        for name in (*sorted(names), *itertools.islice(more, EACH)):
            value = next(turns)
            assert_in_words(await web.client.get(here, params={name: value[:2000]}), (path, name, value[:20]))
        for part in re.findall(r"\{[^}]+\}", path):
            value = next(turns)
            odd = filled(path.replace(part, "@"), cast, number).replace("@", quote(value[:300], safe=""))
            assert_in_words(await web.client.get(odd), (path, part, value[:20]))
    assert len(forms) > 25
    asked = 0
    for path in sorted({path for method, path in routes() if method == "POST"} - set(LEAVES)):
        here, known = filled(path, cast, number), forms.get(path, dict.fromkeys(NAMES, ""))
        sent = [{**known, name: next(turns)} for name in itertools.islice(known, EACH)]
        sent.append(dict.fromkeys(known, next(turns)))
        for form in sent:
            answer = await web.post(here, {**form, "csrf": web.csrf})
            assert_in_words(answer, (path, {name: value[:20] for name, value in form.items()}))
            asked += 1
    assert asked > 150
    assert (await web.client.get("/tickets")).status_code == 200, "signed in all the while"
