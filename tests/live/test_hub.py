"""Live updates from the database up: edges notify after their commit, hubs listen, and look by themselves too."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import pytest
import pytest_asyncio
from sqlalchemy import URL, text

from ombud import Actor, Desk, Settings, TicketPriority
from ombud.db.context import DeskSession
from ombud.db.statements import counted
from ombud.live import Changes, LiveHub
from ombud.settings import change_settings
from ombud.testing import Cast, ScratchDatabase, make_ticket
from ombud.tickets import set_priority

NEVER = 3600.0
PATIENCE = 10.0
"""Seconds until a test gives up; what it waits for takes milliseconds."""

pytestmark = pytest.mark.asyncio


class _Subscription:
    """A subscriber that is ready before the test goes on."""

    def __init__(self, hub: LiveHub) -> None:
        self._changes = hub.subscribe()
        self._next = asyncio.ensure_future(anext(self._changes))

    async def next(self) -> Changes:
        changes = await asyncio.wait_for(self._next, PATIENCE)
        self._next = asyncio.ensure_future(anext(self._changes))
        return changes

    async def close(self) -> None:
        self._next.cancel()
        await asyncio.wait([self._next])


@asynccontextmanager
async def _watching(desk: Desk, *, poll_seconds: float) -> AsyncIterator[_Subscription]:
    hub = LiveHub(desk, poll_seconds=poll_seconds)
    await hub.start()
    subscription = _Subscription(hub)
    await asyncio.sleep(0)  # let the subscriber begin to wait
    try:
        yield subscription
    finally:
        await subscription.close()
        await hub.stop()


@pytest_asyncio.fixture(params=["postgresql+asyncpg", "postgresql+psycopg"])
async def listening(request: pytest.FixtureRequest, database: ScratchDatabase) -> AsyncIterator[Desk]:
    """The desk of another process, which only listens."""
    desk = Desk(database.url.set(drivername=request.param), Settings())
    yield desk
    await desk.aclose()


async def test_a_commit_reaches_the_hub_of_another_process_by_notification(
    listening: Desk, desk: Desk, cast: Cast, system: Actor
) -> None:
    """The hub would look by itself only after an hour, so only the notification can have told it."""
    ticket = await desk.arun(system, make_ticket)
    async with _watching(listening, poll_seconds=NEVER) as subscription:
        await desk.arun(cast.agent.actor, set_priority, ticket.id, TicketPriority.URGENT)
        assert (await subscription.next()).ticket_ids == {ticket.id}
        await asyncio.to_thread(desk.run, cast.agent.actor, set_priority, ticket.id, TicketPriority.LOW)
        assert (await subscription.next()).ticket_ids == {ticket.id}


async def test_what_another_program_writes_is_found_by_looking(
    listening: Desk, desk: Desk, database: ScratchDatabase, system: Actor
) -> None:
    ticket = await desk.arun(system, make_ticket)
    async with _watching(listening, poll_seconds=0.05) as subscription:
        with _plain(database.admin_url) as connection:
            connection.execute("SELECT set_config('ombud.actor', 'system:psql', false)")
            connection.execute(
                "UPDATE ombud.tickets SET title = 'Straight by SQL' WHERE id = %s", [ticket.id]
            )
        assert (await subscription.next()).ticket_ids == {ticket.id}


async def test_a_lost_connection_makes_everybody_look_anew(
    listening: Desk, desk: Desk, database: ScratchDatabase, system: Actor
) -> None:
    ticket = await desk.arun(system, make_ticket)
    async with _watching(listening, poll_seconds=0.05) as subscription:
        await asyncio.to_thread(database.end_connections)
        assert (await subscription.next()).everything
        await desk.arun(system, _retitle, ticket.id)
        assert (await subscription.next()).ticket_ids == {ticket.id}


async def test_what_is_chosen_in_one_process_holds_in_another(
    listening: Desk, desk: Desk, database: ScratchDatabase, cast: Cast, system: Actor
) -> None:
    """By the notification alone, and without a statement of anybody who asks for a setting."""
    await desk.arun(system, change_settings, {"desk_name": "Before"}, desk.settings)
    async with _watching(listening, poll_seconds=NEVER) as subscription:
        assert listening.current.desk_name == "Before", "known before anybody is served"
        await desk.arun(cast.admin.actor, change_settings, {"desk_name": "Help"}, desk.settings)
        assert (await subscription.next()).everything, "whoever has a page open looks anew"
        with counted() as statements:
            assert listening.current.desk_name == "Help"
        assert len(statements) == 0
        await asyncio.to_thread(desk.run, system, change_settings, {"desk_name": None}, desk.settings)
        assert (await subscription.next()).everything
        assert listening.current is listening.settings
    async with _watching(listening, poll_seconds=0.05) as subscription:
        with _plain(database.admin_url) as connection:
            connection.execute("SELECT set_config('ombud.actor', 'system:psql', false)")
            connection.execute("UPDATE ombud.desk_settings SET value = '\"By SQL\"'")
        assert (await subscription.next()).everything
        assert listening.current.desk_name == "By SQL"


async def test_who_listened_does_not_go_back_into_the_pool(listening: Desk) -> None:
    async with _watching(listening, poll_seconds=NEVER):
        pass
    async with listening.async_engine.connect() as connection:
        assert (await connection.execute(text("SELECT pg_listening_channels()"))).all() == []


def _notified(connection: "psycopg.Connection[tuple[object, ...]]", url: URL) -> list[str]:
    """Return what was notified until now: everything before a mark of our own."""
    with _plain(url) as other:
        other.execute("NOTIFY ombud_changed, 'mark'")
    heard: list[str] = []
    for notification in connection.notifies(timeout=PATIENCE):
        if notification.payload == "mark":
            return heard
        heard.append(notification.payload)
    raise AssertionError("the mark never came")


async def test_nothing_is_notified_of_what_was_rolled_back(database: ScratchDatabase, system: Actor) -> None:
    with Desk(database.url) as desk, _plain(database.url) as listener:
        listener.execute("LISTEN ombud_changed")
        with pytest.raises(ZeroDivisionError):
            desk.run(system, _write_and_fail)
        assert _notified(listener, database.url) == []
        desk.run(system, make_ticket)
        assert _notified(listener, database.url) == [""]


async def test_many_commits_make_few_notifications(
    desk: Desk, database: ScratchDatabase, system: Actor
) -> None:
    ticket = await desk.arun(system, make_ticket)
    with _plain(database.url) as listener:
        listener.execute("LISTEN ombud_changed")
        begun = asyncio.get_running_loop().time()
        for _ in range(100):
            await desk.arun(system, _retitle, ticket.id)
        took = asyncio.get_running_loop().time() - begun
        await desk.aclose()
        assert 1 <= len(_notified(listener, database.url)) <= took / 0.05 + 2


def _plain(url: URL) -> "psycopg.Connection[tuple[object, ...]]":
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(plain, autocommit=True)


def _write_and_fail(session: DeskSession) -> None:
    make_ticket(session)
    raise ZeroDivisionError


def _retitle(session: DeskSession, ticket_id: int) -> None:
    session.execute(text("UPDATE ombud.tickets SET title = title || '.' WHERE id = :id"), {"id": ticket_id})
