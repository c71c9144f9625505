"""Time travel: a ticket, its tags and what was said on it, exactly as they were."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from ombud.audit import queries
from ombud.audit.rewind import Records, key_of, rewind
from ombud.db.base import Base
from ombud.db.context import actor_of
from ombud.db.types import TextEnum, UtcDateTime
from ombud.errors import Forbidden, NotFound
from ombud.kit.text import storable
from ombud.kit.zones import aware
from ombud.models import (
    Attachment,
    AuditAction,
    AuditLog,
    Comment,
    Ticket,
    TicketChannel,
    TicketPriority,
    TicketStatus,
)


@dataclass(frozen=True, slots=True)
class CommentAsOf:
    """A comment as it was."""

    id: int
    author_id: int
    content: str
    is_internal: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class FileAsOf:
    """A file's record as it was; the bytes are still in the store unless they were purged."""

    id: int
    comment_id: int | None
    file_name: str
    content_type: str
    size: int
    checksum: str


@dataclass(frozen=True, slots=True)
class TicketAsOf:
    """A ticket at one moment. People are known by id: what they are called is not the ticket's history."""

    id: int
    ticket_number: str
    title: str
    description: str
    status: TicketStatus
    priority: TicketPriority
    channel: TicketChannel
    requester_id: int
    creator_id: int
    assignee_id: int | None
    team_id: int | None
    organization_id: int | None
    created_at: datetime
    last_activity_at: datetime
    first_response_at: datetime | None
    resolved_at: datetime | None
    deleted_at: datetime | None
    tags: tuple[str, ...]
    participant_ids: tuple[int, ...]
    comments: tuple[CommentAsOf, ...]
    files: tuple[FileAsOf, ...]


_TICKET_FIELDS = tuple(
    name
    for name in TicketAsOf.__dataclass_fields__
    if name not in ("tags", "participant_ids", "comments", "files")
)


_MOVE = ("comments", "attachments")


def as_of(session: Session, number: str, at: datetime) -> TicketAsOf:
    """Return the ticket of that number as it was at `at` (aware), for staff.

    What a transaction wrote counts from its beginning. Raises NotFound when the actor does not see the
    ticket or when it did not exist yet.
    """
    actor = actor_of(session)
    if not actor.is_staff:
        raise Forbidden("The history of tickets is for the support team.")
    aware("at", at)
    ticket = session.scalar(queries.ticket_of(actor, storable("number", number)))
    if ticket is None:
        raise NotFound("There is no such ticket here.")
    changes = session.scalars(queries.changes_since(actor, ticket.id, at)).all()
    others = _elsewhere(ticket.id, changes)
    if others:
        changes = [
            change
            for change in session.scalars(queries.changes_since(actor, ticket.id, at, others))
            if change.ticket_id == ticket.id or change.table_name in _MOVE
        ]
    places = {ticket.id, *others}
    records: Records = {
        "tickets": _records([ticket]),
        "comments": _records(session.scalars(queries.comments_of(places))),
        "attachments": _records(session.scalars(queries.files_of(places))),
        "ticket_tags": _records(session.scalars(queries.tags_on(ticket.id))),
        "ticket_participants": _records(session.scalars(queries.participants_of(ticket.id))),
    }
    rewind(records, changes)
    for table in _MOVE:
        records[table] = {k: one for k, one in records[table].items() if one.get("ticket_id") == ticket.id}
    if not records["tickets"]:
        raise NotFound("That ticket did not exist yet.")
    tag_ids = {link["tag_id"] for link in records["ticket_tags"].values()}
    return _assembled(records, _tag_names(session, tag_ids, at))


def _elsewhere(ticket_id: int, changes: Iterable[AuditLog]) -> set[int]:
    """Return the tickets that exchanged comments or files with this one: merging moves them."""
    moves = [
        change.changes.get("merged_into_id" if change.table_name == "tickets" else "ticket_id", ())
        for change in changes
        if change.action is AuditAction.UPDATE and change.table_name in ("tickets", *_MOVE)
    ]
    return {one for move in moves for one in move if one is not None} - {ticket_id}


def _tag_names(session: Session, ids: Collection[int], at: datetime) -> list[str]:
    """Return what these tags were called at `at`, sorted."""
    if not ids:
        return []
    tags: Records = {"tags": _records(session.scalars(queries.tags_by_id(ids)))}
    rewind(tags, session.scalars(queries.tag_changes_since(ids, at)))
    return sorted(tag["name"] for tag in tags["tags"].values())


def _records(objects: Iterable[Base]) -> dict[Any, dict[str, Any]]:
    found = {}
    for one in objects:
        columns = one.__mapper__.column_attrs.keys()
        keys = [column.key for column in one.__mapper__.primary_key]
        record = {name: getattr(one, name) for name in columns}
        found[key_of({str(name): record[str(name)] for name in keys})] = record
    return found


def _assembled(records: Records, tags: list[str]) -> TicketAsOf:
    (ticket,) = (_typed(Ticket, record) for record in records["tickets"].values())
    comments = [_typed(Comment, record) for record in records["comments"].values()]
    files = [_typed(Attachment, record) for record in records["attachments"].values()]
    return TicketAsOf(
        **{name: ticket[name] for name in _TICKET_FIELDS},
        tags=tuple(tags),
        participant_ids=tuple(sorted(one["user_id"] for one in records["ticket_participants"].values())),
        comments=tuple(
            sorted((_picked(CommentAsOf, one) for one in comments), key=lambda c: (c.created_at, c.id))
        ),
        files=tuple(sorted((_picked(FileAsOf, one) for one in files), key=lambda f: f.id)),
    )


def _picked(kind: Any, record: dict[str, Any]) -> Any:
    return kind(**{name: record[name] for name in kind.__dataclass_fields__})


def _typed(model: type[Base], record: dict[str, Any]) -> dict[str, Any]:
    """Return a record with all its columns, times and states as what they are in a model."""
    columns = model.__mapper__.column_attrs
    return {name: typed(model, name, record.get(name)) for name in columns.keys()}  # noqa: SIM118 - no mapping


def typed(model: type[Base], column: str, value: Any) -> Any:
    """Return a value from the log as the column's own type has it."""
    if not isinstance(value, str):
        return value
    kind = model.__table__.c[column].type
    if isinstance(kind, TextEnum):
        return kind.enum(value)
    return datetime.fromisoformat(value) if isinstance(kind, UtcDateTime) else value
