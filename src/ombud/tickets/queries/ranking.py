"""Tickets by how well they fit the words searched for."""

from dataclasses import replace
from typing import Any

from sqlalchemy import Double, Select, cast, func, literal, select, tuple_

from ombud.db.actor import Actor
from ombud.errors import Invalid
from ombud.kit.cursor import decode_cursor
from ombud.models import INCLUDE_DELETED, Ticket, TicketSearch
from ombud.tickets.filters import Place, TicketFilter
from ombud.tickets.grammar import understand
from ombud.tickets.queries.matching import RARE, Common, tickets_matching

RANKED = 2_000
"""Of words that very many tickets have, so many are ranked: the newest that fulfil every condition."""


def ranked_page(
    actor: Actor, wanted: TicketFilter, place: Place, *, common: Common = RARE
) -> Select[int, float]:
    """Return ids and ranks of the page that `place` says, and one more; Invalid without words to rank by."""
    wanted = understand(wanted)
    if wanted.text is None or not wanted.text.strip():
        raise Invalid(fields={"sort": "needs words to search for."})
    ranked = _ranked(actor, wanted, wanted.text, common).subquery("ranked")
    here = tuple_(ranked.c.rank, ranked.c.id)
    statement = select(ranked.c.id, ranked.c.rank)
    if place.cursor is not None:
        rank, last = decode_cursor(place.cursor, sort=place.order_name, types=(float, int))
        there = tuple_(literal(rank, Double), literal(last, Ticket.__table__.c.id.type))
        statement = statement.where(here > there if place.ascending else here < there)
    order = [c.asc() if place.ascending else c.desc() for c in (ranked.c.rank, ranked.c.id)]
    page: Select[int, float] = statement.order_by(*order).limit(place.limit + 1)
    return page


def _ranked(actor: Actor, wanted: TicketFilter, text: str, common: Common) -> Select[*tuple[Any, ...]]:
    # As double precision, so that a cursor brings back the very number.
    statement: Select[*tuple[Any, ...]]
    if common.words and actor.is_staff:
        rank = func.ts_rank(TicketSearch.document, func.ombud.search_query(text))
        own = select(rank).where(TicketSearch.ticket_id == Ticket.id).correlate(Ticket).scalar_subquery()
        newest = (
            select(Ticket.id)
            .where(*tickets_matching(actor, wanted, common=common))
            .order_by(Ticket.id.desc())
            .limit(RANKED)
            .subquery("newest")
        )
        statement = select(Ticket.id, cast(own, Double).label("rank")).join(newest, newest.c.id == Ticket.id)
    else:
        found = func.ombud.match_tickets(
            text, actor.kind.value, actor.user_id, actor.organization_id
        ).table_valued("ticket_id", "rank", name="found")
        statement = (
            select(Ticket.id, cast(found.c.rank, Double).label("rank"))
            .join(found, found.c.ticket_id == Ticket.id)
            .where(*tickets_matching(actor, replace(wanted, text=None), common=common))
        )
    return statement.execution_options(**{INCLUDE_DELETED: True})
