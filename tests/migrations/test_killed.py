"""An upgrade that is killed or stopped: every version is there or is not, and the next one goes on from there."""

from __future__ import annotations

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from sqlalchemy import select, text

from ombud import Desk, Ticket
from ombud.db import migrate
from ombud.errors import Invalid, Unavailable
from ombud.models import User
from ombud.testing import Cast, ScratchDatabase, make_ticket
from tests.faults.house import wait_until
from tests.migrations.test_migrations import _things

OLDER = "0094"
KILLED = """
import os, signal, sys
from sqlalchemy import Engine, event
from ombud.db import migrate

url, login, version = sys.argv[1:]

@event.listens_for(Engine, "before_cursor_execute")
def end(connection, cursor, statement, parameters, context, executemany):
    if "alembic_version" in statement and f"version_num='{version}'" in statement.split("WHERE")[0]:
        os.kill(os.getpid(), signal.SIGKILL)

migrate.upgrade(url, login=login)
"""


def rows(desk: Desk) -> list[str]:
    with desk.engine.connect() as connection:
        connection.execute(text("SET ROLE ombud_backup"))
        found = connection.execute(
            text(
                "SELECT t.id, t.title, t.created_at, u.email FROM ombud.tickets t JOIN ombud.users u"
                " ON u.id = t.requester_id UNION ALL SELECT id, action, created_at, table_name FROM ombud.audit_logs"
            )
        )
        return sorted(map(str, found))


@pytest.mark.parametrize(("version", "before"), [("0098", "0096"), (migrate.head(), "-1")])
def test_what_was_killed_goes_on_where_it_was(
    desk: Desk, cast: Cast, database: ScratchDatabase, version: str, before: str
) -> None:
    """Killed when all of a version is done but its commit: that version left nothing, those before are kept."""
    with desk.begin(cast.agent.actor) as session:
        make_ticket(session, cast.customer.id, title="Kept")
    whole, kept = _things(database), rows(desk)
    desk.close()
    url = database.admin_url.render_as_string(hide_password=False)
    words = (url, database.server.login or "", version)
    try:
        migrate.downgrade(database.admin_url, before)
        last, things = migrate.current(database.admin_url), _things(database)
        migrate.downgrade(database.admin_url, OLDER)
        ended = subprocess.run([sys.executable, "-c", KILLED, *words], check=False)
        assert ended.returncode == -signal.SIGKILL
        assert migrate.current(database.admin_url) == last
        assert _things(database) == things
        assert rows(desk) == kept
    finally:
        migrate.upgrade(database.admin_url, login=database.server.login)
    assert migrate.is_current(database.admin_url)
    assert migrate.differences(database.admin_url, Ticket.metadata) == []
    assert (_things(database), rows(desk)) == (whole, kept)


def test_a_table_that_somebody_holds_is_told(database: ScratchDatabase) -> None:
    migrate.downgrade(database.admin_url, "0098")
    try:
        with (
            database.holding("LOCK TABLE ombud.users IN ACCESS SHARE MODE"),
            pytest.raises(Unavailable, match="stopped: somebody holds a table"),
        ):
            migrate.upgrade(database.admin_url, login=database.server.login, patience=0)
        assert migrate.current(database.admin_url) == "0098"
    finally:
        migrate.upgrade(database.admin_url, login=database.server.login)
    assert migrate.is_current(database.admin_url)


def _who_waits(database: ScratchDatabase) -> int:
    with migrate.connected(database.admin_url) as connection:
        found = connection.execute(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'ombud.users'::regclass"
        ).fetchone()
    return int(found[0]) if found else 0


def test_an_upgrade_waits_for_a_table_without_keeping_others_waiting(
    desk: Desk, cast: Cast, database: ScratchDatabase
) -> None:
    """It steps back before anybody behind it is refused, and goes on when the table is free."""
    migrate.downgrade(database.admin_url, "0098")
    with ThreadPoolExecutor() as pool:
        with database.holding("LOCK TABLE ombud.users IN ACCESS SHARE MODE"):
            upgrade = pool.submit(
                migrate.upgrade, database.admin_url, login=database.server.login, patience=30.0
            )
            wait_until(lambda: _who_waits(database) > 0, "the upgrade waits")
            with desk.read(cast.agent.actor) as session:
                assert session.scalars(select(User.id)).first(), "who came behind it is served"
            wait_until(lambda: _who_waits(database) == 0, "it stepped back")
            assert not upgrade.done()
        upgrade.result()
    assert migrate.is_current(database.admin_url)


@pytest.mark.parametrize("revision", ["nonsense", "-500", ""])
def test_a_revision_that_is_not_there_is_told(database: ScratchDatabase, revision: str) -> None:
    with pytest.raises(Invalid, match=r"`ombud db current` says where"):
        migrate.downgrade(database.admin_url, revision)
    assert migrate.is_current(database.admin_url)


def test_a_full_disk_is_told() -> None:
    with pytest.raises(Unavailable, match="disk of the database's server is full"), migrate._told():
        raise psycopg.errors.DiskFull
