"""The audit log of a ticket as templates see it: what one request did is one entry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import groupby

from ombud.kit.text import excerpt
from ombud.models import AuditAction, AuditLog
from ombud.web.around import Around
from ombud.web.deliveries import STATE_WORDS
from ombud.web.timeline import person_of, shown_value, tag_name
from ombud.web.views.tickets import ChangeView, HistoryEntry

LONG = 200
_FIELDS = {
    "title": "Title",
    "description": "Description",
    "status": "Status",
    "priority": "Priority",
    "assignee_id": "Assignee",
    "team_id": "Team",
    "channel": "Channel",
    "deleted_at": "Deleted",
    "merged_into_id": "Merged",
    "content": "Text",
    "is_internal": "Internal",
    "file_name": "File",
}
_TEXTS = {
    ("tickets", AuditAction.CREATE): "opened this ticket",
    ("tickets", AuditAction.UPDATE): "changed this ticket",
    ("comments", AuditAction.UPDATE): "edited a message",
    ("comments", AuditAction.DELETE): "removed a message",
    ("attachments", AuditAction.CREATE): "attached a file",
    ("attachments", AuditAction.DELETE): "removed a file",
    ("ticket_tags", AuditAction.CREATE): "added a tag",
    ("ticket_tags", AuditAction.DELETE): "removed a tag",
    ("outbound_mails", AuditAction.CREATE): "queued a mail",
    ("outbound_mails", AuditAction.UPDATE): "sent mail on its way",
    ("ticket_participants", AuditAction.CREATE): "added somebody who follows",
    ("ticket_participants", AuditAction.DELETE): "removed somebody who followed",
}


def make_history(log: Iterable[AuditLog], around: Around) -> tuple[HistoryEntry, ...]:
    """Return entries, newest first; rows that say nothing to a reader are left out."""
    entries = []
    for _, group in groupby(log, lambda row: (row.request_id, row.actor)):
        rows = [row for row in group if _speaks(row)]
        if rows:
            entries.append(_entry(rows, around))
    return tuple(entries)


def _entry(rows: list[AuditLog], around: Around) -> HistoryEntry:
    # Within a request the log runs backwards as well: its first row says what was meant.
    first = rows[-1]
    texts = Counter(_said(row) for row in reversed(rows))
    changes = [change for row in reversed(rows) for change in _changes(row, around)]
    return HistoryEntry(
        at=first.created_at,
        actor=person_of(first.user) if first.user is not None else None,
        text=", ".join(_counted(text, count) for text, count in texts.items()),
        changes=_tags_together(changes),
    )


def _counted(text: str, count: int) -> str:
    """Return what was done with how often, where that can be counted: "added 20 tags"."""
    if count == 1 or text not in ("added a tag", "removed a tag"):
        return text
    return f"{text.split(maxsplit=1)[0]} {count} tags"


def _tags_together(changes: list[ChangeView]) -> tuple[ChangeView, ...]:
    """Return the changes with the tags of a request in one line for those added, one for those removed."""
    tags = [change for change in changes if change.field == "Tag"]
    if len(tags) < 2:
        return tuple(changes)
    added = ", ".join(change.after for change in tags if change.after)
    removed = ", ".join(change.before for change in tags if change.before)
    lines = [ChangeView("Tags", "", added)] if added else []
    lines += [ChangeView("Tags", removed, "")] if removed else []
    return (*(change for change in changes if change.field != "Tag"), *lines)


def _said(row: AuditLog) -> str:
    if row.table_name == "comments" and row.action is AuditAction.CREATE:
        return "wrote a note" if row.changes.get("is_internal", [None, False])[1] else "replied"
    return _TEXTS.get((row.table_name, row.action), "changed this ticket")


def _speaks(row: AuditLog) -> bool:
    """A row of nothing but derived columns (last activity, first response) says nothing."""
    if row.table_name == "outbound_mails":
        return "state" in row.changes and row.changes["state"][1] not in ("sending", "skipped")
    return row.action is not AuditAction.UPDATE or any(field in _FIELDS for field in row.changes)


def _changes(row: AuditLog, around: Around) -> list[ChangeView]:
    if row.table_name == "ticket_tags":
        name = tag_name(row, around)
        gone = row.action is AuditAction.DELETE
        return [ChangeView("Tag", name if gone else "", "" if gone else name)]
    if row.table_name == "outbound_mails":
        before, after = (STATE_WORDS.get(str(value), "") for value in row.changes["state"])
        problem = row.changes.get("problem", [None, ""])[1] or ""
        return [ChangeView("Mail", before, f"{after} ({excerpt(problem, LONG)})" if problem else after)]
    shown = []
    for field, label in _FIELDS.items():
        if field not in row.changes or (row.action is AuditAction.CREATE and field not in _OPENING):
            continue
        before, after = (_words(field, value, around) for value in row.changes[field])
        shown.append(ChangeView(label, before, after))
    return shown


_OPENING = frozenset({"title", "content", "file_name", "assignee_id"})


def _words(field: str, value: object, around: Around) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if field in ("deleted_at", "merged_into_id"):
        return "yes" if value else "no"
    return excerpt(shown_value(field, value, around), LONG)
