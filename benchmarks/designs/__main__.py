"""`python -m benchmarks.designs`: measure the designs of one kind, and print a table and a plan."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

from psycopg import sql

from benchmarks.designs import creations, narrowing, openings, updates
from benchmarks.designs.design import Connection, compare, explained
from benchmarks.guide.databases import Server, server
from benchmarks.guide.loading import load

KINDS = {"creations": creations, "updates": updates, "openings": openings, "narrowing": narrowing}


def main(arguments: list[str] | None = None) -> int:
    """Run the command line."""
    options = _options(arguments)
    signal.signal(signal.SIGTERM, lambda _signal, _frame: sys.exit(143))  # so that the copy is dropped
    kind, tickets = KINDS[options.kind], options.tickets
    rows = options.rows or kind.ROWS
    with server(options.keep) as running:
        if not {f"ombud_{tickets}", f"guide_{tickets}"} <= running.names():
            load(running, tickets, lambda said: print(said, file=sys.stderr, flush=True))
        own = f"ombud_{tickets}"
        with nullcontext(own) if kind is narrowing else _copied(running, own) as copy:
            names = {"ombud": copy, "guide": f"guide_{tickets}"}
            with running.connect(copy) as owner:
                designs = kind.designs(owner, rows)
                said = _plan(options.kind, owner, rows)
            found = compare(designs, lambda place: running.connect(names[place]), options.runs)
    heads = ("design", *kind.COLUMNS, "processor", "WAL bytes a row", "rows that stayed on their page")
    for row in (heads, ["---"] * len(heads), *(one.row() for one in found)):
        print("|", " | ".join(row), "|")
    print("", *said, sep="\n")
    return 0


def _plan(kind: str, owner: Connection, rows: int) -> list[str]:
    match kind:
        case "creations":
            refused = f"COPY into tickets as an agent: {creations.refusal(owner)}"
            return [refused, *explained(owner, creations.INSERT, creations.values(rows))]
        case "updates":
            return explained(owner, updates.UPDATE, ["open", updates.chosen(owner, rows)])
        case "narrowing":
            return narrowing.plans(owner)
        case _:
            return []


@contextmanager
def _copied(running: Server, name: str) -> Iterator[str]:
    copy = f"designs_{os.getpid()}"
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(copy))
    create = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
    with running.connect("postgres") as connection:
        connection.execute(create.format(sql.Identifier(copy), sql.Identifier(name)))
        try:
            running.migrate(copy)
            yield copy
        finally:
            connection.execute(drop)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.designs", description=__doc__)
    parser.add_argument("kind", choices=list(KINDS))
    parser.add_argument(
        "--tickets", type=int, default=10_000, metavar="N", help="of the desk (default 10,000)"
    )
    parser.add_argument(
        "--rows", type=int, metavar="N", help="written in each turn (default 2,000; openings: 200)"
    )
    parser.add_argument("--runs", type=int, default=7, help="turns of each design (default 7)")
    parser.add_argument(
        "--keep", type=Path, metavar="DIR", help="use the databases that `ombud bench --keep DIR` made there"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
