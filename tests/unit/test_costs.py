"""The measure of costs that other tests use tells a square law from a straight line."""

from __future__ import annotations

from tests.costs import growth, least_seconds


def test_a_square_law_shows() -> None:
    assert growth(lambda size: [0 for _ in range(size) for _ in range(size)], 200, factor=8) > 24, (
        "64, and a busy machine"
    )


def test_a_straight_line_passes() -> None:
    assert growth(lambda size: [0 for _ in range(size * 1_000)], 100, factor=8) < 24, "8, and a busy machine"


def test_one_quick_run_is_enough() -> None:
    runs: list[int] = []
    least_seconds(lambda: runs.append(1), enough=60)
    assert runs == [1]
