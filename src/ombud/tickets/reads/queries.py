"""Statements of the reads that answer with objects."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Select, Text, any_, func, literal, or_, select, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased, joinedload

from ombud.db.actor import Actor
from ombud.models import INCLUDE_DELETED, Attachment, Comment, Tag, Ticket, TicketTag
from ombud.tickets.filters import Place, TicketFilter, TicketSort
from ombud.tickets.policy import comments_visible_to, visible_to
from ombud.tickets.queries import (
    RARE,
    Common,
    by_rank,
    count_matching,
    paged,
    ranked_page,
    tickets_matching,
)


def tickets_and_total(
    actor: Actor, wanted: TicketFilter, place: Place, *, common: Common = RARE
) -> Select[*tuple[Any, ...]]:
    """Return how many tickets match (up to one more than COUNTER_CAP), beside each ticket of a page and one more.

    Columns: total, Ticket, id, and rank where they are ordered by it. One statement, so that count and page are
    of one moment. A page without tickets is one row without a ticket.
    """
    total = count_matching(actor, wanted, common=common).subquery("total")
    by_fit = place.sort is TicketSort.RANK
    if by_fit:
        page = ranked_page(actor, wanted, place, common=common).subquery("page")
    else:
        matching = select(Ticket.id).where(*tickets_matching(actor, wanted, common=common))
        page = paged(matching, place).subquery("page")
    statement: Any = (
        select(total.c[0], Ticket, *page.c)
        .select_from(total)
        .outerjoin(page, true())
        .outerjoin(Ticket, Ticket.id == page.c.id)
        .options(
            joinedload(Ticket.requester),
            joinedload(Ticket.creator),
            joinedload(Ticket.assignee),
            joinedload(Ticket.team),
            joinedload(Ticket.organization),
        )
    )
    ordered: Select[*tuple[Any, ...]] = (
        by_rank(statement, page, place)
        if by_fit
        else paged(statement, Place(place.sort, place.ascending, place.limit))
    )
    return ordered.execution_options(**{INCLUDE_DELETED: True})


def newest_tickets(actor: Actor, column: Any, user_id: int, limit: int) -> Select[Ticket]:
    """Return the newest live tickets whose `column` (creator_id, assignee_id) names a person."""
    return (
        select(Ticket)
        .options(joinedload(Ticket.requester), joinedload(Ticket.assignee), joinedload(Ticket.team))
        .where(column == user_id, Ticket.deleted_at.is_(None), visible_to(actor))
        .order_by(Ticket.id.desc())
        .limit(limit)
    )


def newest_comments(actor: Actor, ticket_ids: Sequence[int], limit: int) -> Select[Comment]:
    """Return, for each of these tickets, its last comments that `actor` may read, oldest first."""
    tickets = _unnested(ticket_ids)
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
        .options(joinedload(said.author))
        .order_by(said.ticket_id, said.created_at, said.id)
    )


def first_attachments(actor: Actor, ticket_ids: Sequence[int], limit: int) -> Select[Attachment]:
    """Return, for each of these tickets, its first files that `actor` may read."""
    tickets = _unnested(ticket_ids)
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


def tags_on(actor: Actor, ticket_ids: Sequence[int]) -> Select[int, Tag]:
    """Return each of these tickets with each of its tags, by name; customers see none."""
    return (
        select(TicketTag.ticket_id, Tag)
        .join(Tag, TicketTag.tag_id == Tag.id)
        .where(TicketTag.ticket_id == any_(literal(list(ticket_ids), ARRAY(BigInteger))))
        .where(literal(actor.is_staff))
        .order_by(TicketTag.ticket_id, Tag.name.cast(Text))
    )


def _unnested(ids: Sequence[int]) -> Any:
    unnested = func.unnest(literal(list(ids), ARRAY(BigInteger))).table_valued("id", name="wanted")
    return unnested.render_derived()
