"""Pages, details, counters and statistics: what people look at all day."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from typing import Any

from benchmarks.guide.bench import ME, Bench, capped
from benchmarks.guide.model import Status
from benchmarks.guide.timing import Case, Side, Target
from ombud import TicketStatus

PAGE = Target(guide=50, best=3)
FIRST_DAY, LAST_DAY = date(2026, 10, 1), date(2026, 10, 30)
START, END = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 10, 31, tzinfo=UTC)
GUIDES_END = datetime(2026, 10, 30, 23, 59, 59, 999999, tzinfo=UTC)


async def cases(bench: Bench) -> AsyncIterator[Case]:
    """Yield the reads other than searches."""
    guide, ombud, best = bench.guide, bench.ombud, bench.best
    yield Case("floor: SELECT 1", guide.one, ombud.one, best.one)
    yield Case(
        "floor: one ticket",
        lambda: guide.ticket(77),
        lambda: ombud.ticket("TKT-00000077"),
        lambda: best.ticket(77),
        note="Ombud's with people, team and tags",
    )
    yield Case("first page", _capped(guide.search), _capped(ombud.search), _capped(best.newest), PAGE)
    yield Case(
        "first page, as objects of a session",
        _capped(guide.search),
        _capped(ombud.search_in_session),
        _capped(best.newest),
    )
    moment, ticket_id = await bench.newest_at(bench.depth - 1)
    yield Case(
        "page at depth",
        _capped(lambda: guide.search(offset=bench.depth)),
        _capped(lambda: ombud.after(moment, ticket_id)),
        _capped(lambda: best.after(moment, ticket_id)),
        PAGE,
        note=f"after {bench.depth:,} tickets",
    )
    yield Case(
        "page of 50 with details",
        lambda: guide.details(Status.OPEN, 50),
        lambda: ombud.details(TicketStatus.OPEN, 50),
        lambda: best.details("OPEN", 50),
        Target(guide=2, best=2.5),
    )
    yield Case(
        "page of 50 with details, as objects of a session",
        lambda: guide.details(Status.OPEN, 50),
        lambda: ombud.details_in_session(TicketStatus.OPEN, 50),
        lambda: best.details("OPEN", 50),
    )
    yield Case(
        "details of all open tickets",
        lambda: _ids(guide.details(Status.OPEN)),
        lambda: _ids(ombud.all_details(TicketStatus.OPEN)),
        lambda: _ids(best.details("OPEN")),
        runs=3,
        note="the guide's is unbounded; Ombud's page by page, at most 50 comments each",
    )
    yield Case(
        "view counters",
        lambda: _guides_counters(bench),
        ombud.counters,
        lambda: best.counters(ME),
        Target(guide=100, ms=5),
        note="six views, each up to 1,000",
    )
    yield Case(
        "statistics: all time",
        _rounded(guide.statistics),
        _rounded(ombud.statistics),
        _rounded(lambda: _best_statistics(best.statistics())),
        Target(guide=50, best=5),
    )
    yield Case(
        "statistics: all time, by a session",
        _rounded(guide.statistics),
        _rounded(ombud.statistics_in_session),
        _rounded(lambda: _best_statistics(best.statistics())),
    )
    yield Case(
        "statistics: 30 days",
        _rounded(lambda: guide.statistics(START, GUIDES_END)),
        _rounded(lambda: ombud.statistics(START, END)),
        _rounded(lambda: _best_statistics(best.statistics_of(FIRST_DAY, LAST_DAY))),
        Target(guide=50, best=5),
    )


async def _ids(details: Any) -> list[int]:
    return [ticket_id for ticket_id, _comments in await details]


async def _guides_counters(bench: Bench) -> list[int]:
    undone = [Status.OPEN, Status.IN_PROGRESS, Status.WAITING_ON_CUSTOMER]
    count = bench.guide.count
    unassigned = await count(statuses=undone) - await bench.guide_connection.fetchval(
        "SELECT count(*) FROM tickets WHERE deleted_at IS NULL AND assignee_id IS NOT NULL"
        " AND status IN ('OPEN', 'IN_PROGRESS', 'WAITING_ON_CUSTOMER')"
    )  # the guide cannot ask for nobody's tickets (D23)
    found = [
        await count(statuses=undone, assignee=ME),
        unassigned,
        await count(statuses=undone[:2]),
        await count(statuses=undone[2:]),
        await count(statuses=[Status.RESOLVED, Status.CLOSED]),
        await count(),
    ]
    return [min(one, 1000) for one in found]


async def _best_statistics(answer: Any) -> dict[str, Any]:
    sums, people = await answer
    found: dict[str, Any] = {"status": {}, "priority": {}, "assignee": []}
    for status, priority, n, _resolved, _seconds in sums:
        found["status"][status] = found["status"].get(status, 0) + int(n)
        found["priority"][priority] = found["priority"].get(priority, 0) + int(n)
    resolved = sum(int(row[3]) for row in sums)
    found["hours"] = float(sum(row[4] for row in sums)) / resolved / 3600 if resolved else 0
    found["assignee"] = [{"assignee": name, "n": int(n), "hours": hours} for name, n, hours in people]
    return found


def _rounded(side: Side) -> Side:
    """Ask, and make what is left of rounding and of equal places comparable."""

    async def ask() -> dict[str, Any]:
        found = dict(await side())
        found["hours"] = round(float(found["hours"] or 0), 3)
        found["assignee"] = sorted(
            (one["assignee"], one["n"], None if one["hours"] is None else round(float(one["hours"]), 3))
            for one in found["assignee"]
        )
        return found

    return ask


def _capped(side: Side) -> Side:
    async def ask() -> tuple[int, list[int]]:
        return capped(await side())

    return ask
