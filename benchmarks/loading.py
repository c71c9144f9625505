"""Time of the CSV import, by the installed command, into a new data directory; and of the same file again."""

from __future__ import annotations

import re
import time
from pathlib import Path

from benchmarks.desk import run_command, scratch_folder
from benchmarks.plan import MAPPING, Plan
from benchmarks.results import Cell, Figure, Results, Table

LIMIT = 15.0
WHAT = "CSV import of 8,469 tickets, whole command"
NOTE = (
    "The whole command holds the start of the server and, the first time, initdb and the schema; `rows` is the "
    "command's own figure: reading, writing in batches, and indexing for search."
)
_TOLD = re.compile(r"Read ([\d,]+) rows in ([\d.]+) s \(([\d,]+)/s\): ([\d,]+) tickets")


def measure_import(plan: Plan, results: Results) -> None:
    """Import the file twice; a figure without a value when the file is not there."""
    if not plan.csv.exists():
        results.figures.append(Figure(WHAT, "s", LIMIT, None))
        results.tables.append(
            Table("CSV import", ("skipped",), (("the data set is not beside the project",),))
        )
        return
    with scratch_folder() as data_dir:
        first, second = _import(plan.csv, data_dir, "first time"), _import(plan.csv, data_dir, "again")
    results.figures.append(Figure(WHAT, "s", LIMIT, float(first[-1])))
    columns = ("run", "rows", "tickets added", "rows s", "rows/s", "whole command s")
    results.tables.append(Table("CSV import", columns, (first, second), NOTE))


def _import(file: Path, data_dir: Path, name: str) -> tuple[Cell, ...]:
    begun = time.perf_counter()
    printed = run_command("import", "csv", str(file), "--mapping", str(MAPPING), "--data-dir", str(data_dir))
    whole = time.perf_counter() - begun
    told = _TOLD.search(printed)
    assert told, printed
    rows, seconds, rate, tickets = (part.replace(",", "") for part in told.groups())
    return (name, int(rows), int(tickets), float(seconds), int(rate), whole)
