"""How much of a read is Python's processor time, and how many statements it is: `python -m benchmarks.guide.shares`.

On databases that `ombud bench --keep DIR` made. It reads only.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from pathlib import Path

from benchmarks.guide import cases_lists, cases_search
from benchmarks.guide.bench import sides
from benchmarks.guide.databases import server
from benchmarks.guide.timing import Case, Side
from ombud.db.statements import counted

WARM = 3


async def _row(case: Case, runs: int) -> str:
    assert case.ombud is not None
    assert case.best is not None
    ours, best = await _taken(case.ombud, runs), await _taken(case.best, runs)
    with counted() as log:
        await case.ombud()
    return f"| {case.name} | {ours[0]:.2f} | {ours[1]:.2f} | {len(log)} | {best[0]:.2f} | {best[1]:.2f} |"


async def _taken(side: Side, runs: int) -> tuple[float, float]:
    """Return the medians of wall time and of our processor time, in milliseconds."""
    walls, ours = [], []
    for run in range(WARM + runs):
        wall, own = time.perf_counter(), time.process_time()
        await side()
        if run >= WARM:
            walls.append(time.perf_counter() - wall)
            ours.append(time.process_time() - own)
    return statistics.median(walls) * 1000, statistics.median(ours) * 1000


async def _run(options: argparse.Namespace) -> None:
    with server(options.keep) as running:
        async with sides(running, options.tickets) as bench:
            cases = [case async for case in cases_lists.cases(bench)] + list(cases_search.cases(bench))
            print("| case | Ombud ms | of it Python's | statements | best ms | of it Python's |")
            print("| --- | --- | --- | --- | --- | --- |")
            for case in cases:
                if any(word in case.name for word in options.only):
                    print(await _row(case, options.runs), flush=True)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(prog="benchmarks.guide.shares", description=__doc__)
    parser.add_argument("--tickets", type=int, default=10_000, metavar="N")
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--keep", type=Path, required=True, metavar="DIR")
    parser.add_argument("--only", action="append", required=True, metavar="WORD", help="cases with it")
    asyncio.run(_run(parser.parse_args()))


if __name__ == "__main__":
    main()
