"""Reads that answer with tickets and people, each in a fixed number of statements: as objects of a session, or records.

Lists for pages are made of plain rows: `ombud.tickets.listing`.
"""

from ombud.tickets.reads.count import count_views
from ombud.tickets.reads.details import get_tickets_with_details
from ombud.tickets.reads.find import FoundTickets, find_tickets, search_tickets
from ombud.tickets.reads.one import find_ticket
from ombud.tickets.reads.queries import Extent, tickets_of_person
from ombud.tickets.reads.quick import quick_tickets
from ombud.tickets.reads.records import (
    CommentRecord,
    FileRecord,
    FoundRecords,
    NamedRecord,
    PersonRecord,
    TagRecord,
    TicketRecord,
)
from ombud.tickets.reads.whole import COMMENTS_EACH, whole_tickets

__all__ = [
    "COMMENTS_EACH",
    "CommentRecord",
    "Extent",
    "FileRecord",
    "FoundRecords",
    "FoundTickets",
    "NamedRecord",
    "PersonRecord",
    "TagRecord",
    "TicketRecord",
    "count_views",
    "find_ticket",
    "find_tickets",
    "get_tickets_with_details",
    "quick_tickets",
    "search_tickets",
    "tickets_of_person",
    "whole_tickets",
]
