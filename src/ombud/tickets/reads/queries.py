"""The statement of the reads that answer with objects: tickets and all that belongs to them, in one row of arrays.

It is made once, and executed with the parameter IDS or NUMBER, or with the ids that another statement finds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    Text,
    any_,
    bindparam,
    cast,
    func,
    or_,
    select,
    true,
    union,
)
from sqlalchemy.dialects.postgresql import ARRAY, array

from ombud.db.actor import Actor
from ombud.db.base import Base
from ombud.db.made import made_once
from ombud.db.objects import arrays_of, columns_of
from ombud.db.plans import keys_follow
from ombud.models import (
    INCLUDE_DELETED,
    Attachment,
    Comment,
    Organization,
    Tag,
    Team,
    Ticket,
    TicketTag,
    User,
)
from ombud.tickets.filters import Place, TicketFilter
from ombud.tickets.policy import comments_visible_to, visible_to
from ombud.tickets.queries.asked import page_asked
from ombud.tickets.queries.summed import number

IDS, NUMBER = "ids", "number"
PEOPLE = {"requester": "requester_id", "creator": "creator_id", "assignee": "assignee_id"}
"""The relationships of a ticket to people, and their columns."""

Columns: TypeAlias = Callable[[type[Base]], list[Any]]
"""What is read of each model."""
RECORDED: dict[type[Base], tuple[str, ...]] = {
    Ticket: (
        "id", "ticket_number", "title", "description", "status", "priority", "channel", "version", "created_at",
        "updated_at", "last_activity_at", "first_response_at", "resolved_at", "deleted_at", "merged_into_id",
        "requester_id", "creator_id", "assignee_id", "team_id", "organization_id",
    ),
    User: ("id", "full_name", "email", "is_staff"),
    Team: ("id", "name"),
    Organization: ("id", "name"),
    Tag: ("id", "name", "color"),
    Comment: ("id", "content", "is_internal", "created_at", "updated_at", "ticket_id", "author_id"),
    Attachment: (
        "id", "file_name", "content_type", "size", "checksum", "created_at", "comment_id", "ticket_id",
    ),
}  # fmt: skip
"""The columns of each kind of record: its fields, and then the keys by which records are put together."""

_TICKET: Any = Ticket.__table__
_COMMENT: Any = Comment.__table__
_FILE: Any = Attachment.__table__


@dataclass(frozen=True, slots=True)
class Extent:
    """What is read besides tickets, people, teams, organizations and tags.

    The last so many comments and the first so many files of each ticket, and the organizations of its people.
    """

    comments: int = 0
    files: int = 0
    homes: bool = False

    def kinds(self, actor: Actor) -> dict[str, type[Base]]:
        """Return what a row has arrays of, in order: those of `columns_of` each model, and of tags their tickets."""
        kinds: dict[str, type[Base]] = {
            "tickets": Ticket,
            "people": User,
            "teams": Team,
            "organizations": Organization,
        }
        if actor.is_staff:  # tags are the desk's own words about a customer
            kinds["tags"] = Tag
        if self.comments:
            kinds["comments"] = Comment
        if self.files:
            kinds["files"] = Attachment
        return kinds


def tickets_among(actor: Actor, extent: Extent) -> Select[*tuple[Any, ...]]:
    """Return one row of the tickets IDS, deleted ones too; the caller knows that `actor` sees them.

    Its columns are the arrays of `extent.kinds(actor)`, NULL where there is nothing of a kind. Comments are those that
    `actor` may read, oldest first. What is out of sight is left out.
    """
    key = (tickets_among, actor.is_staff, extent, comments_visible_to)
    ids = bindparam(IDS, type_=ARRAY(BigInteger))
    return made_once(key, lambda: _whole(actor, extent, _TICKET.c.id == any_(ids)))


def ticket_of_number(actor: Actor, extent: Extent) -> Select[*tuple[Any, ...]]:
    """Return the row of the ticket with the number NUMBER, deleted or not, if `actor` may know of it."""
    key = (ticket_of_number, actor.for_request(""), extent, visible_to, comments_visible_to)
    is_it = _TICKET.c.ticket_number == bindparam(NUMBER, type_=_TICKET.c.ticket_number.type)
    return made_once(key, lambda: _whole(actor, extent, is_it, visible_to(actor)))


def tickets_of_person(actor: Actor, user_id: int, limit: int) -> Select[*tuple[Any, ...]]:
    """Return one row of two arrays: a person's newest live tickets, those that they created and those assigned to them.

    With its last column `by_key` begins.
    """
    arrays: list[Any] = []
    for column in (_TICKET.c.creator_id, _TICKET.c.assignee_id):
        newest = (
            select(_TICKET.c.id)
            .where(column == user_id, _TICKET.c.deleted_at.is_(None), visible_to(actor))
            .order_by(_TICKET.c.id.desc())
            .limit(limit)
        )
        arrays.append(func.array(newest.scalar_subquery(), type_=ARRAY(BigInteger)))
    row: Select[*tuple[Any, ...]] = select(*arrays, keys_follow())
    return row.execution_options(**{INCLUDE_DELETED: True})


def page_of_records(
    actor: Actor, wanted: TicketFilter, place: Place, extent: Extent, has_case: bool
) -> Select[*tuple[Any, ...]]:
    """Return the step for a page of records, all in one statement: its total, the ids of it and one more, and JSON.

    A JSON array of columns for each of `extent.kinds(actor)`, of RECORDED columns. Filter, place and `has_case` are
    those of `kind_of`; it is given `texts_of`.
    """
    key = (
        page_of_records,
        actor.for_request(""),
        wanted,
        place,
        extent,
        has_case,
        visible_to,
        comments_visible_to,
    )
    return made_once(key, lambda: _page_of_records(actor, wanted, place, extent, has_case))


def _page_of_records(
    actor: Actor, wanted: TicketFilter, place: Place, extent: Extent, has_case: bool
) -> Select[*tuple[Any, ...]]:
    asked = page_asked(actor, wanted, place, has_case)
    ids = select(asked.c.ids[1 : place.limit]).scalar_subquery()
    kinds = _kinds(actor, extent, recorded, _TICKET.c.id == any_(cast(ids, ARRAY(BigInteger))))
    told = [cast(func.json_build_array(*kind.c), Text) for kind in kinds]
    row: Any = select(array([cast(asked.c.total, Text), cast(func.to_json(asked.c.ids), Text), *told]))
    step: Select[*tuple[Any, ...]] = row.select_from(_joined(asked, *kinds))
    return step.execution_options(**{INCLUDE_DELETED: True})


def recorded(model: type[Base]) -> list[Any]:
    """Return the columns of a record, in the order of its fields (`ombud.tickets.reads.records`)."""
    return [model.__table__.c[name] for name in RECORDED[model]]


def _whole(actor: Actor, extent: Extent, *conditions: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    kinds = _kinds(actor, extent, columns_of, *conditions)
    whole: Select[*tuple[Any, ...]] = select(*(each for kind in kinds for each in kind.c))
    return whole.select_from(_joined(*kinds)).execution_options(**{INCLUDE_DELETED: True})


def _joined(*rows: FromClause) -> Any:
    together: Any = rows[0]
    for one in rows[1:]:
        together = together.join(one, true())
    return together


def _kinds(
    actor: Actor, extent: Extent, columns: Columns, *conditions: ColumnElement[bool]
) -> list[FromClause]:
    """Return one row of arrays for each of `extent.kinds`: of tickets, and of what belongs to them."""
    tickets = select(*columns(Ticket)).where(*conditions).cte("tickets_found")
    comments = _comments(actor, tickets, columns(Comment), extent.comments).cte("comments_found")
    named = [select(tickets.c[column]) for column in PEOPLE.values()]
    if extent.comments:
        named.append(select(comments.c.author_id))
    people = _those_of(User, columns(User), union(*named)).cte("people_found")
    homes = [select(tickets.c.organization_id)]
    if extent.homes:
        homes.append(select(people.c.organization_id))
    rows: dict[str, FromClause] = {
        "tickets": tickets,
        "people": people,
        "teams": _those_of(Team, columns(Team), select(tickets.c.team_id).distinct()).subquery(),
        "organizations": _those_of(Organization, columns(Organization), union(*homes)).subquery(),
        "tags": _tags(tickets, columns(Tag)).subquery(),
        "comments": comments,
        "files": _files(actor, tickets, columns(Attachment), extent.files).subquery(),
    }
    return [select(*arrays_of(rows[kind])).subquery(kind) for kind in extent.kinds(actor)]


def _those_of(model: type[Base], columns: list[Any], keys: Any) -> Select[*tuple[Any, ...]]:
    """Return the rows with the keys that a statement finds, each read once, however many name it."""
    ids = func.array(keys.scalar_subquery(), type_=ARRAY(BigInteger))
    return select(*columns).where(model.__table__.c.id == any_(ids))


def _tags(tickets: FromClause, columns: list[Any]) -> Select[*tuple[Any, ...]]:
    """Return each ticket's tags by name."""
    return (
        select(*columns, TicketTag.ticket_id)
        .join(TicketTag, TicketTag.tag_id == Tag.id)
        .where(TicketTag.ticket_id == any_(_ids_of(tickets)))
        .order_by(TicketTag.ticket_id, Tag.name.cast(Text))
    )


def _comments(actor: Actor, tickets: FromClause, columns: list[Any], limit: int) -> Select[*tuple[Any, ...]]:
    last = (
        select(*columns)
        .where(_COMMENT.c.ticket_id == tickets.c.id, comments_visible_to(actor))
        .order_by(_COMMENT.c.created_at.desc(), _COMMENT.c.id.desc())
        .limit(number(limit))
        .lateral("last")
    )
    return select(*last.c).select_from(tickets.join(last, true())).order_by(last.c.created_at, last.c.id)


def _files(actor: Actor, tickets: FromClause, columns: list[Any], limit: int) -> Select[*tuple[Any, ...]]:
    first = (
        select(*columns)
        .outerjoin(Comment, _FILE.c.comment_id == _COMMENT.c.id)
        .where(_FILE.c.ticket_id == tickets.c.id)
        .where(or_(_FILE.c.comment_id.is_(None), comments_visible_to(actor)))
        .order_by(_FILE.c.id)
        .limit(number(limit))
        .lateral("first")
    )
    return select(*first.c).select_from(tickets.join(first, true())).order_by(first.c.id)


def _ids_of(tickets: FromClause) -> Any:
    return func.array(select(tickets.c.id).scalar_subquery(), type_=ARRAY(BigInteger))
