"""One page of a list of tickets: the way every edge lists, so that cursors, caps and plans are one thing."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from ombud.db.context import actor_of
from ombud.kit.cursor import encode_cursor
from ombud.tickets import queries
from ombud.tickets.filters import Place, TicketFilter
from ombud.tickets.grammar import understand

# From about this many matches on, walking the list until a page is full beats gathering all matches first
# (measured at 200,000 tickets, see docs/adr/0011).
COMMON = 3_000


@dataclass(frozen=True, slots=True)
class TicketPage:
    """Rows of `queries.inbox`, the cursor of the next page (None on the last), and the capped total if asked.

    `total` stops at `queries.COUNTER_CAP + 1`, which means "more than the cap".
    """

    rows: tuple[Any, ...]
    next_cursor: str | None
    total: int | None = None


def is_common(weight: int | None) -> bool:
    """Tell whether words of this `search_weight` (None: no words) are looked for along the list."""
    return (weight or 0) >= COMMON


def list_tickets(
    session: Session, wanted: TicketFilter, place: Place, *, counted: bool = False
) -> TicketPage:
    """Return one page, in one statement; with words to search for one more, and one for the count."""
    actor = actor_of(session)
    wanted = understand(wanted)
    common = has_common_words(session, wanted)
    found = session.execute(queries.inbox(actor, wanted, place, common=common)).all()
    rows = found[: place.limit]
    following = None
    if len(found) > place.limit:
        following = encode_cursor(place.order_name, queries.cursor_values(rows[-1], place))
    total = session.scalar(queries.count_matching(actor, wanted, common=common)) if counted else None
    return TicketPage(tuple(rows), following, total)


def has_common_words(session: Session, wanted: TicketFilter) -> bool:
    """Tell `is_common` of a filter's words (terms understood already); one statement where there are any."""
    return wanted.text is not None and is_common(session.scalar(queries.search_weight(wanted.text)))
