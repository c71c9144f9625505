"""A pytest plugin: databases, desks and people as fixtures. Ask for it: `pytest_plugins = ["ombud.testing.pytest"]`.

    def test_asking(ombud_desk, ombud_cast):            # commits are undone after the test
        ticket = ombud_desk.run(ombud_cast.customer.actor, open_ticket, title="Broken")

One server for the run, the embedded one or that of `--ombud-server`; one clone of one migrated template for each
of xdist's workers. No database is touched that was not made here. Names begin with `ombud_`, so that they
meet none of yours. (PYTEST_DONT_REWRITE: nothing is asserted here.)
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from ombud.config import Settings
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.testing.databases import ScratchDatabase, ScratchServer, scratch_server
from ombud.testing.personas import Cast, make_cast
from ombud.testing.undone import AsyncUndoneDesk, UndoneDesk, undone

try:
    from pytest_asyncio import fixture as async_fixture
except ImportError:  # the asynchronous fixtures then say what they miss
    async_fixture = pytest.fixture  # type: ignore[assignment]  # called in the same way

ROOT_VARIABLE = "OMBUD_TEST_ROOT"
SERVER_VARIABLE = "OMBUD_TEST_SERVER"
SYSTEM = "test"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a run choose its server."""
    parser.addoption(
        "--ombud-server",
        metavar="URL",
        default=None,
        help=f"make test databases on this PostgreSQL, as a user who may (or {SERVER_VARIABLE}); "
        "without it the embedded one is started",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make one folder for the run; workers inherit its name. The server's own user must be able to enter."""
    if not hasattr(config, "workerinput"):
        root = Path(tempfile.mkdtemp(prefix="ombud-tests-"))
        root.chmod(0o755)
        os.environ[ROOT_VARIABLE] = str(root)
        server = config.getoption("--ombud-server")
        if server:
            os.environ[SERVER_VARIABLE] = server


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the run's folder."""
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ.pop(ROOT_VARIABLE), ignore_errors=True)


@pytest.fixture(scope="session")
def ombud_environment() -> Iterator[None]:
    """Keep the developer's own desk out of the tests: no `OMBUD_...` variable counts while they run."""
    kept = (ROOT_VARIABLE, SERVER_VARIABLE)
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("OMBUD_") and name not in kept]:
            patch.delenv(name)
        yield


@pytest.fixture(scope="session")
def ombud_programs() -> Path | None:
    """The folder of the PostgreSQL programs to test on; None for the embedded ones. Override it in your conftest."""
    return None


@pytest.fixture(scope="session")
def ombud_server(
    ombud_environment: None,  # noqa: ARG001  # asked for what it does
    ombud_programs: Path | None,
) -> Iterator[ScratchServer]:
    """The run's server, shared by all of xdist's workers."""
    url = os.environ.get(SERVER_VARIABLE)
    if url:
        yield ScratchServer(url)
        return
    with scratch_server(Path(os.environ[ROOT_VARIABLE]) / "desk", programs=ombud_programs) as server:
        yield server


@pytest.fixture(scope="session")
def ombud_worker_database(ombud_server: ScratchServer) -> Iterator[ScratchDatabase]:
    """This process's migrated database; empty whenever a test begins."""
    with ombud_server.database() as database:
        yield database


@pytest.fixture
def ombud_database(ombud_worker_database: ScratchDatabase) -> Iterator[ScratchDatabase]:
    """An empty migrated database, for tests that really commit; what they leave is removed after them."""
    yield ombud_worker_database
    ombud_worker_database.empty()


@pytest.fixture
def ombud_settings(ombud_database: ScratchDatabase, tmp_path: Path) -> Settings:
    """Settings of a desk on the test's own database, for an application that opens it itself."""
    url = ombud_database.url.render_as_string(hide_password=False)
    return Settings(database_url=SecretStr(url), data_dir=tmp_path / "ombud")


@pytest.fixture(scope="session")
def ombud_stage_database(ombud_server: ScratchServer) -> Iterator[ScratchDatabase]:
    """The database below `ombud_desk`. Its own, because what is rolled back still uses numbers up."""
    with ombud_server.database() as database:
        yield database


@pytest.fixture(scope="session")
def ombud_stage(ombud_stage_database: ScratchDatabase) -> Iterator[Desk]:
    """The desk whose synchronous connection `ombud_desk` uses; kept open, because connecting costs more than a test."""
    with Desk(ombud_stage_database.url, Settings(pool_size=2)) as desk:
        yield desk


@pytest.fixture
def ombud_desk(ombud_stage: Desk) -> Iterator[UndoneDesk]:
    """A desk for synchronous tests: `begin`, `read`, `run`. What is committed is undone after the test."""
    desk = UndoneDesk(ombud_stage)
    yield desk
    desk.close()


@async_fixture
async def ombud_async_desk(ombud_stage_database: ScratchDatabase) -> AsyncIterator[AsyncUndoneDesk]:
    """A desk for asynchronous tests: `abegin`, `aread`, `arun`. What is committed is undone after the test.

    Its connection belongs to the loop of function-scoped fixtures (`asyncio_default_fixture_loop_scope`).
    """
    desk = Desk(ombud_stage_database.url.set(drivername="postgresql"), Settings(pool_size=1))
    async with undone(desk) as opened:
        yield opened
    await desk.aclose()


@pytest.fixture
def ombud_cast(ombud_desk: UndoneDesk) -> Cast:
    """The people of a small desk, in `ombud_desk`."""
    return ombud_desk.run(Actor.system(SYSTEM), make_cast)


@async_fixture
async def ombud_async_cast(ombud_async_desk: AsyncUndoneDesk) -> Cast:
    """The people of a small desk, in `ombud_async_desk`."""
    return await ombud_async_desk.arun(Actor.system(SYSTEM), make_cast)


@pytest.fixture(scope="session")
def ombud_runner() -> Iterator[asyncio.Runner]:
    """An event loop that runs only while a synchronous test runs something on it."""
    with asyncio.Runner() as runner:
        yield runner
