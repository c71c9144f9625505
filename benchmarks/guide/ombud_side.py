"""Ombud as a host application uses it: public functions, signed in as the application's role, asynchronously.

Row security and the audit log are on in everything here; what they cost is measured in `cases_costs`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import text

from ombud import Actor, Desk, DeskSession, TicketStatus
from ombud.analytics import TicketStatistics, get_ticket_statistics, quick_statistics
from ombud.kit.cursor import encode_cursor
from ombud.tickets import (
    Place,
    TicketFilter,
    TicketSort,
    View,
    bulk_create_tickets,
    bulk_update_ticket_status,
    open_ticket,
    queries,
    quick_opening,
    reply,
)
from ombud.tickets.reads import (
    count_views,
    find_ticket,
    get_tickets_with_details,
    quick_tickets,
    search_tickets,
)

P = ParamSpec("P")
T = TypeVar("T")

CAP = queries.COUNTER_CAP
Found = tuple[int, list[int]]


class TakenBackError(Exception):
    """Ends a transaction that is to leave nothing behind."""


@dataclass(frozen=True)
class OmbudSide:
    """A desk, and who works there."""

    desk: Desk
    actor: Actor

    async def read(
        self, action: Callable[Concatenate[DeskSession, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Read in a transaction of its own."""

        def run(session: Any) -> T:
            return action(session, *args, **kwargs)

        async with self.desk.aread(self.actor) as session:
            return await session.run_sync(run)

    async def one(self) -> int:
        """Go there and back, as somebody: the price of every transaction."""
        return await self.read(lambda session: int(session.execute(text("SELECT 1")).scalar_one()))

    async def ticket(self, number: str) -> int:
        """Get one ticket with its people, team and tags, as its page does."""
        found = await self.read(find_ticket, number)
        assert found is not None
        return found.id

    async def search(self, wanted: TicketFilter | None = None, cursor: str | None = None) -> Found:
        """Search, and return the capped total and the ids of the page: records, newest first."""
        place = Place(TicketSort.CREATED, cursor=cursor)
        found = await self.desk.aquick(self.actor, quick_tickets, wanted, place)
        return found.total, [ticket.id for ticket in found.tickets]

    async def search_in_session(self) -> Found:
        """Show the first page as objects of a session."""
        found = await self.read(search_tickets)
        return found.total, [ticket.id for ticket in found.tickets]

    async def after(self, moment: datetime, ticket_id: int) -> Found:
        """Show the page after a ticket."""
        return await self.search(
            cursor=encode_cursor(Place(TicketSort.CREATED).order_name, (moment, ticket_id))
        )

    async def details(self, status: TicketStatus, limit: int) -> list[tuple[int, int]]:
        """Get a page of tickets with all that belongs to them, as records. Ids, and how many comments."""
        wanted, place = TicketFilter(statuses=(status,)), Place(TicketSort.CREATED, limit=limit)
        found = await self.desk.aquick(self.actor, quick_tickets, wanted, place, details=True)
        return [(ticket.id, len(ticket.comments)) for ticket in found.tickets]

    async def details_in_session(self, status: TicketStatus, limit: int) -> list[tuple[int, int]]:
        """Get the same as objects of a session."""
        found = await self.read(get_tickets_with_details, status, limit=limit)
        return [(ticket.id, len(ticket.comments)) for ticket in found.tickets]

    async def all_details(self, status: TicketStatus) -> list[tuple[int, int]]:
        """Get them all, page by page."""
        tickets: list[tuple[int, int]] = []
        cursor: str | None = None
        while True:
            found = await self.read(get_tickets_with_details, status, limit=100, cursor=cursor)
            tickets += [(ticket.id, len(ticket.comments)) for ticket in found.tickets]
            cursor = found.next_cursor
            if cursor is None:
                return tickets

    async def counters(self) -> list[int]:
        """Count what the views hold."""
        found = await self.read(count_views)
        return [found[view] for view in View]

    async def statistics(self, start: datetime | None = None, end: datetime | None = None) -> dict[str, Any]:
        """Get the statistics, with the guide's names."""
        return _named(await self.desk.aquick(self.actor, quick_statistics, start=start, end=end))

    async def statistics_in_session(self) -> dict[str, Any]:
        """Get those of all time by a session."""
        return _named(await self.read(get_ticket_statistics))

    async def bulk_create(self, rows: Sequence[dict[str, Any]]) -> int:
        """Create many, and take it back."""
        made: list[int] = []

        def create(session: Any) -> None:
            made.extend(key for key in bulk_create_tickets(session, rows).ids if key is not None)
            raise TakenBackError

        try:
            async with self.desk.abegin(self.actor) as session:
                await session.run_sync(create)
        except TakenBackError:
            pass
        return len(made)

    async def bulk_status(self, ids: Sequence[int], status: TicketStatus) -> int:
        """Set the status of many, and commit."""
        outcome = await self.desk.arun(self.actor, bulk_update_ticket_status, ids, status)
        return len(outcome.changed)

    async def create_with_comment(self, requester: int) -> None:
        """Open a ticket, answer it, and commit: the function for programs that do so all the time."""
        await self.desk.aquick(
            self.actor,
            quick_opening,
            title="Cannot sign in",
            description="word " * 60,
            requester_id=requester,
            reply="word " * 40,
        )

    async def create_then_comment(self, requester: int) -> None:
        """Open a ticket, answer it, and commit: two functions in a session's transaction."""
        await self.desk.arun(self.actor, _open_and_answer, requester)


def _open_and_answer(session: DeskSession, requester: int) -> None:
    ticket = open_ticket(session, title="Cannot sign in", description="word " * 60, requester_id=requester)
    reply(session, ticket.id, "word " * 40)


def _named(found: TicketStatistics) -> dict[str, Any]:
    return {
        "status": {name: n for name, n in found["status_counts"].items() if n},
        "priority": {name: n for name, n in found["priority_counts"].items() if n},
        "hours": found["avg_resolution_hours"],
        "assignee": [
            {"assignee": one["assignee"], "n": one["ticket_count"], "hours": one["avg_resolution_hours"]}
            for one in found["assignee_stats"]
            if one["assignee_id"] is not None
        ],
    }
