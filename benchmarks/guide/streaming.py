"""A process of its own that reads every ticket once and says by how much it grew: `python -m ...streaming URL`."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from sqlalchemy import text

from ombud import Actor, Desk
from ombud.tickets import Place, TicketFilter, TicketSort
from ombud.tickets.listing import list_tickets


def main(url: str) -> None:
    """Walk the whole list, page by page, as an export does."""
    actor = Actor.agent(3)
    with Desk(url) as desk:
        with desk.read(actor) as session:
            session.execute(text("SELECT 1"))
            list_tickets(session, TicketFilter(), Place(TicketSort.CREATED))
        before, begun, tickets = _peak(), time.perf_counter(), 0
        cursor: str | None = None
        with desk.read(actor, snapshot=True) as session:
            while True:
                place = Place(TicketSort.CREATED, limit=100, cursor=cursor)
                page = list_tickets(session, TicketFilter(), place)
                tickets += len(page.rows)
                cursor = page.next_cursor
                if cursor is None:
                    break
    growth = (_peak() - before) / 1000
    print(json.dumps({"tickets": tickets, "ms": (time.perf_counter() - begun) * 1000, "growth_mb": growth}))


def _peak() -> float:
    """The most memory that this process has held so far, in kB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return float(next(line for line in lines if line.startswith("VmHWM")).split()[1])


if __name__ == "__main__":
    main(sys.argv[1])
