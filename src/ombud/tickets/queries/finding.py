"""How many tickets match and which are on a page, in one statement; `ombud.tickets.reads` looks them up by keys."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

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
    literal_column,
    null,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY

from ombud.db.actor import Actor, Scope
from ombud.db.made import in_place, made_once
from ombud.db.plans import keys_follow
from ombud.models import INCLUDE_DELETED, Ticket
from ombud.tickets.filters import Place, TicketFilter, TicketSort
from ombud.tickets.grammar import understand
from ombud.tickets.policy import comments_visible_to, visible_to
from ombud.tickets.queries.lists import (
    COUNTER_CAP,
    count_matching,
    is_dated,
    once,
)
from ombud.tickets.queries.matching import (
    GIVEN_WORDS,
    RARE,
    Common,
    Part,
    Words,
    found_by_words,
    tickets_matching,
)
from ombud.tickets.queries.orders import edge_of, is_walked_apart, paged, sort_columns, walked_apart
from ombud.tickets.queries.ranking import ranked_page
from ombud.tickets.queries.summed import number

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
    return once(
        total_and_page, actor, wanted, place, lambda: _total_and_page(actor, wanted, place, common, Given())
    )


def page_asked_for(
    actor: Actor, wanted: TicketFilter, place: Place, common: Common = RARE
) -> tuple[Select[*tuple[Any, ...]], dict[str, Any]]:
    """Return `total_and_page` as a statement that is made once, and its parameters.

    They are where a page begins, and what was typed; its terms are understood already. What is hardly ever asked for
    again (ranges of dates, pages by rank) is put together each time.
    """
    if place.sort is TicketSort.RANK or is_dated(wanted):
        return total_and_page(actor, wanted, place, common=common), {}
    edges: dict[str, Any] = {}
    if place.cursor is not None:
        edges = {f"edge_{number}": value for number, value in enumerate(edge_of(place))}
    part = Part.of(wanted.substring) if wanted.substring is not None else None
    typed: dict[str, Any] = {} if wanted.text is None else {"words": wanted.text}
    if part is not None:
        typed |= {"part": part.text, "like": part.like}
    like = replace(place, cursor=None if place.cursor is None else "")
    of_kind = replace(wanted, text=wanted.text and "words", substring=wanted.substring and "part")
    has_case = part is not None and part.has_case

    def make() -> Select[*tuple[Any, ...]]:
        columns = sort_columns(place)
        edge = [
            bindparam(name, type_=column.type) for name, column in zip(edges, columns, strict=bool(edges))
        ]
        words = GIVEN_WORDS if wanted.text is not None else None
        given = Given(edge, words, part.given() if part is not None else None)
        made = _total_and_page(actor, of_kind, like, common, given)
        return (
            in_place(made)
            if actor.scope is Scope.ALL and place.cursor is None and _is_plain(wanted)
            else made
        )

    key = (actor.for_request(""), of_kind, like, common, has_case, visible_to, comments_visible_to)
    return made_once((page_asked_for, *key), make), {**edges, **typed}


def _is_plain(wanted: TicketFilter) -> bool:
    """Tell whether a filter is of words of ours and of teams: there are few of those, and their plans may be kept."""
    return wanted == TicketFilter(
        statuses=wanted.statuses,
        priorities=wanted.priorities,
        channels=wanted.channels,
        team_ids=wanted.team_ids,
    )


class Given(NamedTuple):
    """What stands for where a page begins, and for the texts of a filter."""

    edge: Sequence[Any] = ()
    words: Words | None = None
    part: Part | None = None

    @property
    def texts(self) -> dict[str, Any]:
        return {"words": self.words, "part": self.part}


def _total_and_page(
    actor: Actor, wanted: TicketFilter, place: Place, common: Common, given: Given
) -> Select[*tuple[Any, ...]]:
    if place.sort is TicketSort.RANK:
        return _row(
            count_matching(actor, wanted, common=common).scalar_subquery(),
            ranked_page(actor, wanted, place, common=common).cte("page"),
            place,
        )
    row: Select[*tuple[Any, ...]] = select(
        *found_page(actor, wanted, place, common, given), null(), keys_follow()
    )
    return row.execution_options(**{INCLUDE_DELETED: True})


def found_page(
    actor: Actor, wanted: TicketFilter, place: Place, common: Common, given: Given
) -> tuple[Any, Any]:
    """The capped total and the ids of a page and one more."""
    if common.gathers(wanted):
        return _gathered(actor, wanted, place, common, given)
    total = count_matching(actor, wanted, common=common, **given.texts).scalar_subquery()
    asked = understand(wanted)
    conditions = tickets_matching(actor, asked, common=common, **given.texts)
    if is_walked_apart(asked, place, common):
        return total, _ids(walked_apart(conditions, asked, place, edge=given.edge))
    return total, _ids(paged(select(sort_columns(place)[-1]).where(*conditions), place, edge=given.edge))


def _gathered(
    actor: Actor, wanted: TicketFilter, place: Place, common: Common, given: Given
) -> tuple[Any, Any]:
    """The capped total and the ids of a page of what is rare: all of it is looked at, or for the total enough of it."""
    conditions, by_words = tickets_matching(actor, wanted, common=common, **given.texts), None
    if wanted.text is not None and actor.scope is Scope.ALL and wanted == TicketFilter(text=wanted.text):
        # Kept apart, because the newest are looked for among them first.
        by_words = found_by_words(actor, wanted.text if given.words is None else given.words).cte("by_words")
        ids = cast(select(*by_words.c).scalar_subquery(), ARRAY(BigInteger))
        conditions = [Ticket.id == any_(ids), *tickets_matching(actor, TicketFilter())]
    columns = sort_columns(place)
    found = select(*columns).where(*conditions).cte("found")
    capped = select(number(1)).select_from(found).limit(number(COUNTER_CAP + 1)).subquery()
    total = select(func.count()).select_from(capped).scalar_subquery()
    known = tuple(found.c[str(column.key)] for column in columns)
    page = _ids(paged(select(known[-1]), place, known, edge=given.edge))
    if by_words is not None and place.sort is not TicketSort.PRIORITY:
        newest = (
            select(_newest_of(by_words, place, given.edge).label("ids"))
            .offset(literal_column("0"))
            .subquery("newest")
        )
        is_full = func.cardinality(newest.c.ids) > number(place.limit)
        page = select(case((is_full, newest.c.ids), else_=page)).scalar_subquery()
    return total, page


def _newest_of(by_words: CTE, place: Place, edge: Sequence[Any]) -> Any:
    """A page of what words find from the first WALKED of the list; nothing of what is few.

    A list in its order costs less than thousands of tickets that lie all over their table.
    """
    columns = sort_columns(place)
    many = func.cardinality(cast(select(*by_words.c).scalar_subquery(), ARRAY(BigInteger))) >= number(MANY)
    newest = paged(select(*columns).where(Ticket.deleted_at.is_(None)), place, edge=edge)
    live = newest.limit(number(WALKED)).subquery("live")
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
