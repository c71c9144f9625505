"""Tasks that are cancelled at any moment leave nothing behind: no row of somebody else, no open transaction."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from ombud import Actor, Desk, Settings, Ticket
from ombud.testing import ScratchDatabase, make_customer, make_ticket
from ombud.tickets import reply
from tests.waiting import left_open

PEOPLE = 8
AT_ONCE = 8


@pytest.mark.asyncio
@pytest.mark.timeout(1800)
async def test_random_cancellation(database: ScratchDatabase, pytestconfig: pytest.Config) -> None:
    """`--cancellations N`: N tasks."""
    tasks = int(pytestconfig.getoption("--cancellations"))
    desk = Desk(database.url, Settings(pool_size=5, pool_overflow=0, pool_timeout=20))
    # Kept, so that no garbage collector gives back what we forgot to.
    sessions: list[AsyncSession] = []
    try:
        customers = []
        for _ in range(PEOPLE):
            person = await desk.arun(Actor.system("test"), make_customer)
            await desk.arun(Actor.system("test"), make_ticket, person)
            customers.append(person.id)
        wrong: list[object] = []

        async def look(customer: int) -> None:
            """By nobody, on a connection that somebody had before."""
            row = await desk.alook(select(func.count()).select_from(Ticket))
            if row is None or row[0] != 0:
                wrong.append(("nobody", row))

        async def read(customer: int) -> None:
            async with desk.aread(Actor.customer(customer)) as session:
                sessions.append(session)
                for _ in range(2):
                    # Somewhere else, too: who is cancelled in a statement loses the connection, and all is well.
                    await asyncio.to_thread(time.thread_time)
                    rows = (await session.scalars(select(Ticket.requester_id))).all()
                    if set(rows) != {customer}:
                        wrong.append((customer, rows))
                    seen = await session.scalar(text("SELECT current_setting('ombud.user_id')"))
                    if seen != str(customer):
                        wrong.append((customer, seen))

        async def write(customer: int) -> None:
            async with desk.abegin(Actor.customer(customer)) as session:
                sessions.append(session)
                mine = await session.scalar(select(Ticket.id))
                assert mine is not None
                await session.run_sync(reply, mine, "More.")

        kinds = (write, read, look, read)
        begun = time.monotonic()
        await asyncio.gather(*(kinds[i % 4](customers[i % PEOPLE]) for i in range(40)))
        seconds = (time.monotonic() - begun) * AT_ONCE / 40
        cancelled = await _run_and_cancel(
            [kinds[i % 4](customers[i % PEOPLE]) for i in range(tasks)], within=seconds
        )
        assert tasks / 20 < cancelled < tasks, "neither everything nor nothing was cancelled"
        assert wrong == []
        await _all_given_back(desk)
        await asyncio.gather(*(read(customer) for customer in customers), *map(look, customers))
        assert wrong == []
        assert await _left_on_connections(desk) == {""}
        assert left_open(database.admin_url) == 0
        assert await _unattributed(desk) == 0
    finally:
        await desk.aclose()


async def _run_and_cancel(work: list[Coroutine[Any, Any, None]], within: float) -> int:
    """Run a few more at a time than there are connections, and cancel most, each at a random moment of its life.

    `within` is about as long as one takes, however quick the machine is. Errors other than that are raised.
    """
    order = random.Random(7)
    places = asyncio.Semaphore(AT_ONCE)
    loop = asyncio.get_running_loop()

    async def one(coroutine: Coroutine[Any, Any, None]) -> None:
        async with places:
            task = asyncio.current_task()
            assert task is not None
            end = loop.call_later(order.random() * within, task.cancel) if order.random() < 0.6 else None
            try:
                await coroutine
            finally:
                if end is not None:
                    end.cancel()

    results = await asyncio.gather(*map(one, work), return_exceptions=True)
    errors = [result for result in results if isinstance(result, Exception)]
    if errors:
        raise errors[0]
    return sum(isinstance(result, asyncio.CancelledError) for result in results)


async def _all_given_back(desk: Desk) -> None:
    """Who is cancelled while giving a connection back is done at once; a task of its own gives it back."""
    if left := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(left, timeout=30)
    assert desk.async_engine.pool.checkedout() == 0  # type: ignore[attr-defined]


async def _left_on_connections(desk: Desk) -> set[str]:
    """Who acts, as each connection of the pool has it when nobody has begun anything."""
    async with AsyncExitStack() as stack:
        left = set()
        for _connection in range(5):
            connection = await stack.enter_async_context(desk.async_engine.connect())
            who = await connection.scalar(text("SELECT coalesce(current_setting('ombud.user_id', true), '')"))
            left.add(str(who))
        return left


async def _unattributed(desk: Desk) -> int:
    """Comments whose author is not who the log says wrote them."""
    async with desk.aread(Actor.system("test")) as session:
        found = await session.scalar(
            text(
                "SELECT count(*) FROM ombud.comments c WHERE NOT EXISTS (SELECT FROM ombud.audit_logs a"
                " WHERE a.table_name = 'comments' AND a.record_id = c.id AND a.user_id = c.author_id)"
            )
        )
    return int(found or 0)
