"""Find what stands at the desk twice. Nothing is changed."""

from datetime import timedelta
from typing import Any, TypeAlias

from sqlalchemy.orm import Session

from ombud import clock
from ombud.curation import queries
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
from ombud.errors import Invalid, NotFound
from ombud.kit.ids import is_id
from ombud.people.actions import get_user
from ombud.tickets import queries as ticket_queries
from ombud.tickets.policy import require_staff

MOST = 200
Place: TypeAlias = tuple[float, int, int]
LOOKED_AT = 4
"""Candidates looked at for each that is wanted; the others fall below the score."""


def people_like(
    session: Session, person_id: int, *, least: float = LIKELY, limit: int = 20
) -> list[LikePeople]:
    """Return customers who may be this person, the likeliest first."""
    require_staff(actor_of(session))
    get_user(session, person_id)
    rows = session.execute(queries.people_like(person_id, _most(limit))).all()
    return _people(session, [(person_id, row.user_id, row.alike) for row in rows], least)[:limit]


def duplicate_people(
    session: Session, *, least: float = LIKELY, limit: int = 50, after: Place | None = None
) -> list[LikePeople]:
    """Return pairs of customers who may be one person, the likeliest first, after the place `after`.

    Looks through all customers for the same inbox and the same name; at most a few hundred pairs are weighed.
    Pairs that are kept apart are left out.
    """
    require_staff(actor_of(session))
    _most(limit)
    rows = session.execute(queries.people_alike(MOST * LOOKED_AT)).all()
    found = _people(session, [tuple(row) for row in rows], least)
    return [pair for pair in found if after is None or place_of(pair) > after][:limit]


def tickets_like(
    session: Session, ticket_id: int, *, days: int = 14, least: float = LIKELY, limit: int = 20
) -> list[LikeTickets]:
    """Return tickets of the same requester, opened within `days`, that may be the same matter."""
    actor = actor_of(session)
    require_staff(actor)
    if not is_id(ticket_id) or session.scalar(ticket_queries.visible_id(actor, ticket_id)) is None:
        raise NotFound("There is no such ticket here.")
    return _tickets(
        session, queries.tickets_like(actor, ticket_id, days=_days(days), limit=_most(limit)), least
    )[:limit]


def duplicate_tickets(
    session: Session,
    *,
    days: int = 3,
    within: int = 30,
    least: float = LIKELY,
    limit: int = 50,
    after: Place | None = None,
) -> list[LikeTickets]:
    """Return pairs of tickets of one requester that may be one matter, opened within `days` of each other.

    Looks at what was opened in the last `within` days and is not done; the likeliest first, after the place
    `after`. Pairs that are kept apart are left out.
    """
    actor = actor_of(session)
    require_staff(actor)
    since = clock.now() - timedelta(days=_days(within))
    _most(limit)
    statement = queries.alike_tickets(actor, days=_days(days), since=since, limit=MOST * LOOKED_AT)
    found = _tickets(session, statement, least)
    return [pair for pair in found if after is None or place_of(pair) > after][:limit]


def place_of(pair: LikePeople | LikeTickets) -> Place:
    """Return where a pair stands among all: the likelier before, then by ids. What pages go on after."""
    one = pair.person if isinstance(pair, LikePeople) else pair.ticket
    return (-pair.likeness.score, one.id, pair.other.id)


def _people(session: Session, pairs: list[Any], least: float) -> list[LikePeople]:
    ids = {one for pair in pairs for one in pair[:2]}
    known = {row[0]: Known(*row) for row in session.execute(queries.known_people(ids))} if ids else {}
    found = [
        LikePeople(known[one], known[other], likeness_of_people(known[one], known[other], names))
        for one, other, names in pairs
        if one in known and other in known
    ]
    worthy = [pair for pair in found if pair.likeness.score >= least]
    return sorted(worthy, key=place_of)


def _known_ticket(values: Any) -> KnownTicket:
    ticket_id, number, title, requester_id, created_at = values
    return KnownTicket(ticket_id, number, title, requester_id, created_at)


def _tickets(session: Session, statement: Any, least: float) -> list[LikeTickets]:
    found = [
        LikeTickets(
            _known_ticket(row[:5]),
            _known_ticket(row[5:10]),
            likeness_of_tickets(row.titles, row.texts, float(row.hours)),
        )
        for row in session.execute(statement)
    ]
    worthy = [pair for pair in found if pair.likeness.score >= least]
    return sorted(worthy, key=place_of)


def _most(limit: int) -> int:
    if not 1 <= limit <= MOST:
        raise Invalid(fields={"limit": f"must be 1 to {MOST}."})
    return limit * LOOKED_AT


def _days(days: int) -> int:
    if not 1 <= days <= 366:
        raise Invalid(fields={"days": "must be 1 to 366."})
    return days
