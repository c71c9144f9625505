"""Backups that would become much larger than they are: refused while they are read, in flat memory (T56)."""

from __future__ import annotations

import os
import subprocess
import tarfile
import tracemalloc
from itertools import chain
from pathlib import Path
from typing import Literal

import pytest

from ombud import Desk
from ombud.backup import make_backup
from ombud.backup.archive import entries
from ombud.backup.load import RATIO, load_dump
from ombud.backup.make import Source
from ombud.backup.programs import find_program
from ombud.backup.restore import Target, check_backup
from ombud.db import migrate
from ombud.errors import Invalid
from ombud.testing import Cast, make_comment, make_ticket
from tests.backup.conftest import SYSTEM


@pytest.mark.parametrize("form", ["gnu", "pax"])
def test_a_tar_of_terabytes_of_nothing_is_refused(tmp_path: Path, form: str) -> None:
    (tmp_path / "keys").mkdir()
    with (tmp_path / "keys" / "hole").open("wb") as hole:
        hole.truncate(2**43)
    made = tmp_path / "hole.tar"
    subprocess.run(
        ["tar", f"--format={form}", "--sparse", "-cf", made, "keys/hole"], cwd=tmp_path, check=True
    )
    assert made.stat().st_size < 2**16
    with pytest.raises(Invalid, match=r"holds something that no backup does"):
        check_backup(made)


def read(source: Path, found: list[bytes] | None = None) -> None:
    """Read a backup through, as whoever checks it does."""
    for _name, pieces in entries(source):
        ([] if found is None else found).append(b"".join(pieces))


def head(name: str = "backup.json", *, form: Literal[1, 2] = tarfile.PAX_FORMAT, **said: object) -> bytes:
    """Return the blocks in front of an entry, as somebody made them who wants more than a backup."""
    info = tarfile.TarInfo(name)
    for what, value in said.items():
        setattr(info, what, value)
    return info.tobuf(form)


CHAINED = head(pax_headers={"comment": "x"})[:1024]
MADE_UP = {
    "a map that is none": head(pax_headers={"GNU.sparse.map": "1,2,a"}),
    "a size that is none": head(pax_headers={"GNU.sparse.size": "x"}),
    "a map of one number": head(size=512, pax_headers={"GNU.sparse.major": "1", "GNU.sparse.minor": "0"})
    + b"9\n1\n".ljust(512, b"\0"),
    "less than nothing": head() + head("keys/a", form=tarfile.GNU_FORMAT, size=-512),
    "more than there is": head(form=tarfile.GNU_FORMAT, size=2**70),
    "names of names": CHAINED * 3000 + head(),
    "long names of long names": head(type=tarfile.GNUTYPE_LONGNAME, size=1).ljust(1024, b"\0") * 3000,
    "another place": head(pax_headers={"path": "../../etc/cron.d/x"}),
    "a hard link": head("keys/a", type=tarfile.LNKTYPE, linkname="/etc/passwd"),
    "a pipe": head("keys/a", type=tarfile.FIFOTYPE),
    "a device": head("keys/a", type=tarfile.CHRTYPE),
}


@pytest.mark.parametrize("made", MADE_UP)
def test_a_tar_that_was_made_to_break_its_reader_is_refused(tmp_path: Path, made: str) -> None:
    (tmp_path / "made.tar").write_bytes(MADE_UP[made] + b"\0" * 1024)
    with pytest.raises(Invalid):
        read(tmp_path / "made.tar")


@pytest.mark.parametrize("kind", [tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK, tarfile.XHDTYPE])
def test_names_have_a_size(tmp_path: Path, kind: bytes) -> None:
    made = tmp_path / "names.tar"
    made.write_bytes(head(type=kind, size=2**28))
    os.truncate(made, 2**28 + 4096)
    tracemalloc.start()
    try:
        with pytest.raises(Invalid):
            check_backup(made)
        assert tracemalloc.get_traced_memory()[1] < 2**24
    finally:
        tracemalloc.stop()


def test_a_folder_leads_nowhere_else_and_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "id_rsa").write_text("private")
    for number in range(3):
        (tmp_path / f"{number}").mkdir()
    (tmp_path / "0" / "keys").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "1" / "keys").mkdir()
    (tmp_path / "1" / "keys" / "id_rsa").symlink_to(tmp_path / "elsewhere" / "id_rsa")
    (tmp_path / "2" / "keys").mkdir()
    os.mkfifo(tmp_path / "2" / "keys" / "id_rsa")
    for number in range(3):
        (tmp_path / f"{number}" / "backup.json").write_text("{}")
        found: list[bytes] = []
        with pytest.raises(Invalid, match=r"holds something|cannot be read|is no file"):
            read(tmp_path / f"{number}", found)
        assert found == [b"{}"]


def test_descriptions_have_a_size(tmp_path: Path) -> None:
    with (tmp_path / "backup.json").open("wb") as head:
        head.truncate(2**36)
    with pytest.raises(Invalid, match="larger than 64 MiB"):
        check_backup(tmp_path)


def test_a_dump_that_grows_beyond_all_measure_is_refused(
    desk: Desk, source: Source, target: Target, cast: Cast, tmp_path: Path
) -> None:
    with desk.begin(SYSTEM) as session:
        ticket = make_ticket(session, cast.customer.id)
        for _ in range(40):
            make_comment(session, ticket.id, cast.agent.id, "x" * 90_000)
    make_backup(source, tmp_path / "backup")
    program = find_program("pg_restore", at_least=0)

    def load(free: int) -> None:
        parts = chain.from_iterable(
            chunks for name, chunks in entries(tmp_path / "backup") if name.startswith("database/")
        )
        with (
            migrate.prepared(target.admin_url, target.login),
            migrate.connected(target.admin_url) as connection,
            connection.transaction(force_rollback=True),
        ):
            load_dump(connection, program, parts, free=free)

    size = sum(part.stat().st_size for part in (tmp_path / "backup" / "database").iterdir())
    with pytest.raises(Invalid, match="more than 100 times as large as itself"):
        load(-RATIO * size + 2**20)
    load(0)
