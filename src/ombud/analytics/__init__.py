"""What the desk's tickets add up to: counts and times by status, priority, team, assignee, channel and day."""

from ombud.analytics.actions import fold_statistics
from ombud.analytics.cached import Figures
from ombud.analytics.statistics import (
    AssigneeStats,
    DayCount,
    Durations,
    TeamStats,
    TicketStatistics,
    get_ticket_statistics,
    quick_statistics,
)

__all__ = [
    "AssigneeStats",
    "DayCount",
    "Durations",
    "Figures",
    "TeamStats",
    "TicketStatistics",
    "fold_statistics",
    "get_ticket_statistics",
    "quick_statistics",
]
