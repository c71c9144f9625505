"""Time from the command to the first inbox page: on a new data directory, and on one that exists."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.browser import first_page
from benchmarks.desk import forget, sample_desk, scratch_folder
from benchmarks.plan import Plan
from benchmarks.processes import Memory, python_memory
from benchmarks.results import Figure, Results, Table

NEW, EXISTING = 10.0, 3.0
NOTE = (
    "From starting the process to the last byte of the inbox, signed in over HTTP: for a new data directory that is "
    "initdb, the schema, the sample tickets, the sign-in and the page. The median counts."
)


def measure_starts(plan: Plan, results: Results) -> Memory:
    """Start the sample desk again and again; returns the memory of a process that has made the sample itself."""
    fresh = []
    with scratch_folder() as data_dir:
        for _ in range(plan.starts):
            if data_dir.exists():
                forget(data_dir)
            seconds, memory = _start(data_dir, plan.sample)
            fresh.append(seconds)
        again = [_start(data_dir, plan.sample)[0] for _ in range(plan.starts)]
    results.figures += [
        Figure(
            "`ombud demo` to the first inbox page, new data directory", "s", NEW, statistics.median(fresh)
        ),
        Figure("`ombud demo` to the first inbox page, existing one", "s", EXISTING, statistics.median(again)),
    ]
    rows = (("new", *_spread(fresh)), ("existing", *_spread(again)))
    title = f"From `ombud demo` to the first inbox page ({plan.sample:,} tickets)"
    results.tables.append(
        Table(title, ("data directory", "starts", "fastest s", "median s", "slowest s"), rows, NOTE)
    )
    return memory


def _start(data_dir: Path, tickets: int) -> tuple[float, Memory]:
    begun = time.perf_counter()
    with sample_desk(data_dir, tickets=tickets) as desk:
        asyncio.run(first_page(desk))
        return time.perf_counter() - begun, python_memory(desk)


def _spread(seconds: list[float]) -> Iterator[int | float]:
    yield from (len(seconds), min(seconds), statistics.median(seconds), max(seconds))
