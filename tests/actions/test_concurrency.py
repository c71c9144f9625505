"""Several at once: numbers, tags and edits, with real transactions that really overlap."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import TypeVar

import pytest
from sqlalchemy import func, select

from ombud import Actor, Desk, Settings, Tag, Ticket, TicketPriority, TicketStatus
from ombud.errors import Conflict, StaleVersion
from ombud.models import TicketTag
from ombud.testing import Cast, Persona, ScratchDatabase, make_ticket
from ombud.tickets import (
    FieldChanged,
    IllegalMove,
    add_tags,
    assign,
    create_tag,
    open_ticket,
    set_priority,
    set_status,
)

T = TypeVar("T")


def _at_once(actions: list[Callable[[], T]]) -> list[T | Exception]:
    """Start all at the same moment; return what each returned or raised, in order."""
    barrier = Barrier(len(actions))

    def run(action: Callable[[], T]) -> T | Exception:
        barrier.wait()
        try:
            return action()
        except Exception as error:  # noqa: BLE001 -- the test looks at it
            return error

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(run, actions))


def test_fifty_threads_get_fifty_numbers(database: ScratchDatabase, system: Actor) -> None:
    with Desk(database.url, Settings(pool_size=25, pool_overflow=25, pool_timeout=30)) as desk:
        requester = desk.run(system, make_ticket).requester_id

        def open_one() -> str:
            return desk.run(system, open_ticket, title="x", requester_id=requester).ticket_number

        numbers = _at_once([open_one] * 50)
        assert len({str(number) for number in numbers}) == 50
        assert all(isinstance(number, str) and number.isdigit() for number in numbers), numbers
        assert desk.engine.pool.checkedout() == 0  # type: ignore[attr-defined]


@pytest.mark.asyncio
async def test_fifty_tasks_get_fifty_numbers(database: ScratchDatabase, cast: Cast) -> None:
    desk = Desk(database.url, Settings(pool_timeout=60))  # the last of them waits for all the others
    try:
        opened = await asyncio.gather(
            *(
                desk.arun(cast.agent.actor, open_ticket, title="x", requester_id=cast.customer.id)
                for _ in range(50)
            )
        )
    finally:
        await desk.aclose()
    assert len({ticket.ticket_number for ticket in opened}) == 50


def test_ten_people_make_the_same_tags_and_there_is_one_of_each(desk: Desk, cast: Cast) -> None:
    tickets = [desk.run(cast.agent.actor, make_ticket, cast.customer.user) for _ in range(10)]

    def tag(ticket: Ticket, names: list[str]) -> list[int]:
        return [tag.id for tag in desk.run(cast.agent.actor, add_tags, ticket.id, names)]

    # In opposite orders: without care these would wait for each other in a circle.
    names = [["fire", "hall", "printer"], ["printer", "hall", "fire"]]
    found = _at_once([partial(tag, ticket, names[i % 2]) for i, ticket in enumerate(tickets)])
    assert not [error for error in found if isinstance(error, Exception)]
    with desk.read(cast.agent.actor) as session:
        assert sorted(session.scalars(select(Tag.name))) == ["fire", "hall", "printer"]
        assert session.scalar(select(func.count()).select_from(TicketTag)) == 30


def test_one_of_two_makes_the_tag_and_the_other_is_told(desk: Desk, cast: Cast) -> None:
    results = _at_once([lambda: desk.run(cast.agent.actor, create_tag, "vip")] * 4)
    assert sum(isinstance(result, Tag) for result in results) == 1
    assert sum(type(result) is Conflict for result in results) == 3


def test_one_ticket_is_tagged_by_two_at_once(desk: Desk, cast: Cast) -> None:
    ticket = desk.run(cast.agent.actor, make_ticket, cast.customer.user)
    results = _at_once([lambda: desk.run(cast.agent.actor, add_tags, ticket.id, ["a", "b"])] * 6)
    assert all(isinstance(result, list) for result in results), results


def test_of_many_who_take_the_same_ticket_one_gets_it(desk: Desk, cast: Cast) -> None:
    ticket = desk.run(cast.agent.actor, make_ticket, cast.customer.user)
    takers = [cast.agent, cast.other_agent, cast.admin, cast.team_agent] * 2

    def take(taker: Persona) -> int | None:
        return desk.run(taker.actor, assign, ticket.id, taker.id, seen={"assignee_id": None}).assignee_id

    results = _at_once([partial(take, taker) for taker in takers])
    assert sum(isinstance(result, int) for result in results) == 1
    assert sum(isinstance(result, FieldChanged) for result in results) == len(takers) - 1


def test_of_two_writers_with_the_same_version_the_second_is_told(desk: Desk, cast: Cast) -> None:
    ticket = desk.run(cast.agent.actor, make_ticket, cast.customer.user)

    def write(priority: TicketPriority) -> TicketPriority:
        return desk.run(
            cast.agent.actor, set_priority, ticket.id, priority, expected_version=ticket.version
        ).priority

    results = _at_once([partial(write, TicketPriority.HIGH), partial(write, TicketPriority.URGENT)])
    (written,) = [result for result in results if isinstance(result, TicketPriority)]
    (told,) = [result for result in results if isinstance(result, StaleVersion)]
    assert told.current == ticket.version + 1
    with desk.read(cast.agent.actor) as session:
        assert session.get_one(Ticket, ticket.id).priority is written


def test_a_ticket_is_never_moved_from_a_status_that_it_has_left(desk: Desk, cast: Cast) -> None:
    """Closing and progressing race; whichever is second is judged by what the first made of it."""
    agent = cast.agent.actor
    for _ in range(5):
        ticket = desk.run(agent, make_ticket, cast.customer.user)
        targets = (TicketStatus.CLOSED, TicketStatus.IN_PROGRESS)
        results = _at_once([partial(desk.run, agent, set_status, ticket.id, to) for to in targets])
        errors = [result for result in results if isinstance(result, Exception)]
        assert all(isinstance(error, IllegalMove) for error in errors)
        with desk.read(cast.agent.actor) as session:
            status = session.get_one(Ticket, ticket.id).status
        assert status is TicketStatus.CLOSED
