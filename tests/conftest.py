"""The suite's desks and people, on the databases of `ombud.testing.pytest`: the kit that hosts get.

One server for the run, shared by xdist's workers; one migrated database for each worker, emptied after each
test that used it. `--postgres 15` runs the same tests on Debian's programs instead of the embedded ones, and
`--drivers second` with psycopg2 and asynchronous psycopg instead of psycopg and asyncpg, wherever no driver is named.

- `desk`: an empty desk that commits; `cast` (and `admin`, `agent`, ...) are people in it.
- `perform`: runs actions in savepoints that are rolled back, once synchronously and once by `run_sync`.
  Tests that use it get their people there.
- `runtime`: what the edges need, around `desk`.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import io
import logging
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from pydantic import SecretStr
from sqlalchemy import URL, Engine
from sqlalchemy.ext.asyncio import AsyncEngine

from ombud.config import Settings
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.db.detours import DETOURS
from ombud.db.engine import make_async_engine, make_engine
from ombud.files import open_store
from ombud.kit.log_lines import write_logs
from ombud.live import LiveHub
from ombud.runtime import Runtime, equip
from ombud.testing import (
    AsyncStage,
    Cast,
    Perform,
    Persona,
    ScratchDatabase,
    ScratchServer,
    SyncStage,
    make_cast,
    scratch_server,
)
from ombud.testing.pytest import ROOT_VARIABLE
from ombud.web.assets import Assets

pytest_plugins = ["ombud.testing.pytest", "tests.proofs", "tests.pace", "pytester"]

PROGRAMS = {"embedded": None, "15": Path("/usr/lib/postgresql/15/bin")}
DRIVERS = {"first": ("psycopg", "asyncpg"), "second": ("psycopg2", "psycopg")}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--postgres",
        choices=list(PROGRAMS),
        default=os.environ.get("OMBUD_TEST_POSTGRES", "embedded"),
        help="whose PostgreSQL to test on: the embedded one, or Debian's 15",
    )
    parser.addoption(
        "--drivers",
        choices=list(DRIVERS),
        default="first",
        help="psycopg and asyncpg, or psycopg2 and asynchronous psycopg",
    )

    parser.addoption(
        "--kills",
        type=int,
        default=2,
        help="how often the process that sends mail is killed in each phase",
    )
    parser.addoption(
        "--crashes",
        type=int,
        default=1,
        help="how often web, worker and PostgreSQL are each killed under load",
    )
    parser.addoption(
        "--cancellations",
        type=int,
        default=400,
        help="how many tasks are begun, of which half are cancelled on the way",
    )
    parser.addoption(
        "--load-seconds",
        type=float,
        default=0,
        help="how long each fault lasts under load; 0: a few strokes, and no look at the clock",
    )
    parser.addoption("--tries", type=int, default=60, help="how many wrong codes and passwords come at once")
    parser.addoption(
        "--samples",
        type=int,
        default=2,
        help="how often each door is asked about each person; from 50 on, with a look at the clock",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "own_engines: changes its desk's engines or counts their connections")


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Nothing becomes garbage while modules are loaded; what is loaded stays, and need not be looked at again."""
    gc.disable()


def pytest_collection_finish(session: pytest.Session) -> None:
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def _own_environment(ombud_environment: None) -> None:
    """Keep the developer's own settings out of every test."""


@pytest.fixture(autouse=True)
def _nothing_wrong_on_the_short_way() -> Iterator[None]:
    """Its faults show as slowness only, as the usual way answers then: any test that meets one fails."""
    DETOURS.faults.clear()
    yield
    assert DETOURS.faults == []


@pytest.fixture(scope="session", autouse=True)
def _drivers(pytestconfig: pytest.Config) -> Iterator[None]:
    """Let URLs that name no driver mean the pair that the run is for."""
    synchronous, asynchronous = DRIVERS[pytestconfig.getoption("--drivers")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ombud.db.engine.SYNC_DRIVER", synchronous)
        patch.setattr("ombud.db.engine.ASYNC_DRIVER", asynchronous)
        yield


@pytest.fixture(scope="session")
def ombud_programs(pytestconfig: pytest.Config) -> Path | None:
    """Whose PostgreSQL the run asked for."""
    programs = PROGRAMS[pytestconfig.getoption("--postgres")]
    if programs is not None and not programs.is_dir():
        pytest.skip(f"no PostgreSQL programs in {programs}")
    return programs


@pytest.fixture(scope="session")
def postgres(ombud_server: ScratchServer) -> ScratchServer:
    """The run's server."""
    return ombud_server


@pytest.fixture(scope="session")
def quiet_database(ombud_programs: Path | None) -> Iterator[ScratchDatabase]:
    """A migrated database on a server of its own.

    What waits for every transaction of a server (sealing the audit log does) would wait for the tests of the
    other processes.
    """
    worker = os.environ.get("PYTEST_XDIST_WORKER", "alone")
    place = Path(os.environ[ROOT_VARIABLE]) / f"quiet-{worker}"
    with scratch_server(place, programs=ombud_programs) as server, server.database() as database:
        yield database


@pytest.fixture
def database(ombud_database: ScratchDatabase) -> ScratchDatabase:
    """An empty migrated database; what a test commits is removed after it."""
    return ombud_database


@pytest.fixture
def fresh_database(postgres: ScratchServer) -> Iterator[ScratchDatabase]:
    """A database without anything in it, for tests of migrations."""
    with postgres.database(migrated=False) as database:
        yield database


@pytest.fixture
def database_url(database: ScratchDatabase) -> URL:
    """Where a desk signs in to an empty database."""
    return database.url


@pytest.fixture
def settings(database_url: URL, tmp_path: Path) -> Settings:
    """Settings of a desk on the test's database, with files in the test's folder."""
    url = database_url.render_as_string(hide_password=False)
    return Settings(database_url=SecretStr(url), data_dir=tmp_path / "data")


@pytest.fixture(scope="session")
def _sync_engine(ombud_worker_database: ScratchDatabase) -> Iterator[Engine]:
    engine = make_engine(ombud_worker_database.url)
    yield engine
    engine.dispose()


@pytest_asyncio.fixture(scope="session")
async def _async_engine(ombud_worker_database: ScratchDatabase) -> AsyncIterator[AsyncEngine]:
    """In the loop of all asynchronous tests."""
    engine = make_async_engine(ombud_worker_database.url)
    yield engine
    await engine.dispose()


@pytest.fixture
def desk(
    settings: Settings,
    database_url: URL,
    ombud_worker_database: ScratchDatabase,
    request: pytest.FixtureRequest,
) -> Iterator[Desk]:
    """An empty desk that commits. Its asynchronous engine belongs to the loop of asynchronous tests.

    A test that uses the engine in another loop (a server in a thread) closes it there: `await desk.aclose()`.
    The worker's desks share their engines, so that not each of them connects and compiles its statements anew; a
    test that changes an engine, or that counts its connections, is marked `own_engines`.
    """
    opened = Desk(database_url, settings)
    is_async = inspect.iscoroutinefunction(getattr(request, "function", None))
    shares = (
        request.node.get_closest_marker("own_engines") is None
        and database_url == ombud_worker_database.url
        and settings.model_copy(update={"data_dir": None}) == Settings(database_url=settings.database_url)
    )
    if shares:
        opened.__dict__["engine"] = request.getfixturevalue("_sync_engine")
    if shares and is_async and "address" not in request.fixturenames:  # a served application has its own loop
        opened.__dict__["async_engine"] = request.getfixturevalue("_async_engine")
    to_close: list[Desk] = request.getfixturevalue("_closed_in_loop") if is_async else []
    yield opened
    if shares:
        del opened.__dict__["engine"]
    if is_async:
        to_close.append(opened)
        return
    idle = opened.async_engine.pool.checkedin() if "async_engine" in opened.__dict__ else 0  # type: ignore[attr-defined]
    opened.close()
    assert idle == 0, "this test used desk.async_engine in a loop of its own and did not close it there"


@pytest_asyncio.fixture
async def _closed_in_loop(database: ScratchDatabase, _async_engine: AsyncEngine) -> AsyncIterator[list[Desk]]:
    desks: list[Desk] = []
    yield desks
    for desk in desks:
        if desk.__dict__.get("async_engine") is _async_engine:
            await desk._async_nudge.stop()
            del desk.__dict__["async_engine"]
        await desk.aclose()


@pytest.fixture
def runtime(settings: Settings, desk: Desk, tmp_path: Path) -> Runtime:
    """The parts that edges work with. The live hub is not started: an application does that."""
    files = open_store(tmp_path / "files", limit=settings.attachment_limit)
    return Runtime(settings=settings, desk=equip(desk, settings), files=files, live=LiveHub(desk))


@pytest.fixture(scope="session")
def stage_desk(ombud_stage_database: ScratchDatabase, ombud_runner: asyncio.Runner) -> Iterator[Desk]:
    """The desk whose connections stages use; kept open, because connecting costs more than a test."""
    desk = Desk(ombud_stage_database.url, Settings(pool_size=2))
    yield desk
    ombud_runner.run(desk.aclose())


@pytest.fixture(params=["sync", "async"])
def perform(
    request: pytest.FixtureRequest, stage_desk: Desk, ombud_runner: asyncio.Runner
) -> Iterator[Perform]:
    """Run actions in units of work that are undone after the test: `perform(actor, action, ...)`."""
    stage = SyncStage(stage_desk) if request.param == "sync" else AsyncStage(stage_desk, ombud_runner)
    yield stage
    stage.close()


@pytest.fixture
def cast(request: pytest.FixtureRequest) -> Cast:
    """The people of a small desk: on the stage of a test that performs, in `desk` otherwise."""
    if "perform" in request.fixturenames:
        perform: Perform = request.getfixturevalue("perform")
        return perform(Actor.system("test"), make_cast)
    desk: Desk = request.getfixturevalue("desk")
    return desk.run(Actor.system("test"), make_cast)


@pytest.fixture
def system() -> Actor:
    """The system, which sees and may do everything."""
    return Actor.system("test")


@pytest.fixture
def admin(cast: Cast) -> Persona:
    return cast.admin


@pytest.fixture
def agent(cast: Cast) -> Persona:
    return cast.agent


@pytest.fixture
def other_agent(cast: Cast) -> Persona:
    return cast.other_agent


@pytest.fixture
def light_agent(cast: Cast) -> Persona:
    return cast.light_agent


@pytest.fixture
def team_agent(cast: Cast) -> Persona:
    return cast.team_agent


@pytest.fixture
def customer(cast: Cast) -> Persona:
    return cast.customer


@pytest.fixture
def colleague(cast: Cast) -> Persona:
    return cast.colleague


@pytest.fixture
def other_customer(cast: Cast) -> Persona:
    return cast.other_customer


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """All that is logged, down to debug, as lines of JSON; of others too, where a test sets the root logger to it."""
    stream = io.StringIO()
    root, ours = logging.getLogger(), logging.getLogger("ombud")
    levels = root.level, ours.level
    handler = write_logs("json", "debug", to=stream)
    yield stream
    root.removeHandler(handler)
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


@pytest.fixture(scope="session")
def built() -> None:
    """Skip, aloud, where the front end was not built."""
    try:
        Assets()
    except FileNotFoundError as error:
        pytest.skip(str(error))
