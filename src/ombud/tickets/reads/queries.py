"""The statement of the reads that answer with objects: tickets and all that belongs to them, in one row of arrays.

It is made once, and executed with the parameter IDS or NUMBER, or with the ids that another statement finds.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    Select,
    Text,
    any_,
    bindparam,
    func,
    or_,
    select,
    true,
    union,
)
from sqlalchemy.dialects.postgresql import ARRAY

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
from ombud.tickets.policy import comments_visible_to, visible_to
from ombud.tickets.queries.summed import number

IDS, NUMBER = "ids", "number"
PEOPLE = {"requester": "requester_id", "creator": "creator_id", "assignee": "assignee_id"}
"""The relationships of a ticket to people, and their columns."""

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


def _whole(actor: Actor, extent: Extent, *conditions: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    tickets = select(*columns_of(Ticket)).where(*conditions).cte("tickets_found")
    comments = _comments(actor, tickets, extent.comments).cte("comments_found")
    named = [select(tickets.c[column]) for column in PEOPLE.values()]
    if extent.comments:
        named.append(select(comments.c.author_id))
    people = _those_of(User, union(*named)).cte("people_found")
    homes = [select(tickets.c.organization_id)]
    if extent.homes:
        homes.append(select(people.c.organization_id))
    rows: dict[str, FromClause] = {
        "tickets": tickets,
        "people": people,
        "teams": _those_of(Team, select(tickets.c.team_id).distinct()).subquery(),
        "organizations": _those_of(Organization, union(*homes)).subquery(),
        "tags": _tags(tickets).subquery(),
        "comments": comments,
        "files": _files(actor, tickets, extent.files).subquery(),
    }
    kinds = [select(*arrays_of(rows[kind])).subquery(kind) for kind in extent.kinds(actor)]
    together: Any = kinds[0]
    for kind in kinds[1:]:
        together = together.join(kind, true())
    whole: Select[*tuple[Any, ...]] = select(*(array for kind in kinds for array in kind.c))
    return whole.select_from(together).execution_options(**{INCLUDE_DELETED: True})


def _those_of(model: type[Base], keys: Any) -> Select[*tuple[Any, ...]]:
    """Return the rows with the keys that a statement finds, each read once, however many name it."""
    ids = func.array(keys.scalar_subquery(), type_=ARRAY(BigInteger))
    return select(*columns_of(model)).where(model.__table__.c.id == any_(ids))


def _tags(tickets: FromClause) -> Select[*tuple[Any, ...]]:
    """Return each ticket's tags by name."""
    return (
        select(*columns_of(Tag), TicketTag.ticket_id)
        .join(TicketTag, TicketTag.tag_id == Tag.id)
        .where(TicketTag.ticket_id == any_(_ids_of(tickets)))
        .order_by(TicketTag.ticket_id, Tag.name.cast(Text))
    )


def _comments(actor: Actor, tickets: FromClause, limit: int) -> Select[*tuple[Any, ...]]:
    last = (
        select(*columns_of(Comment))
        .where(_COMMENT.c.ticket_id == tickets.c.id, comments_visible_to(actor))
        .order_by(_COMMENT.c.created_at.desc(), _COMMENT.c.id.desc())
        .limit(number(limit))
        .lateral("last")
    )
    return select(*last.c).select_from(tickets.join(last, true())).order_by(last.c.created_at, last.c.id)


def _files(actor: Actor, tickets: FromClause, limit: int) -> Select[*tuple[Any, ...]]:
    first = (
        select(*columns_of(Attachment))
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
