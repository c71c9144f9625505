"""The figures behind statistics, in one statement: kept sums, changes that wait for them, edges of the range.

`statistics` reads three kinds of rows and adds them up by dimension and key:

- sums (`ticket_stats`) of the whole days in the range, as years, months and days;
- single tickets ("cells"): changes not summed up yet, tickets of the half days at either end, and for an agent
  of some teams those tickets of other teams that are theirs;
- for small answers, exact percentiles from the tickets themselves.

One statement sees one moment, so that all figures agree whatever is written meanwhile.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Date,
    DateTime,
    Integer,
    Numeric,
    Select,
    Text,
    and_,
    any_,
    case,
    cast,
    extract,
    false,
    func,
    literal,
    null,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.orm import InstrumentedAttribute

from ombud.analytics.rules import WHOLE_ZONES, Span, Stretch, midnight
from ombud.db.actor import Actor, Scope
from ombud.db.made import in_place
from ombud.models import (
    INCLUDE_DELETED,
    StatDimension,
    StatGrain,
    Team,
    Ticket,
    TicketParticipant,
    TicketStat,
    TicketStatDelta,
    User,
)
from ombud.tickets.policy import visible_to

EXACT_LIMIT = 2000
SHARES = ("0.5", "0.9")
# Kinds of figures beside the dimensions of the sums.
TEAM, DAY, EXACT_RESPONSE, EXACT_RESOLUTION = "team", "day", "exact_response", "exact_resolution"
PEOPLE, TEAMS = "people", "teams"
MEASURES = ("tickets", "responded", "response_ms", "resolved", "resolution_ms")
ALL_MEASURES = (StatDimension.STATUS.value, StatDimension.ASSIGNEE.value, TEAM)
TEXTS = ("name", "address")
_SUMMED = [dimension for dimension in StatDimension if dimension is not StatDimension.QUARTER]
_QUARTER = timedelta(minutes=15)
_DAY_LONG = timedelta(days=1)


def fold_step(batch: int) -> Select[int]:
    """Add up to `batch` changes to the sums; returns how many."""
    return select(func.ombud.fold_statistics(batch))


def waiting() -> Select[int]:
    """Return how many changes are not in the sums yet (they are counted all the same)."""
    return select(func.count()).select_from(TicketStatDelta)


def unchanged_since(moment: str) -> Select[*tuple[Any, ...]]:
    """Return the present moment, and whether nothing audited has changed since `moment`, which was one."""
    return select(func.ombud.unchanged_since(moment).table_valued("moment", "holds"))


def statistics(actor: Actor, span: Span, time_zone: str) -> Select[*tuple[Any, ...]]:
    """Return a row for each kind of figures of the live tickets created in `span` that `actor` sees.

    Columns are the kind, `names` (texts), MEASURES and TEXTS: arrays, each with a value for each name, or None. Kinds
    are those of StatDimension, with `team` for `all` and without `quarter`; `day` (local ISO dates); and, where no more
    than EXACT_LIMIT tickets count, `exact_response` and `exact_resolution`: their names are the SHARES and `tickets`
    are the percentiles in milliseconds. All measures have the kinds of ALL_MEASURES, others only `tickets`. The rows
    `teams` and `people` have no measures: of the ids among the figures, those that the actor may know, with TEXTS.
    """
    return _statistics(actor.for_request(""), span, time_zone, visible_to)


def statistics_step(actor: Actor, span: Span, time_zone: str) -> Select[*tuple[Any, ...]] | None:
    """Return `statistics` as a step (`ombud.db.plain`), one JSON array of its rows; None unless of UTC's whole days."""
    return (
        _statistics_step(actor.for_request(""), span, time_zone, visible_to)
        if _is_whole(span, time_zone)
        else None
    )


@lru_cache(maxsize=32)
def _statistics_step(actor: Actor, span: Span, time_zone: str, policy: Any) -> Select[*tuple[Any, ...]]:
    rows = _statistics(actor, span, time_zone, policy).subquery("told")
    told = cast(func.json_agg(func.json_build_array(*rows.c)), Text)
    step: Select[*tuple[Any, ...]] = select(array([told]))
    return step.execution_options(**{INCLUDE_DELETED: True})


def _is_whole(span: Span, time_zone: str) -> bool:
    """Tell whether figures are of whole days of UTC, which are asked for again and again."""
    return not span.edges and time_zone in WHOLE_ZONES


@lru_cache(maxsize=32)
def _statistics(actor: Actor, span: Span, time_zone: str, _policy: Any) -> Select[*tuple[Any, ...]]:
    """Put the statement together, which takes as long as answering it; `_policy` is what it was made under."""
    cells = _cells(actor, span)
    parts = union_all(*_sums(actor, span.stretches), _keyed(cells)).cte("parts")
    counted = (
        select(parts.c.kind, parts.c.name, *(func.sum(parts.c[one]).label(one) for one in MEASURES))
        .group_by(parts.c.kind, parts.c.name)
        .having(func.sum(parts.c.tickets) != 0)
        .cte("counted")
    )
    total = select(func.sum(counted.c.tickets)).where(counted.c.kind == StatDimension.STATUS.value)
    few = func.coalesce(total.scalar_subquery(), 0) <= EXACT_LIMIT
    rows = union_all(
        select(*counted.c),
        _days(actor, span, time_zone, cells),
        _exact(actor, span, EXACT_RESPONSE, Ticket.first_response_at, few),
        _exact(actor, span, EXACT_RESOLUTION, Ticket.resolved_at, few),
    ).subquery("figures")
    # A row for each figure would cost more than the figures.
    has_all = rows.c.kind.in_(ALL_MEASURES)
    arrays = [
        (_array(rows.c[one]) if one == "tickets" else _array(rows.c[one]).filter(has_all)).label(one)
        for one in MEASURES
    ]
    without_texts = [cast(null(), ARRAY(Text)).label(one) for one in TEXTS]
    figures = select(rows.c.kind, func.array_agg(rows.c.name).label("names"), *arrays, *without_texts)
    kinds = union_all(
        figures.group_by(rows.c.kind),
        _named(counted, StatDimension.ASSIGNEE.value, PEOPLE, User.id, User.full_name, User.email),
        _named(counted, TEAM, TEAMS, Team.id, Team.name, Team.name),
    ).subquery("kinds")
    everything: Select[*tuple[Any, ...]] = select(*kinds.c)
    if _is_whole(span, time_zone):
        # Without parameters the plan is kept, which takes a millisecond.
        everything = in_place(everything)
    return everything.execution_options(**{INCLUDE_DELETED: True})


def _array(measure: Any) -> Any:
    return func.array_agg(cast(measure, BigInteger), type_=ARRAY(BigInteger))


def _named(counted: CTE, kind: str, called: str, key: Any, *texts: Any) -> Select[*tuple[Any, ...]]:
    """Names of the teams or people that figures speak of, as many as the actor may know of."""
    ids = select(cast(counted.c.name, BigInteger)).where(counted.c.kind == kind, counted.c.name != "")
    return select(
        literal(called),
        func.array_agg(cast(key, Text)),
        *(cast(null(), ARRAY(BigInteger)) for _ in MEASURES),
        *(func.array_agg(cast(text, Text)) for text in texts),
    ).where(key == any_(func.array(ids.scalar_subquery())))


def _sums(actor: Actor, stretches: Sequence[Stretch]) -> list[Select[*tuple[Any, ...]]]:
    """Kept sums, those that are added and those that are taken off: to ask each row which it is takes a millisecond."""
    weights = sorted({1, *(stretch.weight for stretch in stretches)}, reverse=True)
    return [_weighed(actor, weight, [one for one in stretches if one.weight == weight]) for weight in weights]


def _weighed(actor: Actor, weight: int, stretches: Sequence[Stretch]) -> Select[*tuple[Any, ...]]:
    """Kept sums of one weight. Those of all keys together stand for their team."""
    is_all = TicketStat.dimension == StatDimension.ALL
    measures = [getattr(TicketStat, one) for one in MEASURES]
    return select(
        case((is_all, TEAM), else_=cast(TicketStat.dimension, Text)).label("kind"),
        case((is_all, cast(TicketStat.team_id, Text)), else_=TicketStat.key).label("name"),
        *((measure if weight == 1 else weight * measure).label(measure.key) for measure in measures),
    ).where(
        TicketStat.dimension.in_(_SUMMED),
        or_(false(), *(_within(stretch) for stretch in stretches)),
        _of_teams(actor, TicketStat.team_id),
    )


def _within(stretch: Stretch) -> ColumnElement[bool]:
    conditions = [TicketStat.grain == stretch.grain]
    conditions += [TicketStat.starts_on >= stretch.first] if stretch.first is not None else []
    conditions += [TicketStat.starts_on < stretch.end] if stretch.end is not None else []
    return and_(*conditions)


def _keyed(cells: CTE) -> Select[*tuple[Any, ...]]:
    keys = func.ombud.ticket_stat_keys(
        cells.c.created_at,
        cells.c.status,
        cells.c.priority,
        cells.c.channel,
        cells.c.assignee_id,
        cells.c.response_ms,
        cells.c.resolution_ms,
    ).table_valued("dimension", "key", name="keys")
    is_all = keys.c.dimension == StatDimension.ALL.value
    weight, response, resolution = cells.c.weight, cells.c.response_ms, cells.c.resolution_ms
    return (
        select(
            case((is_all, TEAM), else_=keys.c.dimension).label("kind"),
            case((is_all, cast(cells.c.team_id, Text)), else_=keys.c.key).label("name"),
            weight,
            case((response.is_not(None), weight), else_=0),
            func.coalesce(weight * response, 0),
            case((resolution.is_not(None), weight), else_=0),
            func.coalesce(weight * resolution, 0),
        )
        .select_from(cells)
        .join(keys, true())
        .where(keys.c.dimension != StatDimension.QUARTER.value)
    )


def _cells(actor: Actor, span: Span) -> CTE:
    """Single tickets and changes, each with its weight."""
    parts = [_live_tickets(actor, _between(start, end)) for start, end in span.edges]
    if span.has_whole_days:
        parts.append(_changes(actor, span))
        if actor.scope is Scope.TEAMS:
            parts.append(_live_tickets(actor, _of_whole_days(Ticket.created_at, span), _own_elsewhere(actor)))
    # A range without length has neither edges nor days.
    return union_all(*(parts or [_live_tickets(actor, false())])).cte("cells")


def _changes(actor: Actor, span: Span) -> Any:
    return select(
        TicketStatDelta.weight,
        TicketStatDelta.created_at,
        TicketStatDelta.status,
        TicketStatDelta.priority,
        TicketStatDelta.channel,
        TicketStatDelta.team_id,
        TicketStatDelta.assignee_id,
        TicketStatDelta.response_ms,
        TicketStatDelta.resolution_ms,
    ).where(_of_whole_days(TicketStatDelta.created_at, span), _of_teams(actor, TicketStatDelta.team_id))


def _live_tickets(actor: Actor, *conditions: ColumnElement[bool]) -> Any:
    return select(
        literal(1, BigInteger).label("weight"),
        Ticket.created_at,
        cast(Ticket.status, Text).label("status"),
        cast(Ticket.priority, Text).label("priority"),
        cast(Ticket.channel, Text).label("channel"),
        func.coalesce(Ticket.team_id, 0).label("team_id"),
        Ticket.assignee_id,
        _milliseconds(Ticket.first_response_at).label("response_ms"),
        _milliseconds(Ticket.resolved_at).label("resolution_ms"),
    ).where(Ticket.deleted_at.is_(None), visible_to(actor), *conditions)


def _days(actor: Actor, span: Span, time_zone: str, cells: CTE) -> Any:
    local_day = cast(func.timezone(time_zone, cells.c.created_at), Date)
    parts = [select(local_day.label("day"), cells.c.weight.label("tickets"))]
    if span.has_whole_days:
        parts.append(_kept_days(actor, span, time_zone))
    days = union_all(*parts).subquery("days")
    tickets = func.sum(days.c.tickets)
    return (
        select(literal(DAY), cast(days.c.day, Text), tickets, null(), null(), null(), null())
        .group_by(days.c.day)
        .having(tickets != 0)
    )


def _kept_days(actor: Actor, span: Span, time_zone: str) -> Any:
    in_utc = time_zone in WHOLE_ZONES
    # Every zone's midnight since 1972 is one of UTC's quarters of an hour.
    dimension = StatDimension.ALL if in_utc else StatDimension.QUARTER
    conditions = (
        _within(Stretch(StatGrain.DAY, span.first_day, span.end_day)),
        TicketStat.dimension == dimension,
        _of_teams(actor, TicketStat.team_id),
    )
    if in_utc:
        return select(TicketStat.starts_on.label("day"), TicketStat.tickets).where(*conditions)
    kept = (
        select(TicketStat.starts_on, TicketStat.key, func.sum(TicketStat.tickets).label("tickets"))
        .where(*conditions)
        .group_by(TicketStat.starts_on, TicketStat.key)
        .cte("kept")
    )
    return _local_days(kept, time_zone)


def _local_days(kept: CTE, time_zone: str) -> Any:
    """Quarters of an hour by local day: found among the zone's midnights, which are looked up once for each day."""
    first = select(func.min(kept.c.starts_on) - 1).scalar_subquery()
    last = select(func.max(kept.c.starts_on) + 1).scalar_subquery()
    days = func.generate_series(
        cast(first, DateTime), cast(last, DateTime), literal(_DAY_LONG)
    ).column_valued("day")
    midnights = func.array(select(func.timezone(time_zone, days)).order_by(days).scalar_subquery())
    moment = func.timezone("UTC", kept.c.starts_on + cast(kept.c.key, Integer) * literal(_QUARTER))
    # The first midnight has the number 1. A day that a zone left out has the next one's, and no tickets.
    number = func.width_bucket(moment, midnights)
    return select((first + number - 1).label("day"), kept.c.tickets)


def _exact(
    actor: Actor,
    span: Span,
    kind: str,
    until: InstrumentedAttribute[datetime | None],
    few: ColumnElement[bool],
) -> Select[*tuple[Any, ...]]:
    """Percentiles of the tickets themselves. With too many, PostgreSQL does not begin to read them."""
    shares = cast([float(share) for share in SHARES], ARRAY(Numeric))
    found = (
        select(func.percentile_disc(shares).within_group(_milliseconds(until)).label("percentiles"))
        .where(few, until.is_not(None), Ticket.deleted_at.is_(None), visible_to(actor))
        .where(_between(span.start, span.end, Ticket.created_at))
        .subquery(kind)
    )
    return select(
        literal(kind),
        func.unnest(cast(list(SHARES), ARRAY(Text))),
        func.unnest(found.c.percentiles, type_=BigInteger),
        null(),
        null(),
        null(),
        null(),
    ).where(found.c.percentiles.is_not(None))


def _of_teams(actor: Actor, team: Any) -> ColumnElement[bool]:
    """Sums that stand for tickets which the actor sees by team; row security says it a second time."""
    return true() if actor.scope is Scope.ALL else team.in_([0, *sorted(actor.team_ids)])


def _own_elsewhere(actor: Actor) -> ColumnElement[bool]:
    """The actor's tickets, and those that they follow, of teams that they do not belong to."""
    followed = select(TicketParticipant.ticket_id).where(TicketParticipant.user_id == actor.user_id)
    return and_(
        Ticket.team_id.is_not(None),
        Ticket.team_id.not_in(sorted(actor.team_ids)),
        or_(Ticket.assignee_id == actor.user_id, Ticket.id.in_(followed)),
    )


def _of_whole_days(moment: Any, span: Span) -> ColumnElement[bool]:
    first = midnight(span.first_day) if span.first_day is not None else None
    return _between(first, midnight(span.end_day) if span.end_day is not None else None, moment)


def _between(
    start: datetime | None, end: datetime | None, moment: Any = Ticket.created_at
) -> ColumnElement[bool]:
    conditions = [moment >= start] if start is not None else []
    return and_(true(), *conditions, *([moment < end] if end is not None else []))


def _milliseconds(until: Any) -> ColumnElement[int]:
    """How long after a ticket's creation, rounded as the triggers do."""
    return cast(extract("epoch", until - Ticket.created_at) * 1000, BigInteger)
