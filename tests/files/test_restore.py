"""A desk whose files are in a bucket: restored into another bucket's prefix, whole, or nothing is left there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from uuid import uuid4

import obstore
import pytest
from pydantic import SecretStr

from ombud import Actor, Desk, Settings
from ombud.backup import make_backup, restore_backup
from ombud.backup.make import Source
from ombud.backup.restore import Target
from ombud.cli.app import run
from ombud.db import migrate
from ombud.errors import Conflict, Unavailable
from ombud.files import FileStore, files_of
from ombud.files.store import REMOTE_PIECE, StoredBytes
from ombud.testing import Cast, ScratchDatabase, make_ticket
from ombud.tickets import StoredFile
from tests.files.s3 import S3

SYSTEM = Actor.system("test")
# The last one is put in two pieces.
CONTENTS = (b"", b"one", b"two" * 1000, b"3" * (REMOTE_PIECE + 7))


class Breaking(FileStore):
    """A store that keeps `left` more files, and cannot be reached from then on."""

    def __init__(self, like: FileStore, left: int) -> None:
        super().__init__(like._store, like.limit)
        self.left = left

    def put(self, chunks: Iterable[bytes]) -> StoredBytes:
        if self.left == 0:
            raise Unavailable("The store of files cannot be reached. Try again in a moment.")
        self.left -= 1
        return super().put(chunks)


@pytest.fixture
def database(quiet_database: ScratchDatabase) -> Iterator[ScratchDatabase]:
    yield quiet_database
    quiet_database.empty()


@pytest.fixture
def backup(s3: S3, settings: Settings, desk: Desk, cast: Cast, tmp_path: Path) -> Path:
    """The backup of a desk with four files in a bucket."""
    store = files_of(s3.settings(settings, uuid4().hex))
    with desk.begin(SYSTEM) as session:
        for number, content in enumerate(CONTENTS):
            stored = store.put([content])
            file = StoredFile(f"{number}.txt", "text/plain", stored.size, stored.checksum, stored.storage_key)
            make_ticket(session, cast.customer.id, files=[file])
    assert settings.data_dir is not None
    made = make_backup(Source(desk.engine.url, store, settings.data_dir), tmp_path / "backup.tar")
    assert (made.files, made.file_bytes) == (4, sum(map(len, CONTENTS)))
    return tmp_path / "backup.tar"


@pytest.fixture
def target(s3: S3, quiet_database: ScratchDatabase, tmp_path: Path) -> Iterator[tuple[Target, Settings]]:
    """An empty database, and an empty prefix."""
    with quiet_database.server.database(migrated=False) as empty:
        url = SecretStr(empty.admin_url.render_as_string(hide_password=False))
        there = s3.settings(Settings(database_url=url, data_dir=tmp_path / "restored"), uuid4().hex)
        place = tmp_path / "restored"
        yield Target(empty.admin_url, quiet_database.server.login, files_of(there), place), there


def held(files: FileStore) -> dict[str, bytes]:
    return {key: files.get(key) for key, _size, _changed in files.listed()}


def test_the_files_come_back_into_a_bucket(
    backup: Path,
    target: tuple[Target, Settings],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    into, there = target
    monkeypatch.setattr("ombud.cli.app.signal.signal", lambda *_: None)
    for name in ("files_url", "files_endpoint", "files_region", "data_dir"):
        monkeypatch.setenv(f"OMBUD_{name.upper()}", str(getattr(there, name)))
    for name in ("database_url", "files_access_key", "files_secret_key"):
        monkeypatch.setenv(f"OMBUD_{name.upper()}", getattr(there, name).get_secret_value())
    _run("restore", str(backup))
    assert f"4 files in {there.files_url}, all as they were" in capsys.readouterr().out
    assert sorted(held(into.files).values()) == sorted(CONTENTS)
    assert not (into.data_dir / "files").exists()
    _run("files", "check")
    assert "0 missing, 0 damaged" in capsys.readouterr().out


def _run(*words: str) -> None:
    with pytest.raises(SystemExit) as left:
        run(list(words))
    assert not left.value.code, words


def test_an_error_leaves_nothing_in_the_bucket(backup: Path, target: tuple[Target, Settings]) -> None:
    into, _there = target
    broken = Target(into.admin_url, into.login, Breaking(into.files, 2), into.data_dir)
    with pytest.raises(Unavailable, match="cannot be reached"):
        restore_backup(backup, broken)
    assert held(into.files) == {}
    assert migrate.current(into.admin_url) is None


def test_what_survived_in_the_bucket_is_kept_and_mended(
    backup: Path, target: tuple[Target, Settings]
) -> None:
    into, _there = target
    kept = into.files.put([CONTENTS[2]]).storage_key
    damaged = into.files.put([CONTENTS[1]]).storage_key
    others = into.files.put([b"of somebody else"]).storage_key
    obstore.put(into.files._store, damaged, b"rot")
    before = held(into.files)
    assert before[damaged] == b"rot"
    with pytest.raises(Conflict, match="--reuse-files"):
        restore_backup(backup, into)
    broken = Target(into.admin_url, into.login, Breaking(into.files, 1), into.data_dir, reuses_files=True)
    with pytest.raises(Unavailable):
        restore_backup(backup, broken)
    assert {kept, damaged, others} == set(held(into.files)), "what was there stays, what was put went"
    reusing = Target(into.admin_url, into.login, into.files, into.data_dir, reuses_files=True)
    restore_backup(backup, reusing)
    assert sorted(held(into.files).values()) == sorted((*CONTENTS, b"of somebody else"))
