"""Backups that would become much larger than they are: refused while they are read, in flat memory (T56)."""

from __future__ import annotations

import subprocess
from itertools import chain
from pathlib import Path

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
    with pytest.raises(Invalid, match="holds something that no backup does"):
        check_backup(made)


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
