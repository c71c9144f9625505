"""Go back in the log: from records as they are to records as they were. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from ombud.models import AuditAction, AuditLog

Key = tuple[tuple[str, Any], ...]
Records = dict[str, dict[Key, dict[str, Any]]]
"""Records by table and key, each as column to value; times are ISO texts where they come from the log."""


def key_of(columns: Mapping[str, Any]) -> Key:
    """Return a record's key as something to look it up by."""
    return tuple(sorted(columns.items()))


def rewind(records: Records, changes: Iterable[AuditLog]) -> None:
    """Take `changes` back, which must be newest first; `records` is what they led to, and is changed."""
    for change in changes:
        table = records.get(change.table_name)
        if table is not None:
            _rewind_one(table, change)


def _rewind_one(table: dict[Key, dict[str, Any]], change: AuditLog) -> None:
    key = key_of(change.record_key)
    match change.action:
        case AuditAction.CREATE:
            table.pop(key, None)
        case AuditAction.DELETE:
            table[key] = {column: before for column, (before, _after) in change.changes.items()}
        case AuditAction.UPDATE:
            record = table.pop(key, {})
            record |= {column: before for column, (before, _after) in change.changes.items()}
            # The log knows a record by its later key; if that moved, the earlier one is among the changes.
            table[tuple((name, change.changes.get(name, [value])[0]) for name, value in key)] = record
