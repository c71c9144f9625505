"""How many tickets the sidebar's views hold, each up to a cap: never by reading history."""

from dataclasses import replace
from functools import lru_cache
from typing import Any

from sqlalchemy import CTE, ColumnElement, Select, func, select, union_all

from ombud.db.actor import Actor, Scope
from ombud.models import INCLUDE_DELETED, Ticket
from ombud.tickets.filters import ME, TicketFilter, View
from ombud.tickets.policy import visible_to
from ombud.tickets.queries import lists, summed
from ombud.tickets.queries.matching import tickets_matching
from ombud.tickets.queries.summed import count_by_sums, in_place, kept_counts, number


def view_counters(actor: Actor) -> Select[*tuple[Any, ...]]:
    """Return one row with a column per view: how many tickets it holds, counted up to COUNTER_CAP.

    Who sees all tickets gets what the sums of statistics and the changes that wait for them say of each status; no
    ticket is read for it. Anything else walks an index and stops at the cap. The statement of who sees all has no
    parameters, so that its plan is kept, for all of them; execute the others inside `by_key`.
    """
    return _view_counters(replace(actor, request_id=""), visible_to, lists.COUNTER_CAP, summed.FEW_CHANGES)


@lru_cache(maxsize=64)
def _view_counters(actor: Actor, _policy: Any, cap: int, few: int) -> Select[*tuple[Any, ...]]:
    """Put the counters together, which takes longer than counting; `_policy` is what they were made under."""
    kept = kept_counts(few) if actor.scope is Scope.ALL else None
    counts = {
        view: _count_of(view.narrowed(TicketFilter()), actor, cap, kept, few)
        for view in View
        if view is not View.ALL
    }
    # Offset 0 keeps PostgreSQL from writing the counts out again where they are added up.
    counted = select(*(count.label(view.value) for view, count in counts.items())).offset(number(0))
    of_view = counted.subquery("counted").c
    # Every ticket has one status, and these three views share the statuses out.
    everything = of_view[View.OPEN.value] + of_view[View.WAITING.value] + of_view[View.RESOLVED.value]
    columns = [
        func.least(everything, number(cap)).label(view.value) if view is View.ALL else of_view[view.value]
        for view in View
    ]
    counters: Select[*tuple[Any, ...]] = select(*columns)
    return counters.execution_options(**{INCLUDE_DELETED: True})


def _count_of(wanted: TicketFilter, actor: Actor, cap: int, kept: CTE | None, few: int) -> Any:
    """Count a view up to the cap. Statuses and cap stand in the statement itself: a kept plan must see them."""
    limit = number(cap)
    walked = _walk(wanted, actor, limit)
    if kept is None or wanted.assignees is not None:
        return walked
    return count_by_sums(kept, wanted, limit, walked, few)


def _walk(wanted: TicketFilter, actor: Actor, limit: Any) -> Any:
    conditions = tickets_matching(actor, replace(wanted, statuses=None, assignees=None))
    if wanted.assignees is not None:
        # As PostgreSQL knows who acts, and not as a parameter.
        is_mine = wanted.assignees == (ME,)
        conditions.append(
            Ticket.assignee_id == func.ombud.actor_id() if is_mine else Ticket.assignee_id.is_(None)
        )
    walks: list[Any] = [
        select(number(1).label("one")).select_from(Ticket).where(*conditions, status).limit(limit)
        for status in _status_conditions(wanted)
    ]
    # One walk after the other, and none begins when the one before has filled the cap.
    rows: Any = walks[0]
    if len(walks) > 1:
        rows = union_all(*[select(walk.subquery()) for walk in walks])
    return select(func.count()).select_from(rows.limit(limit).subquery()).scalar_subquery()


def _status_conditions(wanted: TicketFilter) -> list[ColumnElement[bool]]:
    """One condition for what has an index of all its statuses (somebody's, nobody's), or one for each status."""
    statuses = list(wanted.statuses or ())
    groups = [statuses] if wanted.assignees is not None else [[one] for one in statuses]
    return [Ticket.status.in_(in_place(group, Ticket.status.type)) for group in groups]
