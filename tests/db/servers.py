"""PostgreSQL servers on TCP, with passwords, certificates and replicas: what the embedded one never has."""

from __future__ import annotations

import shutil
import signal
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import URL

from ombud.db.embedded.account import Account, account_for
from ombud.db.embedded.programs import find_programs

DEBIAN_15 = Path("/usr/lib/postgresql/15/bin")
BOSS = "boss"
PASSWORD = "first-password"
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "replica",
    "wal_receiver_status_interval": "1s",
    "wal_retrieve_retry_interval": "100ms",
    "log_min_messages": "warning",
    "timezone": "UTC",
}


@dataclass
class OwnServer:
    """One server in a folder of its own; `boss` is its superuser and signs in by password."""

    folder: Path
    bin: Path
    account: Account
    port: int

    @property
    def url(self) -> URL:
        """Where `boss` signs in."""
        return URL.create(
            "postgresql", BOSS, PASSWORD, "127.0.0.1", self.port, "postgres", {"sslmode": "prefer"}
        )

    def run(self, program: str, *arguments: str | Path, done: bool = True) -> str:
        """Run one of PostgreSQL's programs as the server's user."""
        result = self.account.run(self.bin / program, *arguments, timeout=60)
        assert not done or result.returncode == 0, result.stdout
        return result.stdout

    def configure(self, **settings: str) -> None:
        """Write settings for the next start or reload."""
        lines = [f"{name} = '{value}'" for name, value in settings.items()]
        with (self.folder / "postgresql.conf").open("a") as file:
            file.write("\n".join(["", *lines, ""]))

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.run(
            "pg_ctl",
            "start",
            "-s",
            "-w",
            "-D",
            self.folder,
            "-o",
            f"-p {self.port}",
            "-l",
            self.folder / "log",
        )

    def stop(self) -> None:
        """End it and everybody's connections at once, if it runs."""
        self.run("pg_ctl", "stop", "-s", "-w", "-m", "immediate", "-D", self.folder, done=False)

    def execute(self, statement: str, *, database: str = "postgres") -> list[tuple[object, ...]]:
        """Run a statement as `boss`."""
        url = self.url.set(drivername="postgresql", database=database)
        with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def signal_all(self, number: signal.Signals) -> None:
        """Send a signal to every process of the server: SIGSTOP freezes it, SIGCONT lets it go on."""
        master = int((self.folder / "postmaster.pid").read_text().splitlines()[0])
        children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        for pid in (master, *map(int, children)):
            self.account.run("/bin/kill", f"-{number.value}", str(pid))


@contextmanager
def own_server(
    *, programs: Path | None = None, settings: Mapping[str, str] | None = None
) -> Iterator[OwnServer]:
    """Make and start a server with password sign-in over TCP, and remove it afterwards."""
    with _folder() as folder:
        server = _server(folder / "data", programs)
        (folder / "password").write_text(PASSWORD)
        (folder / "password").chmod(0o644)
        options = ("-U", BOSS, "-A", "scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8")
        server.run("initdb", *options, "--pwfile", folder / "password", "-D", server.folder, "--no-sync")
        server.configure(**_SETTINGS, **(settings or {}))
        try:
            server.start()
            yield server
        finally:
            server.stop()


@contextmanager
def replica_of(primary: OwnServer, *, through: int | None = None, **settings: str) -> Iterator[OwnServer]:
    """Make and start a streaming replica, fed directly or `through` a door's port, and remove it afterwards."""
    with _folder() as folder:
        replica = _server(folder / "data", primary.bin)
        link = primary.url.set(database=None).render_as_string(hide_password=False)
        primary.run(
            "pg_basebackup", "-d", link, "-D", replica.folder, "-R", "-c", "fast", "--no-sync", "-X", "stream"
        )
        if through is not None:
            fed = primary.url.set(database=None, port=through).render_as_string(hide_password=False)
            with (replica.folder / "postgresql.auto.conf").open("a") as file:  # the last one there counts
                file.write(f"primary_conninfo = '{fed}'\n")
        replica.configure(**settings)
        try:
            replica.start()
            yield replica
        finally:
            replica.signal_all(signal.SIGCONT)
            replica.stop()


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="ombud-own-"))
    account = account_for(folder / "data")
    shutil.chown(folder, account.uid, account.gid)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _server(folder: Path, programs: Path | None) -> OwnServer:
    account = account_for(folder)
    if programs is not None and not programs.is_dir():
        pytest.skip(f"no PostgreSQL programs in {programs}")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return OwnServer(folder, programs or find_programs(account).bin, account, port)
