"""Reading tickets: builders that return a Select, for either kind of session. Nothing is executed here."""

from ombud.tickets.queries.adding import MADE, SAID, TICKET, comment_added, ticket_added
from ombud.tickets.queries.counters import view_counters
from ombud.tickets.queries.finding import page_asked_for, total_and_page
from ombud.tickets.queries.lists import (
    COUNTER_CAP,
    VARYING,
    by_rank,
    count_matching,
    cursor_values,
    inbox,
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
    goes_on_in,
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
from ombud.tickets.queries.orders import paged
from ombud.tickets.queries.ranking import RANKED, ranked_page

__all__ = [
    "CONVERSATION_PAGE",
    "COUNTER_CAP",
    "MADE",
    "RANKED",
    "RARE",
    "SAID",
    "TICKET",
    "VARYING",
    "Common",
    "all_attachments_of",
    "all_tags",
    "attachment_by_id",
    "attachments_of",
    "by_rank",
    "comment_added",
    "conversation",
    "count_matching",
    "cursor_values",
    "drafts_of",
    "goes_on_in",
    "history",
    "inbox",
    "other_tickets",
    "page_asked_for",
    "paged",
    "ranked_page",
    "search_weight",
    "tags_by_name",
    "ticket_added",
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
