"""Figures: what tickets add up to, and how many each view holds."""

from typing import Any, Self

from pydantic import Field

from ombud.api.schemas.base import Output, Whole
from ombud.tickets.filters import View as ViewName
from ombud.tickets.queries import COUNTER_CAP


class Durations(Output):
    """Hours over `tickets` of them; null where there are none. Percentiles are by nearest rank."""

    tickets: int
    mean: float | None
    p50: float | None
    p90: float | None


class TeamShare(Output):
    """One team's share; nulls stand for tickets of no team."""

    team_id: int | None
    team: str | None
    ticket_count: int
    avg_first_response_hours: float | None
    avg_resolution_hours: float | None


class AssigneeShare(Output):
    """One person's share; nulls stand for tickets of nobody."""

    assignee_id: int | None
    assignee: str | None
    ticket_count: int
    avg_first_response_hours: float | None
    avg_resolution_hours: float | None


class DayCount(Output):
    """How many tickets were created on a day of the zone asked for."""

    day: str = Field(examples=["2026-11-28"])
    ticket_count: int


class Statistics(Output):
    """Figures of the live tickets that the caller sees and that were created in a range, all of one moment."""

    start: str | None
    end: str | None
    time_zone: str
    total: int
    status_counts: dict[str, int]
    priority_counts: dict[str, int]
    channel_counts: dict[str, int]
    team_stats: list[TeamShare]
    assignee_stats: list[AssigneeShare]
    day_counts: list[DayCount]
    first_response_hours: Durations
    resolution_hours: Durations
    avg_resolution_hours: float | None
    percentiles_are_exact: bool = Field(description="False above 2,000 tickets: then within 4.5 %.")


class View(Output):
    """A view of the sidebar: `GET /tickets?view=NAME` lists it."""

    name: ViewName
    count: int = Field(description=f"How many tickets it holds; counting stops at {COUNTER_CAP:,}.")


class Views(Whole[View]):
    """The views that the caller may list."""

    @classmethod
    def of(cls, row: Any, names: list[ViewName]) -> Self:
        """Show a row of `ombud.tickets.queries.view_counters`."""
        return cls(items=[View(name=name, count=row._mapping[name.value]) for name in names])
