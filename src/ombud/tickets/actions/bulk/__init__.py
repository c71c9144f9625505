"""Change many tickets at once: any number of ids, few statements, and a word for each ticket left out.

Everything happens in the caller's transaction. Locks are taken in the order of ids, so two bulk changes wait for
each other and never die of each other. Audit, search documents and statistics are the database's own work.
"""

from ombud.tickets.actions.bulk.change import (
    bulk_assign_tickets,
    bulk_delete_tickets,
    bulk_restore_tickets,
    bulk_update_ticket_status,
)
from ombud.tickets.actions.bulk.create import bulk_create_tickets
from ombud.tickets.actions.bulk.outcome import (
    BulkCreated,
    BulkOutcome,
    BulkRefused,
    RowProblem,
    Skipped,
    SkipReason,
)
from ombud.tickets.actions.bulk.rows import TicketRow
from ombud.tickets.actions.bulk.tag import bulk_tag_tickets

__all__ = [
    "BulkCreated",
    "BulkOutcome",
    "BulkRefused",
    "RowProblem",
    "SkipReason",
    "Skipped",
    "TicketRow",
    "bulk_assign_tickets",
    "bulk_create_tickets",
    "bulk_delete_tickets",
    "bulk_restore_tickets",
    "bulk_tag_tickets",
    "bulk_update_ticket_status",
]
