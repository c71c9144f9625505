"""A stage to search on, synchronous: that both kinds of session act alike is shown by the tests of actions."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import text

from ombud import Actor, Desk
from ombud.testing import Perform, Persona, SyncStage
from ombud.tickets.filters import Place, TicketFilter
from ombud.tickets.listing import list_tickets

Search = Callable[..., list[str]]


@pytest.fixture
def perform(stage_desk: Desk) -> Iterator[Perform]:
    stage = SyncStage(stage_desk)
    yield stage
    stage.close()


@pytest.fixture
def index(perform: Perform, system: Actor) -> Callable[[], int]:
    """Move fresh documents into the index, as the worker does, and say how many."""

    def move() -> int:
        return perform(system, lambda s: s.scalar(text("SELECT ombud.index_search_tail(1000)")) or 0)

    return move


@pytest.fixture
def search(perform: Perform, agent: Persona) -> Search:
    """Return the titles that a person (an agent unless given) finds, sorted."""

    def find(typed: str, person: Persona | None = None) -> list[str]:
        actor = (person or agent).actor
        page = perform(actor, list_tickets, TicketFilter(text=typed), Place(limit=100))
        return sorted(row.title for row in page.rows)

    return find
