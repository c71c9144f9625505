"""Find tickets: one page of objects and the capped total, of one moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy.orm import Session

from ombud.db.context import actor_of
from ombud.db.plans import by_key
from ombud.errors import Invalid
from ombud.kit.cursor import encode_cursor
from ombud.models import Ticket, TicketPriority, TicketStatus
from ombud.tickets import queries as lists
from ombud.tickets.filters import DEFAULT_PAGE, Place, TicketFilter, TicketSort
from ombud.tickets.grammar import understand
from ombud.tickets.listing import how_common
from ombud.tickets.queries import COUNTER_CAP, cursor_values
from ombud.tickets.reads.queries import Extent
from ombud.tickets.reads.whole import whole_tickets

PAGE = Extent()
"""What a list shows of each ticket."""


@dataclass(frozen=True, slots=True)
class FoundTickets:
    """One page. `total` stops at 1,000; `is_more` says that there are more than that."""

    tickets: tuple[Ticket, ...]
    total: int
    is_more: bool
    next_cursor: str | None


def search_tickets(
    session: Session,
    search_term: str | None = None,
    *,
    status_list: Sequence[TicketStatus] | None = None,
    priority: TicketPriority | None = None,
    assignee_id: int | Literal["me", "unassigned"] | None = None,
    created_after: datetime | None = None,
    tags: Sequence[str] | None = None,
    substring: bool = False,
    time_zone: str = "UTC",
    sort: TicketSort = TicketSort.CREATED,
    limit: int = DEFAULT_PAGE,
    cursor: str | None = None,
) -> FoundTickets:
    """Return one page of the tickets that fulfil every condition, newest first, with people, team and tags.

    `search_term` is what people type into the search box (see `ombud.tickets.grammar`); with `substring` it is
    found exactly as it stands, whatever the case. None means any; an empty list means none of them.
    `created_after` is aware and included; dates in the term are days of `time_zone`. `TicketSort.RANK` puts what fits
    the words best first. Go on with `next_cursor`, in the same order. Raises Invalid.
    """
    if isinstance(tags, str):
        raise Invalid(fields={"tags": "must be a list."})
    wanted = TicketFilter(
        text=None if substring else search_term,
        time_zone=time_zone,
        substring=search_term if substring else None,
        statuses=tuple(status_list) if status_list is not None else None,
        priorities=(priority,) if priority is not None else None,
        assignees=(assignee_id,) if assignee_id is not None else None,
        tags=tuple(tags) if tags is not None else None,
        created_from=created_after,
    )
    return find_tickets(session, wanted, Place(sort, limit=limit, cursor=cursor))


def find_tickets(
    session: Session, wanted: TicketFilter, place: Place, *, extent: Extent = PAGE
) -> FoundTickets:
    """Return the page of tickets that `place` says: one statement finds it, another brings all that is wanted of it.

    With words to search for there is one more. Where nothing is found, nothing is looked up.
    """
    actor = actor_of(session)
    wanted = understand(wanted)
    session.flush()
    statement, parameters = lists.page_asked_for(actor, wanted, place, how_common(session, wanted))
    row = session.execute(statement, parameters).one()
    total, ids, ranks, _plans = row
    page: list[Ticket] = []
    with by_key(session, switched=True):
        if ids:
            page = whole_tickets(session, ids[: place.limit], extent)
    following = None
    if len(ids) > place.limit and page:
        last = page[-1]
        values = cursor_values(last, place) if ranks is None else (ranks[ids.index(last.id)], last.id)
        following = encode_cursor(place.order_name, values)
    return FoundTickets(
        tickets=tuple(page),
        total=min(total, COUNTER_CAP),
        is_more=total > COUNTER_CAP,
        next_cursor=following,
    )
