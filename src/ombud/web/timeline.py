"""The conversation as templates see it: messages, and between them what was done, from the audit log."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from ombud.db.actor import Actor
from ombud.kit.html import render_markdown, split_quote
from ombud.models import Attachment, AuditAction, AuditLog, Comment, Ticket, User
from ombud.web.around import Around
from ombud.web.file_events import removed_files
from ombud.web.mail_events import mail_events, with_mail
from ombud.web.place import at
from ombud.web.views.people import PersonView
from ombud.web.views.tickets import Delivery, EventGroup, EventView, FileView, MessageView, TimelineItem
from ombud.web.wording import PRIORITY_LABELS, STATUS_ICONS, STATUS_LABELS, size

FOLD_LENGTH = 4000
"""Characters; a longer message is folded."""

_FILE_KINDS = (
    ("image", ("image/",)),
    (
        "table",
        ("text/csv", "application/vnd.ms-excel", "application/vnd.openxmlformats-officedocument.spreadsheet"),
    ),
    ("archive", ("application/zip", "application/gzip", "application/x-tar")),
    ("text", ("text/", "application/pdf", "application/json")),
)


def make_timeline(
    ticket: Ticket,
    comments: Iterable[Comment],
    attachments: Sequence[Attachment],
    log: Iterable[AuditLog],
    around: Around,
    *,
    mails: Sequence[Mapping[str, Any]] = (),
    deliveries: Mapping[int, Delivery] | None = None,
    merged: Sequence[Mapping[str, Any]] = (),
    removal: str = "",
    reader: Actor | None = None,
) -> tuple[TimelineItem, ...]:
    """Put messages and events in the order of time; comments, log and mails come newest first.

    `deliveries` are those of comments by id. `merged` are tickets that go on in this one: what they were opened
    with is shown where it was said. `removal` is the address that takes a file off, with `{}` for its id; empty for
    who may not. `reader` may take back what they just took off.
    """
    sent = deliveries or {}
    dated: list[tuple[datetime, int, MessageView | EventView]] = []
    letters = {mail["comment_id"]: mail for mail in mails if mail["classification"] != "bounce"}
    own = _files(attachments, None, removal)
    if ticket.description.strip() or own:
        opening = _opening(ticket, own)
        dated.append((ticket.created_at, 0, with_mail(opening, letters.get(None))))
    dated += [(view.at, 0, view) for view in map(merged_opening, merged)]
    dated += [
        (
            one.created_at,
            1,
            with_mail(
                _message(one, _files(attachments, one.id, removal), sent.get(one.id)), letters.get(one.id)
            ),
        )
        for one in reversed(list(comments))
    ]
    dated += [(event.at, 2, event) for event in mail_events(reversed(mails))]
    # A reply that moves the status is one transaction: the words come first.
    news = _after_opening(list(log))
    dated += [(event.at, 2, event) for row in news for event in events_of(row, around)]
    dated += [(event.at, 2, event) for event in removed_files(news, attachments, reader)]
    dated.sort(key=lambda item: item[:2])
    items: list[TimelineItem] = []
    for is_event, group in groupby((item for _, _, item in dated), lambda item: isinstance(item, EventView)):
        if is_event:
            items.append(EventGroup(tuple(item for item in group if isinstance(item, EventView))))
        else:
            items += [item for item in group if isinstance(item, MessageView)]
    return tuple(items)


def _after_opening(log: Sequence[AuditLog]) -> list[AuditLog]:
    """Return the log, oldest first, without what a ticket was opened (or imported) with: that is no news."""
    opening = {
        row.request_id for row in log if (row.table_name, row.action) == ("tickets", AuditAction.CREATE)
    }
    return [row for row in reversed(log) if row.request_id not in opening]


def events_of(row: AuditLog, around: Around) -> list[EventView]:
    """Return what a row of the log says in words; nothing for what a message shows by itself."""
    actor = person_of(row.user) if row.user is not None else None
    match row.table_name, row.action:
        case "tickets", AuditAction.UPDATE:
            said = [_field_event(field, change[1], around) for field, change in row.changes.items()]
        case "ticket_tags", AuditAction.CREATE | AuditAction.DELETE:
            verb = "added" if row.action is AuditAction.CREATE else "removed"
            said = [("tag", f"{verb} the tag", tag_name(row, around))]
        case _:
            said = []
    return [EventView(row.created_at, actor, *words) for words in said if words is not None]


def tag_name(row: AuditLog, around: Around) -> str:
    """Return the name of the tag that a row of the log is about."""
    return around.tag_names.get(row.record_key.get("tag_id", 0), "that is gone")


def person_of(user: User) -> PersonView:
    """Return a person as a page shows them."""
    return PersonView.of(user.full_name, user.email, active=user.is_active)


def shown_value(field: str, value: object, around: Around) -> str:
    """Return a field's value in words; empty for none."""
    if value is None:
        return ""
    match field:
        case "status":
            return STATUS_LABELS.get(str(value), str(value))
        case "priority":
            return PRIORITY_LABELS.get(str(value), str(value))
        case "assignee_id":
            person = around.staff.get(_number(value))
            return person.name if person else "somebody who left"
        case "team_id":
            return around.teams.get(_number(value), "a team that is gone")
    return str(value)


def _field_event(field: str, value: object, around: Around) -> tuple[str, str, str] | None:
    shown = shown_value(field, value, around)
    match field:
        case "status":
            return (STATUS_ICONS.get(str(value), "circle"), "set the status to", shown)
        case "priority":
            return ("flag", "set the priority to", shown)
        case "assignee_id":
            return (
                ("user-round", "assigned this to", shown) if value else ("user-round", "unassigned this", "")
            )
        case "team_id":
            return ("users", "moved this to", shown) if value else ("users", "took this from its team", "")
        case "title":
            return ("pencil", "changed the title to", shown)
        case "deleted_at":
            return ("trash-2", "deleted this", "") if value else ("undo-2", "restored this", "")
        case "merged_into_id":
            return (
                ("circle-slash", "merged this into another ticket, where the conversation goes on", "")
                if value
                else ("undo-2", "took this apart from the ticket that it was merged into", "")
            )
        case "requester_id":
            return ("user-round", "changed the requester", "")
    return None


def _opening(ticket: Ticket, files: Sequence[FileView]) -> MessageView:
    kind = "staff" if ticket.requester.is_staff else "customer"
    return _view(
        "description",
        kind,
        ticket.description,
        author=person_of(ticket.requester),
        at=ticket.created_at,
        files=files,
    )


def merged_opening(row: Mapping[str, Any]) -> MessageView:
    """Return what a ticket was opened with that goes on in the one shown (`queries.around_ticket`)."""
    number = row["ticket_number"]
    return _view(
        f"merged-{number}",
        "staff" if row["is_staff"] else "customer",
        row["description"],
        author=PersonView.of(row["full_name"], row["email"], active=row["is_active"]),
        at=datetime.fromisoformat(row["created_at"]),
        files=[
            _file_view(one["id"], one["file_name"], one["content_type"], one["size"]) for one in row["files"]
        ],
        origin=(number, row["title"], at(f"/tickets/{number}")),
    )


def _message(comment: Comment, files: Sequence[FileView], delivery: Delivery | None) -> MessageView:
    kind = "note" if comment.is_internal else "staff" if comment.author.is_staff else "customer"
    edited = comment.updated_at if comment.updated_at > comment.created_at else None
    return _view(
        f"comment-{comment.id}",
        kind,
        comment.content,
        author=person_of(comment.author),
        at=comment.created_at,
        files=files,
        edited_at=edited,
        delivery=delivery,
    )


def _view(
    anchor: str,
    kind: str,
    source: str,
    *,
    author: PersonView,
    at: datetime,
    files: Sequence[FileView],
    edited_at: datetime | None = None,
    delivery: Delivery | None = None,
    origin: tuple[str, str, str] | None = None,
) -> MessageView:
    body, quote = split_quote(source)
    return MessageView(
        anchor=anchor,
        kind=kind,  # type: ignore[arg-type]  # one of the three by construction
        author=author,
        at=at,
        body=render_markdown(body),
        quote=render_markdown(quote) if quote else None,
        words=len(body.split()) if len(body) > FOLD_LENGTH else None,
        files=tuple(files),
        edited_at=edited_at,
        delivery=delivery,
        origin=origin,
    )


def _files(attachments: Sequence[Attachment], comment_id: int | None, removal: str) -> list[FileView]:
    return [
        _file_view(one.id, one.file_name, one.content_type, one.size, removal=removal)
        for one in attachments
        if one.comment_id == comment_id
    ]


def _file_view(file_id: int, name: str, content_type: str, length: int, *, removal: str = "") -> FileView:
    kind = next((kind for kind, starts in _FILE_KINDS if content_type.startswith(starts)), "other")
    return FileView(name, size(length), at(f"/attachments/{file_id}"), kind, removal.format(file_id))


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
