"""`python -m benchmarks.guide`, which `ombud bench` runs. Exits 1 when sides that should agree do not."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from benchmarks.guide import table
from benchmarks.guide.run import Wanted, run


def main(arguments: list[str] | None = None) -> int:
    """Run the command line."""
    options = _options(arguments)
    # So that the server is stopped and folders are removed.
    signal.signal(signal.SIGTERM, lambda _signal, _frame: sys.exit(143))
    wanted = Wanted(options.tickets, options.runs, tuple(options.only), options.keep)
    outcomes = run(wanted, lambda said: print(said, file=sys.stderr, flush=True))
    print(table.as_json(wanted.tickets, outcomes) if options.json else table.as_markdown(outcomes))
    return int(any(one.same_answer is False for one in outcomes))


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="ombud bench", description="The guide, Ombud and the best SQL, side by side."
    )
    parser.add_argument("--tickets", type=int, default=10_000, metavar="N", help="how many (default 10,000)")
    parser.add_argument(
        "--runs", type=int, default=7, help="runs of each case; slow ones get fewer (default 7)"
    )
    parser.add_argument(
        "--only", action="append", default=[], metavar="WORD", help="cases with this word in their name"
    )
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="keep the databases there, and use those that are there"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
