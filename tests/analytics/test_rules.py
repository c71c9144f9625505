"""Ranges cut into stretches, and percentiles found in buckets."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ombud.analytics.rules import BOUNDS, Span, Stretch, bucket_of, check_time_zone, midnight, percentile_of
from ombud.errors import Invalid
from ombud.models import StatGrain

moments = st.datetimes(datetime(2018, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
midnights = st.dates(date(2018, 1, 1), date(2026, 12, 31)).map(midnight)
NEXT = {
    StatGrain.YEAR: lambda day: day.replace(year=day.year + 1),
    StatGrain.MONTH: lambda day: (day + timedelta(days=31)).replace(day=1),
    StatGrain.DAY: lambda day: day + timedelta(days=1),
}


@given(st.tuples(moments | midnights, moments | midnights).map(sorted))
def test_edges_and_stretches_cover_a_range_once(ends: list[datetime]) -> None:
    span = Span(*ends)
    steps = Counter[datetime]()
    taken: set[tuple[StatGrain, date]] = set()

    def cover(start: datetime, end: datetime, weight: int) -> None:
        steps[start] += weight
        steps[end] -= weight

    for edge in span.edges:
        cover(*edge, 1)
    for stretch in span.stretches:
        assert stretch.first is not None
        assert stretch.end is not None
        first = stretch.first
        while first < stretch.end:
            assert (stretch.grain, first) not in taken, "each sum is read once, with one weight"
            taken.add((stretch.grain, first))
            after = NEXT[stretch.grain](first)
            cover(midnight(first), midnight(after), stretch.weight)
            first = after
        assert first == stretch.end, "a stretch ends where one of its grain does"
    wanted = Counter({ends[0]: 1, ends[1]: -1}) if ends[0] < ends[1] else Counter[datetime]()
    assert {moment: n for moment, n in steps.items() if n} == dict(wanted)


@given(st.tuples(moments | midnights, moments | midnights).map(sorted))
def test_a_range_of_years_needs_few_stretches_and_at_most_two_days_of_edges(ends: list[datetime]) -> None:
    span = Span(*ends)
    assert len(span.stretches) <= 5
    assert sum((end - start for start, end in span.edges), timedelta()) < timedelta(days=2)


@given(st.tuples(midnights, midnights).map(sorted))
def test_of_a_partial_month_at_most_half_is_read_by_days(ends: list[datetime]) -> None:
    days = [stretch for stretch in Span(*ends).stretches if stretch.grain is StatGrain.DAY]
    read = sum(
        (stretch.end - stretch.first for stretch in days if stretch.end and stretch.first), timedelta()
    )
    assert read <= timedelta(days=32), "sixteen of either month"


def test_most_of_a_month_is_the_month_without_its_other_days() -> None:
    thirty_days = Span(midnight(date(2026, 10, 1)), midnight(date(2026, 10, 31)))
    assert thirty_days.stretches == [
        Stretch(StatGrain.MONTH, date(2026, 10, 1), date(2026, 11, 1)),
        Stretch(StatGrain.DAY, date(2026, 10, 31), date(2026, 11, 1), -1),
    ]


def test_everything_is_one_sum() -> None:
    assert [stretch.grain for stretch in Span(None, None).stretches] == [StatGrain.EVER]
    assert Span(None, None).edges == []


def test_a_range_open_at_one_side_is_cut_at_the_other() -> None:
    since, until = Span(midnight(date(2024, 2, 1)), None), Span(None, midnight(date(2024, 3, 2)))
    assert since.stretches == [
        Stretch(StatGrain.YEAR, date(2024, 1, 1), None),
        Stretch(StatGrain.MONTH, date(2024, 1, 1), date(2024, 2, 1), -1),
    ]
    assert until.stretches == [
        Stretch(StatGrain.YEAR, None, date(2024, 1, 1)),
        Stretch(StatGrain.MONTH, date(2024, 1, 1), date(2024, 3, 1)),
        Stretch(StatGrain.DAY, date(2024, 3, 1), date(2024, 3, 2)),
    ]


def test_naive_reversed_and_absurd_ranges_are_refused() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    for start, end, field in (
        (now.replace(tzinfo=None), None, "start"),
        (None, now.replace(tzinfo=None), "end"),
        (now, now - timedelta(seconds=1), "end"),
        (datetime.max.replace(tzinfo=UTC), None, "start"),
    ):
        with pytest.raises(Invalid) as caught:
            Span(start, end)
        assert set(caught.value.fields) == {field}


@pytest.mark.parametrize("name", ["", "Nowhere/City", "../UTC", "Europe", "\x00"])
def test_unknown_zones_are_refused(name: str) -> None:
    with pytest.raises(Invalid):
        check_time_zone(name)


@given(
    st.lists(st.integers(BOUNDS[0], BOUNDS[-1] - 1), min_size=1, max_size=200),
    st.sampled_from([0.5, 0.9]),
)
def test_a_percentile_from_buckets_is_within_its_error(durations: list[int], share: float) -> None:
    ordered = sorted(durations)
    rank = max(1, -int(-share * len(ordered) // 1))
    true = ordered[rank - 1]
    estimated = percentile_of(Counter(map(bucket_of, durations)), share)
    assert estimated == pytest.approx(true, rel=0.045)


def test_no_durations_have_no_percentile() -> None:
    assert percentile_of({}, 0.5) is None
