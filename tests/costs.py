"""What a piece of work costs in processor time, said so that a busy or slow machine does not fail the test.

Neighbours make a run dearer and never cheaper: the least of several is what the work itself costs.
"""

from __future__ import annotations

import time
from collections.abc import Callable

TRIES = 5


def least_seconds(work: Callable[[], object], enough: float = 0.0, tries: int = TRIES) -> float:
    """Return the least processor seconds of up to `tries` runs; the first that needs less than `enough` is the last."""
    least = float("inf")
    for _try in range(tries):
        began = time.process_time()
        work()
        least = min(least, time.process_time() - began)
        if least < enough:
            break
    return least


def growth(work: Callable[[int], object], size: int, factor: int = 4) -> float:
    """Return how many times dearer `work` is for `factor` times the size: about `factor` where cost is linear.

    A square law gives the square of `factor`. Bounds lie between the two, so no speed of the machine matters.
    """
    small, large = (least_seconds(lambda of=of: work(of)) for of in (size, size * factor))  # type: ignore[misc]
    return large / max(small, 1e-4)
