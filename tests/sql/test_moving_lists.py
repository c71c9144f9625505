"""Lists that are read page by page while rows come, go and move: what stayed is seen, and seen once."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy.orm import Session

from ombud import Desk, TicketPriority, TicketStatus
from ombud.audit import LogFilter
from ombud.audit import queries as audit
from ombud.curation import queries as curation
from ombud.db.actor import Actor
from ombud.models import AuditLog, Comment, CustomRole, Tag, Team
from ombud.people import queries as people
from ombud.testing import Cast, make_comment, make_customer, make_ticket
from ombud.tickets import add_tags, change_ticket, set_status, soft_delete_ticket
from ombud.tickets.filters import TicketSort
from ombud.tickets.paging import queries as paging
from ombud.tickets.reads import search_tickets

SYSTEM = Actor.system("test")
ODD_NAMES = ("ΟΔΟΣ", "ΟΔΟΣ Β", "İA", "ib", "Ic", "STRASSE", "Straße", "ẞ", "ǅ", "z", "_", "ÅNGSTRÖM", "日本")
"""Their lower case is not Python's: the end of a Greek word, the dotted I."""


def walk(page_after: Callable[[Any], list[Any]], place_of: Callable[[Any], Any], first: Any) -> Iterator[Any]:
    """Yield the rows of all pages; a page that leads back to itself ends in an error instead of never."""
    after = first
    for _ in range(1000):
        rows = page_after(after)
        yield from rows
        if not rows:
            return
        after = place_of(rows[-1])
    raise AssertionError("no end")


def test_names_are_walked_in_the_databases_own_order(desk: Desk) -> None:
    with desk.begin(SYSTEM) as session:
        for name in ODD_NAMES:
            session.add_all(
                (Tag(name=name, color="#000000"), Team(name=name), CustomRole(name=name, permissions=[]))
            )
    with desk.read(SYSTEM) as session:
        for limit in (1, 2, 5):
            for page in (paging.tags, people.teams_page, people.roles, curation.tags_in_use):

                def one_page(after: Any, page: Any = page, limit: int = limit) -> list[Any]:
                    return list(session.scalars(page(after=after, limit=limit)))

                walked = sorted(one.name for one in walk(one_page, lambda one: one.name, ""))
                assert walked == sorted(ODD_NAMES), (page, limit)


def stir(session: Session, cast: Cast, moved: int | None, how: int) -> None:
    """Open a ticket that is found, too, and move another."""
    fresh = make_ticket(session, cast.customer.id, title="lamp lamp lamp", description="new").id
    if moved is None:
        return
    match how:
        case 0:
            soft_delete_ticket(session, moved)
        case 1:
            set_status(session, moved, TicketStatus.CLOSED)
        case 2:
            make_comment(session, moved, cast.agent.id, "lamp lamp")
        case 3:
            change_ticket(session, moved, {"priority": TicketPriority.URGENT, "title": "a lamp less"})
        case _:
            add_tags(session, fresh, ["lamp"])


def test_tickets_that_stay_are_seen_once_in_every_order(desk: Desk, cast: Cast) -> None:
    """Between any two pages others are opened, answered, moved on, tagged, deleted and given other priorities."""
    chance = random.Random(1)
    with desk.begin(SYSTEM) as session:
        tickets = [
            make_ticket(session, cast.customer.id, title=f"lamp {'lamp ' * (n % 4)}", description="a lamp").id
            for n in range(30)
        ]
    moving = chance.sample(tickets, 15)
    staying = sorted(set(tickets) - set(moving))

    for sort in TicketSort:
        for substring in (False, True) if sort is not TicketSort.RANK else (False,):
            seen: list[int] = []
            cursor = None
            while True:
                with desk.read(cast.agent.actor) as session:
                    page = search_tickets(
                        session,
                        "lamp",
                        sort=sort,
                        substring=substring,
                        limit=chance.randint(3, 7),
                        cursor=cursor,
                    )
                    seen += [ticket.id for ticket in page.tickets]
                if page.next_cursor is None:
                    break
                cursor = page.next_cursor
                desk.run(SYSTEM, stir, cast, moving.pop() if moving else None, chance.randrange(5))
            assert sorted(one for one in seen if one in staying) == staying, (sort, substring)


def test_comments_people_and_the_log_that_stay_are_seen_once(desk: Desk, cast: Cast) -> None:
    with desk.begin(SYSTEM) as session:
        ticket = make_ticket(session, cast.customer.id).id
        said = [make_comment(session, ticket, cast.agent.id, f"{n}").id for n in range(20)]
        known = [make_customer(session).id for _ in range(20)]
    with desk.read(SYSTEM) as session:
        logged = set(
            session.scalars(audit.log(SYSTEM, LogFilter(), limit=1000).with_only_columns(AuditLog.id))
        )

    def pages(statement: Callable[[Any], Any]) -> Callable[[Any], list[Any]]:
        def page(after: Any) -> list[Any]:
            with desk.begin(SYSTEM) as session:
                rows = list(session.scalars(statement(after)).unique())
                make_customer(session)
                make_comment(session, ticket, cast.agent.id, "one more")
                if len(said) > 3 and rows and isinstance(rows[0], Comment):
                    session.delete(session.get_one(Comment, said.pop(0)))  # one of those above
            return rows

        return page

    last_said = said[-3:]
    comments = pages(lambda after: paging.comments_page(SYSTEM, ticket, limit=3, cursor=after).limit(3))
    seen = [one.id for one in _some(walk(comments, paging.cursor_after, None), 60)]
    assert [one for one in seen if one in last_said] == last_said
    assert len(seen) == len(set(seen))

    everybody = pages(lambda after: people.users(SYSTEM, after=after, limit=3))
    met = [one.id for one in _some(walk(everybody, lambda one: one.id, 0), 60)]
    assert [one for one in met if one in known] == known

    log = pages(lambda before: audit.log(SYSTEM, LogFilter(), before=before, limit=7))
    read = [one.id for one in walk(log, lambda one: one.id, None)]
    assert sorted(one for one in read if one in logged) == sorted(logged)
    assert read == sorted(set(read), reverse=True)


def _some(rows: Iterator[Any], most: int) -> Iterator[Any]:
    """Take no more than that: what grows while it is read has no end."""
    for _, row in zip(range(most), rows, strict=False):
        yield row
