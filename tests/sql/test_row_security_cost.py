"""What row security costs, without a clock (TRUST.md R18): the same statements as a role that it does not bind.

Times are measured by `make bench`. Here stands what they follow from: row security asks what the actor may do once for
a statement and not once for a row, reads no table that the statement would not read anyway, and touches hardly a page
more: a table that was walked whole for it would be many.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import Select, func, select, text

from ombud import Actor
from ombud.db.explain import plan_json
from ombud.models import TicketSearch
from ombud.testing import ScratchServer
from ombud.tickets import View, queries
from ombud.tickets.filters import Place, TicketFilter
from tests.sql.test_plans import Many, desk_of

TICKETS = 5_000
BOUND, UNBOUND = "ombud_web", "ombud_unbound"
TIMES = 1.15
"""The goal for times, in pages."""
FEW = 12
"""Pages more, whatever it is: the way down an index or three."""
EACH = 8
"""Pages more for each row that a list shows to who does not see all: the person, the last comment and its ticket."""
WIDER = {"counters": 260}
"""Pages more of a statement that needs columns for it where an index alone would do, in numbers that do not grow.

Counters stop at a thousand tickets each (60 pages instead of 9), and look three times at the changes of the sums that
nobody has folded in yet, 5,000 at most (64 instead of 16).
"""
RUNS = 4
"""How often a statement is run, to see it once with nothing of the server's own beside it."""
SHOWN = 51
"""Rows that a list looks at: those of a page, and whether there is another."""


@pytest.fixture(scope="module")
def many(postgres: ScratchServer) -> Iterator[Many]:
    with desk_of(TICKETS, postgres) as found:
        yield found


@dataclass(frozen=True)
class Cost:
    """What PostgreSQL did for a statement."""

    tables: frozenset[str]
    asked: float
    """How often a question was asked that no row is part of: the most of any."""
    pages: int


def cost(many: Many, actor: Actor, statement: Select[Any], role: str) -> Cost:
    """Run a statement as a role some times, and look at the cheapest: by then the catalogue is known.

    Whoever makes tables elsewhere on the server, as other tests do, makes this session forget the catalogue and read
    it again in the midst of a statement: 488 pages for 22 have been seen.
    """
    with many.desk.read(actor) as session:
        session.execute(text(f"SET LOCAL ROLE {role}"))
        plans = [plan_json(session, statement, analyze=True)["Plan"] for _ in range(RUNS)]
    plan = min(plans, key=_pages)
    nodes = list(_nodes(plan))
    scans = [node for node in nodes if "Relation Name" in node and node["Actual Loops"]]
    return Cost(
        frozenset(node["Relation Name"] for node in scans),
        max(
            (node["Actual Loops"] for node in nodes if node.get("Parent Relationship") == "InitPlan"),
            default=0,
        ),
        _pages(plan),
    )


def _pages(plan: dict[str, Any]) -> int:
    return int(plan["Shared Hit Blocks"]) + int(plan["Shared Read Blocks"])


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)


def hot(actor: Actor) -> dict[str, tuple[Select[Any], int]]:
    """Return the statements that are run all the time, and how many rows with looks of their own each shows."""
    common = queries.Common(words=True)
    return {
        "all": (queries.inbox(actor, TicketFilter(), Place()), SHOWN),
        "open": (queries.inbox(actor, View.OPEN.narrowed(TicketFilter()), Place()), SHOWN),
        "counters": (queries.view_counters(actor), 0),
        "ticket": (queries.ticket_by_number(actor, "1010"), 0),
        "conversation": (queries.conversation(actor, 12), 0),
        "rare word": (queries.inbox(actor, TicketFilter(text="needle"), Place()), SHOWN),
        "common word": (queries.inbox(actor, TicketFilter(text="common"), Place(), common=common), SHOWN),
    }


def _actor(many: Many, who: str) -> Actor:
    if who != "customer":
        found: Actor = getattr(many.cast, who).actor
        return found
    with many.desk.read(Actor.system("test")) as session:
        requester = session.scalar(text("SELECT requester_id FROM ombud.tickets WHERE id = 12"))
    assert requester is not None
    return Actor.customer(requester)


@pytest.mark.parametrize("who", ["admin", "agent", "team_agent", "customer"])
def test_it_asks_once_and_reads_hardly_a_page_more(many: Many, who: str) -> None:
    actor = _actor(many, who)
    sees_all = who in ("admin", "agent")
    for name, (statement, shown) in hot(actor).items():
        bound, plain = (cost(many, actor, statement, role) for role in (BOUND, UNBOUND))
        said = f"{who}, {name}: {bound}, without {plain}"
        assert plain.pages, said
        assert bound.asked <= 1, said
        assert bound.tables <= plain.tables, said
        more = (0 if sees_all else shown * EACH) + WIDER.get(name, 0) + FEW
        assert bound.pages <= TIMES * plain.pages + more, said


def test_a_condition_that_must_wait_for_row_security_shows(many: Many) -> None:
    """The control: a match that is not leakproof is looked up in its index only by who may see every row."""
    actor = many.cast.team_agent.actor
    words = func.to_tsquery("simple", "needle")
    statement = select(TicketSearch.ticket_id).where(TicketSearch.document.op("@@")(words))
    bound, plain = (cost(many, actor, statement, role) for role in (BOUND, UNBOUND))
    assert bound.pages > 2 * plain.pages + SHOWN * EACH, (bound, plain)
