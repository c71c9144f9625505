"""The audit log and what it is good for: who did it, how was it at that time, take it back.

Triggers write the log; checkpoints seal it (`seal`), `verify` proves that it is whole, `as_of` travels back
in it, `undo_request` takes a request back. Who merely looked at something is in the access log (`access`).
"""

from ombud.audit.access import AccessBuffer, views_of
from ombud.audit.actions import FILES_KEPT, ChangedSince, Undone, record_access, undo_request
from ombud.audit.filters import AccessFilter, LogFilter
from ombud.audit.history import TicketAsOf, as_of
from ombud.audit.naming import look_at

__all__ = [
    "FILES_KEPT",
    "AccessBuffer",
    "AccessFilter",
    "ChangedSince",
    "LogFilter",
    "TicketAsOf",
    "Undone",
    "as_of",
    "look_at",
    "record_access",
    "undo_request",
    "views_of",
]
