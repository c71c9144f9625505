"""The measuring itself works: a tiny run finds everything, and says it in words and in JSON."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.plan import Plan
from benchmarks.results import Figure, Results, Table, percentile
from benchmarks.run import measure

HEADER = (
    "Ticket ID", "Customer Name", "Customer Email", "Customer Age", "Customer Gender", "Product Purchased",
    "Date of Purchase", "Ticket Type", "Ticket Subject", "Ticket Description", "Ticket Status", "Resolution",
    "Ticket Priority", "Ticket Channel", "First Response Time", "Time to Resolution",
    "Customer Satisfaction Rating",
)  # fmt: skip
ROW = (
    "1", "Ann Lee", "ann@example.com", "30", "Female", "Lamp", "2021-03-22", "Refund request", "It is dark",
    "No light.", "Open", "", "Low", "Email", "", "", "",
)  # fmt: skip


@pytest.fixture
def small_file(tmp_path: Path) -> Path:
    """One row that looks like those of the data set."""
    file = tmp_path / "tickets.csv"
    with file.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([HEADER, ROW])
    return file


@pytest.mark.timeout(300)
def test_a_tiny_run_measures_everything(small_file: Path) -> None:
    plan = Plan(starts=1, sample=30, tickets=300, views=6, requests=2, clients=(1, 2), csv=small_file)
    results = measure(plan)
    assert all(figure.value is not None and figure.value > 0 for figure in results.figures)
    start, load, memory, pages = results.tables
    assert [row[0] for row in start.rows] == ["new", "existing"]
    assert [row[:3] for row in load.rows] == [("first time", 1, 1), ("again", 1, 0)]
    assert all(row[1] == 2 for row in memory.rows), "the desk, and what hashes passwords since the sign-in"
    assert all(int(row[4]) > 5 for row in memory.rows[1:]), "PostgreSQL is a family of processes"
    assert len(pages.rows) == 8 * len(plan.clients)
    sent = [str(row[-1]) for row in pages.rows if row[0] == "inbox, mine"]
    assert all(1 < int(one.split()[0]) <= 8 for one in sent), "each request is counted, and nothing else"


def test_a_missing_data_set_is_told() -> None:
    from benchmarks.loading import measure_import

    results = Results()
    measure_import(Plan(csv=Path("nowhere.csv")), results)
    assert "the data set is not beside the project" in report.markdown(results)
    assert [figure.met for figure in results.figures] == [None]


def test_targets_say_whether_they_are_met() -> None:
    results = Results(figures=[Figure("Page", "ms", 50, 49.96), Figure("Start", "s", 3, 3.04)])
    results.tables.append(Table("Table", ("a", "b"), ((1234.5, 0.126),)))
    text = report.markdown(results)
    assert "| Page | at most 50 ms | 50.0 ms | yes |" in text
    assert "| Start | at most 3 s | 3.04 s | **no** |" in text
    assert "| 1,234 | 0.13 |" in text
    assert [figure["met"] for figure in json.loads(report.as_json(results))["figures"]] == [True, False]


def test_the_document_takes_the_figures() -> None:
    results = Results(machine={"date": "2026-01-31"})
    written = report.with_figures(report.DOCUMENT.read_text(encoding="utf-8"), results)
    assert "- date: 2026-01-31" in written
    assert report.with_figures(written, results) == written
    with pytest.raises(ValueError, match="no marks"):
        report.with_figures("# Nothing", results)


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(value) for value in range(1, 101)]
    assert (percentile(values, 0.5), percentile(values, 0.95)) == (50, 95)
    assert percentile([7.0], 0.95) == 7
