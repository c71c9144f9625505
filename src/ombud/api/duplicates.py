"""Pairs of customers and of tickets that may be one, and those of which the team said that they are two."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Query
from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import Session

from ombud import curation
from ombud.api import lookup
from ombud.api.calls import CurrentCall
from ombud.api.paging import Cursor, Limit, Link, WhichPage
from ombud.api.routing import api_router, problems
from ombud.api.schemas.base import Page, PathId, TicketNumber
from ombud.api.schemas.curation import (
    ApartPeople,
    ApartTickets,
    LikePeople,
    LikePerson,
    LikeTicket,
    LikeTickets,
    NotOnePerson,
    NotOneTicket,
)
from ombud.api.selecting import FieldNames
from ombud.curation.preview import person_sides, ticket_sides
from ombud.kit.cursor import decode_cursor, encode_cursor
from ombud.tickets.filters import DEFAULT_PAGE

router = api_router("Curation")

PEOPLE_ALIKE, TICKETS_ALIKE = "people alike", "tickets alike"
PEOPLE_APART, TICKETS_APART = "people apart", "tickets apart"
Pair = tuple[int, int]


class WhichPairs(BaseModel):
    """Which pairs, the likeliest first."""

    model_config = ConfigDict(extra="forbid")

    limit: Limit = DEFAULT_PAGE
    cursor: Cursor | None = None
    fields: FieldNames | None = None

    def after(self, order: str) -> tuple[float, int, int] | None:
        """Return the place that the cursor of the list `order` holds."""
        if self.cursor is None:
            return None
        score, one, other = decode_cursor(self.cursor, sort=order, types=(float, int, int))
        return float(str(score)), int(str(one)), int(str(other))


Pairs = Annotated[WhichPairs, Query()]


@router.get("/duplicates/users")
async def list_duplicate_users(page: Pairs, call: CurrentCall, link: Link) -> Page[LikePeople]:
    """List pairs of customers who may be one person, the likeliest first."""
    after = page.after(PEOPLE_ALIKE)
    found = await call.read(curation.duplicate_people, limit=page.limit + 1, after=after)
    return link.page(found, page.limit, LikePeople.of, lambda pair: _cursor(PEOPLE_ALIKE, pair))


@router.get("/duplicates/tickets")
async def list_duplicate_tickets(page: Pairs, call: CurrentCall, link: Link) -> Page[LikeTickets]:
    """List pairs of open tickets of one requester that may be one matter, the likeliest first."""
    after = page.after(TICKETS_ALIKE)
    found = await call.read(curation.duplicate_tickets, limit=page.limit + 1, after=after)
    return link.page(found, page.limit, LikeTickets.of, lambda pair: _cursor(TICKETS_ALIKE, pair))


@router.get("/duplicates/users/dismissals")
async def list_distinct_users(page: WhichPage, call: CurrentCall, link: Link) -> Page[ApartPeople]:
    """List pairs of customers of which somebody said that they are two people."""
    after = _after(PEOPLE_APART, page.cursor)
    pairs, shown = await call.read(_people, after, page.limit)
    return link.items(shown, _following(PEOPLE_APART, pairs, page.limit))


@router.post("/duplicates/users/dismissals", status_code=204, responses=problems(404, 409, 413, 415))
async def dismiss_duplicate_users(body: NotOnePerson, call: CurrentCall) -> None:
    """Say that two customers are two people. Doing so twice is harmless."""
    await call.write(curation.keep_people_apart, *body.user_ids)


@router.delete("/duplicates/users/dismissals/{user_id}/{other_id}", status_code=204)
async def take_back_distinct_users(user_id: PathId, other_id: PathId, call: CurrentCall) -> None:
    """Let two customers be looked at again."""
    await call.write(curation.compare_people_again, user_id, other_id)


@router.get("/duplicates/tickets/dismissals")
async def list_distinct_tickets(page: WhichPage, call: CurrentCall, link: Link) -> Page[ApartTickets]:
    """List pairs of tickets of which somebody said that they are two matters."""
    after = _after(TICKETS_APART, page.cursor)
    pairs, shown = await call.read(_tickets, after, page.limit)
    return link.items(shown, _following(TICKETS_APART, pairs, page.limit))


@router.post("/duplicates/tickets/dismissals", status_code=204, responses=problems(404, 409, 413, 415))
async def dismiss_duplicate_tickets(body: NotOneTicket, call: CurrentCall) -> None:
    """Say that two tickets are two matters. Doing so twice is harmless."""
    await call.write(_keep_tickets_apart, *body.numbers)


@router.delete("/duplicates/tickets/dismissals/{number}/{other}", status_code=204)
async def take_back_distinct_tickets(number: TicketNumber, other: TicketNumber, call: CurrentCall) -> None:
    """Let two tickets be looked at again."""
    await call.write(_compare_tickets_again, number, other)


def _keep_tickets_apart(session: Session, one: str, other: str) -> None:
    curation.keep_tickets_apart(session, lookup.ticket_id(session, one), lookup.ticket_id(session, other))


def _compare_tickets_again(session: Session, one: str, other: str) -> None:
    curation.compare_tickets_again(session, lookup.ticket_id(session, one), lookup.ticket_id(session, other))


def _people(session: Session, after: Pair, limit: int) -> tuple[list[Pair], list[ApartPeople]]:
    pairs = curation.people_kept_apart(session, after=after, limit=limit + 1)
    sides = person_sides(session, {one for pair in pairs for one in pair})
    known = {
        one.id: LikePerson(id=one.id, email=one.email, full_name=one.full_name) for one in sides.values()
    }
    return pairs, [ApartPeople(person=known[one], other=known[other]) for one, other in pairs[:limit]]


def _tickets(session: Session, after: Pair, limit: int) -> tuple[list[Pair], list[ApartTickets]]:
    pairs = curation.tickets_kept_apart(session, after=after, limit=limit + 1)
    sides = ticket_sides(session, {one for pair in pairs for one in pair})
    known = {one.id: LikeTicket(id=one.id, number=one.number, title=one.title) for one in sides.values()}
    # One that is deleted is not shown; it comes back with its pair.
    return pairs, [
        ApartTickets(ticket=known[one], other=known[other])
        for one, other in pairs[:limit]
        if one in known and other in known
    ]


def _cursor(order: str, pair: curation.LikePeople | curation.LikeTickets) -> str:
    return encode_cursor(order, curation.place_of(pair))


def _after(order: str, cursor: str | None) -> Pair:
    if cursor is None:
        return (0, 0)
    one, other = decode_cursor(cursor, sort=order, types=(int, int))
    return int(str(one)), int(str(other))


def _following(order: str, pairs: Sequence[Pair], limit: int) -> str | None:
    return encode_cursor(order, pairs[limit - 1]) if len(pairs) > limit else None
