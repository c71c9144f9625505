"""Reading from a streaming replica: two servers, a desk in each process, and a replica that lags, freezes and dies."""

from __future__ import annotations

import asyncio
import signal
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from pydantic import SecretStr
from sqlalchemy import URL, text
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ombud import Actor, Desk, DeskSession, Settings
from ombud.asgi import ReadYourWrites
from ombud.db import migrate
from ombud.db.replica import Position, current_position
from ombud.testing import make_ticket
from tests.db.drivers import FOUR, SYSTEM, Driven, driven
from tests.db.servers import OwnServer, own_server, replica_of
from tests.db.silence import Door, door_to

PATIENCE = 20.0
HOW_MANY = "SELECT count(*) FROM ombud.tickets"
WHERE = "SELECT pg_is_in_recovery()"
ANOTHER = Actor.system("another")


@pytest.fixture(scope="module")
def primary() -> Iterator[OwnServer]:
    with own_server() as server:
        migrate.upgrade(server.url)
        yield server


@pytest.fixture(scope="module")
def feed(primary: OwnServer) -> Iterator[Door]:
    """Between the replica and its primary."""
    with door_to(primary.port) as door:
        yield door


@pytest.fixture(scope="module")
def replica(primary: OwnServer, feed: Door) -> Iterator[OwnServer]:
    with replica_of(primary, through=feed.port) as server:
        yield server


@pytest.fixture(autouse=True)
def _as_it_was(replica: OwnServer) -> Iterator[None]:
    yield
    replica.signal_all(signal.SIGCONT)
    until(lambda: replica.execute("SELECT pg_is_wal_replay_paused()") is not None)
    replica.execute("SELECT pg_wal_replay_resume()")


def settings(replica: URL) -> Settings:
    return Settings(replica_url=SecretStr(replica.render_as_string(hide_password=False)), pool_size=4)


@pytest.fixture(params=["psycopg2", "asyncpg"])
def one(request: pytest.FixtureRequest, primary: OwnServer, replica: OwnServer) -> Iterator[Driven]:
    with driven(request.param, primary.url, settings(replica.url)) as made:
        assert made.desk.reading is not None
        until(lambda: made.scalar(WHERE, ANOTHER))
        yield made


def until(is_so: Callable[[], object]) -> float:
    """Ask again until it is so; returns the seconds it took."""
    begun = time.monotonic()
    while True:
        try:
            if is_so():
                return time.monotonic() - begun
        except Exception:
            if time.monotonic() - begun > PATIENCE:
                raise
        assert time.monotonic() - begun < PATIENCE, "it never became so"


def pause(replica: OwnServer) -> None:
    replica.execute("SELECT pg_wal_replay_pause()")
    until(lambda: replica.execute("SELECT pg_get_wal_replay_pause_state()") == [("paused",)])


def write(one: Driven, actor: Actor = SYSTEM) -> None:
    one.write(lambda session: make_ticket(session).id, actor)


def test_reads_go_to_the_replica_and_writes_do_not(one: Driven) -> None:
    assert one.scalar(WHERE, ANOTHER) is True
    assert one.write(lambda session: session.scalar(text(WHERE))) is False


def test_who_writes_reads_it_at_once_every_time(one: Driven) -> None:
    for _round in range(30):
        before = int(one.scalar(HOW_MANY))
        write(one)
        assert int(one.scalar(HOW_MANY)) == before + 1
    until(lambda: one.scalar(WHERE))


def test_while_the_replica_stands_still_writers_read_from_the_primary(
    one: Driven, replica: OwnServer
) -> None:
    pause(replica)
    before = int(one.scalar(HOW_MANY))
    write(one)
    for _round in range(20):
        assert int(one.scalar(HOW_MANY)) == before + 1
    assert one.scalar(WHERE) is False
    replica.execute("SELECT pg_wal_replay_resume()")
    until(lambda: one.scalar(WHERE))
    assert int(one.scalar(HOW_MANY)) == before + 1


def test_a_replica_that_lags_is_left_by_all_and_taken_again(one: Driven, replica: OwnServer) -> None:
    pause(replica)
    write(one)
    until(lambda: one.scalar(WHERE, ANOTHER) is False)
    replica.execute("SELECT pg_wal_replay_resume()")
    until(lambda: one.scalar(WHERE, ANOTHER))


def test_a_delay_that_is_configured_counts_as_lag(one: Driven, replica: OwnServer) -> None:
    replica.execute("ALTER SYSTEM SET recovery_min_apply_delay = '30s'")
    replica.execute("SELECT pg_reload_conf()")
    try:
        before = int(one.scalar(HOW_MANY))
        write(one)
        assert int(one.scalar(HOW_MANY)) == before + 1
        until(lambda: one.scalar(WHERE, ANOTHER) is False)
        assert int(one.scalar(HOW_MANY, ANOTHER)) == before + 1
    finally:
        replica.execute("ALTER SYSTEM RESET recovery_min_apply_delay")
        replica.execute("SELECT pg_reload_conf()")
    until(lambda: one.scalar(WHERE, ANOTHER))


@pytest.mark.parametrize("one", FOUR, indirect=True)
def test_a_frozen_replica_frees_its_readers_and_comes_back(one: Driven, replica: OwnServer) -> None:
    """In one process nobody waits for it longer than a few seconds, whatever the driver."""
    one.scalar(WHERE, ANOTHER)
    replica.signal_all(signal.SIGSTOP)
    took = until(lambda: one.scalar(WHERE, ANOTHER) is False)
    print(f"left after {took:.2f} s")
    assert took < 10, "bounded; how short it is, docs/running.md says"
    write(one)
    replica.signal_all(signal.SIGCONT)
    until(lambda: one.scalar(WHERE, ANOTHER))


def test_a_dead_replica_is_done_without_and_comes_back(one: Driven, replica: OwnServer) -> None:
    replica.stop()
    for _round in range(10):
        assert one.scalar(WHERE, Actor.system("third")) is False
        write(one)
    replica.start()
    until(lambda: one.scalar(WHERE, ANOTHER))
    assert one.pool.checkedout() == 0


def test_a_position_that_came_along_is_honoured(one: Driven, primary: OwnServer, replica: OwnServer) -> None:
    """What another process wrote for this reader: nothing here knows the actor."""
    until(lambda: one.scalar(WHERE, ANOTHER))
    pause(replica)
    with driven("psycopg", primary.url, settings(replica.url)) as other:
        token = current_position.set(Position())
        try:
            write(other, ANOTHER)
            position = current_position.get()
            assert position is not None
            assert position.has_moved
        finally:
            current_position.reset(token)
    total = primary.execute(HOW_MANY)[0][0]
    token = current_position.set(Position(position.lsn))
    try:
        assert one.scalar(HOW_MANY, Actor.system("elsewhere")) == total
    finally:
        current_position.reset(token)


def test_fresh_reads_go_to_the_primary(one: Driven) -> None:
    if one.runner is None:
        with one.desk.read(ANOTHER, fresh=True) as session:
            assert session.scalar(text(WHERE)) is False
        return

    async def look() -> object:
        async with one.desk.aread(ANOTHER, fresh=True) as session:
            return await session.scalar(text(WHERE))

    assert one.runner.run(look()) is False


def test_many_at_once_each_find_what_they_wrote(primary: OwnServer, replica: OwnServer) -> None:
    """Sixteen writers in two processes' worth of desks, while the replica lags in bursts."""

    def work(number: int) -> None:
        actor = Actor.system(f"writer {number}")
        desk = desks[number % 2].desk
        for _round in range(10):
            kept = desk.run(actor, lambda session: make_ticket(session).id)
            with desk.read(actor) as session:
                found = session.scalar(text(f"SELECT count(*) FROM ombud.tickets WHERE id = {kept}"))
            assert found == 1

    with (
        driven("psycopg", primary.url, settings(replica.url)) as first,
        driven("psycopg2", primary.url, settings(replica.url)) as second,
        ThreadPoolExecutor(8) as threads,
    ):
        desks = (first, second)
        list(threads.map(work, range(16)))
        assert isinstance(first.read(lambda session: session), DeskSession)


@pytest.mark.asyncio
async def test_a_browser_carries_its_position_from_one_process_to_another(
    primary: OwnServer, replica: OwnServer
) -> None:
    """Two applications on desks of their own, and a replica that stands still when the second one answers."""
    desks = [Desk(primary.url, settings(replica.url)) for _process in range(2)]

    async def answer(request: Request) -> Response:
        desk = desks[int(request.path_params["process"])]
        actor = Actor.system(str(uuid.uuid4()))  # nothing but the position says who it is
        if request.method == "POST":
            ticket = await desk.arun(actor, make_ticket)
            return PlainTextResponse(str(ticket.id))
        async with desk.aread(actor) as session:
            return PlainTextResponse(str(await session.scalar(text("SELECT max(id) FROM ombud.tickets"))))

    routes = [Route("/{process}", answer, methods=["GET", "POST"])]
    app = ReadYourWrites(Starlette(routes=routes), is_secure=False)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://desk") as browser:
        await asyncio.to_thread(until, lambda: _both_serve(desks))
        assert "set-cookie" not in (await browser.get("/0")).headers
        await asyncio.to_thread(pause, replica)
        written = await browser.post("/0")
        assert written.cookies["ombud_position"] == written.headers["x-ombud-position"]
        assert (await browser.get("/1")).text == written.text
        program = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://desk")
        position = {"X-Ombud-Position": written.headers["x-ombud-position"]}
        assert (await program.get("/1", headers=position)).text == written.text
        for nonsense in ("-1", "x", "9" * 30, "\u0663"):
            headers = {"X-Ombud-Position": nonsense.encode()}
            assert (await program.get("/1", headers=headers)).status_code == 200  # type: ignore[arg-type]
        await program.aclose()
    for desk in desks:
        await desk.aclose()


def _both_serve(desks: list[Desk]) -> bool:
    return all(desk.reading is not None and desk.reading.replica.serves("nobody") for desk in desks)


@pytest.fixture
def way(replica: OwnServer) -> Iterator[Door]:
    """Between a desk and the replica."""
    with door_to(replica.port) as door:
        yield door


def write_elsewhere(primary: OwnServer) -> int:
    """Commit a ticket in a process that has nothing to do with the replica; return how many there are now."""
    with driven("psycopg", primary.url) as other:
        write(other)
        return int(other.scalar(HOW_MANY))


@pytest.mark.parametrize("one", ["asyncpg"], indirect=True)
def test_a_replica_that_is_told_nothing_is_left_by_who_only_reads(
    one: Driven, primary: OwnServer, feed: Door
) -> None:
    """Its connection to the primary stands for a minute of silence, and it has replayed all that arrived."""
    feed.shut()
    total = write_elsewhere(primary)
    print(f"left after {until(lambda: one.scalar(WHERE, ANOTHER) is False):.2f} s")
    assert one.scalar(HOW_MANY, ANOTHER) == total
    feed.open()
    until(lambda: one.scalar(WHERE, ANOTHER))
    assert one.scalar(HOW_MANY, ANOTHER) == total


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
def test_silence_on_the_way_frees_its_readers(driver: str, primary: OwnServer, way: Door) -> None:
    with driven(driver, primary.url, settings(replica_by(way, primary))) as one:
        until(lambda: one.scalar(WHERE, ANOTHER))
        way.shut()
        took = until(lambda: one.scalar(WHERE, ANOTHER) is False)
        print(f"left after {took:.2f} s")
        assert took < 10, "bounded; how short it is, docs/running.md says"
        write(one)
        assert one.scalar(HOW_MANY) == primary.execute(HOW_MANY)[0][0]
        way.open()
        until(lambda: one.scalar(WHERE, ANOTHER))
        assert one.pool.checkedout() == 0


def test_one_that_was_promoted_is_left_and_its_own_history_is_read_by_nobody(primary: OwnServer) -> None:
    with replica_of(primary) as other, driven("asyncpg", primary.url, settings(other.url)) as one:
        until(lambda: one.scalar(WHERE, ANOTHER))
        other.execute("SELECT pg_promote()")
        until(lambda: one.scalar(WHERE, ANOTHER) is False)
        foreign = write_elsewhere(other)
        other.stop()
        (other.folder / "standby.signal").touch()
        other.start()  # it asks for its own history's log, which its primary has not, again and again
        assert watched(one, 1.5) == {primary.execute(HOW_MANY)[0][0]}, f"{foreign} are in the other history"


def test_one_for_which_the_log_is_kept_no_more_is_not_read(primary: OwnServer) -> None:
    with replica_of(primary) as other, driven("psycopg", primary.url, settings(other.url)) as one:
        until(lambda: one.scalar(WHERE, ANOTHER))
        other.stop()
        total = write_elsewhere(primary)
        for _segment in range(2):
            primary.execute("SELECT pg_switch_wal()")
            primary.execute("CHECKPOINT")
        other.start()
        assert watched(one, 1.0) == {total}


def replica_by(way: Door, primary: OwnServer) -> URL:
    return primary.url.set(port=way.port)


def watched(one: Driven, seconds: float) -> set[int]:
    """Ask all the time; return every answer."""
    seen: set[int] = set()
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        seen.add(int(one.scalar(HOW_MANY, ANOTHER)))
    return seen
