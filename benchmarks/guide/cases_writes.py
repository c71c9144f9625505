"""Writes: many tickets at once, many changes at once, and small transactions one after the other."""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import AsyncIterator, Iterator
from typing import Any

from benchmarks.guide.bench import Bench
from benchmarks.guide.best_writes import BestWrites
from benchmarks.guide.loading import run_script
from benchmarks.guide.model import Priority, Status
from benchmarks.guide.timing import Case, Target
from ombud import TicketPriority, TicketStatus

SIZES = (1_000, 10_000, 100_000)
TRANSACTIONS = 300
SIXTY_THOUSAND = 60_000


async def cases(bench: Bench) -> AsyncIterator[Case]:
    """Yield the writes. What they commit is taken away by `undo`."""
    writes = BestWrites(bench.best.connection)
    words = [row[0] for row in await bench.guide_connection.fetch("SELECT w FROM bench_vocab ORDER BY rank")]
    chance = random.Random(5)
    texts = [" ".join(chance.choices(words, k=65)) for _ in range(500)]
    for size in SIZES:
        if size > 2 * bench.tickets:
            continue
        yield _bulk_create(bench, writes, size, texts)
    yield await _bulk_update(bench, writes, bench.many, Target(guide=1 / 1.5))
    if bench.tickets > 2 * SIXTY_THOUSAND:
        yield await _bulk_update(bench, writes, SIXTY_THOUSAND, Target(ms=6000))
    count = min(TRANSACTIONS, bench.tickets // 10)
    numbers = (f"X{os.getpid()}-{n}" for n in itertools.count())

    async def small(side: Any) -> int:
        for _ in range(count):
            await side(next(numbers))
        return count

    yield Case(
        f"{count} create + comment transactions",
        lambda: small(lambda number: bench.guide.create_with_comment(number, 600, 3)),
        lambda: small(lambda _number: bench.ombud.create_with_comment(600)),
        lambda: small(lambda number: writes.create_with_comment(number, 600, 3)),
        Target(guide=2, best=2),
        note="Ombud's is Desk.aquick; the best is one statement with search row, roll-ups and a line in the log",
        writes=True,
    )
    yield Case(
        f"{count} create, then comment, in a session",
        lambda: small(lambda number: bench.guide.create_with_comment(number, 600, 3)),
        lambda: small(lambda _number: bench.ombud.create_then_comment(600)),
        note="Ombud's are open_ticket and reply in one transaction; the guide's are the same as above",
        writes=True,
    )


def undo(bench: Bench) -> None:
    """Take away what runs committed."""
    for side in ("guide", "best"):
        with bench.server.connect(bench.database(side)) as connection:
            run_script(connection, "90", bench.tickets)
            if side == "best":
                run_script(connection, "91", bench.tickets)
            connection.execute("VACUUM ANALYZE tickets")
    undo_ombud(bench)


def undo_ombud(bench: Bench) -> None:
    """Take away the tickets that Ombud got, and put back what was changed; the log keeps what was done."""
    guide, ours = bench.database("guide"), bench.database("ombud")
    with bench.server.connect(guide) as source, bench.server.connect(ours) as connection:
        connection.execute("SELECT set_config('ombud.actor', 'system:benchmark', false)")
        connection.execute("DELETE FROM ombud.tickets WHERE id > %s", [bench.tickets])
        connection.execute(
            "CREATE TEMP TABLE loaded (id bigint, status text, priority text, resolved_at timestamptz)"
        )
        with (
            source.cursor().copy(_AS_LOADED) as rows,
            connection.cursor().copy("COPY loaded FROM STDIN") as into,
        ):
            for block in rows:
                into.write(block)
        for switch in ("DISABLE", "ENABLE"):
            connection.execute(f"ALTER TABLE ombud.tickets {switch} TRIGGER keep".encode())
            if switch == "DISABLE":
                connection.execute(_PUT_BACK)
        connection.execute("SELECT ombud.fold_statistics(2147483647)")
        connection.execute("VACUUM ANALYZE ombud.tickets, ombud.ticket_stats, ombud.ticket_stats_delta")


_AS_LOADED = (
    "COPY (SELECT id, lower(status::text), lower(priority::text), resolved_at FROM tickets) TO STDOUT"
)
_PUT_BACK = """
UPDATE ombud.tickets t SET status = l.status, priority = l.priority, resolved_at = l.resolved_at
  FROM loaded l
 WHERE l.id = t.id
   AND (t.status, t.priority, t.resolved_at) IS DISTINCT FROM (l.status, l.priority, l.resolved_at)
"""


def _bulk_create(bench: Bench, writes: BestWrites, size: int, texts: list[str]) -> Case:
    def rows(side: str) -> list[dict[str, Any]]:
        return list(rows_for(size, texts, side))

    searchable = size <= 10_000
    return Case(
        f"bulk create {size:,}",
        lambda: bench.guide.bulk_create(rows("guide")),
        lambda: bench.ombud.bulk_create(rows("ombud")),
        lambda: writes.bulk_create(rows("best"), searchable=searchable),
        Target(guide=2),
        runs=3 if size > 1_000 else None,
        note="taken back; Ombud audits and makes it searchable, the best is COPY "
        f"{'with' if searchable else 'without'} search rows",
    )


async def _bulk_update(bench: Bench, writes: BestWrites, size: int, target: Target) -> Case:
    """Close and reopen the same tickets: legal both ways, so that all sides change all of them."""
    rows = await bench.guide_connection.fetch(
        "SELECT id FROM tickets WHERE status = 'CLOSED' AND deleted_at IS NULL ORDER BY md5(id::text) LIMIT $1",
        size,
    )
    ids = [row[0] for row in rows]
    turns = {side: itertools.cycle((Status.OPEN, Status.CLOSED)) for side in ("guide", "ombud", "best")}

    async def change(side: str) -> int:
        status = next(turns[side])
        if side == "guide":
            return await bench.guide.bulk_status(ids, status)
        if side == "best":
            return await writes.bulk_status(ids, status.name)
        return await bench.ombud.bulk_status(ids, TicketStatus(status.value))

    async def close() -> None:
        for side, turn in turns.items():
            if next(turn) is Status.CLOSED:
                turns[side] = itertools.cycle((Status.CLOSED,))
                await change(side)

    return Case(
        f"bulk update of {len(ids):,}",
        lambda: change("guide"),
        lambda: change("ombud"),
        lambda: change("best"),
        target,
        note="committed; only Ombud audits",
        writes=True,
        after=close,
    )


def rows_for(size: int, texts: list[str], side: str) -> Iterator[dict[str, Any]]:
    """Yield tickets to create, as each side takes them."""
    for n in range(size):
        row = {"title": "Bulk row", "description": texts[n % len(texts)], "assignee_id": 1 + n % 500}
        requester = 501 + n % 500
        if side == "ombud":
            yield {
                **row,
                "status": TicketStatus.OPEN,
                "priority": TicketPriority.LOW,
                "requester_id": requester,
            }
        else:
            is_guide = side == "guide"
            yield {
                **row,
                "ticket_number": f"L{os.getpid()}-{n}",
                "status": Status.OPEN if is_guide else "OPEN",
                "priority": Priority.LOW if is_guide else "LOW",
                "creator_id": requester,
            }
