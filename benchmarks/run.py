"""A whole run: what is measured in which order, and on which machine."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from pathlib import Path

from benchmarks.loading import measure_import
from benchmarks.plan import Plan
from benchmarks.results import Results
from benchmarks.starting import measure_starts
from benchmarks.viewing import measure_views
from ombud import clock


def measure(plan: Plan, tell: Callable[[str], None] = lambda _said: None) -> Results:
    """Measure everything; `tell` hears what comes next, because it takes minutes."""
    results = Results(machine=_machine())
    tell(f"Starting a desk, {plan.starts} times new and {plan.starts} times again")
    maker = measure_starts(plan, results)
    tell("Importing a CSV file")
    measure_import(plan, results)
    tell(f"Visiting the pages of {plan.tickets:,} tickets")
    measure_views(plan, results, maker)
    results.machine["load average at the end"] = _load()
    return results


def _machine() -> dict[str, str]:
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 10**9
    return {
        "date": f"{clock.now():%Y-%m-%d}",
        "machine": f"{os.cpu_count()} cores ({_processor()}), {memory:.0f} GB of memory, {platform.system()}",
        "load average at the start": _load(),
        "Python": platform.python_version(),
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}"
