"""Orders of lists of tickets: their columns, where a page begins, and the walk through the one without an index."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, false, literal, or_, select, tuple_, union_all

from ombud.errors import Invalid
from ombud.kit.cursor import decode_cursor
from ombud.models import Ticket, TicketPriority
from ombud.tickets.filters import Place, TicketFilter, TicketSort
from ombud.tickets.queries.matching import Common
from ombud.tickets.queries.summed import number
from ombud.tickets.rules import UNDONE

RANKS = {
    TicketPriority.LOW: 1,
    TicketPriority.MEDIUM: 2,
    TicketPriority.HIGH: 3,
    TicketPriority.URGENT: 4,
}
"""The values of `Ticket.priority_rank`."""

_SORT_COLUMNS: dict[TicketSort, tuple[ColumnElement[Any], ...]] = {
    TicketSort.ACTIVITY: (Ticket.__table__.c.last_activity_at, Ticket.__table__.c.id),
    TicketSort.CREATED: (Ticket.__table__.c.created_at, Ticket.__table__.c.id),
    TicketSort.PRIORITY: (
        Ticket.__table__.c.priority_rank,
        Ticket.__table__.c.last_activity_at,
        Ticket.__table__.c.id,
    ),
}


def sort_columns(place: Place) -> tuple[ColumnElement[Any], ...]:
    """Return the columns of tickets that an order goes by; the last one is the id."""
    return _SORT_COLUMNS[place.sort]


def paged(
    statement: Any,
    place: Place,
    columns: tuple[ColumnElement[Any], ...] | None = None,
    *,
    edge: Sequence[Any] = (),
) -> Select[*tuple[Any, ...]]:
    """Return the page of a list of tickets that `place` says, and one row more.

    `columns` are `sort_columns` as the statement knows them, where they are not those of the table; `edge` stands for
    the values of the cursor.
    """
    columns = columns or sort_columns(place)
    if place.cursor is not None:
        if not edge:
            edge = [
                literal(value, column.type) for value, column in zip(edge_of(place), columns, strict=True)
            ]
        here, there = tuple_(*columns), tuple_(*edge)
        statement = statement.where(here > there if place.ascending else here < there)
    page: Select[*tuple[Any, ...]] = in_order(statement, place, columns).limit(number(place.limit + 1))
    return page


def in_order(statement: Any, place: Place, columns: Sequence[Any] | None = None) -> Any:
    """Return a statement in the order of a place; `columns` as in `paged`."""
    columns = columns or sort_columns(place)
    return statement.order_by(*(column.asc() if place.ascending else column.desc() for column in columns))


def edge_of(place: Place) -> tuple[Any, ...]:
    """Return the values of a place's cursor, one for each of `sort_columns`. Raises Invalid."""
    types = tuple(column.type.python_type for column in sort_columns(place))
    values = decode_cursor(str(place.cursor), sort=place.order_name, types=types)
    if place.sort is TicketSort.PRIORITY and not 0 <= int(str(values[0])) <= 9:
        # psycopg2 says no types, and PostgreSQL would compare what fits no column.
        raise Invalid(fields={"cursor": "is not a cursor of this list."})
    return tuple(values)


def is_walked_apart(wanted: TicketFilter, place: Place, common: Common) -> bool:
    """Tell whether a list goes through all history by priority, and nothing rare leaves few of it.

    An index for that order would cost every write; what is not done has one.
    """
    is_of_undone = wanted.statuses is not None and set(wanted.statuses) <= set(UNDONE)
    return place.sort is TicketSort.PRIORITY and not is_of_undone and not common.gathers(wanted)


def walked_apart(
    conditions: Sequence[ColumnElement[bool]], wanted: TicketFilter, place: Place, *, edge: Sequence[Any] = ()
) -> Select[int]:
    """Return the ids of a page by priority and one more: each priority is walked by itself, the last activity first.

    Sorted all together, every ticket would be asked for its words before the first is known.
    """
    rank, *others = sort_columns(place)
    edge = edge or (edge_of(place) if place.cursor is not None else ())
    walks = []
    for value in _ranks(wanted):
        walk = select(rank, *others).where(rank == number(value), *conditions)
        if edge:
            walk = walk.where(*_after(number(value), others, place, edge))
        walks.append(in_order(walk, place, others).limit(number(place.limit + 1)).subquery().select())
    if not walks:
        return select(others[-1]).where(false())
    found = union_all(*walks).subquery("by_priority")
    page: Select[int] = in_order(select(list(found.c)[-1]), place, list(found.c)).limit(
        number(place.limit + 1)
    )
    return page


def _ranks(wanted: TicketFilter) -> list[int]:
    """The ranks that a filter lets through: a walk for any other would go to the end of the list."""
    left_out = {
        priority
        for one in wanted.without
        if one == TicketFilter(priorities=one.priorities)
        for priority in one.priorities or ()
    }
    asked = RANKS if wanted.priorities is None else wanted.priorities
    return sorted({RANKS[priority] for priority in asked if priority not in left_out})


def _after(rank: Any, others: Sequence[Any], place: Place, edge: Sequence[Any]) -> list[ColumnElement[bool]]:
    """What comes after the cursor among the tickets of a rank; of a rank before it nothing is looked at."""
    columns = sort_columns(place)
    first, *rest = (
        value if isinstance(value, ColumnElement) else literal(value, column.type)
        for value, column in zip(edge, columns, strict=True)
    )
    is_later = rank > first if place.ascending else rank < first
    here, there = tuple_(*others), tuple_(*rest)
    return [or_(is_later, rank == first), or_(is_later, here > there if place.ascending else here < there)]
