"""`python -m benchmarks`: measure, print the tables, and keep them where asked. Exits 1 when a target is missed."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from benchmarks import report
from benchmarks.plan import Plan
from benchmarks.run import measure


def main() -> int:
    """Run the command line."""
    options = _options()
    signal.signal(
        signal.SIGTERM, lambda _signal, _frame: sys.exit(143)
    )  # so that desks are stopped and folders removed
    results = measure(Plan(), lambda said: print(f"{said} ...", file=sys.stderr, flush=True))
    print(report.markdown(results))
    if options.json is not None:
        options.json.write_text(report.as_json(results), encoding="utf-8")
    if options.write:
        document = report.DOCUMENT
        document.write_text(
            report.with_figures(document.read_text(encoding="utf-8"), results), encoding="utf-8"
        )
    return int(any(figure.met is False for figure in results.figures))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure a desk from outside.")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there as well")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/performance.md")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
