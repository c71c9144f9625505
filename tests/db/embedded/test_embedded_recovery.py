"""What survives kill -9: of members, of the server, of all, and in the middle of setting up."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ombud.db.embedded import open_server, postmaster
from ombud.db.embedded.errors import StopFailed
from ombud.db.embedded.postmaster import read_pid_file, server_processes

Start = Callable[..., Any]

# Commits rows one by one; a row is acknowledged when its number has been written to the other file.
WRITER = """
import sys, psycopg
from pathlib import Path
from ombud.db.embedded import open_server
acknowledged = open(sys.argv[2], "a", buffering=1)
with open_server(Path(sys.argv[1])) as server, psycopg.connect(server.connection.dsn()) as link:
    link.execute("CREATE TABLE entries (id int PRIMARY KEY, body text)")
    link.commit()
    for number in range(1_000_000):
        link.execute("INSERT INTO entries VALUES (%s, repeat('x', 500))", [number])
        link.commit()
        print(number, file=acknowledged)
"""


def _kill_server(data_dir: Path) -> None:
    """Kill all processes of the server, and wait until the kernel has removed them."""
    while pids := server_processes(data_dir / "postgres"):
        for pid in pids:
            _kill(pid)


def _kill(pid: int, number: signal.Signals = signal.SIGKILL) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def test_nothing_acknowledged_is_lost_when_all_is_killed(data_dir: Path, member: Start) -> None:
    report = data_dir.parent / "acknowledged"
    report.touch()
    writer = member(data_dir, report, script=WRITER)
    while len(report.read_text().splitlines()) < 200:
        assert writer.process.poll() is None
        time.sleep(0.01)
    victims = [writer.process.pid, *server_processes(data_dir / "postgres")]
    for pid in victims:
        _kill(pid)
    writer.kill()
    _kill_server(data_dir)
    assert (data_dir / "postgres" / "postmaster.pid").exists(), "it was killed, not stopped"

    with open_server(data_dir) as server, psycopg.connect(server.connection.dsn()) as link:
        assert server.started
        kept = {row[0] for row in link.execute("SELECT id FROM entries")}
    acknowledged = {int(line) for line in report.read_text().splitlines()}
    assert acknowledged <= kept
    assert len(kept) <= len(acknowledged) + 1, "at most one commit was under way"


def test_a_server_that_outlives_its_members_is_joined(data_dir: Path, member: Start) -> None:
    other = member(data_dir)
    assert other.first_word() == "started"
    other.kill()
    assert server_processes(data_dir / "postgres")
    with open_server(data_dir) as server:
        assert not server.started
    assert not server_processes(data_dir / "postgres")


def test_a_member_revives_a_server_that_was_killed(data_dir: Path) -> None:
    with open_server(data_dir) as server:
        _kill_server(data_dir)
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(server.connection.dsn())
        server.revive()
        assert server.started
        with psycopg.connect(server.connection.dsn()) as link:
            assert link.execute("SELECT 1").fetchone() == (1,)
    assert not server_processes(data_dir / "postgres")


def test_busy_backends_without_a_postmaster_are_ended(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postmaster, "_ORPHAN_PATIENCE", 0.3)
    with open_server(data_dir) as server:
        said = read_pid_file(server._cluster)
        assert said is not None
        with closing(psycopg.connect(server.connection.dsn(), autocommit=True)) as link:
            link.execute("SET max_parallel_workers_per_gather = 0")
            backend = link.info.backend_pid
            # Never waits for anything, so it does not notice that the postmaster is gone.
            link.pgconn.send_query(b"SELECT count(*) FROM generate_series(1, 1000000000000)")
            _wait_until_busy(server.connection.dsn(), backend)
            _kill(said.pid)
            _wait_until_gone(said.pid)
            assert backend in server_processes(data_dir / "postgres")
            server.revive()
        assert backend not in server_processes(data_dir / "postgres")
        assert server.started


def _wait_until_busy(dsn: str, backend: int) -> None:
    query = "SELECT state FROM pg_stat_activity WHERE pid = %s"
    with psycopg.connect(dsn, autocommit=True) as link:
        while link.execute(query, [backend]).fetchone() != ("active",):
            pass


def _wait_until_gone(pid: int) -> None:
    while Path(f"/proc/{pid}/cwd").exists():
        time.sleep(0.01)


def test_a_pid_file_with_a_reused_number_does_not_block(data_dir: Path, member: Start) -> None:
    """In containers, after a crash, the number in the pid file is often another live process's."""
    other = member(data_dir)
    assert other.first_word() == "started"
    other.kill()
    _kill_server(data_dir)
    owner = (data_dir / "postgres").stat()
    with subprocess.Popen(["sleep", "600"], user=owner.st_uid if os.geteuid() == 0 else None) as innocent:
        for file in (data_dir / "postgres" / "postmaster.pid", data_dir / "run" / ".s.PGSQL.5432.lock"):
            lines = file.read_text().splitlines()
            file.write_text("\n".join([str(innocent.pid), *lines[1:]]) + "\n")
        with open_server(data_dir) as server:
            assert server.started
        assert innocent.poll() is None, "left alone"
        innocent.kill()


def test_setting_up_may_be_interrupted(programs: Path | None, place: Path, member: Start) -> None:
    """Kill -9 in the midst of initdb, which itself works on for a while."""
    for attempt in range(5):
        data_dir = place / f"desk{attempt}"
        victim = member(data_dir)
        while not (data_dir / "postgres.new" / "PG_VERSION").exists():
            assert victim.process.poll() is None
        victim.kill()
        if not (data_dir / "postgres").exists():  # else it was done before this process had its turn
            break
    assert not (data_dir / "postgres").exists()
    with open_server(data_dir) as server:
        assert server.started
    assert not (data_dir / "postgres.new").exists()


def test_leftovers_of_an_interrupted_set_up_are_replaced(programs: Path | None, place: Path) -> None:
    junk = place / "desk" / "postgres.new" / "base"
    junk.mkdir(parents=True)
    (junk.parent / "PG_VERSION").write_text("half")
    with open_server(place / "desk") as server:
        assert server.started
    assert not junk.parent.exists()


@pytest.mark.timeout(60)  # it took two minutes, and whoever came meanwhile waited for ten
def test_a_server_that_is_left_when_it_has_just_crashed_is_ended(data_dir: Path) -> None:
    """PostgreSQL never stops when it is told to while it begins anew; so nobody waits for that, and all is there."""
    with open_server(data_dir) as server, psycopg.connect(server.connection.dsn(), autocommit=True) as link:
        link.execute("CREATE TABLE entries AS SELECT 1 AS id")
        _kill(link.info.backend_pid)
    assert not server_processes(data_dir / "postgres")
    with open_server(data_dir) as server, psycopg.connect(server.connection.dsn()) as link:
        assert link.execute("SELECT id FROM entries").fetchall() == [(1,)]


@pytest.mark.parametrize("goes_on", [True, False])
def test_a_server_that_does_not_stop_hides_nothing(data_dir: Path, goes_on: bool) -> None:
    """What went wrong first is told."""
    server = open_server(data_dir)
    shutil.move(data_dir / "run", data_dir / "elsewhere")
    try:
        with pytest.raises(StopFailed) if goes_on else pytest.raises(ZeroDivisionError), server:
            assert goes_on or 1 / 0
    finally:
        shutil.move(data_dir / "elsewhere", data_dir / "run")
