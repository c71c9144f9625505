"""How many tickets match and which are on a page, in one statement; `ombud.tickets.reads` looks them up by keys."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    Double,
    Select,
    any_,
    bindparam,
    case,
    cast,
    func,
    literal,
    literal_column,
    null,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY

from ombud.db.actor import Actor, Scope
from ombud.db.made import made_once
from ombud.db.plans import keys_follow
from ombud.models import INCLUDE_DELETED, Ticket
from ombud.tickets.filters import Place, TicketFilter, TicketSort
from ombud.tickets.policy import comments_visible_to, visible_to
from ombud.tickets.queries.lists import (
    COUNTER_CAP,
    count_matching,
    edge_of,
    is_varying,
    once,
    paged,
    sort_columns,
)
from ombud.tickets.queries.matching import RARE, Common, found_by_words, tickets_matching
from ombud.tickets.queries.ranking import ranked_page

MANY = 4_000
"""From so many found by words on, a page is first looked for among the newest of all tickets."""
WALKED = 10_000
"""So many of these at most."""


def total_and_page(
    actor: Actor, wanted: TicketFilter, place: Place, *, common: Common = RARE
) -> Select[*tuple[Any, ...]]:
    """Return one row of one moment: how many match (as `count_matching`), the ids of a page and one more, and ranks.

    Ids and ranks are lists, in order; ranks only where they give it. With its last column `by_key` begins. What rare
    words find is looked up once for both; anything else is counted by one walk and paged by another, each of which
    ends when it has enough.
    """
    return once(total_and_page, actor, wanted, place, lambda: _total_and_page(actor, wanted, place, common))


def later_page(
    actor: Actor, wanted: TicketFilter, place: Place
) -> tuple[Select[*tuple[Any, ...]], dict[str, Any]] | None:
    """Return `total_and_page` of a page with a cursor as a statement that is made once, and its parameters.

    None for first pages, and where the filter is hardly ever asked for again.
    """
    if place.cursor is None or place.sort is TicketSort.RANK or is_varying(wanted):
        return None
    columns = sort_columns(place)
    values = {f"edge_{place_in}": value for place_in, value in enumerate(edge_of(place))}
    edge = [bindparam(name, type_=column.type) for name, column in zip(values, columns, strict=True)]
    like = replace(place, cursor="")
    made = made_once(
        (later_page, actor.for_request(""), wanted, like, visible_to, comments_visible_to),
        lambda: _total_and_page(actor, wanted, like, RARE, edge),
    )
    return made, values


def _total_and_page(
    actor: Actor, wanted: TicketFilter, place: Place, common: Common, edge: Sequence[Any] | None = None
) -> Select[*tuple[Any, ...]]:
    if place.sort is TicketSort.RANK:
        return _row(
            count_matching(actor, wanted, common=common).scalar_subquery(),
            ranked_page(actor, wanted, place, common=common).cte("page"),
            place,
        )
    columns = sort_columns(place)
    if common.gathers(wanted):
        total, page = _gathered(actor, wanted, place, common)
    else:
        total = count_matching(actor, wanted, common=common).scalar_subquery()
        matching = select(columns[-1]).where(*tickets_matching(actor, wanted, common=common))
        page = _ids(paged(matching, place, edge=edge))
    row: Select[*tuple[Any, ...]] = select(total, page, null(), keys_follow())
    return row.execution_options(**{INCLUDE_DELETED: True})


def _gathered(actor: Actor, wanted: TicketFilter, place: Place, common: Common) -> tuple[Any, Any]:
    """The capped total and the ids of a page of what is rare: all of it is looked at, or for the total enough of it."""
    conditions, by_words = tickets_matching(actor, wanted, common=common), None
    if wanted.text is not None and actor.scope is Scope.ALL and wanted == TicketFilter(text=wanted.text):
        # Kept apart, because the newest are looked for among them first.
        by_words = found_by_words(actor, wanted.text).cte("by_words")
        ids = cast(select(*by_words.c).scalar_subquery(), ARRAY(BigInteger))
        conditions = [Ticket.id == any_(ids), *tickets_matching(actor, TicketFilter())]
    columns = sort_columns(place)
    found = select(*columns).where(*conditions).cte("found")
    capped = select(literal(1)).select_from(found).limit(COUNTER_CAP + 1).subquery()
    total = select(func.count()).select_from(capped).scalar_subquery()
    known = tuple(found.c[str(column.key)] for column in columns)
    page = _ids(paged(select(known[-1]), place, known))
    if by_words is not None and place.sort is not TicketSort.PRIORITY:
        newest = (
            select(_newest_of(by_words, place).label("ids")).offset(literal_column("0")).subquery("newest")
        )
        is_full = func.cardinality(newest.c.ids) > place.limit
        page = select(case((is_full, newest.c.ids), else_=page)).scalar_subquery()
    return total, page


def _newest_of(by_words: CTE, place: Place) -> Any:
    """A page of what words find from the first WALKED of the list; nothing of what is few.

    A list in its order costs less than thousands of tickets that lie all over their table.
    """
    columns = sort_columns(place)
    many = func.cardinality(cast(select(*by_words.c).scalar_subquery(), ARRAY(BigInteger))) >= MANY
    live = paged(select(*columns).where(Ticket.deleted_at.is_(None)), place).limit(WALKED).subquery("live")
    known = tuple(live.c[str(column.key)] for column in columns)
    # Said to be true, so that it is asked of each on the way, and not joined.
    is_found = known[-1].in_(select(func.unnest(*by_words.c))).is_(true())
    return _ids(paged(select(known[-1]).where(many, is_found), replace(place, cursor=None), known))


def _ids(page: Select[*tuple[Any, ...]]) -> Any:
    return func.array(page.scalar_subquery(), type_=ARRAY(BigInteger))


def _row(total: Any, page: Any, place: Place) -> Select[*tuple[Any, ...]]:
    """The row of a page that is ordered by rank."""
    order = [column.asc() if place.ascending else column.desc() for column in (page.c.rank, page.c.id)]
    arrays: list[Any] = [
        func.array(select(column).order_by(*order).scalar_subquery(), type_=ARRAY(type_))
        for column, type_ in ((page.c.id, BigInteger()), (page.c.rank, Double()))
    ]
    row: Select[*tuple[Any, ...]] = select(total, *arrays, keys_follow())
    return row.execution_options(**{INCLUDE_DELETED: True})
