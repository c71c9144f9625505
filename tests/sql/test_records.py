"""Pages and figures in one round trip: what the usual way finds, for everybody, under both layers of rights."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import product
from typing import Any

import pytest
from sqlalchemy import true

from ombud import Actor, Desk, TicketStatus, clock
from ombud.analytics import quick_statistics
from ombud.db import made
from ombud.db.detours import DETOURS
from ombud.db.plain import ACT, Seat
from ombud.db.quick import Quick
from ombud.db.statements import counted
from ombud.errors import Forbidden, Invalid
from ombud.testing import Cast, ScratchDatabase, make_comment, stored_file
from ombud.tickets import attach_file, bulk_create_tickets, soft_delete_ticket
from ombud.tickets.filters import ME, UNASSIGNED, Place, TicketFilter, TicketSort
from ombud.tickets.queries import lists, matching
from ombud.tickets.reads import FoundRecords, quick_tickets
from ombud.tickets.reads import queries as read_queries
from tests.db.drivers import FOUR, driven

HOSTILE = "it's \\ {1} 50% _x"
"""Typed into a search box, and in a title."""
Asked = Callable[..., Any]


@pytest.fixture
def asked(database: ScratchDatabase) -> Iterator[Asked]:
    """Ask a desk by asyncpg, whichever driver the others are tested with."""
    desk = Desk(database.url.set(drivername="postgresql+asyncpg"))
    with asyncio.Runner() as runner:
        try:
            yield lambda work, *args, **given: runner.run(work(desk, *args, **given))
        finally:
            runner.run(desk.aclose())


@pytest.fixture
def tickets(desk: Desk, cast: Cast, system: Actor) -> list[int]:
    """Two dozen of them, with all that a ticket can have; some deleted."""

    def make(session: Any) -> list[int]:
        rows: list[dict[str, Any]] = [
            {
                "title": f"{'printer' if n % 2 else 'scanner'} {n} {HOSTILE if n % 5 == 0 else ''}",
                "description": 'a line\nand "another" \u2028 \U0001f600' * (n % 3),
                "requester_id": (cast.customer if n % 3 else cast.other_customer).id,
                "status": list(TicketStatus)[n % 5],
                "assignee_id": (None, cast.team_agent.id, cast.agent.id)[n % 3],
                "team_id": (None, cast.team.id, cast.other_team.id)[n % 3],
                "tags": [tag for place, tag in enumerate(("red", "green")) if n & (place + 1)],
                "created_at": clock.now() - timedelta(days=n, microseconds=n % 2),
            }
            for n in range(24)
        ]
        ids = [key for key in bulk_create_tickets(session, rows).ids if key is not None]
        for key in ids[1::7]:
            soft_delete_ticket(session, key)
        return ids

    ids = desk.run(system, make)

    def say(session: Any) -> None:
        for n, key in enumerate([ids[2], ids[4], ids[3], ids[6]]):
            internal = n % 2 == 0
            make_comment(
                session, key, cast.agent.id, "It's plugged in.", is_internal=internal, files=[stored_file()]
            )
            attach_file(session, key, stored_file("own.txt"))

    desk.run(cast.agent.actor, say)
    return ids


def _given(quick: Quick[Any], _actor: Actor) -> Quick[Any]:
    return quick


async def both(desk: Desk, actor: Actor, quick: Quick[Any], *, is_quick: bool = True) -> Any:
    """Ask both ways, and return what both say."""
    with counted() as log:
        found = await desk.aquick(actor, partial(_given, quick))
    assert (log.statements == [ACT]) is is_quick
    async with desk.aread(actor) as session:
        assert found == await session.run_sync(quick.usual)  # type: ignore[arg-type]  # it is a DeskSession
    return found


async def every_page(
    desk: Desk, actor: Actor, wanted: TicketFilter, place: Place, *, details: bool = False
) -> list[Any]:
    """Ask both ways for page after page, and return the ids."""
    ids: list[int] = []
    while True:
        found: FoundRecords = await both(desk, actor, quick_tickets(actor, wanted, place, details=details))
        ids += [ticket.id for ticket in found.tickets]
        if found.next_cursor is None:
            assert len(ids) == found.total
            return ids
        place = replace(place, cursor=found.next_cursor)


FILTERS = (
    TicketFilter(),
    TicketFilter(statuses=(TicketStatus.OPEN, TicketStatus.CLOSED), assignees=(ME, UNASSIGNED)),
    TicketFilter(statuses=()),
    TicketFilter(deleted=True),
    TicketFilter(text="printer"),
    TicketFilter(text="nothing has this"),
    TicketFilter(text=HOSTILE),
    TicketFilter(text="status:open scanner"),
    TicketFilter(substring=HOSTILE),
    TicketFilter(substring="RINT", assignees=(ME,)),
    TicketFilter(substring="50%"),
)
SIGHTS = ("agent", "team_agent", "light_agent")


@pytest.mark.parametrize("is_common", [False, True])
def test_records_are_what_the_usual_way_finds_page_by_page(
    cast: Cast, tickets: list[int], asked: Asked, monkeypatch: pytest.MonkeyPatch, is_common: bool
) -> None:
    """Every filter that is a step, in every order, rare or common; one statement each."""
    monkeypatch.setattr(made, "_MADE", OrderedDict())
    if is_common:
        monkeypatch.setattr(matching, "COMMON", 0)
        monkeypatch.setattr(matching, "COMMON_TEXTS", 0)
    before, many = dict(DETOURS.counts), 0
    for who, wanted in product(SIGHTS if not is_common else SIGHTS[:1], FILTERS):
        place = Place(TicketSort.CREATED, limit=11)
        many += len(asked(every_page, getattr(cast, who).actor, wanted, place))
    assert many > 50
    for sort, ascending in product(
        (TicketSort.ACTIVITY, TicketSort.PRIORITY, TicketSort.CREATED), (False, True)
    ):
        place = Place(sort, ascending=ascending, limit=5)
        asked(every_page, cast.agent.actor, TicketFilter(text="printer"), place)
    assert dict(DETOURS.counts) == before


def test_details_come_along(cast: Cast, tickets: list[int], asked: Asked) -> None:
    """Comments with their authors and files, both ways alike, and everything of them."""
    for who in SIGHTS:
        asked(every_page, getattr(cast, who).actor, TicketFilter(), Place(limit=10), details=True)

    async def read(desk: Desk) -> FoundRecords:
        return await desk.aquick(
            cast.agent.actor, quick_tickets, place=Place(TicketSort.CREATED), details=True
        )

    found = {ticket.id: ticket for ticket in asked(read).tickets}
    ticket = found[tickets[2]]
    assert [(one.content, one.is_internal, one.author and one.author.id) for one in ticket.comments] == [
        ("It's plugged in.", True, cast.agent.id)
    ]
    assert [file.file_name for file in ticket.attachments] == ["report.txt", "own.txt"]
    assert ticket.attachments[0].comment_id == ticket.comments[0].id
    assert ticket.requester is not None
    assert ticket.requester.email == cast.customer.user.email
    assert ticket.status is TicketStatus.WAITING_ON_CUSTOMER
    assert ticket.created_at.tzinfo is not None
    assert [tag.name for tag in ticket.tags] == ["green"]


@pytest.mark.parametrize(
    "wanted",
    [
        TicketFilter(tags=("red",)),
        TicketFilter(text="tag:red printer"),
        TicketFilter(text="printer", substring="rint"),
        TicketFilter(created_from=datetime(2020, 1, 1, tzinfo=UTC)),
        TicketFilter(without=(TicketFilter(statuses=(TicketStatus.OPEN,)),)),
    ],
)
def test_what_would_stand_in_the_statement_goes_the_usual_way(
    cast: Cast, tickets: list[int], asked: Asked, wanted: TicketFilter
) -> None:
    actor = cast.agent.actor
    found = asked(lambda desk: both(desk, actor, quick_tickets(actor, wanted), is_quick=False))
    assert found.tickets


@pytest.mark.parametrize("driver", FOUR)
def test_every_driver_and_a_customer_find_the_same(
    cast: Cast, tickets: list[int], database: ScratchDatabase, driver: str
) -> None:
    """A customer's page is their own, without tags and notes."""
    wanted, place = TicketFilter(substring="plugged"), Place(TicketSort.CREATED)
    with driven(driver, database.url) as by:
        for actor, notes in ((cast.agent.actor, True), (cast.customer.actor, False)):
            quick = quick_tickets(actor, wanted, place, details=True)
            found = by.read(quick.usual, actor)
            if by.runner is not None:
                assert by.runner.run(by.desk.aquick(actor, partial(_given, quick))) == found
            assert found.tickets
            said = [comment.is_internal for ticket in found.tickets for comment in ticket.comments]
            assert any(said) is notes
            assert any(ticket.tags for ticket in found.tickets) is notes


def test_either_layer_of_rights_holds_alone(
    cast: Cast, tickets: list[int], asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody of a team asks with the conditions of somebody who sees all; then with those alone."""
    team, every = cast.team_agent.actor, cast.agent.actor
    place = Place(TicketSort.CREATED)

    async def seen(desk: Desk, actor: Actor, quick: Quick[FoundRecords]) -> set[int]:
        told = await desk.answer(Seat.of(None, b"", actor), "-", quick.steps, *quick.texts)
        assert told is not None
        return {ticket.id for ticket in quick.result(told).tickets}

    own = asked(seen, team, quick_tickets(team, None, place))
    everything = asked(seen, every, quick_tickets(every, None, place))
    assert own < everything
    for wanted in (TicketFilter(), TicketFilter(text="printer"), TicketFilter(substring="rint")):
        mine = asked(seen, team, quick_tickets(team, wanted, place))
        # Row security alone: the statement has no condition of its own about who sees what.
        assert asked(seen, team, quick_tickets(every, wanted, place)) == mine
        # The statement's own conditions alone: row security lets an agent of all teams see everything.
        assert asked(seen, every, quick_tickets(team, wanted, place)) == mine
        assert mine <= own
    for module in (lists, matching, read_queries):
        monkeypatch.setattr(module, "visible_to", lambda _actor: true())
    assert asked(seen, every, quick_tickets(team, None, place)) == everything  # so it was those conditions


def test_what_is_no_cursor_and_no_text_is_refused(cast: Cast, asked: Asked) -> None:
    actor = cast.agent.actor
    for bad in ("x", "AAAA"):
        with pytest.raises(Invalid):
            quick_tickets(actor, None, Place(cursor=bad))
    with pytest.raises(Invalid):
        quick_tickets(actor, TicketFilter(text="\0"))


DAYS = [
    (None, None),
    (datetime(2020, 1, 1, tzinfo=UTC), None),
    (datetime(2020, 2, 3, tzinfo=UTC), datetime(2031, 3, 5, tzinfo=UTC)),
]


def test_statistics_are_what_the_usual_way_counts(cast: Cast, tickets: list[int], asked: Asked) -> None:
    def ask(actor: Actor, *, is_quick: bool = True, **given: Any) -> Any:
        return asked(lambda desk: both(desk, actor, quick_statistics(actor, **given), is_quick=is_quick))

    for who, (start, end) in product(SIGHTS, DAYS):
        assert ask(getattr(cast, who).actor, start=start, end=end)["total"] > 0
    noon = datetime(2020, 1, 1, 12, tzinfo=UTC)
    assert ask(cast.agent.actor, start=noon, is_quick=False)["total"] > 0
    assert ask(cast.agent.actor, time_zone="Asia/Tokyo", is_quick=False)["time_zone"] == "Asia/Tokyo"
    with pytest.raises(Forbidden):
        quick_statistics(cast.customer.actor)
    for wrong in ({"start": datetime(2020, 1, 1)}, {"time_zone": "Nowhere"}):  # noqa: DTZ001 - naive on purpose
        with pytest.raises(Invalid):
            quick_statistics(cast.agent.actor, **wrong)
