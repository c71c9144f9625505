"""A full disk, and a server that goes away, while a backup is put back or a desk is brought up to date."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from psycopg import sql
from sqlalchemy import URL

from ombud import Desk, Ticket
from ombud.backup import make_backup, restore_backup
from ombud.backup.make import Source
from ombud.backup.restore import InDoubt, Target
from ombud.db import migrate
from ombud.db.embedded.account import account_for
from ombud.errors import Unavailable
from ombud.worker.logs import seal_and_export
from tests.backup.conftest import SYSTEM
from tests.disks import Disk, disk


@pytest.fixture
def small(target: Target) -> Iterator[Disk]:
    """A disk on which all tables of the target's database will lie."""
    folder = Path(tempfile.mkdtemp(prefix="ombud-small-"))
    folder.chmod(0o755)
    try:
        with disk(folder / "disk", "64m") as mounted:
            space = mounted.folder / "space"
            account = account_for(space)
            space.mkdir(mode=0o700)
            shutil.chown(space, account.uid, account.gid)
            name = sql.Identifier(f"small_{target.admin_url.database}")
            _execute(target.admin_url, sql.SQL("CREATE TABLESPACE {} LOCATION {}").format(name, str(space)))
            _execute(target.admin_url, sql.SQL("GRANT CREATE ON TABLESPACE {} TO PUBLIC").format(name))
            database = sql.Identifier(target.admin_url.database or "")
            set_default = sql.SQL("ALTER DATABASE {} SET default_tablespace = {}")
            _execute(target.admin_url, set_default.format(database, name))
            yield mounted
            with migrate.connected(target.admin_url) as connection:
                connection.execute("DROP SCHEMA IF EXISTS ombud CASCADE")
            _execute(target.admin_url, sql.SQL("DROP TABLESPACE {}").format(name))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _execute(url: URL, statement: sql.Composed) -> None:
    with migrate.connected(url) as connection:
        connection.execute(statement)


@pytest.mark.usefixtures("filled")
def test_a_full_disk_is_told_and_nothing_is_left(
    source: Source, target: Target, small: Disk, tmp_path: Path
) -> None:
    made = make_backup(source, tmp_path / "backup.tar")
    small.fill()
    with pytest.raises(Unavailable, match="disk of the database's server is full"):
        restore_backup(tmp_path / "backup.tar", target)
    assert migrate.current(target.admin_url) is None
    assert not [path for path in target.data_dir.rglob("*") if path.is_file()]
    small.make_room()
    assert restore_backup(tmp_path / "backup.tar", target)[1] == made


def test_an_upgrade_on_a_full_disk_is_told_and_goes_on(target: Target, small: Disk) -> None:
    migrate.upgrade(target.admin_url, "0004", login=target.login)
    small.fill()
    with pytest.raises(
        Unavailable, match=r"stopped: the disk of the database's server is full.*run it again"
    ):
        migrate.upgrade(target.admin_url, login=target.login)
    assert (migrate.current(target.admin_url) or "") >= "0004"
    assert not migrate.is_current(target.admin_url)
    small.make_room()
    migrate.upgrade(target.admin_url, login=target.login)
    assert migrate.is_current(target.admin_url)
    assert migrate.differences(target.admin_url, Ticket.metadata) == []


def _end_restorer(url: URL) -> None:
    with migrate.connected(url) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s"
            " AND pid <> pg_backend_pid()",
            [url.database],
        )


@pytest.mark.usefixtures("filled")
def test_a_server_that_goes_away_is_told_and_nothing_is_left(
    source: Source, target: Target, tmp_path: Path
) -> None:
    make_backup(source, tmp_path / "backup.tar")

    def end(what: str, done: int) -> None:
        if what == "proven" and done == 2:
            _end_restorer(target.admin_url)

    with pytest.raises(Unavailable, match="server was told to stop"):
        restore_backup(tmp_path / "backup.tar", target, progress=end)
    assert migrate.current(target.admin_url) is None
    assert not [path for path in target.data_dir.rglob("*") if path.is_file()]


ENDS_IN_COMMIT = """
CREATE TABLE public.seen (id int);
GRANT INSERT ON public.seen TO PUBLIC;
CREATE FUNCTION public.end_it() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END';
CREATE CONSTRAINT TRIGGER last AFTER INSERT ON public.seen DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION public.end_it();
CREATE FUNCTION public.see() RETURNS event_trigger LANGUAGE plpgsql AS
'BEGIN INSERT INTO public.seen VALUES (1); END';
CREATE EVENT TRIGGER see ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION public.see();
"""


def test_a_commit_whose_end_nobody_saw_keeps_the_files(
    source: Source, target: Target, filled: int, tmp_path: Path
) -> None:
    """They are all that a desk needs, should it be there."""
    make_backup(source, tmp_path / "backup.tar")
    with migrate.connected(target.admin_url) as connection:
        connection.execute(ENDS_IN_COMMIT)
    with pytest.raises(InDoubt, match="`ombud db current` says whether"):
        restore_backup(tmp_path / "backup.tar", target)
    assert len(list((target.data_dir / "files").rglob("sha256/*/*"))) == filled


def test_what_stops_after_a_restore_does_not_send_anybody_to_restore_again(
    source: Source,
    target: Target,
    tmp_path: Path,
    run_command: Callable[..., tuple[int, str]],
) -> None:
    make_backup(source, tmp_path / "backup.tar")  # nothing was sealed: there is no export in it
    (target.data_dir / "audit" / "checkpoints.jsonl").mkdir(parents=True)
    code, told = run_command("restore", str(tmp_path / "backup.tar"), into=target)
    assert (code, "All of the backup is back" in told, told.count("\n")) == (1, True, 1), told
    (target.data_dir / "audit" / "checkpoints.jsonl").rmdir()
    with Desk(target.admin_url) as restored:
        seal_and_export(restored, SYSTEM)
    assert run_command("audit", "verify", into=target)[0] == 0
