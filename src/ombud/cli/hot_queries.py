"""The statements that a desk lives on, by name, with example values from its own data: for `ombud db explain`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import Session

from ombud.analytics import queries as analytics
from ombud.analytics.rules import Span
from ombud.audit import AccessFilter, LogFilter
from ombud.audit import queries as audit
from ombud.clock import now
from ombud.db.actor import Actor
from ombud.people import queries as people
from ombud.tickets import View, queries
from ombud.tickets.filters import Place, TicketFilter, TicketSort

WORDS = "invoice"


@dataclass(frozen=True, slots=True)
class Examples:
    """Values to plan with: those of the newest ticket, made up in an empty desk."""

    ticket_id: int = 1
    number: str = "1001"
    requester_id: int = 1
    team_id: int = 1
    words: str = WORDS


@dataclass(frozen=True, slots=True)
class HotQuery:
    """A statement with a name; `build` makes it for an actor."""

    name: str
    what: str
    build: Callable[[Actor, Examples], Select[Any]]


def examples_of(session: Session, actor: Actor) -> Examples:
    """Return values from the newest ticket that `actor` sees."""
    row = session.execute(queries.inbox(actor, TicketFilter(), Place(TicketSort.CREATED, limit=1))).first()
    if row is None:
        return Examples()
    words = next((word for word in row.title.split() if word.isalpha()), WORDS)
    return Examples(row.id, row.ticket_number, row.requester_id, row.team_id or 1, words)


def _list(view: View, sort: TicketSort = TicketSort.ACTIVITY) -> Callable[[Actor, Examples], Select[Any]]:
    return lambda actor, _examples: queries.inbox(actor, view.narrowed(TicketFilter()), Place(sort))


HOT_QUERIES = {
    one.name: one
    for one in (
        *(HotQuery(f"inbox-{view.value}", f"a page of the view {view.value}", _list(view)) for view in View),
        HotQuery("inbox-created", "open tickets by creation", _list(View.OPEN, TicketSort.CREATED)),
        HotQuery("inbox-priority", "open tickets by priority", _list(View.OPEN, TicketSort.PRIORITY)),
        HotQuery("counters", "the sidebar's counters", lambda actor, _: queries.view_counters(actor)),
        HotQuery(
            "search",
            "a page of tickets with words",
            lambda actor, ex: queries.inbox(actor, TicketFilter(text=ex.words), Place()),
        ),
        HotQuery(
            "search-common",
            "the same for words that many tickets have",
            lambda actor, ex: queries.inbox(
                actor, TicketFilter(text=ex.words), Place(), common=queries.Common(words=True)
            ),
        ),
        HotQuery(
            "search-count",
            "how many tickets have the words",
            lambda actor, ex: queries.count_matching(actor, TicketFilter(text=ex.words)),
        ),
        HotQuery(
            "requester",
            "the tickets of one person",
            lambda actor, ex: queries.inbox(actor, TicketFilter(requester_id=ex.requester_id), Place()),
        ),
        HotQuery("ticket", "one ticket", lambda actor, ex: queries.ticket_by_number(actor, ex.number)),
        HotQuery("conversation", "its comments", lambda actor, ex: queries.conversation(actor, ex.ticket_id)),
        HotQuery("history", "its changes", lambda actor, ex: queries.history(actor, ex.ticket_id)),
        HotQuery("people", "customers by a part of their name", lambda _, ex: people.customers(ex.words)),
        HotQuery(
            "statistics",
            "the figures of 30 days",
            lambda actor, _: analytics.statistics(actor, Span(now() - timedelta(days=30), None), "UTC"),
        ),
        HotQuery(
            "statistics-all",
            "all figures",
            lambda actor, _: analytics.statistics(actor, Span(None, None), "UTC"),
        ),
        HotQuery(
            "audit-day",
            "changes of one day",
            lambda actor, _: audit.log(actor, LogFilter(start=now() - timedelta(days=1), end=now())),
        ),
        HotQuery(
            "access-day",
            "looks of one day",
            lambda actor, _: audit.looks(actor, AccessFilter(start=now() - timedelta(days=1), end=now())),
        ),
    )
}
