"""Backups of older versions, and what is left when making one or putting it back ends hard."""

from __future__ import annotations

import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from ombud import Desk, Ticket
from ombud.backup import make_backup, restore_backup
from ombud.backup.archive import entries, writing
from ombud.backup.make import Source
from ombud.backup.restore import Target
from ombud.db import migrate
from ombud.errors import Conflict, Invalid, Unavailable
from ombud.kit.vault import open_vault
from ombud.mail.actions import MailboxChanges, NewSecrets, create_mailbox
from ombud.testing import ScratchDatabase
from ombud.worker.logs import seal_and_export
from tests.backup.conftest import SYSTEM, restored_settings

OLDER = "0056"
KILLED = """
import os, signal, sys
from pathlib import Path
from sqlalchemy import make_url
from ombud.backup import restore_backup
from ombud.backup.restore import Target
from ombud.files import open_store

url, login, source, place, moment = sys.argv[1:]

def end(what, done):
    if what == moment and done == 2:
        os.kill(os.getpid(), signal.SIGKILL)

store = open_store(Path(place) / "files", limit=2**40)
restore_backup(Path(source), Target(make_url(url), login or None, store, Path(place)), progress=end)
"""

KILLED_BACKUP = """
import os, signal, sys
from pathlib import Path
from sqlalchemy import make_url
from ombud.backup import make_backup
from ombud.backup.make import Source
from ombud.files import open_store

url, data, place, moment = sys.argv[1:]

def end(what, done):
    if what == moment and done == 2:
        os.kill(os.getpid(), signal.SIGKILL)

source = Source(make_url(url), open_store(Path(data) / "files", limit=2**40), Path(data))
make_backup(source, Path(place), progress=end)
"""


def what_is_there(desk: Desk) -> dict[str, list[str]]:
    """What every version has had since the older one, as text."""
    with desk.engine.connect() as connection:
        connection.execute(text("SET ROLE ombud_backup"))
        return {
            name: sorted(map(str, connection.execute(text(query))))
            for name, query in {
                "tickets": "SELECT id, ticket_number, title, description, status, created_at FROM ombud.tickets",
                "comments": "SELECT id, ticket_id, author_id, content, created_at FROM ombud.comments",
                "attachments": "SELECT id, file_name, storage_key, checksum FROM ombud.attachments",
                "users": "SELECT id, email, full_name, role FROM ombud.users",
            }.items()
        }


def test_a_backup_of_an_older_version_is_brought_up_to_date(  # noqa: PLR0917 -- fixtures, and what it is run with
    desk: Desk,
    database: ScratchDatabase,
    target: Target,
    filled: int,
    tmp_path: Path,
    run_command: Callable[..., tuple[int, str]],
) -> None:
    before = what_is_there(desk)
    desk.close()
    migrate.downgrade(database.admin_url, OLDER)
    try:
        assert run_command("backup", str(tmp_path / "old.tar"))[0] == 0
        assert migrate.current(database.admin_url) == OLDER, "a backup changes nothing"
    finally:
        migrate.upgrade(database.admin_url, login=database.server.login)
    code, told = run_command("restore", str(tmp_path / "old.tar"), into=target)
    assert (code, f"{filled} files" in told) == (0, True), told
    assert migrate.current(target.admin_url) == migrate.head()
    with Desk(restored_settings(target).database_url.get_secret_value()) as restored:  # type: ignore[union-attr]
        assert what_is_there(restored) == before
    assert migrate.differences(target.admin_url, Ticket.metadata) == []
    assert run_command("audit", "verify", into=target)[0] == 0


@pytest.mark.parametrize("moment", ["files", "proven"])
def test_a_restore_that_is_killed_leaves_no_desk_and_can_be_tried_again(  # noqa: PLR0917 -- fixtures, and what it is run with
    desk: Desk,
    source: Source,
    target: Target,
    filled: int,
    tmp_path: Path,
    run_command: Callable[..., tuple[int, str]],
    moment: str,
) -> None:
    seal_and_export(desk, SYSTEM)
    place = tmp_path / "backup.tar"
    made = make_backup(source, place)
    url = target.admin_url.render_as_string(hide_password=False)
    words = (url, target.login or "", str(place), str(target.data_dir), moment)
    ended = subprocess.run([sys.executable, "-c", KILLED, *words], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert migrate.current(target.admin_url) is None
    # An empty log would prove itself, and an empty desk be exported; worse, both would be in the restore's way.
    for asked in (("audit", "verify"), ("audit", "log"), ("export", "jsonl"), ("export", "csv")):
        code, told = run_command(*asked, into=target)
        assert (code, "no desk in this database" in told) == (3, True), told
    assert migrate.current(target.admin_url) is None
    with pytest.raises(Conflict, match="is not empty"):
        restore_backup(place, target)
    shutil.rmtree(target.data_dir)
    assert restore_backup(place, target)[1] == made


@pytest.mark.parametrize(
    ("name", "moment"), [("backup", "files"), ("backup.tar", "files"), ("backup.tar", "tables")]
)
@pytest.mark.usefixtures("filled")
def test_a_backup_that_is_killed_is_none(
    source: Source, target: Target, tmp_path: Path, name: str, moment: str
) -> None:
    """It has not its name yet, is taken for none by whoever finds it, and stands in nobody's way."""
    place = tmp_path / name
    words = (source.url.render_as_string(hide_password=False), str(source.data_dir), str(place), moment)
    ended = subprocess.run([sys.executable, "-c", KILLED_BACKUP, *words], check=False)
    assert ended.returncode == -signal.SIGKILL
    (left,) = (path for path in tmp_path.iterdir() if path.name.startswith("backup"))
    assert left.name == f"{name}.partial"
    with pytest.raises(Invalid):
        restore_backup(left, target)
    assert migrate.current(target.admin_url) is None
    made = make_backup(source, place)
    assert not left.exists()
    assert restore_backup(place, target)[1] == made


@pytest.mark.parametrize("name", ["backup", "backup.tar"])
def test_of_two_that_write_one_backup_the_second_is_told(tmp_path: Path, name: str) -> None:
    """Else it would take away what the first has written, and the first would give its name to the second's half."""
    with writing(tmp_path / name) as first:
        first.add_bytes("backup.json", b"first")
        with pytest.raises(Conflict, match="being written"), writing(tmp_path / name):
            raise AssertionError("not reached")
        first.add_bytes("manifest.json", b"{}")
    assert [(entry, b"".join(chunks)) for entry, chunks in entries(tmp_path / name)] == [
        ("backup.json", b"first"),
        ("manifest.json", b"{}"),
    ]


@contextmanager
def files_of_at_most(size: int) -> Iterator[None]:
    """What a full disk does to who writes: an error in the middle of a file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("name", ["backup", "backup.tar"])
@pytest.mark.usefixtures("filled")
def test_a_place_without_room_is_told_and_left_clean(
    source: Source, target: Target, tmp_path: Path, name: str
) -> None:
    place = tmp_path / "small"
    place.mkdir()
    with (
        files_of_at_most(4096),
        pytest.raises(Unavailable, match=r"small/backup.*could not be written: File too"),
    ):
        make_backup(source, place / name)
    assert not list(place.iterdir())
    make_backup(source, place / name)
    with files_of_at_most(4096), pytest.raises(Unavailable):
        restore_backup(place / name, target)
    assert migrate.current(target.admin_url) is None
    assert not [path for path in target.data_dir.rglob("*") if path.is_file()]
    restore_backup(place / name, target)


def test_a_folder_that_is_in_the_way_is_told(
    desk: Desk, source: Source, target: Target, filled: int, tmp_path: Path
) -> None:
    seal_and_export(desk, SYSTEM)
    make_backup(source, tmp_path / "backup")
    target.data_dir.mkdir(exist_ok=True)
    (target.data_dir / "audit").write_text("")
    with pytest.raises(Unavailable, match=r"checkpoints\.jsonl could not be written: File exists"):
        restore_backup(tmp_path / "backup", target)
    assert migrate.current(target.admin_url) is None


@pytest.mark.parametrize(("options", "closed"), [((), True), (("--with-keys",), False)])
def test_secrets_that_stay_closed_are_counted(  # noqa: PLR0917 -- fixtures, and what it is run with
    desk: Desk,
    source: Source,
    target: Target,
    tmp_path: Path,
    run_command: Callable[..., tuple[int, str]],
    options: tuple[str, ...],
    closed: bool,
) -> None:
    vault = open_vault(source.data_dir / "keys")
    for number in range(2):
        changes = MailboxChanges(name=f"Box {number}", address=f"box{number}@desk.example")
        desk.run(SYSTEM, create_mailbox, changes, secrets=NewSecrets(imap_secret="a word"), vault=vault)
    assert run_command("backup", str(tmp_path / "backup"), *options)[0] == 0
    code, told = run_command("restore", str(tmp_path / "backup"), into=target)
    assert (code, "2 stored secrets" in told) == (0, closed), told
    assert (target.data_dir / "keys" / "vault.keys").exists() is not closed, (
        "the old one can still be put there"
    )
