"""A crowd of searches that cost what they may (TRUST.md R29): others hardly notice, and no statement exceeds its time.

The short form looks at answers and statements only; `--load-seconds 60` (`make faults`) asks a desk of a hundred
thousand tickets, and looks at the clock, too. The measuring is that of `python -m benchmarks --part crowd`.
"""

from __future__ import annotations

import pytest

from benchmarks.guide.databases import server
from benchmarks.http import crowd
from benchmarks.http.servers import copied
from ombud.config import Settings

pytestmark = pytest.mark.timeout(900)
SLACK = 500.0
"""Milliseconds by which a statement may exceed its time."""


def test_a_crowd_that_searches_hardly_slows_others(pytestconfig: pytest.Config) -> None:
    """R29: fifty at once, of ten people; whoever reads is answered, and who searches is answered or told to wait."""
    is_long = pytestconfig.getoption("--load-seconds") > 0
    tickets, seconds = (100_000, 12.0) if is_long else (500, 1.0)
    with server(None) as running, copied(running, tickets) as place:
        outcome = crowd.measure_place(place, seconds, {})
    print(crowd.as_markdown([outcome]))
    assert outcome.searched > 0
    assert set(outcome.refused) <= {"429", "503"}
    assert 0 < outcome.longest <= 1000 * Settings().statement_timeout + SLACK
    if is_long:
        assert outcome.met, f"{outcome.times:.2f} times as slow"
