"""Indexes of large tables are built while everybody works, and a build that failed is found and done again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from ombud import Actor, Desk, DeskSession
from ombud.db import migrate
from ombud.db.doctor.schema import INVALID_INDEXES
from ombud.migrations import operations
from ombud.testing import ScratchDatabase, make_ticket

NAME = "ix_tickets_title_of_a_test"
PLAIN = f"CREATE INDEX CONCURRENTLY {NAME} ON ombud.tickets (title)"
UNIQUE = f"CREATE UNIQUE INDEX CONCURRENTLY {NAME} ON ombud.tickets (title)"
STATE = f"SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('ombud.{NAME}')"
WAITS = (
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    " AND query LIKE 'CREATE %INDEX CONCURRENTLY%' AND wait_event_type = 'Lock'"
)
SYSTEM = Actor.system("test")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a version's indexes are written down."""
    monkeypatch.setattr(operations, "SQL", tmp_path)
    made = tmp_path / "9999" / "indexes"
    made.mkdir(parents=True)
    return made


@pytest.fixture
def indexed(database: ScratchDatabase) -> Iterator[ScratchDatabase]:
    yield database
    database.execute(f"DROP INDEX IF EXISTS ombud.{NAME}")


def upgrade(database: ScratchDatabase) -> None:
    """Do what a version does that calls `op.build_indexes`, as the owner and with the limits of migrations."""
    engine = create_engine(
        database.admin_url.set(drivername="postgresql+psycopg"),
        poolclass=NullPool,
        connect_args={"options": "-c role=ombud_owner -c lock_timeout=200 -c statement_timeout=60000"},
    )
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"transaction_per_migration": True})
        with context.begin_transaction(_per_migration=True), Operations.context(context) as op:
            op.build_indexes("9999/indexes")  # type: ignore[attr-defined]  # of ours
            limits = connection.execute(text("SELECT current_setting('lock_timeout')")).scalar()
            assert limits == "200ms", "the rest of the version has its limits again"
    engine.dispose()


def is_valid(database: ScratchDatabase) -> bool | None:
    """Whether the index is there and used; None without one."""
    with migrate.connected(database.admin_url) as connection:
        found = connection.execute(STATE.encode()).fetchone()
    return None if found is None else bool(found[0])


def test_long_readers_and_writers_are_not_blocked_and_block_nobody(
    indexed: ScratchDatabase, desk: Desk, folder: Path
) -> None:
    """The build waits for those who were there before, longer than any lock may be waited for; others go on."""
    (folder / f"{NAME}.sql").write_text(PLAIN)
    ticket = desk.run(SYSTEM, make_ticket)
    with ThreadPoolExecutor(1) as pool, migrate.connected(indexed.admin_url) as watcher:
        with desk.read(SYSTEM, snapshot=True) as reader, desk.begin(SYSTEM) as writer:
            assert reader.scalar(text("SELECT count(*) FROM ombud.tickets")) == 1
            make_ticket(writer)
            writer.flush()
            building = pool.submit(upgrade, indexed)
            while watcher.execute(WAITS.encode()).fetchone() == (0,):
                assert not building.done(), building.result()
            threading.Event().wait(0.3)  # longer than the limit of the version's other statements
            assert not building.done(), "it waits for the two"
            for _turn in range(3):
                desk.run(SYSTEM, make_ticket)
            desk.run(SYSTEM, _retitle, ticket.id)
            with desk.read(SYSTEM) as other:
                assert other.scalar(text("SELECT count(*) FROM ombud.tickets")) == 4
            make_ticket(writer)
        building.result()
    assert is_valid(indexed)


def test_a_failed_build_is_found_and_done_again(indexed: ScratchDatabase, desk: Desk, folder: Path) -> None:
    (folder / f"{NAME}.sql").write_text(UNIQUE)
    for _ticket in range(2):
        desk.run(SYSTEM, lambda s: make_ticket(s, title="the same"))
    with pytest.raises(psycopg.errors.UniqueViolation):
        upgrade(indexed)
    assert is_valid(indexed) is False, "PostgreSQL leaves it behind"
    with migrate.connected(indexed.admin_url) as connection:
        found = connection.execute(INVALID_INDEXES.encode()).fetchall()
    assert [row[0].partition(" ")[0].removeprefix("ombud.") for row in found] == [NAME], (
        "ombud db doctor tells"
    )
    indexed.execute("UPDATE ombud.tickets SET title = title || id")
    upgrade(indexed)
    assert is_valid(indexed)


def test_one_that_is_there_is_left_alone(indexed: ScratchDatabase, folder: Path) -> None:
    (folder / f"{NAME}.sql").write_text(PLAIN)
    upgrade(indexed)
    before = _oid(indexed)
    upgrade(indexed)
    assert _oid(indexed) == before


def _oid(database: ScratchDatabase) -> object:
    with migrate.connected(database.admin_url) as connection:
        return connection.execute(f"SELECT to_regclass('ombud.{NAME}')::oid".encode()).fetchone()


def _retitle(session: DeskSession, ticket_id: int) -> None:
    session.execute(text("UPDATE ombud.tickets SET title = 'renamed' WHERE id = :id"), {"id": ticket_id})
