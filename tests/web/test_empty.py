"""A desk on its first day: every page that needs no number in its address answers, with nothing to show yet."""

from __future__ import annotations

import pytest
from fastapi.routing import APIRoute

from ombud.testing import Cast
from ombud.web.app import ROUTERS
from tests.web.hosting import Browser

pytestmark = pytest.mark.asyncio
ELSEWHERE = {"/live", "/set-up", "/sign-in"}
"""A stream, and pages for who is not signed in."""


async def test_every_page_of_an_empty_desk(web: Browser, cast: Cast) -> None:
    await web.sign_in(cast.admin)
    paths = {
        route.path
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute) and "GET" in route.methods and "{" not in route.path
    }
    assert {"/tickets", "/mail", "/outbox", "/notifications"} <= paths
    answers = {path: (await web.get(path)).status_code for path in sorted(paths - ELSEWHERE)}
    assert {path: code for path, code in answers.items() if code not in (200, 303)} == {}


@pytest.mark.parametrize(
    "path", ["/outbox?q=nobody", "/outbox?state=failed", "/mail?q=nobody", "/tickets?q=nobody"]
)
async def test_a_search_that_finds_nothing_leads_back(web: Browser, cast: Cast, path: str) -> None:
    await web.sign_in(cast.admin)
    page = await web.get(path)
    assert page.status_code == 200
    assert 'class="empty"' in page.text
