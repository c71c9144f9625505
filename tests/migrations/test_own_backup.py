"""Backups of a desk on somebody's own server, over TCP with a password: as a superuser, and as a user of few rights."""

from __future__ import annotations

import time
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import select

from ombud import Actor, Desk, Ticket
from ombud.backup import make_backup, restore_backup
from ombud.backup.make import Source
from ombud.backup.restore import Target
from ombud.db import migrate
from ombud.db.embedded.programs import BIN_VARIABLE
from ombud.files import open_store
from ombud.testing import make_ticket
from tests.conftest import PROGRAMS
from tests.migrations.conftest import PASSWORD, OwnServer

SYSTEM = Actor.system("test")


@pytest.mark.parametrize(("user", "passes_rows"), [("boss", True), ("maker", False)])
def test_there_and_back(
    own_server: OwnServer,
    own_database: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    pytestconfig: pytest.Config,
    *,
    user: str,
    passes_rows: bool,
) -> None:
    programs = PROGRAMS[pytestconfig.getoption("--postgres")]
    if programs is not None and user == "boss":  # the other one takes the package's newer programs
        monkeypatch.setenv(BIN_VARIABLE, str(programs))
    migrate.upgrade(own_server.url("boss", own_database), login=user)
    own_server.execute(f"ALTER ROLE ombud_backup {'' if passes_rows else 'NO'}BYPASSRLS")
    url = own_server.url(user, own_database)
    with Desk(url) as desk:
        number = desk.run(SYSTEM, make_ticket, title="Überall").ticket_number
    files = open_store(tmp_path / "files", limit=2**20)
    made = make_backup(Source(url, files, tmp_path), tmp_path / "backup.tar")
    assert made.tables["tickets"] == 1
    assert PASSWORD.encode() not in (tmp_path / "backup.tar").read_bytes()
    other = f"back_{time.time_ns()}"
    own_server.execute(f"CREATE DATABASE {other} OWNER maker")
    try:
        target = Target(
            own_server.url(user, other),
            None,
            open_store(tmp_path / "new" / "files", limit=2**20),
            tmp_path / "new",
        )
        assert restore_backup(tmp_path / "backup.tar", target)[1] == made
        with Desk(target.admin_url) as desk, desk.read(SYSTEM) as session:
            assert session.scalars(select(Ticket.ticket_number)).all() == [number]
        with Desk(target.admin_url) as desk:  # numbers go on where they were
            assert int(desk.run(SYSTEM, make_ticket).ticket_number) == int(number) + 1
        assert migrate.is_current(target.admin_url)
        # Nobody may do more there than before.
        with psycopg.connect(migrate.libpq(own_server.url("boss", other))) as connection:
            rights = connection.execute(
                "SELECT has_schema_privilege('ombud_search', 'ombud', 'CREATE'),"
                " has_database_privilege('ombud_owner', current_database(), 'CREATE')"
            )
            assert rights.fetchone() == (False, False)
    finally:
        own_server.execute(f"DROP DATABASE {other} WITH (FORCE)")
