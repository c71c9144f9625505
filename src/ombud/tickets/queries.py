"""Reading tickets: builders that return a Select, for either kind of session. Nothing is executed here."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    cast,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import REGCONFIG, aggregate_order_by
from sqlalchemy.orm import aliased, joinedload, selectinload

from ombud.db.actor import Actor
from ombud.kit.cursor import decode_cursor
from ombud.models import (
    INCLUDE_DELETED,
    Attachment,
    AuditLog,
    Comment,
    Draft,
    Organization,
    Tag,
    Team,
    Ticket,
    TicketRead,
    TicketTag,
    User,
)
from ombud.tickets.filters import ME, UNASSIGNED, Place, TicketFilter, TicketSort, View
from ombud.tickets.policy import comments_visible_to, visible_to

COUNTER_CAP = 1000
CONVERSATION_PAGE = 200
_CONFIG = cast("ombud.plain", REGCONFIG)

_SORT_COLUMNS: dict[TicketSort, tuple[ColumnElement[Any], ...]] = {
    TicketSort.ACTIVITY: (Ticket.__table__.c.last_activity_at, Ticket.__table__.c.id),
    TicketSort.CREATED: (Ticket.__table__.c.created_at, Ticket.__table__.c.id),
    TicketSort.PRIORITY: (
        Ticket.__table__.c.priority_rank,
        Ticket.__table__.c.last_activity_at,
        Ticket.__table__.c.id,
    ),
}


def tickets_matching(actor: Actor, wanted: TicketFilter) -> list[ColumnElement[bool]]:
    """Return the conditions of a filter, the actor's visibility among them."""
    conditions = [visible_to(actor)]
    conditions.append(Ticket.deleted_at.is_not(None) if wanted.deleted else Ticket.deleted_at.is_(None))
    if wanted.statuses is not None:
        conditions.append(Ticket.status.in_(wanted.statuses))
    if wanted.priorities is not None:
        conditions.append(Ticket.priority.in_(wanted.priorities))
    if wanted.channels is not None:
        conditions.append(Ticket.channel.in_(wanted.channels))
    if wanted.assignees is not None:
        conditions.append(_assigned_to(actor, wanted))
    if wanted.team_ids is not None:
        conditions.append(Ticket.team_id.in_(wanted.team_ids))
    if wanted.tags is not None:
        conditions.append(_tagged(wanted.tags))
    if wanted.requester_id is not None:
        conditions.append(Ticket.requester_id == wanted.requester_id)
    if wanted.organization_id is not None:
        conditions.append(Ticket.organization_id == wanted.organization_id)
    conditions += _between(Ticket.created_at, wanted.created_from, wanted.created_to)
    conditions += _between(Ticket.last_activity_at, wanted.updated_from, wanted.updated_to)
    if wanted.text is not None and wanted.text.strip():
        conditions.append(Ticket.id.in_(_found(actor, wanted.text)))
    return conditions


def inbox(actor: Actor, wanted: TicketFilter, place: Place) -> Select[Any]:
    """Return one page of list rows, one more than asked for (so the caller knows whether there is a next).

    Columns: id, ticket_number, title, status, priority, channel, created_at, last_activity_at, version,
    requester_id/_name/_email, assignee_id/_name/_email, team_id/_name, organization_name, tags (list of {id, name,
    color}), last_message, last_is_internal, unread, snippet (marked with U+E000 and U+E001; None unless
    searched), priority_rank.
    """
    requester, assignee = aliased(User, name="requester"), aliased(User, name="assignee")
    last = _last_message(actor)
    statement = (
        select(
            Ticket.id,
            Ticket.ticket_number,
            Ticket.title,
            Ticket.status,
            Ticket.priority,
            Ticket.priority_rank,
            Ticket.channel,
            Ticket.created_at,
            Ticket.last_activity_at,
            Ticket.version,
            Ticket.requester_id,
            requester.full_name.label("requester_name"),
            requester.email.label("requester_email"),
            Ticket.assignee_id,
            assignee.full_name.label("assignee_name"),
            assignee.email.label("assignee_email"),
            Ticket.team_id,
            Team.name.label("team_name"),
            Organization.name.label("organization_name"),
            _tags_json().label("tags"),
            func.coalesce(last.c.content, func.left(Ticket.description, 200)).label("last_message"),
            func.coalesce(last.c.is_internal, false()).label("last_is_internal"),
            _unread(actor).label("unread"),
            _snippet(wanted.text).label("snippet"),
        )
        .join(requester, Ticket.requester_id == requester.id)
        .outerjoin(assignee, Ticket.assignee_id == assignee.id)
        .outerjoin(Team, Ticket.team_id == Team.id)
        .outerjoin(Organization, Ticket.organization_id == Organization.id)
        .outerjoin(last, true())
        .where(*tickets_matching(actor, wanted))
        .execution_options(**{INCLUDE_DELETED: True})
    )
    return _paged(statement, place)


def cursor_values(row: Any, place: Place) -> tuple[Any, ...]:
    """Return what a cursor after `row` holds."""
    match place.sort:
        case TicketSort.ACTIVITY:
            return (row.last_activity_at, row.id)
        case TicketSort.CREATED:
            return (row.created_at, row.id)
        case TicketSort.PRIORITY:
            return (row.priority_rank, row.last_activity_at, row.id)


def view_counters(actor: Actor) -> Select[Any]:
    """Return one row with a column per view: how many tickets it holds, counted up to COUNTER_CAP.

    Each count stops at the cap, so a long history costs no more than a short one.
    """
    counters: Select[Any] = select(
        *(_view_count(actor, view.narrowed(TicketFilter())).label(view.value) for view in View)
    )
    return counters.execution_options(**{INCLUDE_DELETED: True})


def ticket_by_number(actor: Actor, number: str, *, tags: bool = True) -> Select[Ticket]:
    """Return the ticket of that number with its people, team and tags; deleted ones included for staff.

    Without `tags` it is one statement, for callers that get them another way.
    """
    return ticket_details(tags=tags).where(Ticket.ticket_number == number, visible_to(actor))


def ticket_by_id(actor: Actor, ticket_id: int) -> Select[Ticket]:
    """Return the ticket of that id, as `ticket_by_number`."""
    return ticket_details().where(Ticket.id == ticket_id, visible_to(actor))


def tickets_by_number(actor: Actor, numbers: Sequence[str]) -> Select[int, str]:
    """Return id and number of those of these tickets that the actor sees, by id: locks are taken in one order."""
    return (
        select(Ticket.id, Ticket.ticket_number)
        .where(Ticket.ticket_number.in_(numbers), visible_to(actor))
        .order_by(Ticket.id)
    )


def ticket_details(*, tags: bool = True) -> Select[Ticket]:
    """Return tickets with all that a reader of one needs, in two statements."""
    return (
        select(Ticket)
        .options(
            joinedload(Ticket.requester).joinedload(User.organization),
            joinedload(Ticket.creator),
            joinedload(Ticket.assignee),
            joinedload(Ticket.team),
            joinedload(Ticket.organization),
            *([selectinload(Ticket.tags)] if tags else []),
        )
        .execution_options(**{INCLUDE_DELETED: True})
    )


def ticket_for_change(actor: Actor, ticket_id: int) -> Select[Ticket]:
    """Return a ticket, locked until the transaction ends, whatever its state."""
    return (
        select(Ticket)
        .where(Ticket.id == ticket_id, visible_to(actor))
        .with_for_update(of=Ticket)
        .execution_options(**{INCLUDE_DELETED: True}, populate_existing=True)
    )


def conversation(
    actor: Actor, ticket_id: int, *, before: int | None = None, files: bool = True
) -> Select[Comment]:
    """Return the last CONVERSATION_PAGE comments (before comment `before`), newest first, in two statements.

    Without `files` it is one statement; `all_attachments_of` brings them for the whole ticket.
    """
    options = [joinedload(Comment.author), *([selectinload(Comment.attachments)] if files else [])]
    statement = (
        select(Comment)
        .options(*options)
        .where(Comment.ticket_id == ticket_id, comments_visible_to(actor))
        .order_by(Comment.created_at.desc(), Comment.id.desc())
        .limit(CONVERSATION_PAGE)
    )
    if before is not None:
        edge = select(Comment.created_at, Comment.id).where(Comment.id == before).scalar_subquery()
        statement = statement.where(tuple_(Comment.created_at, Comment.id) < edge)
    return statement


def attachments_of(ticket_id: int) -> Select[Attachment]:
    """Return a ticket's own files (those of comments come with the comments), oldest first."""
    return (
        select(Attachment)
        .where(Attachment.ticket_id == ticket_id, Attachment.comment_id.is_(None))
        .order_by(Attachment.id)
    )


def all_attachments_of(actor: Actor, ticket_id: int) -> Select[Attachment]:
    """Return the files of a ticket and of those of its comments that the actor may read, oldest first."""
    return (
        select(Attachment)
        .outerjoin(Comment, Attachment.comment_id == Comment.id)
        .where(Attachment.ticket_id == ticket_id)
        .where(or_(Attachment.comment_id.is_(None), comments_visible_to(actor)))
        .order_by(Attachment.id)
    )


def attachment_by_id(actor: Actor, attachment_id: int) -> Select[Attachment]:
    """Return one file's record, if `actor` sees its ticket and its comment."""
    return (
        select(Attachment)
        .join(Ticket, Attachment.ticket_id == Ticket.id)
        .outerjoin(Comment, Attachment.comment_id == Comment.id)
        .where(Attachment.id == attachment_id, visible_to(actor))
        .where(or_(Attachment.comment_id.is_(None), comments_visible_to(actor)))
    )


def history(actor: Actor, ticket_id: int, *, limit: int = 200) -> Select[AuditLog]:
    """Return what was done to a ticket and all that belongs to it, newest first, with who did it."""
    return (
        select(AuditLog)
        .options(joinedload(AuditLog.user))
        .where(AuditLog.ticket_id == ticket_id, true() if actor.is_staff else false())
        .order_by(AuditLog.id.desc())
        .limit(limit)
    )


def other_tickets(actor: Actor, ticket: Ticket, *, limit: int = 5) -> Select[Ticket]:
    """Return the requester's other tickets, newest first."""
    return (
        select(Ticket)
        .where(Ticket.requester_id == ticket.requester_id, Ticket.id != ticket.id, visible_to(actor))
        .order_by(Ticket.id.desc())
        .limit(limit)
    )


def drafts_of(actor: Actor, ticket_id: int) -> Select[Draft]:
    """Return the actor's unsent reply and note of a ticket."""
    return select(Draft).where(Draft.user_id == actor.user_id, Draft.ticket_id == ticket_id)


def tags_by_name(names: tuple[str, ...]) -> Select[Tag]:
    """Return the tags of these names, whatever the case."""
    return select(Tag).where(func.lower(Tag.name).in_([name.lower() for name in names]))


def all_tags() -> Select[Tag]:
    """Return every tag by name."""
    return select(Tag).order_by(func.lower(Tag.name))


def _paged(statement: Any, place: Place) -> Select[Any]:
    columns = _SORT_COLUMNS[place.sort]
    if place.cursor is not None:
        values = decode_cursor(place.cursor, sort=place.order_name, length=len(columns))
        here, there = (
            tuple_(*columns),
            tuple_(*(literal(v, c.type) for v, c in zip(values, columns, strict=True))),
        )
        statement = statement.where(here > there if place.ascending else here < there)
    order = [column.asc() if place.ascending else column.desc() for column in columns]
    page: Select[Any] = statement.order_by(*order).limit(place.limit + 1)
    return page


def _assigned_to(actor: Actor, wanted: TicketFilter) -> ColumnElement[bool]:
    assert wanted.assignees is not None
    ids = [actor.user_id if one == ME else one for one in wanted.assignees if one != UNASSIGNED]
    conditions = (
        [Ticket.assignee_id == one for one in ids] if len(ids) == 1 else [Ticket.assignee_id.in_(ids)]
    )
    if UNASSIGNED in wanted.assignees:
        conditions = [*(conditions if ids else []), Ticket.assignee_id.is_(None)]
    return or_(*conditions)


def _tagged(names: tuple[str, ...]) -> ColumnElement[bool]:
    """All of the tags; a semi-join each, so that no row is multiplied. No tag named matches nothing."""
    if not names:
        return false()
    return and_(
        *(
            exists()
            .where(TicketTag.ticket_id == Ticket.id, TicketTag.tag_id == Tag.id)
            .where(func.lower(Tag.name) == name.strip().lower())
            for name in names
        )
    )


def _between(column: Any, start: datetime | None, end: datetime | None) -> list[ColumnElement[bool]]:
    return [*([column >= start] if start else []), *([column < end] if end else [])]


def _found(actor: Actor, text: str) -> Select[int]:
    found = func.ombud.match_tickets(
        text, actor.kind.value, actor.user_id, actor.organization_id
    ).table_valued("ticket_id", "rank", name="found")
    return select(found.c.ticket_id)


def _view_count(actor: Actor, wanted: TicketFilter) -> Any:
    if wanted.statuses is None or wanted.assignees is not None:
        return _capped_count(tickets_matching(actor, wanted))
    # One count per status: each walks its own stretch of the index and stops at the cap.
    counts = [
        _capped_count(tickets_matching(actor, replace(wanted, statuses=(one,)))) for one in wanted.statuses
    ]
    return func.least(sum(counts[1:], counts[0]), COUNTER_CAP)


def _capped_count(conditions: list[ColumnElement[bool]]) -> Any:
    capped = select(literal(1)).select_from(Ticket).where(*conditions).limit(COUNTER_CAP).subquery()
    return select(func.count()).select_from(capped).scalar_subquery()


def _tags_json() -> Any:
    tag = func.json_build_object("id", Tag.id, "name", Tag.name, "color", Tag.color)
    return (
        select(func.coalesce(func.json_agg(aggregate_order_by(tag, Tag.name)), func.json_build_array()))
        .select_from(Tag)
        .join(TicketTag, TicketTag.tag_id == Tag.id)
        .where(TicketTag.ticket_id == Ticket.id)
        .correlate(Ticket)
        .scalar_subquery()
    )


def _last_message(actor: Actor) -> Any:
    return (
        select(func.left(Comment.content, 200).label("content"), Comment.is_internal)
        .where(Comment.ticket_id == Ticket.id, comments_visible_to(actor))
        .order_by(Comment.created_at.desc(), Comment.id.desc())
        .limit(1)
        .correlate(Ticket)
        .lateral("last")
    )


def _unread(actor: Actor) -> ColumnElement[bool]:
    seen = exists().where(
        TicketRead.ticket_id == Ticket.id,
        TicketRead.user_id == actor.user_id,
        TicketRead.seen_at >= Ticket.last_activity_at,
    )
    return ~seen


def _snippet(text: str | None) -> Any:
    if text is None or not text.strip():
        return literal(None)
    query = func.ombud.search_query(text)
    said = (
        select(Comment.content)
        .where(Comment.ticket_id == Ticket.id)
        .where(func.to_tsvector(_CONFIG, Comment.content).op("@@")(query))
        .order_by(Comment.id)
        .limit(1)
        .correlate(Ticket)
        .scalar_subquery()
    )
    in_description = func.to_tsvector(_CONFIG, Ticket.description).op("@@")(query)
    best = case((in_description, Ticket.description), else_=func.coalesce(said, Ticket.description))
    return func.ombud.snippet(best, text)
