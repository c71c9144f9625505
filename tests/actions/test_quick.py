"""A ticket with its first comment in one round trip: what the usual way would write, under both layers of rights."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from ombud import Actor, Desk, TicketChannel, TicketPriority
from ombud.db import migrate
from ombud.db.detours import DETOURS
from ombud.db.plain import ACT, Seat
from ombud.db.quick import Quick
from ombud.db.statements import counted
from ombud.errors import Forbidden, Invalid
from ombud.testing import Cast, Persona, ScratchDatabase
from ombud.tickets import CommentAdded, Opened, TicketOpened, quick_opening
from ombud.tickets.queries.opening import Part
from tests.db.drivers import FOUR, driven

# What both ways must write alike: all but ids, numbers and moments.
WRITTEN = """
SELECT t.title, t.description, t.status, t.priority, t.channel, t.requester_id, t.creator_id, t.assignee_id, t.team_id,
       t.organization_id, t.version, t.first_response_at = t.created_at, t.last_activity_at = t.created_at,
       t.deleted_at,
       ARRAY(SELECT (c.author_id, c.content, c.is_internal, c.created_at = t.created_at)::text FROM ombud.comments c
              WHERE c.ticket_id = t.id),
       (SELECT s.public_document::text FROM ombud.ticket_search s WHERE s.ticket_id = t.id),
       ARRAY(SELECT (sum(d.weight), d.status, d.response_ms)::text FROM ombud.ticket_stats_delta d
              WHERE d.created_at = t.created_at GROUP BY d.status, d.response_ms HAVING sum(d.weight) <> 0)
  FROM ombud.tickets t WHERE t.id = %s
"""
LOGGED = """
SELECT table_name, action, actor, request_id,
       changes - '{id,ticket_id,ticket_number,created_at,last_activity_at}'::text[]
  FROM ombud.audit_logs WHERE ticket_id = %s ORDER BY id
"""
COUNTS = text("SELECT (SELECT count(*) FROM ombud.tickets), (SELECT count(*) FROM ombud.comments)")


def _by(person: Persona, quick: Quick[Opened]) -> tuple[str | None, ...]:
    """Return its texts with another author."""
    return (*quick.texts[: Part.AUTHOR - 1], str(person.id), *quick.texts[Part.AUTHOR :])


@contextmanager
def asynchronously(database: ScratchDatabase) -> Iterator[Callable[..., Any]]:
    """Yield a function that runs `work(desk, ...)` with a desk by asyncpg, whichever the others are tested with."""
    desk = Desk(database.url.set(drivername="postgresql+asyncpg"))
    with asyncio.Runner() as runner:
        try:
            yield lambda work, *args: runner.run(work(desk, *args))
        finally:
            runner.run(desk.aclose())


async def _both_ways(desk: Desk, actor: Actor, given: dict[str, Any]) -> tuple[list[str], Opened, Opened]:
    await desk.aquick(actor, quick_opening, title="Warm", requester_id=given["requester_id"])
    with counted() as asked:
        quick = await desk.aquick(actor, quick_opening, **given)
    return asked.statements, quick, await desk.arun(actor, quick_opening(actor, **given).usual)


def test_it_writes_what_the_usual_way_writes(cast: Cast, database: ScratchDatabase) -> None:
    """Row by row: the ticket, what was said, its documents, and the log but for when the answer stands in it."""
    typed = {"title": " It's; 'so' \\ {1}\n", "description": 'NULL, "x"', "requester_id": cast.customer.id}
    ways: list[dict[str, Any]] = [
        {**typed, "reply": "Look: {,} '\\'", "priority": TicketPriority.HIGH, "channel": TicketChannel.PHONE},
        {**typed, "reply": "Between us.", "is_internal": True},
        {**typed},
        {"title": "My own", "reply": "It works again."},  # an answer to oneself is no response
    ]
    actor = cast.agent.actor.for_request("r-1")
    before = dict(DETOURS.counts)
    with asynchronously(database) as run:
        for given in ways:
            asked, *both = run(_both_ways, actor, {"requester_id": actor.user_id, **given})
            assert asked == [ACT]
            with migrate.connected(database.admin_url) as connection:
                one, other = (connection.execute(WRITTEN, [way.ticket_id]).fetchall()[0] for way in both)
                logs = [connection.execute(LOGGED, [way.ticket_id]).fetchall() for way in both]
            documents = [
                row[-2].replace(way.ticket_number, "N") for row, way in zip((one, other), both, strict=True)
            ]
            assert documents[0] == documents[1]
            assert (*one[:-2], one[-1]) == (*other[:-2], other[-1])
            assert [opened.comment_id is not None for opened in both] == ["reply" in given] * 2
            is_response = bool(one[11])
            # The usual way writes the ticket, the comment, and the response in the ticket.
            assert len(logs[1]) - len(logs[0]) == is_response
            kept = [row for row in logs[1] if row[1] == "CREATE"]
            for row in logs[0]:
                assert (row[4].pop("first_response_at", None) is not None) == (
                    is_response and row[0] == "tickets"
                )
            assert logs[0] == kept
    assert dict(DETOURS.counts) == before


def test_what_is_refused_is_refused_in_words_and_leaves_nothing(
    desk: Desk, cast: Cast, database: ScratchDatabase
) -> None:
    agent, light = cast.agent.actor, cast.light_agent.actor
    known: dict[str, Any] = {"title": "No", "requester_id": cast.customer.id}
    with asynchronously(database) as run:

        async def refused(desk: Desk, actor: Actor, given: dict[str, Any]) -> Exception:
            with pytest.raises((Invalid, Forbidden)) as caught:
                await desk.aquick(actor, quick_opening, **known | given)
            return caught.value

        for given, name in (
            ({"title": " "}, "title"),
            ({"reply": " "}, "content"),
            ({"requester_id": 2**40}, "requester"),
            ({"requester_id": 2**80}, "requester"),
            ({"priority": "huge"}, "priority"),
        ):
            assert list(run(refused, agent, given).fields) == [name]
        assert isinstance(run(refused, light, {"reply": "Hello"}), Forbidden)
        assert isinstance(run(refused, cast.other_customer.actor, {}), Invalid)
        assert isinstance(run(refused, Actor.system("test"), {"reply": "Hello"}), Invalid)
    with desk.read(Actor.system("test")) as session:
        assert tuple(session.execute(COUNTS).one()) == (0, 0)


def test_the_database_refuses_by_itself(desk: Desk, cast: Cast, database: ScratchDatabase) -> None:
    """The steps of somebody who may, asked by somebody who may not: nothing is written, not even the first of them."""
    answer = quick_opening(cast.agent.actor, title="No", requester_id=cast.customer.id, reply="Hello")
    aside = quick_opening(
        cast.light_agent.actor, title="Note", requester_id=cast.customer.id, reply="Hm", is_internal=True
    )
    with asynchronously(database) as run:

        async def asked(desk: Desk, actor: Actor, what: Any) -> list[str | None] | None:
            return await desk.answer(Seat.of(None, b"", actor), "-", what.steps, *what.texts, does="writes")

        # answering without that right, as somebody else, for another customer, and a note by a customer
        assert (
            run(asked, cast.light_agent.actor, replace(answer, texts=_by(cast.light_agent, answer))) is None
        )
        assert run(asked, cast.other_agent.actor, answer) is None
        assert (
            run(asked, cast.other_customer.actor, replace(answer, texts=_by(cast.other_customer, answer)))
            is None
        )
        assert run(asked, cast.customer.actor, replace(aside, texts=_by(cast.customer, aside))) is None
        assert run(asked, cast.light_agent.actor, aside) is not None
    with desk.read(Actor.system("test")) as session:
        assert tuple(session.execute(COUNTS).one()) == (1, 1)


@pytest.mark.parametrize("as_hook", [False, True])
def test_who_wants_to_know_is_told(cast: Cast, database: ScratchDatabase, as_hook: bool) -> None:
    heard: list[object] = []

    def hear(_session: object, event: object) -> None:
        heard.append(event)

    async def ask(desk: Desk) -> Opened:
        if as_hook:
            desk.on(hear)
        else:
            desk.reactions = (hear,)
        return await desk.aquick(
            cast.agent.actor, quick_opening, title="Broken", requester_id=cast.customer.id, reply="Hello"
        )

    with asynchronously(database) as run:
        opened = run(ask)
    assert [type(event) for event in heard] == [TicketOpened, CommentAdded]
    assert [event.ticket.id for event in heard if isinstance(event, CommentAdded)] == [opened.ticket_id]


@pytest.mark.parametrize("driver", FOUR[2:])
def test_any_asynchronous_driver_and_any_actor(cast: Cast, database: ScratchDatabase, driver: str) -> None:
    """A customer opens their own, the usual way."""
    with driven(driver, database.url) as made:
        assert made.runner is not None
        for actor, requester in ((cast.agent.actor, cast.customer.id), (cast.customer.actor, None)):
            opened = made.runner.run(
                made.desk.aquick(actor, quick_opening, title="Broken", requester_id=requester, reply="Hello")
            )
            assert made.scalar("SELECT max(id) FROM ombud.comments") == opened.comment_id
