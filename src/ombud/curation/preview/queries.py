"""What a preview looks up: builders that return a Select. Everything is counted up to a bound."""

from collections.abc import Collection
from typing import Any, TypeAlias

from sqlalchemy import Boolean, Select, Text, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by, array
from sqlalchemy.orm import aliased

from ombud.db.actor import Actor, Scope
from ombud.models import (
    Attachment,
    Comment,
    Organization,
    Ticket,
    TicketParticipant,
    User,
)
from ombud.people.policy import people_visible_to
from ombud.tickets.policy import visible_to

Rows: TypeAlias = Select[*tuple[Any, ...]]

COUNTED = 1000
"""How far is counted: from there on a page says 999+."""


def ticket_sides(actor: Actor, ids: Collection[int]) -> Rows:
    """Return the fields of `TicketSide` for those of these tickets that the actor sees."""
    comments = select(Comment.id).where(Comment.ticket_id == Ticket.id)
    files = select(Attachment.id).where(Attachment.ticket_id == Ticket.id)
    follower, shown = _person("follower")
    followers = (
        select(func.coalesce(func.array_agg(aggregate_order_by(shown, follower.id)), _none()))
        .join(TicketParticipant, TicketParticipant.user_id == follower.id)
        .where(TicketParticipant.ticket_id == Ticket.id, follower.is_staff.is_(False))
        .correlate(Ticket)
    )
    return (
        select(
            Ticket.id,
            Ticket.ticket_number,
            Ticket.title,
            Ticket.status,
            Ticket.created_at,
            Ticket.merged_into_id.is_not(None),
            Ticket.requester_id,
            User.full_name,
            User.email,
            _count(comments.where(Comment.is_internal.is_(False)), Ticket),
            _count(comments.where(Comment.is_internal), Ticket),
            _count(files, Ticket),
            followers.scalar_subquery().label("followers"),
        )
        .join(User, User.id == Ticket.requester_id)
        .where(Ticket.id.in_(ids), visible_to(actor))
        .order_by(Ticket.id)
    )


def person_sides(actor: Actor, ids: Collection[int]) -> Rows:
    """Return the fields of `PersonSide` for these people."""
    asked = select(Ticket.id).where(Ticket.requester_id == User.id, visible_to(actor))
    said = select(Comment.id).where(Comment.author_id == User.id)
    followed = select(TicketParticipant.ticket_id).where(TicketParticipant.user_id == User.id)
    if actor.scope is not Scope.ALL:  # where there is nothing to leave out, nothing is looked up
        seen = select(Ticket.id).where(visible_to(actor))
        said = said.where(Comment.ticket_id.in_(seen))
        followed = followed.where(TicketParticipant.ticket_id.in_(seen))
    return (
        select(
            User.id,
            User.full_name,
            User.email,
            func.coalesce(Organization.name, ""),
            User.created_at,
            User.last_login,
            User.is_active,
            User.is_staff,
            User.merged_into_id.is_not(None),
            User.anonymised_at.is_not(None),
            _count(asked, User),
            _count(said, User),
            _count(followed, User),
            func.ombud.has_second_factor(User.id, type_=Boolean()),
        )
        .outerjoin(Organization, Organization.id == User.organization_id)
        .where(User.id.in_(ids), people_visible_to(actor))
        .order_by(User.id)
    )


def merged_among(ids: Collection[int]) -> Select[int]:
    """Return which of these tickets were merged into another."""
    return select(Ticket.id).where(Ticket.id.in_(ids), Ticket.merged_into_id.is_not(None))


def _count(some: Rows, of: Any) -> Any:
    return (
        select(func.count())
        .select_from(some.limit(COUNTED).correlate(of).subquery().lateral())
        .scalar_subquery()
    )


def _person(name: str) -> tuple[Any, Any]:
    person = aliased(User, name=name)
    return person, func.coalesce(func.nullif(person.full_name, ""), person.email)


def _none() -> Any:
    return cast(array([]), ARRAY(Text))
