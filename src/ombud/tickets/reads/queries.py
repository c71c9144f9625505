"""Statements of the reads that answer with objects.

Those that look things up by keys are made once; they are executed with the keys as the parameter IDS.
"""

from typing import Any, TypeVar

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    Text,
    any_,
    bindparam,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased, joinedload

from ombud.db.actor import Actor
from ombud.db.made import made_once
from ombud.models import INCLUDE_DELETED, Attachment, Comment, Tag, Ticket, TicketTag, User
from ombud.tickets.policy import comments_visible_to, visible_to

IDS = "ids"

S = TypeVar("S", bound=Select[*tuple[Any, ...]])


def tickets_among() -> Select[Ticket]:
    """Return the tickets IDS, deleted ones too, with team and organization; people come by `people_among`."""
    return made_once(
        (tickets_among,),
        lambda: _whole(
            select(Ticket)
            .options(joinedload(Ticket.team), joinedload(Ticket.organization))
            .where(_one_of(Ticket.id))
        ),
    )


def people_among() -> Select[User]:
    """Return those of the people IDS that the actor may know of."""
    return made_once((people_among,), lambda: _whole(select(User).where(_one_of(User.id))))


def newest_tickets(actor: Actor, column: Any, user_id: int, limit: int) -> Select[Ticket]:
    """Return the newest live tickets whose `column` (creator_id, assignee_id) names a person."""
    return (
        select(Ticket)
        .options(joinedload(Ticket.requester), joinedload(Ticket.assignee), joinedload(Ticket.team))
        .where(column == user_id, Ticket.deleted_at.is_(None), visible_to(actor))
        .order_by(Ticket.id.desc())
        .limit(limit)
    )


def newest_comments(actor: Actor, limit: int) -> Select[Comment]:
    """Return, for each of the tickets IDS, its last comments that `actor` may read, oldest first; no authors."""

    def make() -> Select[Comment]:
        tickets = _unnested()
        last = (
            select(Comment)
            .where(Comment.ticket_id == tickets.c.id, comments_visible_to(actor))
            .order_by(Comment.created_at.desc(), Comment.id.desc())
            .limit(limit)
            .lateral("last")
        )
        said = aliased(Comment, last)
        return (
            select(said)
            .select_from(tickets)
            .join(last, true())
            .order_by(said.ticket_id, said.created_at, said.id)
        )

    return made_once((newest_comments, comments_visible_to, actor.is_staff, limit), lambda: _whole(make()))


def first_attachments(actor: Actor, limit: int) -> Select[Attachment]:
    """Return, for each of the tickets IDS, its first files that `actor` may read."""

    def make() -> Select[Attachment]:
        tickets = _unnested()
        first = (
            select(Attachment)
            .outerjoin(Comment, Attachment.comment_id == Comment.id)
            .where(Attachment.ticket_id == tickets.c.id)
            .where(or_(Attachment.comment_id.is_(None), comments_visible_to(actor)))
            .order_by(Attachment.id)
            .limit(limit)
            .lateral("first")
        )
        file = aliased(Attachment, first)
        return select(file).select_from(tickets).join(first, true()).order_by(file.ticket_id, file.id)

    return made_once((first_attachments, comments_visible_to, actor.is_staff, limit), lambda: _whole(make()))


def tags_on(actor: Actor) -> Select[int, Tag]:
    """Return each of the tickets IDS with each of its tags, by name; customers see none."""
    return made_once(
        (tags_on, actor.is_staff),
        lambda: _whole(
            select(TicketTag.ticket_id, Tag)
            .join(Tag, TicketTag.tag_id == Tag.id)
            .where(_one_of(TicketTag.ticket_id))
            .where(literal(actor.is_staff))
            .order_by(TicketTag.ticket_id, Tag.name.cast(Text))
        ),
    )


def _whole(statement: S) -> S:
    """Let it find deleted tickets, too: what is looked up by keys was found before."""
    return statement.execution_options(**{INCLUDE_DELETED: True})


def _one_of(column: Any) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = column == any_(bindparam(IDS, type_=ARRAY(BigInteger)))
    return condition


def _unnested() -> Any:
    unnested = func.unnest(bindparam(IDS, type_=ARRAY(BigInteger))).table_valued("id", name="wanted")
    return unnested.render_derived()
