"""Backups: whole, of one moment, put back as they were; refused when they are foreign, newer, damaged or in the way."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
import tarfile
import threading
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import func, select, text

from ombud import Desk, Ticket
from ombud.audit.keys import signing_key
from ombud.backup import Head, make_backup, restore_backup
from ombud.backup.make import Source
from ombud.backup.restore import Target, check_backup
from ombud.db import migrate
from ombud.errors import Conflict, Invalid, OmbudError, Unavailable
from ombud.files import FileStore
from ombud.models import Attachment
from ombud.testing import Cast, ScratchDatabase
from ombud.testing.pytest import ROOT_VARIABLE
from ombud.worker.logs import seal_and_export
from tests.backup.conftest import SYSTEM, restored_settings, with_file


def contents(desk: Desk) -> dict[str, list[str]]:
    """Return every row of every table, as text."""
    with desk.engine.connect() as connection:
        connection.execute(text("SET ROLE ombud_backup"))
        tables = connection.scalars(
            text(
                "SELECT relname FROM pg_class WHERE relnamespace = 'ombud'::regnamespace"
                " AND relkind IN ('r', 'p') AND NOT relispartition"
            )
        ).all()
        return {
            table: sorted(map(str, connection.scalars(text(f"SELECT t::text FROM ombud.{table} t"))))
            for table in tables
        }


@pytest.mark.parametrize("name", ["backup", "backup.tar"])
def test_everything_comes_back_as_it_was(  # noqa: PLR0917 -- fixtures, and what it is run with
    desk: Desk, source: Source, target: Target, filled: int, tmp_path: Path, name: str
) -> None:
    seal_and_export(desk, SYSTEM)
    place = tmp_path / name
    made = make_backup(source, place)
    assert (made.files, made.tables["tickets"], made.missing) == (filled, 5, [])
    assert made.audit is not None
    assert made.audit["rows"] == made.tables["audit_logs"]
    assert stat.S_IMODE(place.stat().st_mode) & 0o077 == 0
    head, manifest = restore_backup(place, target)
    assert (head.revision, manifest) == (migrate.head(), made)
    before = contents(desk)
    with Desk(restored_settings(target).database_url.get_secret_value()) as restored:  # type: ignore[union-attr]
        assert contents(restored) == before
        with restored.read(SYSTEM) as session:
            attachments = session.scalars(select(Attachment)).all()
        assert len(attachments) == filled
        for one in attachments:
            assert target.files.get(one.storage_key) == source.files.get(one.storage_key)
    assert migrate.differences(target.admin_url, Ticket.metadata) == []


def test_under_write_load_nothing_is_torn(  # noqa: PLR0917 -- fixtures, and what it is run with
    desk: Desk, source: Source, target: Target, store: FileStore, cast: Cast, tmp_path: Path
) -> None:
    """Writers go on all the while; what came back is of one moment, with every file that it speaks of."""
    stop, begun, trouble = threading.Event(), threading.Barrier(3), list[BaseException]()

    def write(who: int) -> None:
        try:
            number = 0
            while not stop.is_set():
                with_file(desk, store, cast, f"writer {who} file {number}".encode())
                number += 1
                if number == 3:
                    begun.wait(60)
        except BaseException as error:  # noqa: BLE001 - told below
            trouble.append(error)
            begun.abort()

    writers = [threading.Thread(target=write, args=(who,)) for who in range(2)]
    for writer in writers:
        writer.start()
    begun.wait(60)
    made = make_backup(source, tmp_path / "busy.tar")
    stop.set()
    for writer in writers:
        writer.join(60)
    assert trouble == []
    restore_backup(tmp_path / "busy.tar", target)
    with desk.read(SYSTEM) as session:
        assert made.tables["tickets"] < session.scalars(select(func.count(Ticket.id))).one()
    with Desk(restored_settings(target).database_url.get_secret_value()) as restored:  # type: ignore[union-attr]
        with restored.read(SYSTEM) as session:
            keys = session.scalars(select(Attachment.storage_key)).all()
            # a ticket, its comment and its file are three transactions: at most one of each writer is between
            assert 0 <= made.tables["tickets"] - len(keys) <= 2
        assert all(target.files.has(key) for key in keys)


def test_the_audit_log_is_proven_where_it_comes_back(  # noqa: PLR0917 -- fixtures, and what it is run with
    desk: Desk,
    source: Source,
    target: Target,
    filled: int,
    tmp_path: Path,
    run_command: Callable[..., tuple[int, str]],
) -> None:
    place = tmp_path / "backup.tar"
    assert run_command("backup", str(place))[0] == 0
    code, told = run_command("restore", str(place), into=target)
    assert code == 0, told
    assert "The audit log is sound" in told
    assert f"{filled} files" in told
    assert run_command("audit", "verify", into=target)[0] == 0


def test_tampering_before_the_backup_shows_after_it(  # noqa: PLR0917 -- fixtures, and what it is run with
    desk: Desk,
    database: ScratchDatabase,
    target: Target,
    filled: int,
    tmp_path: Path,
    run_command: Callable[..., tuple[int, str]],
) -> None:
    assert run_command("audit", "seal")[0] == 0
    with psycopg.connect(migrate.libpq(database.admin_url)) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(
            "UPDATE ombud.audit_logs SET actor = 'user:999' WHERE id = (SELECT min(id) FROM ombud.audit_logs)"
        )
    assert run_command("backup", str(tmp_path / "backup"))[0] == 0
    code, told = run_command("restore", str(tmp_path / "backup"), into=target)
    assert code == 1
    assert "is not as it was written" in told


def test_the_private_key_travels_only_when_asked(
    desk: Desk, source: Source, filled: int, tmp_path: Path
) -> None:
    seal_and_export(desk, SYSTEM)
    key = signing_key(source.data_dir / "keys").key_id
    make_backup(source, tmp_path / "without")
    assert [path.name for path in (tmp_path / "without" / "keys").iterdir()] == [f"audit-{key}.pem"]
    assert not any(b"PRIVATE" in path.read_bytes() for path in (tmp_path / "without" / "keys").iterdir())
    make_backup(source, tmp_path / "with", with_keys=True)
    assert b"PRIVATE" in (tmp_path / "with" / "keys" / "audit-ed25519.pem").read_bytes()


def test_a_dump_that_would_be_cut_short_fails_and_leaves_nothing(
    database: ScratchDatabase, source: Source, filled: int, tmp_path: Path
) -> None:
    """Where the role does not pass row security, and a table has lost its policy for it."""
    database.execute("DROP POLICY backup_all ON ombud.comments")
    with psycopg.connect(migrate.libpq(database.admin_url), autocommit=True) as connection:
        connection.execute("ALTER ROLE ombud_backup NOBYPASSRLS")
        try:
            with pytest.raises(Unavailable, match="rows of comments out"):
                make_backup(source, tmp_path / "backup")
            connection.execute(
                "CREATE POLICY backup_all ON ombud.comments FOR SELECT TO ombud_backup USING (id > 1)"
            )
            with pytest.raises(Unavailable, match="rows of comments out"):
                make_backup(source, tmp_path / "backup")
            connection.execute("ALTER POLICY backup_all ON ombud.comments USING (true)")
            assert make_backup(source, tmp_path / "backup").tables["comments"] == filled
        finally:
            connection.execute("ALTER ROLE ombud_backup BYPASSRLS")
    assert not list(tmp_path.glob("*.partial"))


def test_a_missing_or_damaged_file_is_an_error(
    source: Source, target: Target, filled: int, tmp_path: Path
) -> None:
    folder = source.data_dir / "files"
    first, second, *_rest = sorted(path for path in folder.rglob("*") if path.is_file())
    second.write_bytes(b"x" * second.stat().st_size)
    with pytest.raises(Invalid, match="is damaged"):
        make_backup(source, tmp_path / "backup.tar")
    second.unlink()
    first.unlink()
    with pytest.raises(Invalid, match=r"2 files .* not in the store"):
        make_backup(source, tmp_path / "backup.tar")
    assert not list(tmp_path.glob("backup*"))
    made = make_backup(source, tmp_path / "backup.tar", skip_missing=True)
    assert (made.files, len(made.missing)) == (filled - 2, 2)
    restore_backup(tmp_path / "backup.tar", target)


def test_nothing_is_written_over(source: Source, filled: int, tmp_path: Path) -> None:
    (tmp_path / "backup").mkdir()
    make_backup(source, tmp_path / "backup")
    with pytest.raises(Conflict, match="is there already"):
        make_backup(source, tmp_path / "backup")


def test_only_an_empty_place_takes_a_backup(
    database: ScratchDatabase, source: Source, target: Target, filled: int, tmp_path: Path
) -> None:
    make_backup(source, tmp_path / "backup")
    taken = Target(database.admin_url, target.login, target.files, target.data_dir)
    with pytest.raises(Conflict, match="a desk in this database already"):
        restore_backup(tmp_path / "backup", taken)
    target.files.put([b"somebody's"])
    with pytest.raises(Conflict, match="is not empty"):
        restore_backup(tmp_path / "backup", target)


def _head(change: dict[str, object]) -> Callable[[Path], None]:
    def edit(backup: Path) -> None:
        plain = json.loads((backup / "backup.json").read_bytes()) | change
        (backup / "backup.json").write_text(json.dumps(plain))
        manifest = json.loads((backup / "manifest.json").read_bytes())
        del manifest["checksums"]["backup.json"]
        manifest["checksums"]["backup.json"] = hashlib.sha256(
            (backup / "backup.json").read_bytes()
        ).hexdigest()
        (backup / "manifest.json").write_text(json.dumps(manifest))

    return edit


def _manifest(backup: Path) -> None:
    plain = json.loads((backup / "manifest.json").read_bytes())
    plain["tables"]["comments"] += 1
    (backup / "manifest.json").write_text(json.dumps(plain))


def _flip(backup: Path) -> None:
    part = backup / "database" / "000001"
    data = bytearray(part.read_bytes())
    data[len(data) // 2] ^= 1
    part.write_bytes(data)


def _file(backup: Path) -> None:
    next(path for path in (backup / "files").rglob("*") if path.is_file()).unlink()


def _link(backup: Path) -> None:
    (backup / "audit").mkdir(exist_ok=True)
    (backup / "keys" / "audit-x.pem").symlink_to("/etc/passwd")


@pytest.mark.parametrize(
    ("break_it", "kind", "words"),
    [
        (_head({"program": "other"}), Invalid, "not a backup of Ombud"),
        (_head({"format": 99}), Invalid, "newer format"),
        (_head({"revision": "9999"}), Conflict, "newer Ombud"),
        (_head({"server": 990000}), Unavailable, "the server is older"),
        (
            _head({"extensions": {"unaccent": "elsewhere"}}),
            Conflict,
            "CREATE EXTENSION unaccent SCHEMA elsewhere",
        ),
        (_manifest, Invalid, "comments has 5 rows, and the backup says 6"),
        (_flip, Invalid, "is damaged"),
        (_file, Invalid, "4 files are there, not 5"),
        (_link, Invalid, "no whole backup"),
        (lambda backup: (backup / "manifest.json").unlink(), Invalid, "no whole backup"),
        (lambda backup: (backup / "backup.json").unlink(), Invalid, "no whole backup"),
        (lambda backup: (backup / "database" / "000001").unlink(), Invalid, "is damaged"),
        (lambda backup: (backup / "files" / "evil").write_bytes(b""), Invalid, "what no backup does"),
    ],
)
def test_what_is_no_whole_backup_of_ours_is_refused_and_leaves_nothing(  # noqa: PLR0917 -- fixtures, and what it is run with
    desk: Desk,
    source: Source,
    target: Target,
    filled: int,
    tmp_path: Path,
    break_it: Callable[[Path], None],
    kind: type[Exception],
    words: str,
) -> None:
    seal_and_export(desk, SYSTEM)
    make_backup(source, tmp_path / "backup")
    break_it(tmp_path / "backup")
    with pytest.raises(kind, match=words):
        restore_backup(tmp_path / "backup", target)
    assert migrate.current(target.admin_url) is None
    assert not [path for path in target.data_dir.rglob("*") if path.is_file()]


@pytest.mark.parametrize("share", [0, 3, 50, 85])
def test_a_tar_that_breaks_off_is_refused(source: Source, filled: int, tmp_path: Path, share: int) -> None:
    make_backup(source, tmp_path / "backup.tar")
    data = (tmp_path / "backup.tar").read_bytes()
    (tmp_path / "cut.tar").write_bytes(data[: len(data) * share // 100])
    with pytest.raises(OmbudError):
        check_backup(tmp_path / "cut.tar")


def test_a_tar_leads_nowhere_else(tmp_path: Path) -> None:
    for number, (name, kind) in enumerate((("../../evil", tarfile.REGTYPE), ("keys/x", tarfile.SYMTYPE))):
        with tarfile.open(tmp_path / f"{number}.tar", "w") as tar:
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = kind, "/etc/passwd"
            tar.addfile(entry)
        with pytest.raises(Invalid):
            check_backup(tmp_path / f"{number}.tar")


def test_the_description_reads_what_it_writes() -> None:
    head = Head("1.0", "0001", 150018, 18, "2026-11-27T00:00:00+00:00", {"unaccent": "ombud"})
    assert Head.read(head.to_bytes()) == head
    for wrong in (b"", b"[]", b"{}", b'{"program": "ombud", "format": 1}'):
        with pytest.raises(Invalid):
            Head.read(wrong)


def test_what_is_in_a_backup_can_be_read_without_ombud(source: Source, filled: int, tmp_path: Path) -> None:
    """The pieces put together are a plain dump of pg_dump's."""
    make_backup(source, tmp_path / "backup")
    with (tmp_path / "whole.dump").open("wb") as whole:
        for part in sorted((tmp_path / "backup" / "database").iterdir()):
            whole.write(part.read_bytes())
    assert (tmp_path / "whole.dump").read_bytes()[:5] == b"PGDMP"


def test_into_an_embedded_server_and_out_of_it_again(
    desk: Desk,
    filled: int,
    run_command: Callable[..., tuple[int, str]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """A data directory that is not there yet becomes the same desk; its own backup is one, too."""
    assert run_command("backup", str(tmp_path / "first.tar"))[0] == 0
    # Where the server's own user may go, as root; else it is the same user.
    place = Path(os.environ[ROOT_VARIABLE]) / f"restored-{os.getpid()}"
    try:
        code, told = run_command("restore", str(tmp_path / "first.tar"), embedded=place)
        assert code == 0, told
        code, told = run_command("backup", str(tmp_path / "second"), embedded=place)
        assert code == 0, told
        assert f"{filled} files" in told
        first, second = (check_backup(tmp_path / name)[1] for name in ("first.tar", "second"))
        # sealing what came unsealed is the only thing that may have happened
        assert second.tables.pop("audit_checkpoints") >= first.tables.pop("audit_checkpoints")
        assert (second.tables, second.files) == (first.tables, first.files)
        code, told = run_command("restore", str(tmp_path / "first.tar"), embedded=place)
        assert code == 1
        assert "a desk in this database already" in told
    finally:
        shutil.rmtree(place, ignore_errors=True)


def test_without_a_desk_there_is_nothing_to_back_up(
    target: Target, run_command: Callable[..., tuple[int, str]], tmp_path: Path
) -> None:
    code, told = run_command("backup", str(tmp_path / "backup"), into=target)
    assert code == 3
    assert "no desk" in told
    assert not (tmp_path / "backup").exists()
