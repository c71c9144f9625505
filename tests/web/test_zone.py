"""Times are their reader's: the zone that the browser says in a cookie, UTC where it says none that there is."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from ombud import Actor, Desk
from ombud.testing import Cast, make_ticket
from ombud.web.wording import how_long_ago
from ombud.web.zone import COOKIE
from tests.web.hosting import Browser

pytestmark = pytest.mark.asyncio
EVENING = datetime(2026, 6, 30, 22, 30, tzinfo=UTC)
"""In Berlin already the first of July."""


async def opened(desk: Desk, cast: Cast) -> str:
    def act(session: Session) -> str:
        ticket = make_ticket(session, cast.customer.id)
        move = text("UPDATE ombud.tickets SET created_at = :at WHERE id = :id")
        session.execute(move, {"at": EVENING, "id": ticket.id})
        return ticket.ticket_number

    return await desk.arun(Actor.system("test"), act)


@pytest.mark.parametrize(
    ("cookie", "told"),
    [
        ("Europe/Berlin", "Wednesday 1 July 2026, 00:30 CEST"),
        ("Asia/Kolkata", "Wednesday 1 July 2026, 04:00 IST"),
        ("", "Tuesday 30 June 2026, 22:30 UTC"),
        ("../../etc/passwd", "Tuesday 30 June 2026, 22:30 UTC"),
        ("Nowhere/" + "x" * 3000, "Tuesday 30 June 2026, 22:30 UTC"),
    ],
)
async def test_a_page_tells_times_in_the_zone_of_its_reader(
    web: Browser, desk: Desk, cast: Cast, cookie: str, told: str
) -> None:
    number = await opened(desk, cast)
    await web.sign_in(cast.agent)
    web.client.cookies.set(COOKIE, cookie)
    page = await web.get(f"/tickets/{number}?view=all")
    assert page.status_code == 200
    when = re.search(r"Opened</span>\s*<time [^>]*title=\"([^\"]*)\"", page.text)
    assert when is not None
    assert when[1] == told


async def test_days_that_are_searched_for_are_those_of_the_reader(
    web: Browser, desk: Desk, cast: Cast
) -> None:
    number = await opened(desk, cast)
    await web.sign_in(cast.agent)

    async def found(day: str) -> bool:
        return f'id="row-{number}"' in (await web.get(f"/tickets?view=all&q=created:{day}")).text

    assert (await found("2026-06-30"), await found("2026-07-01")) == (True, False)
    web.client.cookies.set(COOKIE, "Europe/Berlin")
    assert (await found("2026-06-30"), await found("2026-07-01")) == (False, True)


async def test_an_age_reads_well_within_a_sentence() -> None:
    for then, words in (
        (datetime(2026, 6, 30, 22, 29, 30, tzinfo=UTC), "just now"),
        (datetime(2026, 6, 30, 22, 20, tzinfo=UTC), "10 min ago"),
        (datetime(2026, 6, 24, 22, 30, tzinfo=UTC), "6 d ago"),
        (datetime(2026, 6, 23, 22, 30, tzinfo=UTC), "on 23 Jun"),
    ):
        assert how_long_ago(then, EVENING) == words
