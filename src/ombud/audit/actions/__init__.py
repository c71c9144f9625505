"""What can be done with the logs: keep their partitions, seal, take a request back, note a look."""

from ombud.audit.actions.access import record_access, record_accesses
from ombud.audit.actions.partitions import ensure_partitions
from ombud.audit.actions.redact import record_redaction
from ombud.audit.actions.seal import seal
from ombud.audit.actions.undo import ChangedSince, NothingToUndo, Undone, undo_request
from ombud.audit.actions.undo_files import FILES_KEPT

__all__ = [
    "FILES_KEPT",
    "ChangedSince",
    "NothingToUndo",
    "Undone",
    "ensure_partitions",
    "record_access",
    "record_accesses",
    "record_redaction",
    "seal",
    "undo_request",
]
