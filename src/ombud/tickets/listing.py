"""One page of a list of tickets: the way every edge lists, so that cursors, caps and plans are one thing."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from ombud.db.context import actor_of
from ombud.kit.cursor import encode_cursor
from ombud.tickets import queries
from ombud.tickets.filters import Place, TicketFilter
from ombud.tickets.grammar import understand


@dataclass(frozen=True, slots=True)
class TicketPage:
    """Rows of `queries.inbox`, the cursor of the next page (None on the last), and the capped total if asked.

    `total` stops at `queries.COUNTER_CAP + 1`, which means "more than the cap".
    """

    rows: tuple[Any, ...]
    next_cursor: str | None
    total: int | None = None


def list_tickets(
    session: Session, wanted: TicketFilter, place: Place, *, counted: bool = False
) -> TicketPage:
    """Return one page, in one statement; with something to search for one more, and one for the count."""
    actor = actor_of(session)
    wanted = understand(wanted)
    common = how_common(session, wanted)
    found = session.execute(queries.inbox(actor, wanted, place, common=common)).all()
    rows = found[: place.limit]
    following = None
    if len(found) > place.limit:
        following = encode_cursor(place.order_name, queries.cursor_values(rows[-1], place))
    total = session.scalar(queries.count_matching(actor, wanted, common=common)) if counted else None
    return TicketPage(tuple(rows), following, total)


def how_common(session: Session, wanted: TicketFilter) -> queries.Common:
    """Tell how common what a filter searches for is (terms understood already); a statement if it does."""
    if wanted.text is None and wanted.substring is None:
        return queries.RARE
    words, substring = session.execute(queries.search_weight(wanted)).one()
    return queries.Common.of(words, substring)
