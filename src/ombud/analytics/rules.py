"""Pure parts of statistics: ranges cut into kept stretches, and durations found in buckets. No session."""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from math import ceil, sqrt

from ombud.errors import Invalid
from ombud.kit.zones import aware, zone_of
from ombud.models import StatGrain

DAY = timedelta(days=1)
BUCKETS_PER_DOUBLING = 8
# Lower bounds of the buckets 1, 2, ... in milliseconds; bucket 0 ends at a minute. As ombud.duration_bucket.
BOUNDS = tuple(round(60_000 * 2 ** (step / BUCKETS_PER_DOUBLING)) for step in range(172))
WHOLE_ZONES = ("UTC", "Etc/UTC", "Etc/UCT", "UCT", "Zulu", "Universal")


@dataclass(frozen=True, slots=True)
class Stretch:
    """Kept sums of one grain from `first` up to and without `end`; None is without a bound."""

    grain: StatGrain
    first: date | None
    end: date | None
    weight: int = 1
    """-1 for what is taken off again: most of a month is the month without its other days."""


@dataclass(frozen=True)
class Span:
    """A half-open range of moments, cut at UTC's midnights: whole days are summed up, edges are counted."""

    start: datetime | None
    end: datetime | None

    def __post_init__(self) -> None:
        for name, moment in (("start", self.start), ("end", self.end)):
            if moment is not None and not 1 < aware(name, moment).year < 9998:
                raise Invalid(fields={name: "is too far away."})
        if self.start is not None and self.end is not None and self.end < self.start:
            raise Invalid(fields={"end": "must not be before the start."})

    @cached_property
    def first_day(self) -> date | None:
        """The first whole day; None without a start."""
        return None if self.start is None else (self.start.astimezone(UTC) + DAY - _TICK).date()

    @cached_property
    def end_day(self) -> date | None:
        """The day after the last whole one; None without an end."""
        return None if self.end is None else self.end.astimezone(UTC).date()

    @cached_property
    def has_whole_days(self) -> bool:
        """False for a range within a day, or two halves of days."""
        return self.first_day is None or self.end_day is None or self.first_day < self.end_day

    @cached_property
    def edges(self) -> list[tuple[datetime, datetime]]:
        """The parts of days at either end."""
        if self.start is not None and self.end is not None and not self.has_whole_days:
            return [(self.start, self.end)] if self.start < self.end else []
        edges = []
        if self.start is not None and self.first_day is not None:
            edges.append((self.start, midnight(self.first_day)))
        if self.end is not None and self.end_day is not None:
            edges.append((midnight(self.end_day), self.end))
        return [(start, end) for start, end in edges if start < end]

    @cached_property
    def stretches(self) -> list[Stretch]:
        """The whole days as whole years, then months, then days: few rows, however long the range.

        They do not overlap within a grain. Without any bound it is the one sum of all time.
        """
        if not self.has_whole_days:
            return []
        if self.first_day is None and self.end_day is None:
            return [Stretch(StatGrain.EVER, None, None)]
        return list(_cut(self.first_day, self.end_day, tuple(_FLOORS)))


def midnight(day: date) -> datetime:
    """Return when a day begins in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def check_time_zone(name: str) -> str:
    """Return the name of a time zone; Invalid when there is none of that name."""
    if name in WHOLE_ZONES:
        return name  # wherever Python finds no zones at all
    zone_of(name)
    return name


def percentile_of(buckets: Mapping[int, int], share: float) -> float | None:
    """Return the duration in milliseconds that `share` of those in the buckets do not exceed; None for none.

    By nearest rank. The answer is the geometric middle of a bucket: within 4.5 % of the true value from a minute
    up to five years, and half a minute for anything below a minute.
    """
    total = sum(buckets.values())
    rank = max(1, ceil(share * total))
    seen = 0
    for bucket in sorted(buckets):
        seen += buckets[bucket]
        if seen >= rank:
            return _middle(bucket)
    return None


def bucket_of(milliseconds: int) -> int:
    """Return the bucket of a duration, as the database does."""
    return bisect_right(BOUNDS, milliseconds)


def _middle(bucket: int) -> float:
    if bucket == 0:
        return BOUNDS[0] / 2
    return sqrt(BOUNDS[bucket - 1] * BOUNDS[min(bucket, len(BOUNDS) - 1)])


_TICK = timedelta(microseconds=1)
_FLOORS: dict[StatGrain, Callable[[date], date]] = {
    StatGrain.YEAR: lambda day: day.replace(month=1, day=1),
    StatGrain.MONTH: lambda day: day.replace(day=1),
    StatGrain.DAY: lambda day: day,
}
_SURELY_NEXT = {StatGrain.YEAR: timedelta(days=366), StatGrain.MONTH: timedelta(days=31), StatGrain.DAY: DAY}


def _ceiling(grain: StatGrain, day: date) -> date:
    floor = _FLOORS[grain](day)
    return floor if floor == day else _FLOORS[grain](floor + _SURELY_NEXT[grain])


def _cut(
    first: date | None, end: date | None, grains: tuple[StatGrain, ...], weight: int = 1
) -> Iterator[Stretch]:
    """Yield whole stretches of the coarsest grain and, on either side, what is missing or too much in finer ones."""
    grain, *finer = grains
    inner_first = None if first is None else _nearest(grain, first)
    inner_end = None if end is None else _nearest(grain, end)
    if inner_first is not None and inner_end is not None and inner_first >= inner_end:
        yield from _cut(first, end, tuple(finer), weight)
        return
    yield Stretch(grain, inner_first, inner_end, weight)
    if first is not None and inner_first is not None:
        yield from _between(first, inner_first, tuple(finer), weight)
    if end is not None and inner_end is not None:
        yield from _between(inner_end, end, tuple(finer), weight)


def _between(one: date, other: date, grains: tuple[StatGrain, ...], weight: int) -> Iterator[Stretch]:
    if one < other:
        yield from _cut(one, other, grains, weight)
    elif other < one:
        yield from _cut(other, one, grains, -weight)


def _nearest(grain: StatGrain, day: date) -> date:
    """Where the next stretch of a grain begins, or this one: from there the fewer days are left."""
    floor, ceiling = _FLOORS[grain](day), _ceiling(grain, day)
    return floor if day - floor < ceiling - day else ceiling
