"""A desk whose log is sealed, and a superuser who tampers with it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.pool import NullPool

from ombud import Actor, Desk
from ombud.audit import queries
from ombud.audit.exported import ExportedCheckpoints
from ombud.audit.keys import SigningKey, signing_key, trusted_keys
from ombud.audit.verify import Report, verify
from ombud.db.context import DeskSession, bind_actor
from ombud.testing import ScratchDatabase, counted
from ombud.worker.logs import exported_checkpoints, keys_folder, seal_and_export

AUDITOR = Actor.system("test-auditor")


@pytest.fixture
def database(quiet_database: ScratchDatabase) -> Iterator[ScratchDatabase]:
    """An empty database where nobody else's transactions keep the log from being sealed."""
    yield quiet_database
    quiet_database.empty()


@pytest.fixture
def data(desk: Desk) -> Path:
    """The desk's data folder."""
    assert desk.settings.data_dir is not None
    return desk.settings.data_dir


@pytest.fixture
def key(data: Path) -> SigningKey:
    return signing_key(keys_folder(data))


@pytest.fixture
def exported(data: Path) -> ExportedCheckpoints:
    return exported_checkpoints(data)


@pytest.fixture
def seal_now(desk: Desk) -> Callable[[], int]:
    """Seal and export, as the worker does."""
    return lambda: seal_and_export(desk, AUDITOR)


@pytest.fixture
def check(desk: Desk, data: Path) -> Callable[[], Report]:
    """Verify the desk's log, as the command does."""

    def run() -> Report:
        lines = exported_checkpoints(data).lines()
        with desk.read(AUDITOR, snapshot=True) as session:
            return verify(session, trusted_keys(keys_folder(data)), lines)

    return run


@pytest.fixture
def superuser(database: ScratchDatabase) -> Iterator[Engine]:
    """Who may do anything, and whom no trigger and no policy stops."""
    url = database.admin_url.set(drivername="postgresql+psycopg")
    engine = create_engine(
        url, poolclass=NullPool, connect_args={"options": "-c session_replication_role=replica"}
    )
    yield engine
    engine.dispose()


def verified_in(connection: Connection, data: Path, lines: list[str]) -> Report:
    """Verify inside a transaction that tampered, before it is rolled back."""
    with DeskSession(connection, join_transaction_mode="create_savepoint") as session:
        bind_actor(session, AUDITOR, read_only=False, timeout=60)
        return verify(session, trusted_keys(keys_folder(data)), lines)


def count_checkpoints(desk: Desk) -> int:
    with desk.read(AUDITOR) as session:
        return len(session.scalars(queries.checkpoints()).all())


@pytest.fixture
def statements() -> Iterator[Callable[[], int]]:
    """How many statements were sent so far."""
    with counted() as log:
        yield lambda: len(log)
