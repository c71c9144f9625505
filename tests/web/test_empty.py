"""A desk on its first day: every page that needs no number in its address answers, with nothing to show yet."""

from __future__ import annotations

import pytest

from ombud.testing import Cast
from tests.web.hosting import Browser, plain_pages

pytestmark = pytest.mark.asyncio


async def test_every_page_of_an_empty_desk(web: Browser, cast: Cast) -> None:
    await web.sign_in(cast.admin)
    paths = plain_pages()
    assert {"/tickets", "/mail", "/outbox", "/notifications"} <= set(paths)
    answers = {path: (await web.get(path)).status_code for path in paths}
    assert {path: code for path, code in answers.items() if code not in (200, 303)} == {}


@pytest.mark.parametrize(
    "path", ["/outbox?q=nobody", "/outbox?state=failed", "/mail?q=nobody", "/tickets?q=nobody"]
)
async def test_a_search_that_finds_nothing_leads_back(web: Browser, cast: Cast, path: str) -> None:
    await web.sign_in(cast.admin)
    page = await web.get(path)
    assert page.status_code == 200
    assert 'class="empty"' in page.text
