"""A desk with files, and an empty place to put its backup back into."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import URL

from ombud import Actor, Desk, Settings, Ticket
from ombud.backup.make import Source
from ombud.backup.restore import Target
from ombud.cli.app import run
from ombud.files import FileStore, open_store
from ombud.testing import Cast, ScratchDatabase, make_comment, make_ticket
from ombud.tickets import StoredFile, attach_file

SYSTEM = Actor.system("test")


@pytest.fixture
def database(quiet_database: ScratchDatabase) -> Iterator[ScratchDatabase]:
    """An empty database where nobody else's transactions keep the log from being sealed."""
    yield quiet_database
    quiet_database.empty()


@pytest.fixture
def store(settings: Settings) -> FileStore:
    """The desk's files, where the commands look for them."""
    assert settings.data_dir is not None
    return open_store(settings.data_dir / "files", limit=settings.attachment_limit)


@pytest.fixture
def source(desk: Desk, settings: Settings, store: FileStore) -> Source:
    assert settings.data_dir is not None
    return Source(desk.engine.url, store, settings.data_dir)


@pytest.fixture
def target(quiet_database: ScratchDatabase, tmp_path: Path) -> Iterator[Target]:
    """An empty database on the same server, and an empty folder."""
    place = tmp_path / "restored"
    with quiet_database.server.database(migrated=False) as empty:
        files = open_store(place / "files", limit=2**40)
        yield Target(empty.admin_url, quiet_database.server.login, files, place)


def restored_settings(target: Target) -> Settings:
    """Return the settings of the desk that came back."""
    url: URL = target.admin_url.set(username=target.login) if target.login else target.admin_url
    return Settings(
        database_url=SecretStr(url.render_as_string(hide_password=False)), data_dir=target.data_dir
    )


def with_file(desk: Desk, store: FileStore, cast: Cast, content: bytes) -> Ticket:
    """Open a ticket with a comment and a file."""
    ticket = desk.run(
        SYSTEM, make_ticket, cast.customer.id, description="Über 'quotes', \\ and\ttabs\n\\.\nCOPY"
    )
    desk.run(SYSTEM, make_comment, ticket.id, cast.agent.id, "An answer.")
    stored = store.put([content])
    file = StoredFile("scan.txt", "text/plain", stored.size, stored.checksum, stored.storage_key)
    desk.run(SYSTEM, attach_file, ticket.id, file)
    return ticket


@pytest.fixture
def filled(desk: Desk, store: FileStore, cast: Cast) -> int:
    """Five tickets with files; returns how many files."""
    for number in range(5):
        with_file(desk, store, cast, b"content %d" % number * 1000)
    return 5


@pytest.fixture
def run_command(
    desk: Desk, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """Run a command line on the test's desk, or on the one that came back: into `into`, or `embedded`."""
    monkeypatch.setattr("ombud.cli.app.signal.signal", lambda *_: None)

    def command(*words: str, into: Target | None = None, embedded: Path | None = None) -> tuple[int, str]:
        chosen = settings if into is None else restored_settings(into)
        assert chosen.database_url is not None
        monkeypatch.setenv("OMBUD_DATABASE_URL", chosen.database_url.get_secret_value())
        monkeypatch.setenv("OMBUD_DATA_DIR", str(embedded or chosen.data_dir))
        if embedded is not None:
            monkeypatch.delenv("OMBUD_DATABASE_URL")
        if into is not None and words[0] == "restore":  # as an administrator: the schema is to be made
            url = into.admin_url.render_as_string(hide_password=False)
            monkeypatch.setenv("OMBUD_DATABASE_URL", url)
        capsys.readouterr()
        code = 0
        try:
            run(list(words))
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else 0
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return command
