"""Say that two who look alike are not one, so that nobody is asked again; and take that back."""

from typing import Any, TypeAlias

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ombud.curation import queries
from ombud.curation.actions.duplicates import MOST
from ombud.db.context import actor_of
from ombud.errors import Invalid, NotFound
from ombud.kit.ids import bounded, is_id
from ombud.models import DistinctPeople, DistinctTickets, UserRole
from ombud.people.actions import get_user
from ombud.people.policy import require_right_to_keep
from ombud.tickets import queries as ticket_queries
from ombud.tickets.policy import require_staff, require_writer

Pair: TypeAlias = tuple[int, int]


def keep_people_apart(session: Session, one: int, other: int) -> None:
    """Remember that two customers are two people; doing so twice is harmless.

    For who keeps customers. The finders leave the pair out. Raises NotFound, Invalid for one person.
    """
    require_right_to_keep(actor_of(session), UserRole.CUSTOMER)
    first, second = _pair(one, other, "user_ids")
    for person in (first, second):
        get_user(session, person)
    rows = insert(DistinctPeople).values(user_id=first, other_id=second)
    session.execute(rows.on_conflict_do_nothing())


def compare_people_again(session: Session, one: int, other: int) -> None:
    """Forget that two customers are two people; NotFound when nobody said so."""
    require_right_to_keep(actor_of(session), UserRole.CUSTOMER)
    first, second = _pair(one, other, "user_ids")
    gone = delete(DistinctPeople).where(DistinctPeople.user_id == first, DistinctPeople.other_id == second)
    _require_one(session, gone.returning(DistinctPeople.user_id))


def keep_tickets_apart(session: Session, one: int, other: int) -> None:
    """Remember that two tickets are two matters; doing so twice is harmless.

    For who changes tickets and sees both. Raises NotFound, Invalid for one ticket.
    """
    require_writer(actor_of(session))
    first, second = _pair(one, other, "numbers")
    for ticket in (first, second):
        if session.scalar(ticket_queries.visible_id(actor_of(session), ticket)) is None:
            raise NotFound("There is no such ticket here.")
    rows = insert(DistinctTickets).values(ticket_id=first, other_id=second)
    session.execute(rows.on_conflict_do_nothing())


def compare_tickets_again(session: Session, one: int, other: int) -> None:
    """Forget that two tickets are two matters; NotFound when nobody said so."""
    require_writer(actor_of(session))
    first, second = _pair(one, other, "numbers")
    gone = delete(DistinctTickets).where(
        DistinctTickets.ticket_id == first, DistinctTickets.other_id == second
    )
    _require_one(session, gone.returning(DistinctTickets.ticket_id))


def people_kept_apart(session: Session, *, after: Pair = (0, 0), limit: int = 50) -> list[Pair]:
    """Return pairs of customers that are kept apart, by their ids, after the pair `after`."""
    require_staff(actor_of(session))
    rows = session.scalars(queries.people_kept_apart(after=after, limit=bounded("limit", limit, MOST)))
    return [(row.user_id, row.other_id) for row in rows]


def tickets_kept_apart(session: Session, *, after: Pair = (0, 0), limit: int = 50) -> list[Pair]:
    """Return pairs of tickets that are kept apart, of which the actor sees both, after the pair `after`."""
    actor = actor_of(session)
    require_staff(actor)
    rows = session.scalars(
        queries.tickets_kept_apart(actor, after=after, limit=bounded("limit", limit, MOST))
    )
    return [(row.ticket_id, row.other_id) for row in rows]


def _pair(one: int, other: int, field: str) -> Pair:
    if not (is_id(one) and is_id(other)):
        raise NotFound("There is no such pair here.")
    if one == other:
        raise Invalid(fields={field: "must be two different ones."})
    return min(one, other), max(one, other)


def _require_one(session: Session, gone: Any) -> None:
    if session.scalar(gone) is None:
        raise NotFound("There is no such pair here.")
