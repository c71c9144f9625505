"""What Ombud's own promises cost: row security, audit, search after a load, memory of a stream, and size itself."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from sqlalchemy import text

from benchmarks.guide.bench import Bench, desk
from benchmarks.guide.cases_writes import rows_for, undo_ombud
from benchmarks.guide.ombud_side import OmbudSide
from benchmarks.guide.timing import Case, Outcome, Target, measure
from benchmarks.plan import ROOT
from ombud import Actor, TicketPriority
from ombud.search.actions import index_fresh_documents
from ombud.tickets import TicketFilter, bulk_create_tickets, set_priority
from ombud.tickets.reads import find_ticket, search_tickets

UPDATES = 200
GROWTH_MB = 100
Has = Callable[[str], bool]


async def outcomes(bench: Bench, has: Has, runs: int) -> AsyncIterator[Outcome]:
    """Yield what was wanted."""
    for name, part in (
        ("row security on against off: list", _security),
        ("audit on against off: single update", _audit),
        ("memory of streaming all tickets", _memory),
        ("latency against 10,000 tickets", _growth),
        ("bulk create, then search", _searchable),
    ):
        if has(name) or has(name.partition(":")[0]):
            async for outcome in part(bench, runs):
                yield outcome


async def _security(bench: Bench, runs: int) -> AsyncIterator[Outcome]:
    """The same statements as the application's role and as one that row security does not bind."""
    with bench.server.connect(bench.database("ombud")) as connection:
        if connection.execute("SELECT FROM pg_roles WHERE rolname = 'ombud_unbound'").fetchone() is None:
            connection.execute("CREATE ROLE ombud_unbound NOLOGIN BYPASSRLS IN ROLE ombud_app")
            connection.execute("GRANT ombud_unbound TO ombud_login")
    # A desk for each: a plan belongs to a role, and a connection that changes its role, as no desk does, plans anew.
    async with desk(bench.server, bench.database("ombud")) as other:
        for name, action, limit in (
            ("list", lambda session: len(search_tickets(session).tickets), 1.15),
            ("read", lambda session: find_ticket(session, "TKT-00000077") is not None, 1.15),
            ("search", lambda session: len(search_tickets(session, "yxuncommonal").tickets), 2.0),
        ):

            def side(who: OmbudSide, role: str, act: Any = action) -> Callable[[], Awaitable[Any]]:
                def as_role(session: Any) -> Any:
                    session.execute(text(f"SET LOCAL ROLE {role}"))
                    return act(session)

                return lambda: who.read(as_role)

            case = Case(
                f"row security on against off: {name}",
                ombud=side(bench.ombud, "ombud_web"),
                best=side(other, "ombud_unbound"),
                target=Target(best=limit),
                note="best is Ombud without row security",
            )
            yield await measure(case, runs)


async def _audit(bench: Bench, runs: int) -> AsyncIterator[Outcome]:
    """Single updates, committed, with the audit trigger and without."""
    numbers = list(range(1, min(bench.tickets, 5000)))
    ids = [
        row[0]
        for row in await bench.guide_connection.fetch(
            "SELECT id FROM tickets WHERE id = ANY($1::int[]) AND deleted_at IS NULL LIMIT $2",
            numbers,
            UPDATES,
        )
    ]
    turn = [0]

    async def update() -> int:
        turn[0] += 1
        priority = TicketPriority.HIGH if turn[0] % 2 else TicketPriority.LOW
        for ticket_id in ids:
            await bench.ombud.desk.arun(bench.ombud.actor, _set_priority, ticket_id, priority)
        return len(ids)

    def switched(state: str) -> Callable[[], Awaitable[int]]:
        async def run() -> int:
            with bench.server.connect(bench.database("ombud")) as connection:
                connection.execute(f"ALTER TABLE ombud.tickets {state} TRIGGER z_audit_update".encode())
            return await update()

        return run

    case = Case(
        f"audit on against off: {len(ids)} single updates",
        ombud=switched("ENABLE"),
        best=switched("DISABLE"),
        target=Target(best=2),
        note="best is Ombud without its audit trigger",
    )
    yield await measure(case, runs)
    await switched("ENABLE")()
    undo_ombud(bench)


def _set_priority(session: Any, ticket_id: int, priority: TicketPriority) -> None:
    set_priority(session, ticket_id, priority)


async def _searchable(bench: Bench, _runs: int) -> AsyncIterator[Outcome]:
    """A committed load: when the first of its rows are found, and when all are, by the worker's batches."""
    size = bench.many
    rows = list(rows_for(size, ["zzfreshload and nothing else"], "ombud"))
    await bench.ombud.desk.arun(bench.ombud.actor, bulk_create_tickets, rows)
    worker, first, begun = Actor.system("benchmark"), 0.0, time.perf_counter()
    while await bench.ombud.desk.arun(worker, index_fresh_documents):
        first = first or time.perf_counter() - begun
    taken = time.perf_counter() - begun
    total, _page = await bench.ombud.search(TicketFilter(text="zzfreshload"))
    yield Outcome(
        f"bulk create, then search: {size:,}",
        {"guide": None, "ombud": round(taken * 1000, 3), "best": None},
        None,
        1,
        target="all found",
        met=total == min(size, 1000),
        note=f"from the commit until all are found and in the index; the first batch after {first * 1000:,.0f} ms",
        more={"first_ms": round(first * 1000, 3)},
    )
    undo_ombud(bench)


async def _memory(bench: Bench, _runs: int) -> AsyncIterator[Outcome]:
    """How much a process grows that reads every ticket once."""
    url = bench.server.desk_url(bench.database("ombud"))
    line = [sys.executable, "-m", "benchmarks.guide.streaming", url]
    told = subprocess.run(line, capture_output=True, text=True, check=True, cwd=ROOT).stdout  # noqa: ASYNC221 - nothing else runs
    found = json.loads(told)
    yield Outcome(
        "memory of streaming all tickets",
        {"guide": None, "ombud": found["ms"], "best": None},
        None,
        1,
        target=f"at most {GROWTH_MB} MB of growth",
        met=found["growth_mb"] <= GROWTH_MB,
        note=f"{found['tickets']:,} tickets; the process grew by {found['growth_mb']:.0f} MB",
        more={"growth_mb": found["growth_mb"]},
    )


async def _growth(bench: Bench, runs: int) -> AsyncIterator[Outcome]:
    """The same questions of a small desk and of this one; "best" is the small one."""
    if bench.tickets <= 10_000:
        return
    async with desk(bench.server, "ombud_10000") as small:

        def asked(name: str) -> Case:
            sides: dict[str, Callable[[OmbudSide], Awaitable[Any]]] = {
                "list": lambda side: side.search(),
                "ticket": lambda side: side.ticket("TKT-00000077"),
                "counters": lambda side: side.counters(),
                "rare search": lambda side: side.search(TicketFilter(text="xqzrarevorp")),
            }
            return Case(
                f"latency against 10,000 tickets: {name}",
                ombud=lambda: sides[name](bench.ombud),
                best=lambda: sides[name](small),
                target=Target(best=1.5),
                compare=False,
                note="best is Ombud with 10,000 tickets",
            )

        for name in ("list", "ticket", "counters", "rare search"):
            yield await measure(asked(name), runs)
