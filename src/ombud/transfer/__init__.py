"""Tickets from elsewhere: read CSV files and mailboxes, and load what they hold, batch by batch.

Readers yield records (or what is wrong with a row) and never touch the database; `actions` writes a batch
of records in the caller's transaction. The loop around both belongs to the edge.
"""

from ombud.transfer.actions import Loaded, check_tickets, ensure_people, load_messages, load_tickets
from ombud.transfer.mailbox import read_mbox
from ombud.transfer.mapping import CsvMapping, parse_mapping, read_mapping
from ombud.transfer.records import CommentRecord, LeftOut, MessageRecord, PersonRecord, TicketRecord
from ombud.transfer.tabular import read_csv

__all__ = [
    "CommentRecord",
    "CsvMapping",
    "LeftOut",
    "Loaded",
    "MessageRecord",
    "PersonRecord",
    "TicketRecord",
    "check_tickets",
    "ensure_people",
    "load_messages",
    "load_tickets",
    "parse_mapping",
    "read_csv",
    "read_mapping",
    "read_mbox",
]
