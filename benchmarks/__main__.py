"""`python -m benchmarks`: measure, print the tables, and keep them where asked. Exits 1 when a target is missed."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from benchmarks import report
from benchmarks.guide import table
from benchmarks.guide.run import Wanted, run
from benchmarks.http import crowd, latency, routes
from benchmarks.http import run as http
from benchmarks.plan import Plan
from benchmarks.run import measure

SECONDS = 3.0
"""How long each call of the API is repeated (`--part latency`)."""


def main() -> int:
    """Run the command line."""
    options = _options()
    signal.signal(
        signal.SIGTERM, lambda _signal, _frame: sys.exit(143)
    )  # so that desks are stopped and folders removed
    if options.part == "http":
        return _http(options)
    if options.part == "crowd":
        return _crowd(options)
    if options.part == "latency":
        found = latency.measure(options.tickets, options.keep, SECONDS, _tell)
        print(latency.as_markdown(found))
        return int(not all(one.met for one in found))
    if options.part == "routes":
        compared, left = routes.measure(options.tickets, options.keep, options.seconds, options.only, _tell)
        print(routes.as_markdown(compared, left))
        return int(not all(one.met for one in compared))
    beside = run(Wanted(options.tickets), _tell) if options.part != "desk" else []
    if options.part != "desk":
        print(f"### Side by side, {options.tickets:,} tickets\n\n{table.as_markdown(beside)}\n")
    if options.part == "guide":
        return int(any(one.same_answer is False for one in beside))
    results = measure(Plan(), _tell)
    print(report.markdown(results))
    if options.json is not None:
        options.json.write_text(report.as_json(results), encoding="utf-8")
    if options.write:
        document = report.DOCUMENT
        document.write_text(
            report.with_figures(document.read_text(encoding="utf-8"), results), encoding="utf-8"
        )
    return int(any(figure.met is False for figure in results.figures))


def _http(options: argparse.Namespace) -> int:
    amount = http.Amount(tickets=options.tickets)
    outcomes = http.measure(amount, options.keep, _tell)
    print(http.as_markdown(outcomes))
    if options.json is not None:
        options.json.write_text(http.as_json(amount, outcomes), encoding="utf-8")
    return int(not all(one.met for one in outcomes))


def _crowd(options: argparse.Namespace) -> int:
    chosen = [{"OMBUD_SEARCHES_AT_ONCE": number} for number in options.at_once] or [{}]
    outcomes = crowd.measure(options.tickets, options.keep, options.seconds, chosen, _tell)
    print(crowd.as_markdown(outcomes))
    return int(not all(one.met for one in outcomes))


def _tell(said: str) -> None:
    print(f"{said} ...", file=sys.stderr, flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure a desk from outside.")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there as well")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/performance.md")
    parser.add_argument(
        "--part",
        choices=("all", "desk", "guide", "http", "latency", "crowd", "routes"),
        default="all",
        help="the desk from outside, beside the guide, the API beside the least that could answer, call by call,"
        " reading beside a crowd that searches, or every route that reads beside a desk of 10,000 tickets",
    )
    parser.add_argument(
        "--tickets", type=int, default=10_000, metavar="N", help="tickets beside the guide (default 10,000)"
    )
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="where `ombud bench --keep` left desks (with --part http)"
    )
    parser.add_argument(
        "--at-once",
        action="append",
        default=[],
        metavar="N",
        help="searches at once (with --part crowd; repeat)",
    )
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement (crowd, routes)")
    parser.add_argument(
        "--only", default="", metavar="TEXT", help="routes with this in them (with --part routes)"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
