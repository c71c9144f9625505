"""A server as an administrator would run one: over TCP, with passwords (SCRAM), and users of few rights."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import URL

from ombud.db.embedded.account import account_for
from ombud.db.embedded.programs import find_programs
from ombud.db.migrate import libpq
from tests.conftest import PROGRAMS

# With what a URL has to escape.
PASSWORD = "an extra/ordinary: p@ss+word%"


@dataclass(frozen=True)
class OwnServer:
    """Where it listens. `boss` is its superuser, `maker` may make roles and databases, `plain` may nothing."""

    port: int

    def url(self, user: str, database: str = "postgres", password: str = PASSWORD) -> URL:
        return URL.create("postgresql", user, password, "127.0.0.1", self.port, database)

    def execute(self, statement: str) -> None:
        with psycopg.connect(libpq(self.url("boss")), autocommit=True) as connection:
            connection.execute(statement)


@pytest.fixture(scope="session")
def own_server(pytestconfig: pytest.Config) -> Iterator[OwnServer]:
    folder = Path(tempfile.mkdtemp(prefix="ombud-own-"))
    cluster = folder / "cluster"
    account = account_for(cluster)
    shutil.chown(folder, account.uid, account.gid)
    with pytest.MonkeyPatch.context() as patch:
        chosen = PROGRAMS[pytestconfig.getoption("--postgres")]
        if chosen is not None:
            patch.setenv("OMBUD_POSTGRES_BIN", str(chosen))
        programs = find_programs(account)
    secret = folder / "password"
    secret.write_text(PASSWORD)
    shutil.chown(secret, account.uid, account.gid)
    made = account.run(
        programs.initdb,
        "-D",
        cluster,
        "-U",
        "boss",
        "-A",
        "scram-sha-256",
        f"--pwfile={secret}",
        "-E",
        "UTF8",
    )
    assert made.returncode == 0, made.stdout
    server = OwnServer(_free_port())
    options = f"-p {server.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
    started = account.run(programs.pg_ctl, "start", "-w", "-D", cluster, "-l", folder / "log", "-o", options)
    assert started.returncode == 0, started.stdout
    try:
        server.execute(f"CREATE ROLE plain LOGIN PASSWORD '{PASSWORD}'")
        server.execute(f"CREATE ROLE maker LOGIN CREATEROLE CREATEDB PASSWORD '{PASSWORD}'")
        yield server
    finally:
        account.run(programs.pg_ctl, "stop", "-w", "-m", "immediate", "-D", cluster)
        shutil.rmtree(folder)


@pytest.fixture
def own_database(own_server: OwnServer) -> Iterator[str]:
    """An empty database that belongs to `maker`, who may make roles."""
    name = f"own_{time.time_ns()}_{os.getpid()}"
    own_server.execute(f"CREATE DATABASE {name} OWNER maker")
    yield name
    own_server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
