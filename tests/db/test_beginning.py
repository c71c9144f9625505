"""Who acts is said together with BEGIN where that is safe, and before anything else whatever happens."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from sqlalchemy import URL, text

from ombud import Actor, Desk
from ombud.db import context
from ombud.db.beginning import ENTERING
from ombud.errors import Invalid
from ombud.testing import ScratchDatabase
from tests.db.drivers import FOUR, Driven, driven
from tests.waiting import left_open

NAMED = "it's; COMMIT; SELECT 'everything\\"
SHOWN = text(
    "SELECT current_setting('ombud.actor'), current_setting('transaction_isolation'), current_setting('role')"
)


@pytest.fixture(params=FOUR)
def one(request: pytest.FixtureRequest, database: ScratchDatabase) -> Iterator[Driven]:
    with driven(request.param, database.url) as made:
        yield made


def test_whatever_somebody_is_called_is_a_value(one: Driven) -> None:
    """What could end a literal is never written out."""
    for actor in (Actor.system(NAMED), Actor.agent(7), Actor.system("plain"), Actor.customer(8)):
        seen = one.read(lambda session: tuple(session.execute(SHOWN).one()), actor)
        assert seen == (
            actor.label,
            "read committed",
            "ombud_worker" if actor.label.startswith("system") else "ombud_web",
        )


def _by_asyncpg(database: ScratchDatabase) -> Desk:
    """Return a desk by the driver that takes it along, whichever the others are tested with."""
    return Desk(database.url.set(drivername="postgresql+asyncpg"))


async def _asked(desk: Desk, actor: Actor, *, snapshot: bool = False) -> list[str]:
    """Return what a transaction sends as plain texts, after one that brought the connection."""
    asked: list[str] = []
    async with desk.aread(actor) as session:
        driver = (await (await session.connection()).get_raw_connection()).driver_connection

    def note(record: object) -> None:
        asked.append(str(record.query))  # type: ignore[attr-defined]  # asyncpg has no types

    assert driver is not None
    driver.add_query_logger(note)
    try:
        async with desk.aread(actor, snapshot=snapshot) as session:
            assert (await session.execute(SHOWN)).one()[0] == actor.label
        await asyncio.sleep(0)  # asyncpg calls who listens in the loop's next round
    finally:
        driver.remove_query_logger(note)
    return [query.partition("(")[0].strip() for query in asked]


def test_beginning_is_one_round_trip(database: ScratchDatabase) -> None:
    asyncio.run(_begin_often(_by_asyncpg(database)))


async def _begin_often(desk: Desk) -> None:
    try:
        begin, end = await _asked(desk, Actor.agent(7))
        assert (begin.startswith("BEGIN"), begin.endswith("; SELECT set_config"), end) == (
            True,
            True,
            "COMMIT;",
        )
        begin, end = await _asked(desk, Actor.agent(7), snapshot=True)
        assert (begin, end) == ("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT set_config", "COMMIT;")
        begin, end = await _asked(desk, Actor.system(NAMED))
        assert "set_config" not in begin, "the settings follow, as values"
        assert end == "COMMIT;"
    finally:
        await desk.aclose()


def test_a_beginning_that_fails_leaves_nothing_open(
    database: ScratchDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(_fail(_by_asyncpg(database), database.admin_url, monkeypatch))


async def _fail(desk: Desk, admin_url: URL, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = context._ENTER.execution_options(**{ENTERING: "SELECT 1/0"})
    try:
        with monkeypatch.context() as broken:
            broken.setattr(context, "_ENTER", wrong)
            with pytest.raises(Invalid):
                async with desk.aread(Actor.agent(7)):
                    pytest.fail("nobody acts here")
        async with desk.aread(Actor.agent(7)) as session:
            assert (await session.execute(SHOWN)).one()[0] == Actor.agent(7).label
            assert left_open(admin_url, seconds=0) == 1, "this one"
        assert left_open(admin_url) == 0
        assert desk.async_engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # a QueuePool has it
    finally:
        await desk.aclose()
