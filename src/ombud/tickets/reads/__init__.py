"""Reads that answer with tickets and people as objects, each in a fixed number of statements.

Lists for pages are made of plain rows: `ombud.tickets.listing`.
"""

from ombud.tickets.reads.count import count_views
from ombud.tickets.reads.details import get_tickets_with_details
from ombud.tickets.reads.find import FoundTickets, find_tickets, search_tickets
from ombud.tickets.reads.one import find_ticket
from ombud.tickets.reads.parts import put_attachments, put_comments, put_people, put_tags
from ombud.tickets.reads.queries import newest_tickets

__all__ = [
    "FoundTickets",
    "count_views",
    "find_ticket",
    "find_tickets",
    "get_tickets_with_details",
    "newest_tickets",
    "put_attachments",
    "put_comments",
    "put_people",
    "put_tags",
    "search_tickets",
]
