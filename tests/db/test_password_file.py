"""The database's password in a file: it changes while the desk works, and nobody notices."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from ombud import Settings, open_desk
from ombud.db import migrate
from ombud.db.secret import read_password
from ombud.errors import Unavailable
from tests.db.drivers import FOUR, SYSTEM, driven
from tests.db.servers import DEBIAN_15, PASSWORD, OwnServer, own_server


@pytest.fixture(scope="module")
def server() -> Iterator[OwnServer]:
    with own_server(programs=DEBIAN_15) as made:
        migrate.upgrade(made.url)
        made.execute("CREATE ROLE keeper LOGIN SUPERUSER PASSWORD 'keeper'")
        yield made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "password"
    _write(path, PASSWORD)
    return path


def _write(path: Path, password: str) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(f"{password}\n")
    fresh.chmod(0o600)
    fresh.rename(path)


@pytest.fixture
def rotate(server: OwnServer, file: Path) -> Iterator[Callable[[str], None]]:
    """Change the password on the server and, a moment later, in the file."""
    keeper = server.url.set(username="keeper", password="keeper")

    def change(password: str, *, late: float = 0.3) -> None:
        with migrate.connected(keeper) as connection:
            connection.execute(f"ALTER ROLE boss PASSWORD '{password}'".encode())
        threading.Event().wait(late)
        _write(file, password)

    yield change
    change(PASSWORD, late=0)


@pytest.mark.parametrize("driver", FOUR)
def test_a_password_changes_under_load(
    server: OwnServer, file: Path, rotate: Callable[[str], None], driver: str
) -> None:
    """Every unit of work signs in anew; those between the two changes wait for the second."""
    settings = Settings(database_password_file=file)
    done = 0
    with driven(driver, server.url.set(password=None), settings) as one, ThreadPoolExecutor(1) as other:
        rotation = None
        while rotation is None or not rotation.done() or done < 40:
            assert one.scalar("SELECT 1") == 1
            one.hang_up()
            done += 1
            if done == 20:
                rotation = other.submit(rotate, f"second of {driver}")
        rotation.result()
        assert one.pool.checkedout() == 0


def test_opening_a_desk_reads_the_file(server: OwnServer, file: Path, tmp_path: Path) -> None:
    url = server.url.set(password=None).render_as_string(hide_password=False)
    settings = Settings(database_url=SecretStr(url), database_password_file=file, data_dir=tmp_path / "data")
    with open_desk(settings) as desk, desk.read(SYSTEM) as session:
        assert session.scalar(text("SELECT 1")) == 1


@pytest.mark.parametrize(
    ("mode", "is_fine"),
    [(0o600, True), (0o400, True), (0o640, True), (0o444, True), (0o644, False), (0o660, False)],
)
def test_who_may_read_and_write_the_file(file: Path, mode: int, is_fine: bool) -> None:
    file.chmod(mode)
    if is_fine:
        assert read_password(file) == PASSWORD
        return
    with pytest.raises(Unavailable, match="chmod 600"):
        read_password(file)


def test_a_file_that_is_not_there_or_empty_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="cannot be read"):
        read_password(tmp_path / "none")
    (tmp_path / "empty").touch(mode=0o600)
    with pytest.raises(Unavailable, match="empty"):
        read_password(tmp_path / "empty")
