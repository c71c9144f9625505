"""How long merging takes where very many tickets hang on it, and finding who is here twice among very many.

`python -m benchmarks.curation [--tickets 100000] [--customers 300000]`

A desk on a scratch server; one customer with all the tickets, each with a tag. Row security and the audit log are on.
Prints one JSON object: seconds for each step, and how many rows it changed.
"""

import argparse
import json
import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import func, select

from benchmarks.desk import scratch_folder
from ombud import Actor, Desk, Settings, Ticket
from ombud.audit.actions import undo_request
from ombud.curation import LikePeople, duplicate_people, merge_people, merge_tags, place_of
from ombud.models import Tag, TicketTag
from ombud.testing import make_cast, make_tag, make_user, scratch_server
from ombud.tickets import bulk_create_tickets

T = TypeVar("T")
PORTION = 10_000
CUSTOMERS = """
INSERT INTO ombud.users (email, full_name)
SELECT CASE WHEN n % 50 < 2 THEN 'twin' || n / 2 || '+' || n || '@many.example'
            ELSE 'user' || n || '@mail' || n % 500 || '.example' END,
       CASE WHEN n % 20 = 0 THEN 'Double Name' || n / 40 ELSE initcap(md5(n::text)) || ' ' || md5(n::text || 'x') END
  FROM generate_series(1, {customers}) n
"""
"""Of a hundred two pairs have one inbox, and two and a half one name."""


def main() -> None:
    """Fill, measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tickets", type=int, default=100_000)
    parser.add_argument("--customers", type=int, default=300_000)
    chosen = parser.parse_args()
    with (
        scratch_folder() as folder,
        scratch_server(folder / "server") as server,
        server.database() as database,
        Desk(database.url, Settings()) as desk,
    ):
        found = _measure(desk, chosen.tickets)
        # A vacuum marks as seen by all only what is in the log on the disk, as a desk's commits are.
        database.execute("SET synchronous_commit = on")
        database.execute(CUSTOMERS.format(customers=chosen.customers))
        database.execute("VACUUM ANALYZE ombud.users")
        print(json.dumps(found | _measure_pairs(desk, chosen.customers), indent=2))


def _measure(desk: Desk, count: int) -> dict[str, object]:
    system = Actor.system("bench")
    cast = desk.run(system, make_cast)
    double = desk.run(system, lambda session: make_user(session).id)
    found: dict[str, object] = {"tickets": count}
    found["create_seconds"] = _timed(lambda: _fill(desk, system, double, count))
    admin = cast.admin.in_new_request()
    found["merge_people_seconds"] = _timed(lambda: desk.run(admin, merge_people, [double], cast.customer.id))
    found["moved"] = _tickets_of(desk, system, cast.customer.id)
    found["undo_seconds"] = _timed(
        lambda: desk.run(cast.admin.in_new_request(), undo_request, admin.request_id)
    )
    found["moved_back"] = _tickets_of(desk, system, double)
    with desk.read(system) as session:
        source, target = session.scalars(select(Tag.id).order_by(Tag.id)).all()
    found["merge_tags_seconds"] = _timed(
        lambda: desk.run(cast.admin.in_new_request(), merge_tags, [source], target)
    )
    with desk.read(system) as session:
        found["tagged"] = session.scalar(
            select(func.count()).select_from(TicketTag).where(TicketTag.tag_id == target)
        )
    return found


def _measure_pairs(desk: Desk, customers: int) -> dict[str, object]:
    """Time pages of those who may be here twice: the first, and one that goes on after it."""
    pages: list[list[LikePeople]] = []

    def turn() -> None:
        after = place_of(pages[-1][-1]) if pages else None
        with desk.read(Actor.system("bench")) as session:
            pages.append(duplicate_people(session, limit=50, after=after))

    return {"customers": customers, "page_seconds": [_timed(turn) for _ in range(3)]}


def _fill(desk: Desk, system: Actor, customer: int, count: int) -> None:
    tags = desk.run(system, lambda session: (make_tag(session, "a").name, make_tag(session, "b").name))
    for start in range(0, count, PORTION):
        rows = [
            {"title": f"Ticket {n}", "description": "word " * 20, "requester_id": customer, "tags": tags[:1]}
            for n in range(start, min(start + PORTION, count))
        ]
        desk.run(system, bulk_create_tickets, rows)


def _tickets_of(desk: Desk, system: Actor, customer: int) -> int:
    with desk.read(system) as session:
        statement = select(func.count()).select_from(Ticket).where(Ticket.requester_id == customer)
        return session.scalars(statement).one()


def _timed(step: Callable[[], T]) -> float:
    began = time.perf_counter()
    step()
    return round(time.perf_counter() - began, 2)


if __name__ == "__main__":
    main()
