"""What is refused, and whether the message says what to do."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from ombud.db.embedded import open_server
from ombud.db.embedded.account import account_for
from ombud.db.embedded.errors import (
    DataDirUnusable,
    DiskFull,
    EmbeddedError,
    ProgramsMissing,
    SocketUnusable,
    WrongVersion,
)
from ombud.db.embedded.layout import make_data_dir, private_folder, socket_folder
from ombud.db.embedded.postmaster import server_processes
from ombud.db.embedded.programs import find_programs, readable_copy

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can do this")


def test_data_of_another_major_version(data_dir: Path) -> None:
    version = data_dir / "postgres" / "PG_VERSION"
    version.write_text("14\n")
    with pytest.raises(WrongVersion, match=r"is of PostgreSQL 14.*OMBUD_POSTGRES_BIN.*pg_upgrade"):
        open_server(data_dir)
    assert version.read_text() == "14\n"
    assert not server_processes(data_dir / "postgres")


def test_a_folder_that_is_no_cluster(data_dir: Path) -> None:
    (data_dir / "postgres" / "PG_VERSION").unlink()
    with pytest.raises(DataDirUnusable, match="no PG_VERSION"):
        open_server(data_dir)
    assert (data_dir / "postgres" / "global").is_dir(), "nothing is removed"


def test_missing_programs(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMBUD_POSTGRES_BIN", str(place))
    with pytest.raises(ProgramsMissing, match=r"has no initdb, pg_ctl, postgres\. .*ombud\[embedded\]"):
        open_server(place / "desk")


def test_programs_that_are_too_old(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("initdb", "pg_ctl", "postgres"):
        (place / name).write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 14.9'\n")
        (place / name).chmod(0o755)
    monkeypatch.setenv("OMBUD_POSTGRES_BIN", str(place))
    with pytest.raises(WrongVersion, match="holds PostgreSQL 14; Ombud needs 15 or newer"):
        open_server(place / "desk")


def test_programs_out_of_reach_are_copied(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wheel may be below /root, where the server's own user cannot enter."""
    account = account_for(place / "none")
    package = find_programs(account).bin.parent.parent
    copy = readable_copy(package, place / "cache")
    assert readable_copy(package, place / "cache") == copy
    assert [entry.name for entry in (place / "cache").iterdir()] == [copy.parent.name]
    for program in ("initdb", "pg_ctl", "postgres"):
        said = account.run(copy / "pginstall" / "bin" / program, "--version").stdout
        assert said.startswith(f"{program} (PostgreSQL)"), said
    monkeypatch.setenv("OMBUD_POSTGRES_BIN", str(copy / "pginstall" / "bin"))
    open_server(place / "desk").close()


def test_a_file_in_place_of_the_data_directory(place: Path) -> None:
    (place / "desk").write_text("not a folder")
    with pytest.raises(DataDirUnusable, match="--data-dir"):
        open_server(place / "desk")


@pytest.mark.parametrize("name", ['a"b', "a$(touch x)b", "a`b", "a\\b", "a\nb"])
def test_paths_that_a_shell_would_read(place: Path, name: str) -> None:
    with pytest.raises(DataDirUnusable, match="cannot handle"):
        open_server(place / name)
    assert list(place.iterdir()) == []


@pytest.mark.parametrize("name", ["x" * 120, "with,comma:and space", "Größe"])
def test_paths_that_a_socket_cannot_have(data_dir: Path, name: str) -> None:
    """The socket goes to a private folder elsewhere; all else stays in the data directory."""
    moved = data_dir.rename(data_dir.with_name(name))
    with open_server(moved) as server, open_server(moved) as second:
        folder = server.connection.socket_dir
        assert second.connection == server.connection
        assert not folder.is_relative_to(moved)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert folder.stat().st_uid == (moved / "postgres").stat().st_uid
    folder.rmdir()


def test_no_place_for_the_socket(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = place / ("x" * 120)
    long.mkdir(mode=0o755)
    layout = make_data_dir(long)
    account = account_for(layout.cluster)
    squatter = socket_folder(layout, account)
    squatter.chmod(0o755)
    with pytest.raises(SocketUnusable, match="0700"):
        socket_folder(layout, account)
    squatter.rmdir()


@pytest.mark.parametrize("mode", [0o755, 0o770])
def test_a_run_folder_that_others_can_enter(data_dir: Path, mode: int) -> None:
    (data_dir / "run").chmod(mode)
    with pytest.raises(DataDirUnusable, match="0700"):
        open_server(data_dir)


def test_a_run_folder_that_is_a_link(data_dir: Path, place: Path) -> None:
    shutil.move(data_dir / "run", place / "elsewhere")
    (data_dir / "run").symlink_to(place / "elsewhere")
    with pytest.raises(EmbeddedError):
        open_server(data_dir)


@as_root
def test_root_never_opens_folders_above(place: Path) -> None:
    private = place / "private"
    private.mkdir(mode=0o700)
    with pytest.raises(DataDirUnusable, match=f"may not enter {private}.*chmod o\\+x {private}"):
        open_server(private / "desk")
    assert stat.S_IMODE(private.stat().st_mode) == 0o700


@as_root
def test_an_empty_folder_of_roots_is_handed_over_and_a_used_one_is_not(place: Path) -> None:
    for name, file in (("empty", None), ("used", "notes.txt")):
        (place / name).mkdir(mode=0o755)
        if file:
            (place / name / file).touch()
        open_server(place / name).close()
    assert (place / "empty").stat().st_uid == account_for(place / "none").uid
    assert (place / "used").stat().st_uid == 0


@as_root
def test_full_disk(place: Path) -> None:
    disk = place / "disk"
    disk.mkdir()
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", disk], check=False)
    if mount.returncode:
        pytest.skip("no file system can be mounted here")
    try:
        with pytest.raises(DiskFull, match="disk is full"):
            open_server(disk / "desk")
        assert not (disk / "desk" / "postgres").exists()
    finally:
        subprocess.run(["umount", disk], check=True)


def test_make_private_folder_accepts_its_own(place: Path) -> None:
    account = account_for(place / "none")
    for _ in range(2):
        private_folder(place / "mine", account)
    assert stat.S_IMODE((place / "mine").stat().st_mode) == 0o700
