"""The connections of the short way and those of the usual one leave each other some of the pool."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import URL, text

from ombud.config import Settings
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.db.detours import DETOURS
from ombud.db.plain import Does, Seat
from ombud.db.translate import AllInUse
from ombud.people import queries as people
from ombud.testing import Cast, Persona, make_ticket
from ombud.tickets.queries.plain import new_ticket, ticket_json

pytestmark = pytest.mark.asyncio
SYSTEM = Actor.system("test")
ALL = 4
"""Connections in the pool: one reads, two write and none searches the short way."""


async def _seat(desk: Desk, who: Persona) -> Seat:
    key_id = who.token.removeprefix("omb_live_").partition("_")[0]
    fields = await desk.arow(people.known_token(), {people.KEY_ID: key_id})
    assert fields is not None
    return Seat.of(key_id, fields["stamp"], Actor.agent(who.id))


def _small(database_url: URL, *, connections: int, timeout: float = 5.0) -> Desk:
    settings = Settings(pool_size=connections, pool_overflow=0, pool_timeout=timeout)
    return Desk(database_url.set(drivername="postgresql+asyncpg"), settings)


async def test_whoever_goes_the_usual_way_gets_a_connection_beside_a_crowd(
    desk: Desk, database_url: URL, cast: Cast
) -> None:
    number = desk.run(SYSTEM, make_ticket, cast.customer.id).ticket_number
    small = _small(database_url, connections=ALL)
    seat = await _seat(small, cast.agent)
    texts = ("A ticket", "", str(cast.agent.id), "low", "open", "api")
    is_over = False

    async def crowd(does: Does) -> int:
        done = 0
        while not is_over:
            step, given = (
                (new_ticket(), texts) if does == "writes" else (ticket_json(seat.actor, 0), (number,))
            )
            assert await small.answer(seat, "", (step,), *given, does=does) is not None
            done += 1
        return done

    kinds: tuple[Does, ...] = ("writes", "reads")
    clients = [asyncio.ensure_future(crowd(does)) for does in kinds * 6]
    try:
        for _ in range(5):  # Unavailable, where none of the crowd ever gave a connection back
            async with small.aread(SYSTEM) as session:
                assert (await session.execute(text("SELECT 1"))).scalar() == 1
    finally:
        is_over = True
        done = await asyncio.gather(*clients)
        await small.aclose()
    assert all(done)


async def test_without_a_connection_the_short_way_gives_up(desk: Desk, database_url: URL, cast: Cast) -> None:
    number = desk.run(SYSTEM, make_ticket, cast.customer.id).ticket_number
    small = _small(database_url, connections=ALL, timeout=0.2)
    seat = await _seat(small, cast.agent)
    step = ticket_json(seat.actor, 0)
    before = DETOURS.counts.copy()
    async with AsyncExitStack() as stack:
        for _ in range(ALL):
            await stack.enter_async_context(small.aread(SYSTEM))
        with pytest.raises(AllInUse):  # the usual way would only wait once more
            await small.answer(seat, "", (step,), number)
    assert (DETOURS.counts - before).total() == 0
    assert await small.answer(seat, "", (step,), number) is not None
    await small.aclose()


async def test_a_pool_of_few_has_no_short_way(desk: Desk, database_url: URL, cast: Cast) -> None:
    number = desk.run(SYSTEM, make_ticket, cast.customer.id).ticket_number
    small = _small(database_url, connections=1)
    seat = await _seat(small, cast.agent)
    assert await small.answer(seat, "", (ticket_json(seat.actor, 0),), number) is None
    await small.aclose()
