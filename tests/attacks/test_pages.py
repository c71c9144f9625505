"""Other sites, other people at the same browser, and hostile words in the log: what pages do about them.

TRUST.md T46, T81, T87.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio

from ombud.api.app import create_api
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.runtime import Runtime
from ombud.testing import Cast, make_ticket
from tests.web.hosting import ORIGIN, Browser, plain_pages
from tests.web.test_matrix import PUBLIC, changes, entries, filled, routes

pytestmark = pytest.mark.asyncio
SYSTEM = Actor.system("test")
ELSEWHERE = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site", "Origin": ORIGIN},
    {"Origin": f"{ORIGIN}.evil.example"},
    {"Origin": ORIGIN.replace("http:", "https:")},
]
HOSTILE = "<script>alert(1)</script>=cmd|'/c calc'!A1\u202e\"><img src=x onerror=alert(1)>"


@pytest_asyncio.fixture
async def web(runtime: Runtime, built: None) -> AsyncIterator[Browser]:
    browser = Browser(runtime)
    async with browser.client:
        yield browser


async def test_no_form_of_another_site_does_anything(web: Browser, cast: Cast, desk: Desk) -> None:
    """Every address that changes something, signed in as who may do all of it, with a right token even."""
    ticket = await desk.arun(SYSTEM, make_ticket, cast.customer.id)
    await web.sign_in(cast.admin)
    before = await changes(desk)
    forms = sorted(path for method, path in routes() if method == "POST" and path != "/csp-report")
    assert len(forms) > 50
    for path in forms:
        for headers in ELSEWHERE:
            refused = await web.post(filled(path, cast, ticket.ticket_number), {"tags": "x"}, headers=headers)
            assert refused.status_code == 403, (path, headers, refused.status_code)
        if path not in {one for _method, one in entries(PUBLIC)}:
            without = await web.client.post(
                filled(path, cast, ticket.ticket_number), headers={"Origin": ORIGIN}
            )
            assert without.status_code == 403, path
    assert await changes(desk) == before


async def test_nothing_is_changed_by_following_a_link(web: Browser, cast: Cast, desk: Desk) -> None:
    ticket = await desk.arun(SYSTEM, make_ticket, cast.customer.id)
    await web.sign_in(cast.admin)
    before = await changes(desk)
    for method, path in sorted(routes()):
        if method == "POST" and ("GET", path) not in routes():
            answer = await web.client.get(filled(path, cast, ticket.ticket_number))
            assert answer.status_code in (404, 405), (path, answer.status_code)
    assert await changes(desk) == before


async def test_a_cookie_is_no_key_to_the_api_and_no_other_site_may_read_it(
    runtime: Runtime, web: Browser, cast: Cast
) -> None:
    await web.sign_in(cast.admin)
    transport = httpx.ASGITransport(create_api(runtime))
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, cookies=web.client.cookies) as api:
        assert (await api.get("/tickets")).status_code == 401
        assert (await api.post("/tickets", json={"title": "x"})).status_code == 401
        headers = {"Authorization": f"Bearer {cast.agent.token}", "Origin": "https://evil.example"}
        for answer in (
            await api.get("/tickets", headers=headers),
            await api.options("/tickets", headers={**headers, "Access-Control-Request-Method": "POST"}),
        ):
            assert not [name for name in answer.headers if name.startswith("access-control-")]


async def test_no_page_of_somebody_is_kept_for_the_next(web: Browser, cast: Cast, desk: Desk) -> None:
    """Neither a shared cache nor the way back shows anything after signing out."""
    ticket = await desk.arun(SYSTEM, make_ticket, cast.customer.id, title="Between us")
    await web.sign_in(cast.admin)
    pages = [*plain_pages(), f"/tickets/{ticket.ticket_number}", f"/tickets/{ticket.ticket_number}/history"]
    for path in pages:
        answer = await web.get(path)
        assert answer.headers.get("cache-control") == "no-store", path
    await web.get("/tickets")
    assert (await web.post("/sign-out")).status_code == 303
    for path in pages:
        after = await web.get(path)
        assert after.status_code == 303, path
        assert after.headers["location"].startswith("/sign-in"), path
        assert "Between us" not in after.text
    await web.sign_in(cast.other_customer)
    assert "Between us" not in (await web.get("/tickets")).text


async def test_hostile_words_in_the_log_stay_words(
    web: Browser, cast: Cast, desk: Desk, runtime: Runtime
) -> None:
    ticket = await desk.arun(SYSTEM, make_ticket, cast.customer.id, title=HOSTILE)
    await web.sign_in(cast.admin)
    href = f"/tickets/{ticket.ticket_number}"
    await web.get(href)
    await web.post(f"{href}/tags", {"tags": "plain"})
    for path in (href, f"{href}/history"):
        page = (await web.get(path)).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page
    transport = httpx.ASGITransport(create_api(runtime))
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as api:
        headers = {"Authorization": f"Bearer {cast.admin.token}"}
        log = await api.get(f"/tickets/{ticket.ticket_number}/history", headers=headers)
        assert log.headers["content-type"] == "application/json"
        assert log.headers["x-content-type-options"] == "nosniff"
        titles = [
            entry["changes"]["title"][1] for entry in log.json()["items"] if "title" in entry["changes"]
        ]
        assert titles == [HOSTILE], "as it was written, for programs"
