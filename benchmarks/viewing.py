"""A large desk: its memory when idle and after many page views, then its pages one by one (`pages`)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

from benchmarks.browser import visitors
from benchmarks.database import Behind, behind
from benchmarks.desk import RunningDesk, sample_desk, scratch_folder
from benchmarks.pages import Bench, kinds, measure_pages
from benchmarks.plan import Plan
from benchmarks.processes import Memory, postgres_memory, python_memory
from benchmarks.results import Cell, Figure, Results, Table

PYTHON_MEMORY = 300.0
COLUMNS = ("when", "Python processes", "PSS MB", "RSS MB", "PostgreSQL processes", "PSS MB", "RSS MB")
NOTE = """\
From `/proc/PID/smaps_rollup`, MB of 10⁶ bytes. PSS can be added up; RSS counts what is shared several times.
PostgreSQL's holds the part of its shared buffers that was touched, and what each connection keeps."""


def measure_views(plan: Plan, results: Results, maker: Memory) -> None:
    """Make a large desk, start it again, and measure it; `maker` is the memory of one that made its sample."""
    with scratch_folder() as data_dir:
        with sample_desk(data_dir, tickets=plan.tickets):
            pass
        with sample_desk(data_dir, tickets=plan.tickets) as desk, behind(desk) as database:
            results.machine["PostgreSQL"] = database.version()
            asyncio.run(_measure(plan, desk, database, results, maker))


async def _measure(plan: Plan, desk: RunningDesk, database: Behind, results: Results, maker: Memory) -> None:
    async with visitors(desk, max(plan.clients)) as browsers:
        bench = Bench(plan, desk, database, browsers, tuple(kinds(database)))
        await _measure_memory(bench, results, maker)
        await measure_pages(bench, results)


async def _measure_memory(bench: Bench, results: Results, maker: Memory) -> None:
    plan, desk = bench.plan, bench.desk
    idle = python_memory(desk), postgres_memory(desk)
    pages = [kind for kind in bench.kinds if kind.is_page]
    for number in range(plan.views):
        await bench.browsers[0].make(pages[number % len(pages)].some(1, number)[0])
    used = python_memory(desk), postgres_memory(desk)
    rows: tuple[tuple[Cell, ...], ...] = (
        (f"idle, having made {plan.sample:,} tickets", *_cells(maker), "", "", ""),
        ("idle, one sign-in after the start", *_cells(*idle)),
        (f"after {plan.views:,} page views", *_cells(*used)),
    )
    most = max(maker.pss, idle[0].pss, used[0].pss)
    results.figures.append(Figure("Memory of the Python processes together", "MB", PYTHON_MEMORY, most))
    results.tables.append(Table(f"Memory ({plan.tickets:,} tickets)", COLUMNS, rows, NOTE))


def _cells(*memories: Memory) -> Iterator[Cell]:
    for memory in memories:
        yield from (memory.processes, memory.pss, memory.rss)
