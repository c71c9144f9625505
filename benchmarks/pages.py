"""Pages over HTTP: time by one and by many visitors, processor time and statements of each."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType

from benchmarks.browser import Browser, Visit, time_all
from benchmarks.database import UNDONE, Behind, Statements
from benchmarks.desk import RunningDesk
from benchmarks.plan import Plan
from benchmarks.processes import spent
from benchmarks.results import Cell, Figure, Results, Table, percentile

FAST = 50.0
STATEMENTS = 8
SPREAD = 200
"""Different tickets that are visited."""
COUNTED = 7
"""Single requests whose statements are counted; the median leaves out what happens once a minute."""
WARM_UP = 20
REPLY = (
    "We have looked into it, and the second charge is gone from your account. It can take *three working days* "
    "until your bank shows it.\n\nIf it does not, please answer to this message and we will look again."
)
NOTE = """\
HTTP requests by httpx over kept-alive connections to 127.0.0.1, from the first byte sent to the last one read; a
reply is posted as the page's own script does, and answered with the changed parts of the ticket. The desk is one
process. Visitors, desk and PostgreSQL share the machine's cores, so many visitors at once show how much the desk
can do, not how long one person waits. CPU ms is the processor time of each of the three for one request.

Statements: by how much one request raises `calls` in `pg_stat_statements` (top level, the desk's database; the median
of seven single requests; chores and the live hub's look for changes left out), including the look-up of the visitor's
session and the settings of each transaction. Behind the plus sign: those that only begin and end transactions, and
the pool's check that a connection lives."""
COLUMNS = (
    "page", "visitors", "p50 ms", "p95 ms", "requests/s",
    "CPU ms: desk", "PostgreSQL", "visitor", "statements",
)  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """A kind of request: its name, and visits to draw from, again and again."""

    name: str
    visits: tuple[Visit, ...]
    limit: float | None = None
    """Milliseconds that its p95 by one visitor should not exceed."""

    @property
    def is_page(self) -> bool:
        """True for what only shows something."""
        return not self.visits[0].form

    def some(self, count: int, start: int = 0) -> list[Visit]:
        """Return this many visits, beginning with number `start`."""
        return list(itertools.islice(itertools.cycle(self.visits), start, start + count))


@dataclass(frozen=True)
class Bench:
    """A desk with its visitors, and what is asked of it."""

    plan: Plan
    desk: RunningDesk
    database: Behind
    browsers: list[Browser]
    kinds: tuple[Kind, ...]


def kinds(database: Behind) -> Iterator[Kind]:
    """Yield what is measured: lists, a ticket, searches, a reply."""
    common, rare = database.words()
    numbers, undone = database.numbers(SPREAD), database.numbers(SPREAD, UNDONE)
    if not undone:
        raise ValueError("no ticket of this sample is undone, so none can be replied to: make more tickets")
    reply = MappingProxyType({"text": REPLY, "kind": "reply", "then": ""})
    yield Kind("inbox, mine", (Visit("/tickets?view=mine"),), FAST)
    yield Kind("inbox, all open", (Visit("/tickets?view=open"),), FAST)
    yield Kind("inbox, all", (Visit("/tickets?view=all"),), FAST)
    tickets = [f"/tickets/{one}?view=open" for one in numbers]
    yield Kind("ticket, opened from the list", tuple(Visit(one, "ticket") for one in tickets), FAST)
    yield Kind("ticket with its list, whole page", tuple(Visit(one) for one in tickets), FAST)
    for word, name in ((common, "common"), (rare, "rare")):
        title = f"search, {name} word (in {word.tickets:,} tickets)"
        yield Kind(title, (Visit(f"/tickets?view=all&q={word.text}"),))
    yield Kind(
        "posting a reply",
        tuple(Visit(f"/tickets/{one}/comments?view=open", "composer", reply) for one in undone),
    )


async def measure_pages(bench: Bench, results: Results) -> None:
    """Measure every kind of request, by each number of visitors."""
    statements = {kind.name: await _statements(kind, bench) for kind in bench.kinds}
    rows = []
    for kind, clients in itertools.product(bench.kinds, bench.plan.clients):
        taken, row = await _measure(kind, bench, clients)
        sent = statements[kind.name]
        rows.append((kind.name, clients, *row, f"{sent.work} + {sent.control}"))
        if clients == 1 and kind.limit is not None:
            name = f"{kind.name[0].upper()}{kind.name[1:]}: p95, one visitor"
            results.figures.append(Figure(name, "ms", kind.limit, percentile(taken, 0.95)))
    most = max((kind for kind in bench.kinds if kind.is_page), key=lambda kind: statements[kind.name].work)
    name = f"Statements of the page with most ({most.name})"
    results.figures.append(Figure(name, "", STATEMENTS, statements[most.name].work))
    results.tables.append(Table(f"Pages on {bench.plan.tickets:,} tickets", COLUMNS, tuple(rows), NOTE))


async def _statements(kind: Kind, bench: Bench) -> Statements:
    found = []
    for visit in kind.some(COUNTED):
        before = bench.database.statements()
        await bench.browsers[0].make(visit)
        found.append(bench.database.statements() - before)
    return Statements(
        statistics.median_low(one.work for one in found), statistics.median_low(one.control for one in found)
    )


async def _measure(kind: Kind, bench: Bench, clients: int) -> tuple[list[float], tuple[Cell, ...]]:
    """Return the milliseconds of each request, and the cells of a row that follow from a series of them."""
    browsers = bench.browsers[:clients]
    count = bench.plan.requests if clients == 1 else 2 * bench.plan.requests
    await time_all(browsers, kind.some(min(max(WARM_UP, clients), count)))
    begun, before = time.perf_counter(), spent(bench.desk)
    taken = [1000 * seconds for seconds in await time_all(browsers, kind.some(count, WARM_UP))]
    wall, used = time.perf_counter() - begun, spent(bench.desk) - before
    processors = (1000 * seconds / count for seconds in (used.python, used.postgres, used.visitor))
    return taken, (percentile(taken, 0.5), percentile(taken, 0.95), count / wall, *processors)
