"""Find what stands at the desk twice. Nothing is changed."""

from dataclasses import replace
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from ombud.curation import queries
from ombud.curation.queries import KEPT_DAYS, KEPT_WITHIN, Place
from ombud.curation.rules import (
    LIKELY,
    Known,
    KnownTicket,
    LikePeople,
    LikeTickets,
    likeness_of_people,
    likeness_of_tickets,
)
from ombud.db.context import actor_of
from ombud.errors import NotFound
from ombud.kit.ids import bounded, is_id
from ombud.people.actions import get_user
from ombud.tickets import queries as ticket_queries
from ombud.tickets.policy import require_staff

MOST = 200
P = TypeVar("P", LikePeople, LikeTickets)
LOOKED_AT = 4
"""Candidates looked at for each that is wanted; the others fall below the score."""


def people_like(
    session: Session, person_id: int, *, least: float = LIKELY, limit: int = 20
) -> list[LikePeople]:
    """Return customers who may be this person, the likeliest first."""
    require_staff(actor_of(session))
    get_user(session, person_id)
    rows = session.execute(queries.people_like(person_id, _most(limit) * LOOKED_AT)).all()
    known = _known(session, {person_id, *(row.user_id for row in rows)})
    found = [_like_people(known[person_id], known[row.user_id], row.alike) for row in rows]
    return _worthy(found, least)[:limit]


def duplicate_people(
    session: Session, *, least: float = LIKELY, limit: int = 50, after: Place | None = None
) -> list[LikePeople]:
    """Return pairs of customers who may be one person, the likeliest first, after the place `after`.

    Looks through all customers for the same inbox and the same name. Pairs that are kept apart are left out. From
    page to page, `place_of` the last pair being the next `after`, every pair comes by. Where a worker runs, a new
    name or address counts from its next look on, a minute later or so; new people count at once.
    """
    require_staff(actor_of(session))
    statement = queries.people_pairs(least, after=after, limit=_most(limit))
    rows = session.execute(statement).all()
    known = _known(session, {one for row in rows for one in (row.user_id, row.other_id)})
    return [_like_people(known[row.user_id], known[row.other_id], row.alike, row.score) for row in rows]


def tickets_like(
    session: Session, ticket_id: int, *, days: int = 14, least: float = LIKELY, limit: int = 20
) -> list[LikeTickets]:
    """Return tickets of the same requester, opened within `days`, that may be the same matter."""
    actor = actor_of(session)
    require_staff(actor)
    if not is_id(ticket_id) or session.scalar(ticket_queries.visible_id(actor, ticket_id)) is None:
        raise NotFound("There is no such ticket here.")
    return _tickets(
        session,
        queries.tickets_like(actor, ticket_id, days=_days(days), limit=_most(limit) * LOOKED_AT),
        least,
    )[:limit]


def duplicate_tickets(
    session: Session,
    *,
    days: int = KEPT_DAYS,
    within: int = KEPT_WITHIN,
    least: float = LIKELY,
    limit: int = 50,
    after: Place | None = None,
) -> list[LikeTickets]:
    """Return pairs of tickets of one requester that may be one matter, opened within `days` of each other.

    Looks at what was opened in the last `within` days and is not done, and at the 20 that the requester opened
    before each; the likeliest first, after the place `after`. Pairs that are kept apart are left out. Where a worker
    runs, a new title or text, or a ticket that is open again, counts from its next look
    on, a minute later or so; new tickets count at once.
    """
    actor = actor_of(session)
    require_staff(actor)
    statement = queries.ticket_pairs(
        actor, days=_days(days), within=_days(within), least=least, after=after, limit=_most(limit)
    )
    return [_like_tickets(row, row.score) for row in session.execute(statement)]


def keep_alike(session: Session) -> int:
    """Find all pairs and keep them for who asks next; returns how many changed. For the worker.

    Nothing is done before a minute is over, or fifty times as long as it took last: a large desk spends a fiftieth
    of its time on it, at most.
    """
    return session.scalar(queries.keep_alike()) or 0


def place_of(pair: LikePeople | LikeTickets) -> Place:
    """Return where a pair stands among all: the likelier before, then by ids. What pages go on after."""
    one = pair.person if isinstance(pair, LikePeople) else pair.ticket
    return (-pair.likeness.score, one.id, pair.other.id)


def _known(session: Session, ids: set[int]) -> dict[int, Known]:
    return {row[0]: Known(*row) for row in session.execute(queries.known_people(ids))} if ids else {}


def _like_people(one: Known, other: Known, names: float, score: float | None = None) -> LikePeople:
    likeness = likeness_of_people(one, other, names)
    return LikePeople(one, other, likeness if score is None else replace(likeness, score=score))


def _like_tickets(row: Any, score: float | None = None) -> LikeTickets:
    likeness = likeness_of_tickets(row.titles, row.texts, float(row.hours))
    likeness = likeness if score is None else replace(likeness, score=score)
    return LikeTickets(KnownTicket(*row[:5]), KnownTicket(*row[5:10]), likeness)


def _tickets(session: Session, statement: Any, least: float) -> list[LikeTickets]:
    return _worthy([_like_tickets(row) for row in session.execute(statement)], least)


def _worthy(found: list[P], least: float) -> list[P]:
    return sorted((pair for pair in found if pair.likeness.score >= least), key=place_of)


def _most(limit: int) -> int:
    return bounded("limit", limit, MOST)


def _days(days: int) -> int:
    return bounded("days", days, 366)
