"""Tasks that are cancelled at any moment leave nothing behind: no row of somebody else, no open transaction."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Coroutine
from typing import Any

import pytest
from sqlalchemy import select, text

from ombud import Actor, Desk, Settings, Ticket
from ombud.testing import ScratchDatabase, make_customer, make_ticket
from ombud.tickets import reply
from tests.waiting import left_open

PEOPLE = 8


@pytest.mark.asyncio
async def test_random_cancellation(database: ScratchDatabase, pytestconfig: pytest.Config) -> None:
    """`--cancellations N`: N tasks."""
    tasks = int(pytestconfig.getoption("--cancellations"))
    desk = Desk(database.url, Settings(pool_size=5, pool_overflow=0, pool_timeout=600))
    try:
        customers = []
        for _ in range(PEOPLE):
            person = await desk.arun(Actor.system("test"), make_customer)
            await desk.arun(Actor.system("test"), make_ticket, person)
            customers.append(person.id)
        wrong: list[object] = []

        async def read(customer: int) -> None:
            async with desk.aread(Actor.customer(customer)) as session:
                for _ in range(2):
                    rows = (await session.scalars(select(Ticket.requester_id))).all()
                    if set(rows) != {customer}:
                        wrong.append((customer, rows))
                    seen = await session.scalar(text("SELECT current_setting('ombud.user_id')"))
                    if seen != str(customer):
                        wrong.append((customer, seen))

        async def write(customer: int) -> None:
            async with desk.abegin(Actor.customer(customer)) as session:
                mine = await session.scalar(select(Ticket.id))
                assert mine is not None
                await session.run_sync(reply, mine, "More.")

        begun = time.monotonic()
        await asyncio.gather(*((read if i % 4 else write)(customers[i % PEOPLE]) for i in range(40)))
        seconds = (time.monotonic() - begun) * tasks / 40
        cancelled = await _run_and_cancel(
            [(read if i % 4 else write)(customers[i % PEOPLE]) for i in range(tasks)], within=seconds
        )
        assert tasks / 20 < cancelled < tasks, "neither everything nor nothing was cancelled"
        assert wrong == []
        await _all_given_back(desk)
        await asyncio.gather(*(read(customer) for customer in customers))
        assert wrong == []
        assert left_open(database.admin_url) == 0
        assert await _unattributed(desk) == 0
    finally:
        await desk.aclose()


async def _run_and_cancel(work: list[Coroutine[Any, Any, None]], within: float) -> int:
    """Run all at once and cancel half of them, each at a random moment; errors other than that are raised.

    `within` is about as long as they would take, however quick the machine is.
    """
    order = random.Random(7)
    tasks = [asyncio.ensure_future(one) for one in work]
    loop = asyncio.get_running_loop()
    for task in tasks:
        if order.random() < 0.6:
            loop.call_later(order.random() * within, task.cancel)
    results = await asyncio.gather(*tasks, return_exceptions=True)
    errors = [result for result in results if isinstance(result, Exception)]
    if errors:
        raise errors[0]
    return sum(isinstance(result, asyncio.CancelledError) for result in results)


async def _all_given_back(desk: Desk) -> None:
    """Who is cancelled while giving a connection back is done at once; a task of its own gives it back."""
    if left := asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait(left, timeout=30)
    assert desk.async_engine.pool.checkedout() == 0  # type: ignore[attr-defined]


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
