"""How many tickets there are by the sums that statistics keep, without reading any: builders for who sees them all."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    select,
    union_all,
)

from ombud.db.actor import Actor, Scope
from ombud.models import StatDimension, StatGrain, Ticket, TicketStat, TicketStatDelta
from ombud.tickets.filters import TicketFilter

FEW_CHANGES = 5_000
"""With more changes than this waiting for the sums of statistics, tickets are counted instead."""


def is_summed(actor: Actor, wanted: TicketFilter) -> bool:
    """Tell whether the sums know how many match: all tickets, or those of some statuses, for who sees them all."""
    return actor.scope is Scope.ALL and wanted == TicketFilter(statuses=wanted.statuses)


def kept_counts(few: int) -> CTE:
    """How many live tickets of each status there are: the sum of all time, and the changes that wait for them.

    With more than `few` changes the sums are not right: one too many of them is looked at.
    """
    summed = select(
        TicketStat.key.label("status"), TicketStat.tickets.label("tickets"), number(0).label("changes")
    ).where(
        TicketStat.grain.in_(in_place([StatGrain.EVER], TicketStat.grain.type)),
        TicketStat.dimension.in_(in_place([StatDimension.STATUS], TicketStat.dimension.type)),
    )
    waiting = select(TicketStatDelta.status, TicketStatDelta.weight).limit(number(few + 1)).subquery()
    changed = select(waiting.c.status, func.sum(waiting.c.weight), func.count()).group_by(waiting.c.status)
    return union_all(summed, changed).cte("kept")


def count_by_sums(kept: CTE, wanted: TicketFilter, limit: Any, walked: Any, few: int) -> Any:
    """Count up to `limit` by `kept_counts`; `walked` counts instead while more than `few` changes wait for the sums.

    All values stand in the statement itself, so that a kept plan sees them.
    """
    summed = select(func.least(cast(func.coalesce(func.sum(kept.c.tickets), number(0)), BigInteger), limit))
    if wanted.statuses is not None:
        summed = summed.where(kept.c.status.in_(in_place(wanted.statuses, Ticket.status.type)))
    is_few = select(func.coalesce(func.sum(kept.c.changes), number(0)) <= number(few)).scalar_subquery()
    return case((is_few, summed.scalar_subquery()), else_=walked)


def in_place(words: Iterable[StrEnum], type_: Any) -> Any:
    """Return words of ours, written into the statement."""
    return bindparam(None, list(words), expanding=True, literal_execute=True, type_=type_)


def number(value: int) -> ColumnElement[int]:
    """Return a number of ours, written into the statement."""
    written: ColumnElement[int] = literal_column(str(value), BigInteger)
    return written
