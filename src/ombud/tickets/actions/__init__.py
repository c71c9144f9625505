"""What can be done to tickets: plain functions, session first, one file per family of verbs.

An action checks the actor's right, decides by `rules`, changes rows and flushes at most; the edge commits.
The audit log, search documents and derived columns are the database's own work.
"""

from ombud.tickets.actions.bulk import (
    BulkCreated,
    BulkOutcome,
    BulkRefused,
    RowProblem,
    Skipped,
    SkipReason,
    TicketRow,
    bulk_assign_tickets,
    bulk_create_tickets,
    bulk_delete_tickets,
    bulk_restore_tickets,
    bulk_tag_tickets,
    bulk_update_ticket_status,
)
from ombud.tickets.actions.change import (
    TicketChanges,
    assign,
    change_ticket,
    move_to_team,
    set_priority,
    set_status,
)
from ombud.tickets.actions.delete import restore_ticket, soft_delete_ticket
from ombud.tickets.actions.open import open_ticket
from ombud.tickets.actions.personal import DRAFT_LIMIT, discard_draft, keep_draft, mark_read, save_draft
from ombud.tickets.actions.quick import Opened, quick_opening
from ombud.tickets.actions.reply import (
    StoredFile,
    add_comment,
    attach_file,
    check_right_to_attach,
    note,
    remove_attachment,
    reply,
)
from ombud.tickets.actions.tag import add_tags, create_tag, remove_tag, set_tags

__all__ = [
    "DRAFT_LIMIT",
    "BulkCreated",
    "BulkOutcome",
    "BulkRefused",
    "Opened",
    "RowProblem",
    "SkipReason",
    "Skipped",
    "StoredFile",
    "TicketChanges",
    "TicketRow",
    "add_comment",
    "add_tags",
    "assign",
    "attach_file",
    "bulk_assign_tickets",
    "bulk_create_tickets",
    "bulk_delete_tickets",
    "bulk_restore_tickets",
    "bulk_tag_tickets",
    "bulk_update_ticket_status",
    "change_ticket",
    "check_right_to_attach",
    "create_tag",
    "discard_draft",
    "keep_draft",
    "mark_read",
    "move_to_team",
    "note",
    "open_ticket",
    "quick_opening",
    "remove_attachment",
    "remove_tag",
    "reply",
    "restore_ticket",
    "save_draft",
    "set_priority",
    "set_status",
    "set_tags",
    "soft_delete_ticket",
]
