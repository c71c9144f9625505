"""Rights that are taken away end within a second, in streams that are open too (T39)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import func, update
from sqlalchemy.orm import Session

from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.models import TicketPriority, WebSession
from ombud.people.actions import deactivate_user, remove_team_member
from ombud.runtime import Runtime
from ombud.testing import Cast, Persona, make_ticket
from ombud.tickets import set_priority
from ombud.web.auth import Visitor, find_principal
from ombud.web.routes.live import CHECK_EVERY, _events
from tests.web.hosting import Browser

pytestmark = pytest.mark.asyncio

SYSTEM = Actor.system("test")


async def stream_of(web: Browser, who: Persona, desk: Desk) -> AsyncIterator[str]:
    await web.sign_in(who)
    secret = web.client.cookies.get("ombud_session") or ""
    principal = await find_principal(desk, secret, "request-1")
    assert principal is not None
    return _events(Visitor(principal, "", web.app.state.parts), secret)


async def until(stream: AsyncIterator[str], event: str) -> list[str]:
    """Read a stream until an event comes."""
    seen: list[str] = []
    async with asyncio.timeout(20):
        async for part in stream:
            seen.append(part)
            if f"event: {event}\n" in part:
                return seen
    raise AssertionError(f"no {event} in {seen}")


async def test_sessions_are_looked_at_more_than_once_a_second() -> None:
    assert CHECK_EVERY < 1


def _outlast(session: Session, person: int, column: str) -> None:
    past = {column: func.now() - timedelta(hours=13)}
    session.execute(update(WebSession).where(WebSession.user_id == person).values(past))


LOSSES: dict[str, Callable[[Session, int], object]] = {
    "let go": deactivate_user,
    "idle for too long": partial(_outlast, column="last_seen_at"),
    "signed in for too long": partial(_outlast, column="expires_at"),
}


@pytest.mark.parametrize("loss", LOSSES)
async def test_whose_session_is_over_is_told_and_the_stream_ends(
    runtime: Runtime, web: Browser, cast: Cast, desk: Desk, loss: str
) -> None:
    await runtime.live.start()
    try:
        stream = await stream_of(web, cast.agent, desk)
        await anext(stream)
        await desk.arun(cast.admin.in_new_request(), LOSSES[loss], cast.agent.id)
        await until(stream, "signed-out")
        with pytest.raises(StopAsyncIteration):
            await anext(stream)
    finally:
        await runtime.live.stop()


async def test_who_left_a_team_hears_nothing_of_its_tickets_any_more(
    runtime: Runtime, web: Browser, cast: Cast, desk: Desk
) -> None:
    async with desk.abegin(SYSTEM) as session:
        ticket = await session.run_sync(make_ticket, cast.customer.id, team_id=cast.team.id)
        other = await session.run_sync(make_ticket, cast.customer.id)
    await runtime.live.start()
    try:
        stream = await stream_of(web, cast.team_agent, desk)
        await anext(stream)
        await desk.arun(SYSTEM, set_priority, ticket.id, TicketPriority.HIGH)
        await until(stream, f"ticket-{ticket.id}")
        await desk.arun(cast.admin.in_new_request(), remove_team_member, cast.team.id, cast.team_agent.id)
        await desk.arun(SYSTEM, set_priority, ticket.id, TicketPriority.LOW)
        await desk.arun(SYSTEM, set_priority, other.id, TicketPriority.LOW)
        seen = await until(stream, f"ticket-{other.id}")
        assert any("event: everything" in part for part in seen), "what is open is looked at anew"
        assert not any(f"ticket-{ticket.id}\n" in part for part in seen)
    finally:
        await runtime.live.stop()
