"""Time at the desk: when tickets arrive, when agents work, when customers find time to answer."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import accumulate
from random import Random
from zoneinfo import ZoneInfo

from ombud.demo.records import WorkingHours

PERIOD = timedelta(days=365)
RECENT = timedelta(days=14)
"""At the end of the period the desk is a little behind with its work."""
HOURLY = (2, 1, 1, 1, 1, 2, 6, 14, 28, 38, 42, 38, 30, 32, 36, 36, 32, 26, 18, 14, 12, 10, 7, 4)
"""How many tickets arrive in each hour (UTC) of a working day, relative to each other."""
WEEKDAY = (1.15, 1.05, 1.0, 1.0, 0.9, 0.35, 0.25)
OUTAGES = {"outage-payments": 163, "outage-web": 41}
"""The two bad days: scenario -> days before the end of the period."""
OUTAGE_HOURS = range(9, 12)
OUTAGE_LOAD = 9.0


@dataclass(frozen=True)
class Arrivals:
    """When tickets arrive: more on weekdays, at noon, around month-ends, in outages, and as time goes on."""

    start: datetime
    edges: tuple[float, ...]

    def at(self, position: float) -> datetime:
        """Return the moment by which the share `position` (0 to 1) of all tickets has arrived."""
        target = position * self.edges[-1]
        hour = min(bisect_right(self.edges, target), len(self.edges) - 1)
        before = self.edges[hour - 1] if hour else 0.0
        within = (target - before) / (self.edges[hour] - before)
        moment = self.start + timedelta(hours=hour + min(within, 0.9999))
        return moment.replace(microsecond=0)


def arrivals(now: datetime) -> Arrivals:
    """Return the arrivals of the twelve months before `now`."""
    start = now - PERIOD
    hours = int(PERIOD.total_seconds() // 3600)
    loads = (_load(start + timedelta(hours=hour), hour / hours, now) for hour in range(hours))
    return Arrivals(start, tuple(accumulate(loads)))


def _load(moment: datetime, age: float, now: datetime) -> float:
    load = HOURLY[moment.hour] * WEEKDAY[moment.weekday()] * (0.7 + 0.6 * age)
    if moment.day >= 28 or moment.day <= 3:
        load *= 1.4
    if outage_at(moment, now):
        load = OUTAGE_LOAD * HOURLY[10]
    return load


def outage_at(moment: datetime, now: datetime) -> str | None:
    """Return the scenario of the outage that is on at `moment`, if there is one."""
    days = (now.date() - moment.date()).days
    for key, before in OUTAGES.items():
        if days == before and moment.hour in OUTAGE_HOURS:
            return key
    return None


def in_working_hours(hours: WorkingHours, moment: datetime) -> bool:
    """Return whether an agent with these hours is at work at `moment`."""
    local = moment.astimezone(_zone(hours.zone))
    return local.weekday() in hours.weekdays and hours.start <= local.hour < hours.end


def working_moment(hours: WorkingHours, earliest: datetime, rng: Random) -> datetime:
    """Return `earliest` if the agent is at work then, else a moment early in the next shift."""
    local = earliest.astimezone(_zone(hours.zone))
    if local.weekday() in hours.weekdays and hours.start <= local.hour < hours.end:
        return earliest
    if local.hour >= hours.end:
        local += timedelta(days=1)
    while local.weekday() not in hours.weekdays:
        local += timedelta(days=1)
    minutes = int(rng.triangular(0, (hours.end - hours.start) * 60 - 1, 40))
    begin = local.replace(hour=hours.start, minute=0, second=rng.randrange(60), microsecond=0)
    return (begin + timedelta(minutes=minutes)).astimezone(UTC)


def customer_moment(earliest: datetime, rng: Random) -> datetime:
    """Return when a customer writes who could have done so at `earliest`: hardly ever at night."""
    if earliest.hour < 6 and rng.random() < 0.9:
        return earliest + timedelta(hours=7 - earliest.hour, minutes=rng.randrange(150))
    return earliest


@cache
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
