"""Pages of tickets that programs ask for all the time: one round trip, by `Desk.aquick`."""

import json
from collections.abc import Sequence

from ombud.db.actor import Actor
from ombud.db.context import DeskSession, actor_of
from ombud.db.plain import Does
from ombud.db.quick import Quick
from ombud.kit.cursor import encode_cursor
from ombud.tickets.filters import Place, TicketFilter
from ombud.tickets.grammar import understand
from ombud.tickets.queries import COUNTER_CAP, cursor_values
from ombud.tickets.queries.asked import kind_of, may_be_a_step, texts_of
from ombud.tickets.reads.find import PAGE, find_tickets
from ombud.tickets.reads.queries import Extent, page_of_records
from ombud.tickets.reads.records import FoundRecords, TicketRecord, record_of, records_told
from ombud.tickets.reads.whole import COMMENTS_EACH, FILES_EACH

DETAILS = Extent(comments=COMMENTS_EACH, files=FILES_EACH)


def quick_tickets(
    actor: Actor, wanted: TicketFilter | None = None, place: Place | None = None, *, details: bool = False
) -> Quick[FoundRecords]:
    """Find the page of tickets that `find_tickets` finds, as records: for `Desk.aquick`.

    With `details` each has its last 50 comments and first 50 files. One round trip for staff, where the filter is of
    words of ours, ids, and one text at most. Raises Invalid.
    """
    asked, place = understand(wanted or TicketFilter()), place or Place()
    extent = DETAILS if details else PAGE

    def usual(session: DeskSession) -> FoundRecords:
        found = find_tickets(session, asked, place, extent=extent)
        tagged = actor_of(session).is_staff
        tickets = tuple(record_of(ticket, extent, tagged=tagged) for ticket in found.tickets)
        return FoundRecords(tickets, found.total, found.is_more, found.next_cursor)

    def result(told: Sequence[str | None]) -> FoundRecords:
        total, ids = int(str(told[0])), json.loads(str(told[1]))
        by_id = records_told(told[2:], extent.kinds(actor))
        tickets = tuple(by_id[one] for one in ids[: place.limit] if one in by_id)
        return FoundRecords(
            tickets, min(total, COUNTER_CAP), total > COUNTER_CAP, _next(tickets, place, len(ids))
        )

    does: Does = "searches" if asked.is_search else "reads"
    if not actor.is_staff or not may_be_a_step(asked, place):
        return Quick((), (), result, usual, does)
    kind, like, has_case = kind_of(asked, place)
    step = page_of_records(actor, kind, like, extent, has_case)
    return Quick((step,), texts_of(asked, place), result, usual, does)


def _next(tickets: Sequence[TicketRecord], place: Place, found: int) -> str | None:
    if found <= place.limit or not tickets:
        return None
    return encode_cursor(place.order_name, cursor_values(tickets[-1], place))
