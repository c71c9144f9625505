"""Reading tickets: builders that return a Select, for either kind of session. Nothing is executed here."""

from ombud.tickets.queries.counters import view_counters
from ombud.tickets.queries.finding import total_and_page
from ombud.tickets.queries.lists import (
    COUNTER_CAP,
    VARYING,
    by_rank,
    count_matching,
    cursor_values,
    inbox,
    paged,
)
from ombud.tickets.queries.matching import RARE, Common, search_weight, tickets_matching
from ombud.tickets.queries.one import (
    CONVERSATION_PAGE,
    all_attachments_of,
    all_tags,
    attachment_by_id,
    attachments_of,
    conversation,
    drafts_of,
    history,
    other_tickets,
    tags_by_name,
    ticket_by_id,
    ticket_by_number,
    ticket_details,
    ticket_for_change,
    ticket_id,
    tickets_by_number,
    visible_id,
)
from ombud.tickets.queries.ranking import RANKED, ranked_page

__all__ = [
    "CONVERSATION_PAGE",
    "COUNTER_CAP",
    "RANKED",
    "RARE",
    "VARYING",
    "Common",
    "all_attachments_of",
    "all_tags",
    "attachment_by_id",
    "attachments_of",
    "by_rank",
    "conversation",
    "count_matching",
    "cursor_values",
    "drafts_of",
    "history",
    "inbox",
    "other_tickets",
    "paged",
    "ranked_page",
    "search_weight",
    "tags_by_name",
    "ticket_by_id",
    "ticket_by_number",
    "ticket_details",
    "ticket_for_change",
    "ticket_id",
    "tickets_by_number",
    "tickets_matching",
    "total_and_page",
    "view_counters",
    "visible_id",
]
