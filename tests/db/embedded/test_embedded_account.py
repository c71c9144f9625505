"""The ordinary user's way, tried also where the tests run as root: in a child that gave up its rights."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from ombud.db.embedded import open_server
from ombud.db.embedded.account import SERVICE_ACCOUNT, account_for
from ombud.db.embedded.layout import default_data_dir
from ombud.db.embedded.postmaster import server_processes

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become other users")

# Python itself may be out of that user's reach, so all is imported before.
AS_ORDINARY_USER = """
import os, sys, psycopg, ombud.db.embedded.server, encodings.idna, getpass
from pathlib import Path
from ombud.db.embedded import open_server, EmbeddedError, default_data_dir
os.setgroups([]); os.setgid(int(sys.argv[2])); os.setuid(int(sys.argv[2]))
os.environ["HOME"] = "/home/somebody"
assert default_data_dir() == Path("/home/somebody/.local/share/ombud"), default_data_dir()
try:
    server = open_server(Path(sys.argv[1]))
except EmbeddedError as error:
    sys.exit(f"{type(error).__name__}: {error}")
with server, psycopg.connect(server.connection.dsn()) as link:
    print("started" if server.started else "joined", flush=True)
    print(link.execute("SELECT system_user").fetchone()[0] if server.major >= 16 else "peer:nobody", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def nobody() -> pwd.struct_passwd:
    return pwd.getpwnam("nobody")


def _command(data_dir: Path, uid: int) -> list[str]:
    return [sys.executable, "-c", AS_ORDINARY_USER, str(data_dir), str(uid)]


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}


def test_an_ordinary_user_runs_a_server_and_root_joins_it(
    programs: Path | None, place: Path, nobody: pwd.struct_passwd
) -> None:
    home = place / "home"
    home.mkdir(mode=0o700)
    os.chown(home, nobody.pw_uid, nobody.pw_uid)
    with subprocess.Popen(
        _command(home / "desk", nobody.pw_uid), stdin=-1, stdout=-1, stderr=-1, text=True, env=_environment()
    ) as user:
        assert user.stdout is not None
        assert user.stdout.readline() == "started\n", user.communicate()
        assert user.stdout.readline() == "peer:nobody\n"
        assert _users_of(home / "desk") == {nobody.pw_uid}
        with open_server(home / "desk") as server, psycopg.connect(server.connection.dsn()) as link:
            assert not server.started
            assert link.execute("SELECT 1").fetchone() == (1,)
        user.communicate(timeout=60)
        assert user.returncode == 0
    assert not server_processes(home / "desk" / "postgres")
    assert {path.stat().st_uid for path in home.rglob("*")} == {nobody.pw_uid}


def test_roots_server_runs_as_a_system_user(data_dir: Path) -> None:
    account = pwd.getpwnam(SERVICE_ACCOUNT)
    with open_server(data_dir):
        assert _users_of(data_dir) == {account.pw_uid}
    assert {path.stat().st_uid for path in [data_dir, *data_dir.rglob("*")]} == {account.pw_uid}
    assert account.pw_shell.endswith("nologin")
    assert default_data_dir() == Path("/var/lib/ombud")


def _users_of(data_dir: Path) -> set[int]:
    found = set()
    for pid in server_processes(data_dir / "postgres"):
        with suppress(FileNotFoundError):  # helpers come and go
            found.add(Path(f"/proc/{pid}").stat().st_uid)
    return found


def test_another_users_data_is_refused(data_dir: Path, nobody: pwd.struct_passwd) -> None:
    data_dir.chmod(0o711)
    (data_dir / "postgres.lock").chmod(0o666)
    result = subprocess.run(
        _command(data_dir, nobody.pw_uid), capture_output=True, text=True, env=_environment(), check=False
    )
    assert result.returncode == 1
    assert "DataDirUnusable" in result.stderr
    assert "belongs to another user (ombud)" in result.stderr


def test_a_closed_data_directory_is_refused(data_dir: Path, nobody: pwd.struct_passwd) -> None:
    result = subprocess.run(
        _command(data_dir, nobody.pw_uid), capture_output=True, text=True, env=_environment(), check=False
    )
    assert result.returncode == 1
    assert "DataDirUnusable" in result.stderr
    assert "Permission denied" in result.stderr


def test_root_finds_the_owner_of_a_cluster(place: Path, nobody: pwd.struct_passwd) -> None:
    (place / "postgres").mkdir()
    os.chown(place / "postgres", nobody.pw_uid, -1)
    assert account_for(place / "postgres").name == "nobody"
