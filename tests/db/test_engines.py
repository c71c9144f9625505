"""Engines of all four drivers: what they set on every connection, and that they survive the loss of one."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import URL, event
from sqlalchemy.dialects.postgresql._psycopg_common import _PGDialect_common_psycopg
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from ombud import Actor, DeskSession, Settings
from ombud.db.alive import file_number
from ombud.db.engine import COMMAND_TIMEOUT, make_async_engine, make_engine
from ombud.db.translate import TooSlow
from ombud.errors import Unavailable
from ombud.testing import ScratchDatabase, make_ticket
from tests.db.drivers import FOUR, Driven, driven


@pytest.fixture(params=FOUR)
def one(request: pytest.FixtureRequest, database: ScratchDatabase) -> Iterator[Driven]:
    """A desk by each driver in turn."""
    with driven(request.param, database.url) as made:
        yield made


@pytest.fixture(params=FOUR)
def brisk(request: pytest.FixtureRequest, database: ScratchDatabase) -> Iterator[Driven]:
    """The same with limits of its own, so short that nothing but a look may be done with it."""
    with driven(request.param, database.url, Settings(statement_timeout=0.6, lock_timeout=1.5)) as made:
        yield made


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("jit", "off"),
        ("TimeZone", "UTC"),
        ("statement_timeout", "600ms"),
        ("lock_timeout", "1500ms"),
        ("idle_in_transaction_session_timeout", "10s"),
        ("application_name", "ombud"),
        ("search_path", "ombud,public"),
        ("role", "ombud_web"),
        ("transaction_read_only", "on"),
        ("max_parallel_workers_per_gather", "0"),
    ],
)
def test_every_connection_has_the_settings(brisk: Driven, name: str, value: str) -> None:
    assert brisk.scalar(f"SHOW {name}", Actor.agent(1)) == value


@pytest.mark.parametrize("driver", FOUR)
def test_pools_are_as_configured(driver: str) -> None:
    url = URL.create(f"postgresql+{driver.removeprefix('async ')}", host="/nowhere")
    is_async = driver in ("asyncpg", "async psycopg")
    engine = make_async_engine(url).sync_engine if is_async else make_engine(url)
    pool = engine.pool
    assert (pool.size(), pool._max_overflow, pool._timeout) == (10, 20, 4.0)  # type: ignore[attr-defined]
    assert pool._pre_ping
    assert not engine.echo
    assert engine.hide_parameters


@pytest.mark.parametrize("driver", FOUR)
def test_pools_can_be_those_of_production(driver: str, database: ScratchDatabase) -> None:
    """20 and 40 more, waiting 30 seconds: the engine starts with them, and renews a connection within the hour."""
    settings = Settings(pool_size=20, pool_overflow=40, pool_timeout=30, connect_timeout=30)
    assert COMMAND_TIMEOUT == 60
    with driven(driver, database.url, settings) as one:
        assert one.scalar("SHOW jit") == "off"
        pool = one.pool
        assert (pool.size(), pool._max_overflow, pool._timeout) == (20, 40, 30.0)
        assert 0 < pool._recycle <= 3600
        assert pool._pre_ping


def test_connections_that_were_ended_are_replaced_unseen(one: Driven, database: ScratchDatabase) -> None:
    for _round in range(3):
        assert one.scalar("SELECT 1") == 1
        database.end_connections()
        assert one.scalar("SELECT 1") == 1
        database.end_connections()
        assert one.write(lambda session: make_ticket(session).id)
    assert one.pool.checkedout() == 0


def test_a_connection_that_ends_between_look_and_use_is_replaced(one: Driven) -> None:
    """The look at the socket finds nothing; the first statement finds the end."""
    engine = one.desk.engine if one.runner is None else one.desk.async_engine.sync_engine
    assert one.scalar("SELECT 1") == 1
    ended: list[bool] = []

    @event.listens_for(engine, "checkout")
    def end(connection: object, _record: object, _fairy: object) -> None:
        if not ended:
            ended.append(True)
            number = file_number(connection)
            assert number is not None
            with socket.socket(fileno=os.dup(number)) as link:
                link.shutdown(socket.SHUT_RDWR)

    assert one.scalar("SELECT 2") == 2
    assert ended
    assert one.pool.checkedout() == 0


def test_an_action_is_run_again_when_its_connection_ends_before_the_commit(
    one: Driven, database: ScratchDatabase
) -> None:
    tries: list[int] = []

    def lose_once(session: DeskSession) -> int:
        tries.append(1)
        if len(tries) == 1:
            database.end_connections()
        return make_ticket(session).id

    kept = one.write(lose_once)
    assert len(tries) == 2
    assert one.scalar("SELECT array_agg(id)::text FROM ombud.tickets") == f"{{{kept}}}"


def test_a_long_statement_is_cancelled(brisk: Driven) -> None:
    with pytest.raises(TooSlow):
        brisk.scalar("SELECT pg_sleep(60)", Actor.agent(1))
    assert brisk.scalar("SELECT 1") == 1
    assert brisk.pool.checkedout() == 0


def test_asyncpg_gives_up_by_itself(database: ScratchDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the server's own limit is longer; and the connection serves again."""
    monkeypatch.setattr("ombud.db.engine.COMMAND_TIMEOUT", 0.5)
    told = None
    with driven("asyncpg", database.url) as one:
        try:
            one.scalar("SELECT pg_sleep(6)")
        except TooSlow as error:
            told = error
        assert one.scalar("SELECT 1") == 1
        assert one.pool.checkedout() == 0
    assert told is not None, "nothing ended it"


@pytest.mark.parametrize("driver", FOUR)
def test_a_live_connection_is_not_asked_whether_it_lives(
    driver: str, database: ScratchDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    for kind in (PGDialect_asyncpg, _PGDialect_common_psycopg):
        monkeypatch.setattr(kind, "do_ping", _noting(kind.do_ping, asked))
    with driven(driver, database.url) as one:
        for number in range(3):
            assert one.scalar(f"SELECT {number}") == number
        assert asked == []
        database.end_connections()
        assert one.scalar("SELECT 1") == 1
        assert len(asked) <= 1, "in doubt the server is asked, or the driver knows already"


def test_a_server_that_takes_nobody_in_is_given_up(database: ScratchDatabase) -> None:
    """It takes connections and never answers: a black hole, as far as a driver can see."""
    settings = Settings(connect_timeout=2, pool_timeout=0.5)
    with socket.create_server(("127.0.0.1", 0)) as hole:
        url = URL.create("postgresql", "x", "y", "127.0.0.1", hole.getsockname()[1], "z")
        for driver in FOUR:
            begun = time.monotonic()
            with driven(driver, url, settings) as lost, pytest.raises(Unavailable):
                lost.scalar("SELECT 1")
            assert time.monotonic() - begun < 20, f"{driver}: a bound at all; without one it waits for ever"


def test_many_threads_leave_the_pool_full(database: ScratchDatabase) -> None:
    settings = Settings(pool_size=2, pool_overflow=2, pool_timeout=30)
    with driven("psycopg2", database.url, settings) as one, ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda number: one.scalar(f"SELECT {number}"), range(60)))
        assert answers == list(range(60))
        assert one.pool.checkedout() == 0
        assert one.pool.checkedin() <= 2


def _noting(ask: Callable[..., bool], asked: list[object]) -> Callable[..., bool]:
    def note(dialect: object, link: object) -> bool:
        asked.append(link)
        return ask(dialect, link)

    return note
