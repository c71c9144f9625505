"""What a session promises its caller: own writes, all or nothing, values after the commit, one moment, bounds."""

from __future__ import annotations

import asyncio
import inspect
import json
from typing import Any

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import Session

from ombud import Actor, AuditLog, Desk, DeskSession, Settings, Ticket, TicketStatus, User
from ombud.analytics import get_ticket_statistics
from ombud.errors import Invalid
from ombud.people.reads import get_user_with_tickets
from ombud.testing import Cast, Perform, counted, make_ticket
from ombud.tickets import restore_ticket, set_status, soft_delete_ticket
from ombud.tickets.reads import get_tickets_with_details, search_tickets


def test_own_writes_are_found_before_the_commit(perform: Perform, cast: Cast, system: Actor) -> None:
    def write_and_search(session: Session) -> list[list[int]]:
        ticket = make_ticket(session, cast.customer.id, title="needle")
        session.flush()
        ticket.status = TicketStatus.RESOLVED  # not flushed: searching must do that
        return [
            [one.id - ticket.id for one in search_tickets(session, "needle", status_list=[status]).tickets]
            for status in (TicketStatus.OPEN, TicketStatus.RESOLVED)
        ]

    assert perform(system, write_and_search) == [[], [0]]


def test_whoever_writes_the_query_finds_own_writes(desk: Desk, system: Actor) -> None:
    def write_and_count(session: Session) -> int | None:
        make_ticket(session).title = "written just now"
        return session.scalar(
            select(func.count()).select_from(Ticket).where(Ticket.title == "written just now")
        )

    assert desk.run(system, write_and_count) == 1


def test_a_session_ends_with_its_block(desk: Desk, system: Actor) -> None:
    """Used behind it, it would take a connection that nobody gives back."""
    with desk.read(system) as session:
        pass
    with pytest.raises(InvalidRequestError, match="closed"):
        session.scalar(select(func.count()).select_from(Ticket))

    async def after() -> None:
        async with desk.aread(system) as session:
            pass
        with pytest.raises(InvalidRequestError, match="closed"):
            await session.scalar(select(func.count()).select_from(Ticket))
        assert desk.async_engine.pool.checkedout() == 0  # type: ignore[attr-defined]
        await desk.aclose_asynchronous()

    asyncio.run(after())
    assert desk.engine.pool.checkedout() == 0  # type: ignore[attr-defined]


@pytest.mark.parametrize("error", [LookupError, KeyboardInterrupt, GeneratorExit])
def test_a_block_commits_or_leaves_nothing(desk: Desk, system: Actor, error: type[BaseException]) -> None:
    with desk.begin(system) as session:
        make_ticket(session, title="kept")

    def fail(session: Session) -> None:
        make_ticket(session, title="lost")
        session.flush()
        raise error

    with pytest.raises(error):
        desk.run(system, fail)
    with desk.read(system) as session:
        assert session.scalars(select(Ticket.title)).all() == ["kept"]
    assert desk.engine.pool.checkedout() == 0  # type: ignore[attr-defined]


@pytest.mark.asyncio
async def test_an_asynchronous_change_can_be_read_after_the_commit(desk: Desk, system: Actor) -> None:
    """The guide's session let go of what the database computes: reading it afterwards failed."""
    async with desk.abegin(system) as session:
        made = await session.run_sync(make_ticket)
    before = made.updated_at
    async with desk.abegin(system) as session:
        ticket = await session.get_one(Ticket, made.id)
        ticket.title = "Another"
    assert ticket.updated_at > before
    assert ticket.version == made.version + 1
    changed = await desk.arun(system, set_status, made.id, TicketStatus.RESOLVED)
    assert changed.resolved_at is not None
    assert changed.updated_at > ticket.updated_at


def test_found_tickets_can_be_read_without_another_statement(
    perform: Perform, cast: Cast, system: Actor
) -> None:
    def found(session: Session) -> tuple[list[tuple[Any, ...]], int]:
        for assignee in (None, cast.agent.id):
            make_ticket(session, cast.customer.id, assignee_id=assignee, tags=("red",))
        page = search_tickets(session)
        with counted() as log:
            told = [
                (
                    ticket.creator.full_name,
                    ticket.assignee.full_name if ticket.assignee else None,
                    [tag.name for tag in ticket.tags],
                )
                for ticket in page.tickets
            ]
        return told, len(log)

    told, statements = perform(system, found)
    assert told == [("Carla Customer", "Agnes Agent", ["red"]), ("Carla Customer", None, ["red"])]
    assert statements == 0


def test_no_read_takes_an_unbounded_limit(perform: Perform, cast: Cast, system: Actor) -> None:
    for limit in (10**9, 101, 0, -1):
        for read, given in (
            (search_tickets, ()),
            (get_tickets_with_details, ()),
            (get_user_with_tickets, (cast.customer.id,)),
        ):
            with pytest.raises(Invalid) as caught:
                perform(system, read, *given, limit=limit)  # type: ignore[arg-type]
            assert list(caught.value.fields) == ["limit"]
    for read in (search_tickets, get_tickets_with_details, get_user_with_tickets):
        assert inspect.signature(read).parameters["limit"].default <= 100


def test_a_total_and_its_page_are_of_one_moment(desk: Desk, cast: Cast, system: Actor) -> None:
    """A ticket is committed after each statement of the search; its total and its page agree all the same."""
    for _ in range(3):
        desk.run(system, make_ticket, cast.customer.id)
    for read in (search_tickets, get_tickets_with_details):
        with desk.read(system) as session:
            before = session.scalar(select(func.count()).select_from(Ticket))

            def commit_another(*_told: Any) -> None:
                desk.run(system, make_ticket, cast.customer.id)

            event.listen(session.connection(), "after_cursor_execute", commit_another)
            found = read(session)
        assert (found.total, len(found.tickets)) == (before, before)
        with desk.read(system) as session:
            after = session.scalar(select(func.count()).select_from(Ticket))
        assert (after or 0) > (before or 0), "others did write"


def test_statistics_are_ready_for_json(perform: Perform, cast: Cast, system: Actor) -> None:
    def some(session: Session) -> str:
        for status in (TicketStatus.OPEN, TicketStatus.RESOLVED):
            make_ticket(session, cast.customer.id, status=status, assignee_id=cast.agent.id)
        found = get_ticket_statistics(session)
        return json.dumps([found, found["avg_resolution_hours"]])

    figures, mean = json.loads(perform(system, some))
    assert (figures["total"], isinstance(mean, float)) == (2, True)


def test_deleting_and_restoring_name_who_did_it(perform: Perform, cast: Cast, system: Actor) -> None:
    key = perform(system, make_ticket, cast.customer.id).id
    for action, person in ((soft_delete_ticket, cast.agent), (restore_ticket, cast.other_agent)):
        actor = person.in_new_request()
        assert perform(actor, action, key) is True
        of_request = AuditLog.request_id == actor.request_id
        (entry,) = perform(
            system, lambda s, wanted: s.scalars(wanted).all(), select(AuditLog).where(of_request)
        )
        assert (entry.table_name, entry.record_id, entry.action) == ("tickets", key, "UPDATE")
        assert (entry.user_id, entry.actor, list(entry.changes)) == (
            person.id,
            f"user:{person.id}",
            ["deleted_at"],
        )


def test_settings_come_from_the_environment_and_show_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMBUD_DATABASE_URL", "postgresql://desk:hunter2@127.0.0.1/elsewhere")
    monkeypatch.setenv("OMBUD_POOL_SIZE", "7")
    settings = Settings()
    assert settings.database_url is not None
    assert settings.database_url.get_secret_value().endswith("/elsewhere")
    with Desk(settings.database_url.get_secret_value(), settings) as desk:
        assert (desk.engine.url.database, desk.engine.pool.size()) == ("elsewhere", 7)  # type: ignore[attr-defined]
        shown = f"{settings!r} {settings} {desk!r} {desk.engine!r} {desk.engine.url}"
    assert "hunter2" not in shown


def test_the_two_kinds_of_session_do_not_mix(desk: Desk, system: Actor) -> None:
    """An asynchronous session has no blocking calls, and a synchronous one nothing to wait for."""

    async def mix() -> list[str]:
        wrong: list[str] = []
        async with desk.abegin(system) as session:
            ticket = await session.run_sync(make_ticket)
            if Session in type(session).__mro__:
                wrong.append("an asynchronous session is a synchronous one")
            with pytest.raises(TypeError, match="run_sync"):
                set_status(session, ticket.id, TicketStatus.CLOSED)  # type: ignore[arg-type]
        await desk.aclose()
        return wrong

    assert asyncio.run(mix()) == []
    with desk.begin(system) as session:
        assert isinstance(session, DeskSession)
        assert not hasattr(session, "run_sync")
        assert not inspect.isawaitable(session.scalars(select(User)))
