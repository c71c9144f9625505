"""The suite's own ground: databases are empty, stages leave nothing, people can sign in."""

import asyncio

import pytest
from psycopg import sql
from sqlalchemy import func, select, text

from ombud import Actor, Desk, Ticket
from ombud.errors import Forbidden
from ombud.kit.passwords import verify_password
from ombud.people import queries as people
from ombud.testing import (
    AsyncStage,
    Cast,
    NotATestDatabase,
    Perform,
    Persona,
    ScratchDatabase,
    ScratchServer,
    SyncStage,
    UndoneDesk,
    counted,
    make_ticket,
)
from ombud.testing.databases import MARK
from ombud.tickets import open_ticket


def _count(desk: Desk) -> int:
    with desk.read(Actor.system("test")) as session:
        return session.scalar(select(func.count()).select_from(Ticket)) or 0


@pytest.mark.parametrize("run", [1, 2])
def test_what_a_test_commits_is_gone_in_the_next(desk: Desk, system: Actor, run: int) -> None:
    assert _count(desk) == 0
    ticket = desk.run(system, make_ticket)
    assert (ticket.id, ticket.ticket_number) == (1, "1001")
    assert _count(desk) == 1


@pytest.mark.parametrize("run", [1, 2])
@pytest.mark.asyncio
async def test_asynchronous_tests_have_a_desk_too(desk: Desk, system: Actor, run: int) -> None:
    ticket = await desk.arun(system, make_ticket)
    assert ticket.id == 1


def test_units_on_a_stage_see_each_other(perform: Perform, agent: Persona, customer: Persona) -> None:
    ticket = perform(agent.actor, open_ticket, title="Broken", requester_id=customer.id)
    assert perform(agent.actor, lambda s: s.get_one(Ticket, ticket.id).title) == "Broken"


def test_a_failed_unit_on_a_stage_is_undone(perform: Perform, agent: Persona, customer: Persona) -> None:
    def fail(session: object) -> None:
        open_ticket(session, title="Broken", requester_id=customer.id)  # type: ignore[arg-type]
        raise LookupError

    with pytest.raises(LookupError):
        perform(agent.actor, fail)
    assert perform(agent.actor, lambda s: s.scalar(select(func.count()).select_from(Ticket))) == 0


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_stage_leaves_nothing(
    stage_desk: Desk, ombud_runner: asyncio.Runner, system: Actor, kind: str
) -> None:
    """Neither does whatever ran above in this process, on the same database."""
    stage = SyncStage(stage_desk) if kind == "sync" else AsyncStage(stage_desk, ombud_runner)
    stage(system, make_ticket)
    assert stage(system, lambda s: s.scalar(select(func.count()).select_from(Ticket))) == 1
    stage.close()
    assert _count(stage_desk) == 0


def test_personas_can_sign_in(desk: Desk, cast: Cast) -> None:
    with desk.read(Actor.system("test")) as session:
        row = session.execute(people.credentials(cast.customer.email)).one()
    assert verify_password(row.password_hash, cast.customer.password)
    assert row.user_id == cast.customer.id


def test_a_clone_is_a_database_of_ones_own(database: ScratchDatabase) -> None:
    with database.server.database() as clone:
        assert clone.name != database.name


def test_no_other_database_is_emptied_or_dropped(postgres: ScratchServer) -> None:
    """Whatever it is called: somebody's own database has no mark."""
    with postgres.database() as own:
        own.server.execute(sql.SQL("COMMENT ON DATABASE {} IS NULL").format(sql.Identifier(own.name)))
        pointed_at = ScratchDatabase(postgres, own.name)
        for destroy in (pointed_at.empty, pointed_at.drop, lambda: pointed_at.execute("SELECT 1")):
            with pytest.raises(NotATestDatabase):
                destroy()
        own.server.execute(
            sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(own.name), sql.Literal(MARK))
        )


def test_what_a_desk_cannot_undo_it_refuses(ombud_desk: UndoneDesk, system: Actor) -> None:
    with pytest.raises(TypeError, match="begin, read and run"):
        ombud_desk.abegin(system)


def test_reading_is_read_only_on_a_stage_too(ombud_desk: UndoneDesk, ombud_cast: Cast) -> None:
    with pytest.raises(Forbidden), ombud_desk.read(ombud_cast.admin.actor) as session:
        make_ticket(session, ombud_cast.customer.id)
    ombud_desk.run(ombud_cast.admin.actor, make_ticket, ombud_cast.customer.id)  # and only that


def test_counting_ignores_other_blocks(desk: Desk, system: Actor) -> None:
    with desk.read(system) as session:
        session.execute(text("SELECT 1"))
        with counted() as log:
            session.execute(text("SELECT 2"))
    assert len(log) == 1
