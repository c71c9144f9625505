"""Searches take turns: who gets none in time is told when to come again, and everything else goes on."""

from __future__ import annotations

import httpx
import pytest

from ombud import Actor, Desk, Settings
from ombud.db.statements import counted
from ombud.runtime import Runtime
from ombud.testing import Cast, make_ticket
from tests.api.conftest import Caller
from tests.web.hosting import Browser

pytestmark = [pytest.mark.asyncio, pytest.mark.usefixtures("built")]
SEARCHES = (
    "tickets?q=printer", "tickets?substring=rint", "tickets?has_attachment=true", "tickets?q=printer&tag=vip",
    "tickets?q=requester:carla", "search/suggestions?q=printer",
)  # fmt: skip
PLAIN = (
    "tickets",
    "tickets?status=open&assignee=me",
    "tickets?q=status:open",
    "tickets?tag=vip",
    "statistics",
    "me",
)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"searches_at_once": 1, "search_wait": 0.01})


async def test_a_search_without_a_turn_is_told_to_come_again_and_nothing_else_is(
    caller: Caller, runtime: Runtime, desk: Desk, cast: Cast
) -> None:
    await desk.arun(Actor.system("test"), make_ticket, cast.customer.id, title="The printer")
    agent = caller(cast.agent)
    assert (await agent.get("me")).status_code == 200  # the token's first use is written down
    browser = Browser(runtime)
    async with browser.client:
        await browser.sign_in(cast.agent)
        async with desk.searches.aturn("somebody else"):
            for path in SEARCHES:
                with counted() as statements:
                    refused = await agent.get(path)
                _is_told(refused)
                assert refused.json()["code"] == "searches_busy"
                assert len(statements) <= 1, "nothing but who calls is looked up"
            for path in PLAIN:
                assert (await agent.get(path)).status_code == 200, path
            page = await browser.get("/tickets?q=printer")
            _is_told(page)
            assert "Many searches are running right now." in page.text
            assert "Try again" in page.text
            for path in ("/tickets", "/tickets?view=all&status=open", "/counters"):
                assert (await browser.get(path)).status_code == 200, path
        for path in (*SEARCHES, *PLAIN):
            assert (await agent.get(path)).status_code == 200, path
        assert "The printer" in (await browser.get("/tickets?q=printer")).text
    assert desk.searches.running() == 0


def _is_told(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
