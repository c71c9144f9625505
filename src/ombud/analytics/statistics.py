"""What tickets add up to, ready for JSON. The figures come from `queries`, their shape is made here."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from operator import itemgetter
from typing import Any, NamedTuple, TypedDict

from sqlalchemy.orm import Session

from ombud.analytics import queries
from ombud.analytics.rules import Span, check_time_zone, percentile_of
from ombud.db.actor import Actor
from ombud.db.context import DeskSession, actor_of
from ombud.db.quick import Quick
from ombud.models import TicketChannel, TicketPriority, TicketStatus
from ombud.tickets.policy import require_staff

MS_PER_HOUR = 3_600_000


class Durations(TypedDict):
    """Hours over `tickets` of them; None where there are none. Percentiles are by nearest rank."""

    tickets: int
    mean: float | None
    p50: float | None
    p90: float | None


class TeamStats(TypedDict):
    """One team's share; `team_id` and `team` are None for tickets of no team."""

    team_id: int | None
    team: str | None
    ticket_count: int
    avg_first_response_hours: float | None
    avg_resolution_hours: float | None


class AssigneeStats(TypedDict):
    """One person's share; `assignee_id` and `assignee` are None for unassigned tickets."""

    assignee_id: int | None
    assignee: str | None
    ticket_count: int
    avg_first_response_hours: float | None
    avg_resolution_hours: float | None


class DayCount(TypedDict):
    """How many tickets were created on a day (ISO date in the zone asked for)."""

    day: str
    ticket_count: int


class TicketStatistics(TypedDict):
    """Figures of the live tickets that were created in a range. Plain values: `json.dumps` takes it."""

    start: str | None
    end: str | None
    time_zone: str
    total: int
    status_counts: dict[str, int]
    priority_counts: dict[str, int]
    channel_counts: dict[str, int]
    team_stats: list[TeamStats]
    assignee_stats: list[AssigneeStats]
    day_counts: list[DayCount]
    first_response_hours: Durations
    resolution_hours: Durations
    avg_resolution_hours: float | None
    percentiles_are_exact: bool


def get_ticket_statistics(
    session: Session,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    time_zone: str = "UTC",
) -> TicketStatistics:
    """Return the figures of the live tickets created from `start` up to and without `end`, both aware.

    Staff only; who sees some teams' tickets gets the figures of those that they see. `time_zone` cuts the days.
    Every status, priority and channel is present; teams and people come busiest first, days in order, the empty
    ones left out. All figures are of one moment. Percentiles are exact up to 2,000 tickets and otherwise within
    4.5 % (`percentiles_are_exact`). Raises Forbidden; Invalid for naive times, ranges that end before they start
    and unknown zones.
    """
    actor = actor_of(session)
    require_staff(actor)
    span = Span(start, end)
    session.flush()
    rows = session.execute(queries.statistics(actor, span, check_time_zone(time_zone)))
    return _statistics(_Figures(rows), start, end, time_zone)


def quick_statistics(
    actor: Actor,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    time_zone: str = "UTC",
) -> Quick[TicketStatistics]:
    """Return what `get_ticket_statistics` returns: for `Desk.aquick`. One round trip for whole days of UTC.

    Raises what that raises.
    """
    require_staff(actor)
    span = Span(start, end)
    step = queries.statistics_step(actor, span, check_time_zone(time_zone))

    def usual(session: DeskSession) -> TicketStatistics:
        return get_ticket_statistics(session, start=start, end=end, time_zone=time_zone)

    def result(told: Sequence[str | None]) -> TicketStatistics:
        figures = _Figures(_Row(*row) for row in json.loads(str(told[0])))
        return _statistics(figures, start, end, time_zone)

    return Quick(() if step is None else (step,), (), result, usual, "reads")


def _statistics(
    figures: "_Figures", start: datetime | None, end: datetime | None, time_zone: str
) -> TicketStatistics:
    resolution = figures.durations("resolution", "resolved", "resolution_ms")
    return {
        "start": start.isoformat() if start is not None else None,
        "end": end.isoformat() if end is not None else None,
        "time_zone": time_zone,
        "total": figures.sum_of("status", "tickets"),
        "status_counts": figures.counts("status", TicketStatus),
        "priority_counts": figures.counts("priority", TicketPriority),
        "channel_counts": figures.counts("channel", TicketChannel),
        "team_stats": _team_stats(figures),
        "assignee_stats": _assignee_stats(figures),
        "day_counts": [{"day": day, "ticket_count": n} for day, n in sorted(figures.tickets("day").items())],
        "first_response_hours": figures.durations("response", "responded", "response_ms"),
        "resolution_hours": resolution,
        "avg_resolution_hours": resolution["mean"],
        "percentiles_are_exact": figures.sum_of("status", "tickets") <= queries.EXACT_LIMIT,
    }


_PLACE = itemgetter(0, 1)


class _Row(NamedTuple):
    """A row of `queries.statistics`."""

    kind: str
    names: list[str] | None
    tickets: Any
    responded: Any
    response_ms: Any
    resolved: Any
    resolution_ms: Any
    name: Any
    address: Any


class _Figures:
    """The rows of `queries.statistics` by kind."""

    def __init__(self, rows: Iterable[Any]) -> None:
        self._kinds = {row.kind: row for row in rows if row.names is not None}

    def tickets(self, kind: str) -> dict[str, int]:
        row = self._kinds.get(kind)
        return dict(zip(row.names, row.tickets, strict=True)) if row is not None else {}

    def measured(self, kind: str) -> list[tuple[int, int, float | None, float | None]]:
        """Return id (0 for none), tickets and mean hours of first response and of resolution; the busiest first."""
        row = self._kinds.get(kind)
        if row is None:
            return []
        measures = (getattr(row, one) for one in queries.MEASURES)
        # Hundreds of people: no call for each of them.
        found = [
            (
                -tickets,
                int(name or 0),
                response / responded / MS_PER_HOUR if responded else None,
                resolution / resolved / MS_PER_HOUR if resolved else None,
            )
            for name, tickets, responded, response, resolved, resolution in zip(
                row.names, *measures, strict=True
            )
        ]
        found.sort(key=_PLACE)
        return [(key, -minus, response, resolution) for minus, key, response, resolution in found]

    def texts(self, kind: str) -> Iterable[tuple[int, str, str]]:
        row = self._kinds.get(kind)
        return zip(map(int, row.names), row.name, row.address, strict=True) if row is not None else ()

    def sum_of(self, kind: str, measure: str) -> int:
        row = self._kinds.get(kind)
        return sum(getattr(row, measure)) if row is not None else 0

    def counts(self, kind: str, enum: type[StrEnum]) -> dict[str, int]:
        tickets = self.tickets(kind)
        return {member.value: tickets.get(member, 0) for member in enum}

    def durations(self, kind: str, how_many: str, milliseconds: str) -> Durations:
        tickets = self.sum_of("status", how_many)
        return {
            "tickets": tickets,
            "mean": _mean_hours(self.sum_of("status", milliseconds), tickets),
            "p50": self._percentile(kind, queries.SHARES[0]),
            "p90": self._percentile(kind, queries.SHARES[1]),
        }

    def _percentile(self, kind: str, share: str) -> float | None:
        exact = self.tickets(f"exact_{kind}")
        if exact:
            return float(exact[share]) / MS_PER_HOUR
        found = percentile_of({int(name): n for name, n in self.tickets(kind).items()}, float(share))
        return found / MS_PER_HOUR if found is not None else None


def _team_stats(figures: _Figures) -> list[TeamStats]:
    names = {key: name for key, name, _ in figures.texts(queries.TEAMS)}
    return [
        {
            "team_id": key or None,
            "team": names.get(key),
            "ticket_count": tickets,
            "avg_first_response_hours": response,
            "avg_resolution_hours": resolution,
        }
        for key, tickets, response, resolution in figures.measured(queries.TEAM)
    ]


def _assignee_stats(figures: _Figures) -> list[AssigneeStats]:
    people = figures.texts(queries.PEOPLE)
    names = {key: full_name.strip() or email.partition("@")[0] for key, full_name, email in people}
    return [
        {
            "assignee_id": key or None,
            "assignee": names.get(key),
            "ticket_count": tickets,
            "avg_first_response_hours": response,
            "avg_resolution_hours": resolution,
        }
        for key, tickets, response, resolution in figures.measured("assignee")
    ]


def _mean_hours(milliseconds: int, tickets: int) -> float | None:
    return float(milliseconds) / tickets / MS_PER_HOUR if tickets else None
