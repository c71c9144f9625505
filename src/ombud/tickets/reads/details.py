"""Tickets with all that belongs to them, bounded, in a fixed number of statements."""

from sqlalchemy.orm import Session

from ombud.models import TicketStatus
from ombud.tickets.filters import DEFAULT_PAGE, Place, TicketFilter, TicketSort
from ombud.tickets.reads import whole
from ombud.tickets.reads.find import FoundTickets, find_tickets
from ombud.tickets.reads.queries import Extent


def get_tickets_with_details(
    session: Session,
    status: TicketStatus | None = None,
    *,
    limit: int = DEFAULT_PAGE,
    cursor: str | None = None,
) -> FoundTickets:
    """Return one page of tickets, newest first, with people, team, tags, comments (authors too) and files.

    Two statements, whatever `limit` (at most 100). `comments` holds each ticket's last 50 that the actor may
    read, `attachments` the first 50; `ombud.tickets.queries.conversation` has them all. Go on with `next_cursor`.
    """
    wanted = TicketFilter(statuses=(status,) if status is not None else None)
    extent = Extent(comments=whole.COMMENTS_EACH, files=whole.FILES_EACH)
    return find_tickets(session, wanted, Place(TicketSort.CREATED, limit=limit, cursor=cursor), extent=extent)
