"""Lines of a conversation about files that were taken off. For staff, as the log is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from ombud import clock
from ombud.audit import FILES_KEPT
from ombud.db.actor import Actor
from ombud.models import Attachment, AuditAction, AuditLog
from ombud.web.views.people import PersonView
from ombud.web.views.tickets import EventView


def removed_files(
    log: Sequence[AuditLog], attachments: Sequence[Attachment], reader: Actor | None
) -> Iterator[EventView]:
    """Return a line for each file that was taken off and did not come back.

    It can be taken back from there, for a while, by `reader` if they did it or administer the desk.
    """
    present = {one.id for one in attachments}
    rows_of = Counter(row.request_id for row in log)
    for row in log:
        if (row.table_name, row.action) != ("attachments", AuditAction.DELETE) or row.record_id in present:
            continue
        name = row.changes.get("file_name", ["", None])[0] or ""
        is_undoable = (
            reader is not None
            and not reader.read_only
            and (reader.is_admin or reader.user_id == row.user_id)
            and rows_of[row.request_id] == 1
            and row.created_at > clock.now() - FILES_KEPT
        )
        yield EventView(
            row.created_at,
            None
            if row.user is None
            else PersonView.of(row.user.full_name, row.user.email, active=row.user.is_active),
            "trash-2",
            "removed the file",
            name,
            undo=row.request_id if is_undoable else "",
        )
