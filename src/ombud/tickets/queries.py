"""Reading tickets: builders that return a Select, for either kind of session. Nothing is executed here."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    and_,
    any_,
    case,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by
from sqlalchemy.orm import aliased, joinedload, selectinload

from ombud.db.actor import Actor, Scope
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
    TicketSearch,
    TicketTag,
    User,
)
from ombud.tickets.filters import ME, UNASSIGNED, Assignee, Place, TicketFilter, TicketSort, View
from ombud.tickets.grammar import understand
from ombud.tickets.policy import comments_visible_to, visible_to
from ombud.tickets.rules import UNDONE

COUNTER_CAP = 1000
OVERDUE_AFTER = timedelta(days=7)
CONVERSATION_PAGE = 200

_SORT_COLUMNS: dict[TicketSort, tuple[ColumnElement[Any], ...]] = {
    TicketSort.ACTIVITY: (Ticket.__table__.c.last_activity_at, Ticket.__table__.c.id),
    TicketSort.CREATED: (Ticket.__table__.c.created_at, Ticket.__table__.c.id),
    TicketSort.PRIORITY: (
        Ticket.__table__.c.priority_rank,
        Ticket.__table__.c.last_activity_at,
        Ticket.__table__.c.id,
    ),
}


def tickets_matching(
    actor: Actor, wanted: TicketFilter, *, common: bool = False
) -> list[ColumnElement[bool]]:
    """Return the conditions of a filter, the actor's visibility among them.

    `common` says that many tickets have the words wanted (see `search_weight`): they are then looked for
    while the list is walked, instead of being gathered first.
    """
    wanted = understand(wanted)
    return [
        visible_to(actor),
        Ticket.deleted_at.is_not(None) if wanted.deleted else Ticket.deleted_at.is_(None),
        *_of_values(wanted),
        *([_assigned_to(actor, wanted.assignees)] if wanted.assignees is not None else []),
        *([_tagged(wanted.tags)] if wanted.tags is not None else []),
        *_between(Ticket.created_at, wanted.created_from, wanted.created_to),
        *_between(Ticket.last_activity_at, wanted.updated_from, wanted.updated_to),
        *_between(Ticket.resolved_at, wanted.resolved_from, wanted.resolved_to),
        *_named(wanted),
        *_of_kind(wanted),
        *([_has_words(actor, wanted.text, common=common)] if wanted.text is not None else []),
    ]


def search_weight(text: str) -> Select[int]:
    """Return about how many tickets have the words of `text`, without reading them."""
    return select(func.ombud.search_weight(text))


def count_matching(actor: Actor, wanted: TicketFilter, *, common: bool = False) -> Select[Any]:
    """Return how many tickets match, counted up to one more than COUNTER_CAP."""
    conditions = tickets_matching(actor, wanted, common=common)
    capped = select(literal(1)).select_from(Ticket).where(*conditions).limit(COUNTER_CAP + 1).subquery()
    counted: Select[Any] = select(func.count()).select_from(capped)
    return counted.execution_options(**{INCLUDE_DELETED: True})


def inbox(actor: Actor, wanted: TicketFilter, place: Place, *, common: bool = False) -> Select[Any]:
    """Return one page of list rows, one more than asked for (so the caller knows whether there is a next).

    Columns: id, ticket_number, title, status, priority, channel, created_at, last_activity_at, version,
    requester_id/_name/_email/_is_staff, assignee_id/_name/_email, team_id/_name, organization_id/_name, tags
    (list of {id, name, color}), last_message, last_is_internal, unread, snippet (marked with U+E000 and U+E001;
    None unless searched), priority_rank.
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
            requester.is_staff.label("requester_is_staff"),
            Ticket.assignee_id,
            assignee.full_name.label("assignee_name"),
            assignee.email.label("assignee_email"),
            Ticket.team_id,
            Team.name.label("team_name"),
            Ticket.organization_id,
            Organization.name.label("organization_name"),
            _tags_json(actor).label("tags"),
            func.coalesce(last.c.content, func.left(Ticket.description, 200)).label("last_message"),
            func.coalesce(last.c.is_internal, false()).label("last_is_internal"),
            _unread(actor).label("unread"),
            _snippet(actor, understand(wanted).text).label("snippet"),
        )
        .join(requester, Ticket.requester_id == requester.id)
        .outerjoin(assignee, Ticket.assignee_id == assignee.id)
        .outerjoin(Team, Ticket.team_id == Team.id)
        .outerjoin(Organization, Ticket.organization_id == Organization.id)
        .outerjoin(last, true())
        .where(*tickets_matching(actor, wanted, common=common))
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


def visible_id(actor: Actor, ticket_id: int) -> Select[int]:
    """Return the id itself, if `actor` may know of that ticket, deleted or not."""
    return (
        select(Ticket.id)
        .where(Ticket.id == ticket_id, visible_to(actor))
        .execution_options(**{INCLUDE_DELETED: True})
    )


def ticket_id(actor: Actor, number: str) -> Select[int]:
    """Return the id of the ticket of that number; deleted ones included for staff."""
    return (
        select(Ticket.id)
        .where(Ticket.ticket_number == number, visible_to(actor))
        .execution_options(**{INCLUDE_DELETED: True})
    )


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
        .where(
            Comment.ticket_id == ticket_id, comments_visible_to(actor), _seen_ticket(actor, Comment.ticket_id)
        )
        .order_by(Comment.created_at.desc(), Comment.id.desc())
        .limit(CONVERSATION_PAGE)
        .execution_options(**{INCLUDE_DELETED: True})
    )
    if before is not None:
        edge = select(Comment.created_at, Comment.id).where(Comment.id == before).scalar_subquery()
        statement = statement.where(tuple_(Comment.created_at, Comment.id) < edge)
    return statement


def attachments_of(actor: Actor, ticket_id: int) -> Select[Attachment]:
    """Return a ticket's own files (those of comments come with the comments), oldest first."""
    return (
        select(Attachment)
        .where(Attachment.ticket_id == ticket_id, Attachment.comment_id.is_(None))
        .where(_seen_ticket(actor, Attachment.ticket_id))
        .order_by(Attachment.id)
        .execution_options(**{INCLUDE_DELETED: True})
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


def history(actor: Actor, ticket_id: int, *, before: int = 2**63 - 1, limit: int = 200) -> Select[AuditLog]:
    """Return what was done to a ticket and all that belongs to it, newest first, with who did it.

    `before` is the id of an entry, to see further back.
    """
    return (
        select(AuditLog)
        .options(joinedload(AuditLog.user))
        .where(AuditLog.ticket_id == ticket_id, AuditLog.id < before)
        .where(true() if actor.is_staff else false())
        .where(_seen_ticket(actor, AuditLog.ticket_id))
        .order_by(AuditLog.id.desc())
        .limit(limit)
        .execution_options(**{INCLUDE_DELETED: True})
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


def tags_by_name(names: tuple[str, ...]) -> Select[str, Tag]:
    """Return, for each of these names that has one, the name and its tag, whatever the case.

    PostgreSQL compares: Python lowers some letters (İ, ẞ) in another way.
    """
    wanted = func.unnest(literal(list(names), ARRAY(Text))).table_valued("name", name="wanted")
    return select(wanted.c.name, Tag).join(Tag, func.lower(Tag.name) == func.lower(wanted.c.name))


def all_tags() -> Select[Tag]:
    """Return every tag by name."""
    return select(Tag).order_by(func.lower(Tag.name))


def _seen_ticket(actor: Actor, ticket_id: Any) -> ColumnElement[bool]:
    """Whether the ticket of a row that belongs to one is visible; nobody need have asked before."""
    if actor.scope is Scope.ALL:
        return true()
    seen: ColumnElement[bool] = ticket_id.in_(select(Ticket.id).where(visible_to(actor)))
    return seen


def _paged(statement: Any, place: Place) -> Select[Any]:
    columns = _SORT_COLUMNS[place.sort]
    if place.cursor is not None:
        types = tuple(column.type.python_type for column in columns)
        values = decode_cursor(place.cursor, sort=place.order_name, types=types)
        edge = (literal(value, column.type) for value, column in zip(values, columns, strict=True))
        here, there = tuple_(*columns), tuple_(*edge)
        statement = statement.where(here > there if place.ascending else here < there)
    order = [column.asc() if place.ascending else column.desc() for column in columns]
    page: Select[Any] = statement.order_by(*order).limit(place.limit + 1)
    return page


def _of_values(wanted: TicketFilter) -> list[ColumnElement[bool]]:
    any_of: tuple[tuple[Any, tuple[Any, ...] | None], ...] = (
        (Ticket.status, wanted.statuses),
        (Ticket.priority, wanted.priorities),
        (Ticket.channel, wanted.channels),
        (Ticket.team_id, wanted.team_ids),
    )
    exactly = ((Ticket.requester_id, wanted.requester_id), (Ticket.organization_id, wanted.organization_id))
    return [
        *(column.in_(values) for column, values in any_of if values is not None),
        *(column == value for column, value in exactly if value is not None),
    ]


def _of_kind(wanted: TicketFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.overdue:
        conditions += [Ticket.status.in_(UNDONE), Ticket.created_at < func.now() - OVERDUE_AFTER]
    if wanted.has_attachment:
        conditions.append(exists().where(Attachment.ticket_id == Ticket.id))
    return conditions


def _assigned_to(actor: Actor, wanted: tuple[Assignee, ...]) -> ColumnElement[bool]:
    ids = [actor.user_id if one == ME else one for one in wanted if one != UNASSIGNED]
    conditions = (
        [Ticket.assignee_id == one for one in ids] if len(ids) == 1 else [Ticket.assignee_id.in_(ids)]
    )
    if UNASSIGNED in wanted:
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
            .where(func.lower(Tag.name) == func.lower(name.strip()))
            for name in names
        )
    )


def _between(column: Any, start: datetime | None, end: datetime | None) -> list[ColumnElement[bool]]:
    return [*([column >= start] if start else []), *([column < end] if end else [])]


def _has_words(actor: Actor, text: str, *, common: bool) -> ColumnElement[bool]:
    if common and actor.is_staff:
        document = TicketSearch.document.op("@@")(func.ombud.search_query(text))
        return select(document).where(TicketSearch.ticket_id == Ticket.id).correlate(Ticket).scalar_subquery()
    found = func.ombud.match_tickets(
        text, actor.kind.value, actor.user_id, actor.organization_id
    ).table_valued("ticket_id", "rank", name="found")
    return Ticket.id == any_(func.array(select(found.c.ticket_id).scalar_subquery()))


def _named(wanted: TicketFilter) -> list[ColumnElement[bool]]:
    """Conditions by parts of names: people by name or address, teams and organizations by name."""
    conditions: list[ColumnElement[bool]] = []
    people = ((wanted.assignee_names, Ticket.assignee_id), (wanted.requester_names, Ticket.requester_id))
    for names, column in people:
        if names:
            known = [_contains(User.full_name, name) | _contains(User.email, name) for name in names]
            conditions.append(column.in_(select(User.id).where(or_(*known))))
    if wanted.team_names:
        named = or_(*(_contains(Team.name, name) for name in wanted.team_names))
        conditions.append(Ticket.team_id.in_(select(Team.id).where(named)))
    if wanted.organization_names:
        named = or_(*(_contains(Organization.name, name) for name in wanted.organization_names))
        conditions.append(Ticket.organization_id.in_(select(Organization.id).where(named)))
    return conditions


def _contains(column: Any, part: str) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = column.icontains(part, autoescape=True)
    return condition


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


def _tags_json(actor: Actor) -> Any:
    if not actor.is_staff:
        return func.json_build_array()  # tags are the desk's own words about a customer
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


def _snippet(actor: Actor, text: str | None) -> Any:
    if text is None or not text.strip():
        return literal(None)
    query = func.ombud.search_query(text)
    said = (
        select(Comment.content)
        .where(Comment.ticket_id == Ticket.id, comments_visible_to(actor))
        .where(func.ombud.has_words(Comment.content, query))
        .order_by(Comment.id)
        .limit(1)
        .correlate(Ticket)
        .scalar_subquery()
    )
    in_description = func.ombud.has_words(Ticket.description, query)
    best = case((in_description, Ticket.description), else_=func.coalesce(said, Ticket.description))
    return func.ombud.snippet(best, text)
