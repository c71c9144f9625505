"""Many tickets at once: their documents are written afterwards, and nothing that was said meanwhile is missed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import text

from ombud import Actor, Desk
from ombud.testing import Perform, Persona, make_comment, make_customer
from ombud.tickets import bulk_create_tickets
from tests.search.conftest import Search

ONE_BY_ONE = 200
"""The most tickets of one statement whose documents are written at once."""


def create(session: Any, count: int, requester: int) -> list[int]:
    rows = [
        {"title": f"load {n}", "description": "lorikeet", "requester_id": requester} for n in range(count)
    ]
    return [key for key in bulk_create_tickets(session, rows).ids if key is not None]


def waiting(perform: Perform, system: Actor) -> int:
    return perform(system, lambda s: s.scalar(text("SELECT count(*) FROM ombud.search_queue")) or 0)


def test_a_few_are_found_at_once(perform: Perform, agent: Persona, search: Search, system: Actor) -> None:
    requester = perform(system, make_customer).id
    perform(agent.actor, create, ONE_BY_ONE, requester)
    assert waiting(perform, system) == 0
    assert len(search("lorikeet")) == 100, "a full page"


def test_many_wait_and_are_found_by_batches(
    perform: Perform, agent: Persona, search: Search, system: Actor, index: Callable[[], int]
) -> None:
    requester = perform(system, make_customer).id
    ids = perform(agent.actor, create, ONE_BY_ONE + 1, requester)
    assert waiting(perform, system) == ONE_BY_ONE + 1
    assert search("lorikeet") == []
    perform(system, make_comment, ids[0], requester, "said before the document was written: quetzal")
    assert index() == ONE_BY_ONE + 1
    assert waiting(perform, system) == 0
    assert len(search("lorikeet")) == 100
    assert search("quetzal") == ["load 0"]
    perform(system, make_comment, ids[1], requester, "said afterwards: quetzal")
    assert search("quetzal") == ["load 0", "load 1"]
    while index():
        pass
    assert search("quetzal") == ["load 0", "load 1"]


def test_a_comment_that_is_being_written_is_not_lost(desk: Desk, system: Actor) -> None:
    """The worker leaves a ticket alone that somebody writes to, and takes it at its next turn."""
    requester = desk.run(system, make_customer).id
    ids = desk.run(system, create, ONE_BY_ONE + 1, requester)
    with desk.begin(system) as writing:
        make_comment(writing, ids[7], requester, "quetzal")
        with desk.begin(system) as worker:
            assert worker.scalar(text("SELECT ombud.index_search_tail(1000)")) == ONE_BY_ONE
    with desk.begin(system) as worker:
        assert worker.scalar(text("SELECT ombud.index_search_tail(1000)")) == 1
        found = "SELECT ticket_id FROM ombud.ticket_search WHERE document @@ 'quetzal'::tsquery"
        assert worker.scalars(text(found)).all() == [ids[7]]
