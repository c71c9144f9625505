"""Lists of tickets and their counters: keyset pages, one statement each."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    and_,
    any_,
    case,
    cast,
    exists,
    false,
    func,
    literal,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSON
from sqlalchemy.orm import aliased

from ombud.db.actor import Actor
from ombud.db.json import array_of, object_of, text_of
from ombud.db.made import made_once
from ombud.models import (
    INCLUDE_DELETED,
    Comment,
    Organization,
    Tag,
    Team,
    Ticket,
    TicketRead,
    TicketTag,
    User,
)
from ombud.tickets.filters import Place, TicketFilter, TicketSort
from ombud.tickets.grammar import understand
from ombud.tickets.policy import comments_visible_to, visible_to
from ombud.tickets.queries import summed
from ombud.tickets.queries.matching import (
    RARE,
    Common,
    Part,
    Words,
    comment_has_part,
    first_found,
    has_part,
    tickets_matching,
)
from ombud.tickets.queries.orders import in_order, is_walked_apart, paged, walked_apart
from ombud.tickets.queries.ranking import ranked_page
from ombud.tickets.queries.summed import count_by_sums, is_summed, kept_counts, number

COUNTER_CAP = 1000
FIRST = 4 * COUNTER_CAP
"""So many matches of something common are looked at first when they are counted."""

DATED = ("created_from", "created_to", "updated_from", "updated_to", "resolved_from", "resolved_to")
VARYING = ("text", "substring", *DATED)

# Made once: an alias works out its columns when they are first asked for, which costs more than the rest of a list.
_REQUESTER, _ASSIGNEE = aliased(User, name="requester"), aliased(User, name="assignee")


def inbox(
    actor: Actor, wanted: TicketFilter, place: Place, *, common: Common = RARE, words: Words | None = None
) -> Select[*tuple[Any, ...]]:
    """Return one page of list rows, one more than asked for (so the caller knows whether there is a next).

    Columns: id, ticket_number, title, status, priority, channel, created_at, last_activity_at, version,
    requester_id/_name/_email/_is_staff, assignee_id/_name/_email, team_id/_name, organization_id/_name, tags
    (list of {id, name, color}), last_message, last_is_internal, unread, snippet (marked with U+E000 and U+E001;
    None unless searched), priority_rank; rank, where they are ordered by it. `words` stand for the filter's text in a
    statement that is made once.
    """
    return once(inbox, actor, wanted, place, lambda: _inbox(actor, wanted, place, common, words))


def _inbox(
    actor: Actor, wanted: TicketFilter, place: Place, common: Common, words: Words | None
) -> Select[*tuple[Any, ...]]:
    asked = understand(wanted)
    requester, assignee = _REQUESTER, _ASSIGNEE
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
            _snippet(actor, asked, words).label("snippet"),
        )
        .join(requester, Ticket.requester_id == requester.id)
        .outerjoin(assignee, Ticket.assignee_id == assignee.id)
        .outerjoin(Team, Ticket.team_id == Team.id)
        .outerjoin(Organization, Ticket.organization_id == Organization.id)
        .outerjoin(last, true())
        .execution_options(**{INCLUDE_DELETED: True})
    )
    if place.sort is TicketSort.RANK:
        best = ranked_page(actor, wanted, place, common=common).subquery("best")
        statement = statement.add_columns(best.c.rank).join(best, best.c.id == Ticket.id)
        return by_rank(statement, best, place)
    conditions = tickets_matching(actor, asked, common=common, words=words)
    if is_walked_apart(asked, place, common):
        best = walked_apart(conditions, asked, place).subquery("best")
        listed: Select[*tuple[Any, ...]] = in_order(statement.join(best, best.c.id == Ticket.id), place)
        return listed
    return paged(statement.where(*conditions), place)


def cursor_values(row: Any, place: Place) -> tuple[Any, ...]:
    """Return what a cursor after `row` holds."""
    match place.sort:
        case TicketSort.ACTIVITY:
            return (row.last_activity_at, row.id)
        case TicketSort.CREATED:
            return (row.created_at, row.id)
        case TicketSort.PRIORITY:
            return (row.priority_rank, row.last_activity_at, row.id)
        case TicketSort.RANK:
            return (row.rank, row.id)


def by_rank(statement: Any, best: Any, place: Place) -> Select[*tuple[Any, ...]]:
    """Return the statement in the order of a page of `ranked_page` that it joins."""
    columns = (best.c.rank, best.c.id)
    order = [column.asc() if place.ascending else column.desc() for column in columns]
    ordered: Select[*tuple[Any, ...]] = statement.order_by(*order)
    return ordered


def count_matching(
    actor: Actor,
    wanted: TicketFilter,
    *,
    common: Common = RARE,
    words: Words | None = None,
    part: Part | None = None,
) -> Select[*tuple[Any, ...]]:
    """Return how many tickets match, counted up to one more than COUNTER_CAP.

    For who sees all tickets, all of them and those of some statuses come from sums, and no ticket is read: a walk
    would begin at the front of their table, where updates leave much room and few tickets. What is common is counted
    among the first that an index finds. They are enough for the cap, or they were all, or the rest of the filter
    leaves few of them: only then the list is walked. `words` and `part` are as in `tickets_matching`.
    """
    wanted = understand(wanted)
    words = wanted.text if words is None else words
    walked = _capped(tickets_matching(actor, wanted, common=common, words=words, part=part))
    first = first_found(actor, words, wanted.substring if part is None else part.text, common, FIRST)
    counted: Select[*tuple[Any, ...]]
    if is_summed(actor, wanted):
        few = summed.FEW_CHANGES
        by_sums = count_by_sums(kept_counts(few), wanted, number(COUNTER_CAP + 1), walked, few)
        counted = select(by_sums.label("count_1"))
    elif first is None:
        counted = select(walked.label("count_1"))
    else:
        tried = select(first.label("ids")).cte("tried")
        ids = cast(select(tried.c.ids).scalar_subquery(), ARRAY(BigInteger))
        among = replace(wanted, text=None) if common.words else wanted
        quick = select(
            _capped(
                [
                    Ticket.id == any_(ids),
                    *tickets_matching(
                        actor, among, common=common, words=None if common.words else words, part=part
                    ),
                ]
            ).label("found"),
            func.cardinality(ids).label("tried"),
        ).offset(literal_column("0"))
        seen = quick.subquery("quick")
        enough = or_(seen.c.found > COUNTER_CAP, and_(seen.c.tried > 0, seen.c.tried < FIRST))
        counted = select(case((enough, seen.c.found), else_=walked).label("count_1"))
    return counted.execution_options(**{INCLUDE_DELETED: True})


def _capped(conditions: list[ColumnElement[bool]]) -> Any:
    capped = (
        select(number(1)).select_from(Ticket).where(*conditions).limit(number(COUNTER_CAP + 1)).subquery()
    )
    return select(func.count()).select_from(capped).scalar_subquery()


def once(
    what: Callable[..., Any],
    actor: Actor,
    wanted: TicketFilter,
    place: Place,
    make: Callable[[], Select[*tuple[Any, ...]]],
) -> Select[*tuple[Any, ...]]:
    """Put the first pages of the lists that everybody looks at together once; what was typed or dated varies."""
    if place.cursor is not None or is_varying(wanted):
        return make()
    return made_once((what, actor.for_request(""), wanted, place, visible_to, comments_visible_to), make)


def is_varying(wanted: TicketFilter) -> bool:
    """Tell whether a filter holds what somebody typed or dated: its statement is hardly ever asked for again."""
    return bool(wanted.without) or any(getattr(wanted, name) is not None for name in VARYING)


def is_dated(wanted: TicketFilter) -> bool:
    """Tell whether a filter holds a moment, or leaves out what does."""
    return any(getattr(one, name) is not None for one in wanted.all for name in DATED)


def _tags_json(actor: Actor) -> Any:
    if not actor.is_staff:
        return func.json_build_array()  # tags are the desk's own words about a customer
    tag = object_of(id=Tag.id, name=text_of(Tag.name), color=text_of(Tag.color))
    return (
        select(cast(array_of(tag, Tag.name), JSON))
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


def _snippet(actor: Actor, wanted: TicketFilter, words: Words | None) -> Any:
    if wanted.text is not None and wanted.text.strip():
        return _snippet_of_words(actor, wanted.text if words is None else words)
    if wanted.substring is not None:
        return _snippet_of_part(actor, wanted.substring)
    return literal(None)


def _snippet_of_part(actor: Actor, text: str) -> Any:
    part = Part.of(text)
    said = (
        select(Comment.content)
        .where(Comment.ticket_id == Ticket.id, comment_has_part(actor, part))
        .order_by(Comment.id)
        .limit(1)
        .correlate(Ticket)
        .scalar_subquery()
    )
    in_description = has_part(Ticket.description, part)
    best = case((in_description, Ticket.description), else_=func.coalesce(said, Ticket.description))
    return func.ombud.part_snippet(best, text)


def _snippet_of_words(actor: Actor, text: Words) -> Any:
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
