"""Starting, joining and leaving, by one process and by several."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.ext.asyncio import create_async_engine

from ombud.db.embedded import Connection, EmbeddedServer, open_server
from ombud.db.embedded.errors import StartFailed
from ombud.db.embedded.postmaster import read_pid_file, server_processes

Start = Callable[..., Any]


def ask(connection: Connection, query: str, **change: str) -> Any:
    with psycopg.connect(connection.dsn(**change), autocommit=True) as link:
        row = link.execute(query).fetchone()
    assert row is not None
    return row[0]


def test_first_start_makes_a_cluster_and_last_one_out_stops_it(programs: Path | None, place: Path) -> None:
    with open_server(place / "new" / "desk") as server:
        assert server.started
        assert ask(server.connection, "SELECT 1") == 1
        assert server_processes(place / "new" / "desk" / "postgres")
    assert not server_processes(place / "new" / "desk" / "postgres")
    assert not (place / "new" / "desk" / "postgres" / "postmaster.pid").exists(), "stopped cleanly"


def test_settings(server: EmbeddedServer) -> None:
    wanted = {
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "data_checksums": "on",
        "listen_addresses": "",
        "unix_socket_permissions": "0700",
        "server_encoding": "UTF8",
        "TimeZone": "UTC",
        "jit": "off",
        "max_connections": "100",
        "shared_preload_libraries": "pg_stat_statements",
        "log_truncate_on_rotation": "on",
        "log_parameter_max_length": "0",
    }
    with psycopg.connect(server.connection.dsn()) as link:
        rows = link.execute("SELECT name, setting FROM pg_settings WHERE name = ANY(%s)", [[*wanted]])
        assert dict(rows.fetchall()) == wanted


def test_text_is_handled_the_same_everywhere(server: EmbeddedServer) -> None:
    assert ask(server.connection, "SELECT lower('ÄÉЖ')") == "äéж"
    assert ask(server.connection, "SELECT to_tsvector('simple', 'Größe Überfall') @@ 'größe'::tsquery")
    if server.major >= 17:
        query = "SELECT datlocprovider FROM pg_database WHERE datname = current_database()"
        assert ask(server.connection, query) == "b"


def test_nobody_else_can_look_in(server: EmbeddedServer) -> None:
    folder, socket_dir = server.data_dir, server.connection.socket_dir
    private = [folder, folder / "postgres", folder / "postgres" / "log", socket_dir]
    private += [socket_dir / f".s.PGSQL.{server.connection.port}", folder / "postgres" / "pg_hba.conf"]
    private += [
        folder / "postgres" / "ombud.conf",
        folder / "postgres.lock",
        *(folder / "run").glob("*.lock"),
    ]
    for path in private:
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_only_the_kernel_vouches_for_who_signs_in(server: EmbeddedServer) -> None:
    query = "SELECT string_agg(DISTINCT type || ' ' || auth_method, ',') FROM pg_hba_file_rules"
    assert ask(server.connection, query) == "local peer"
    assert ask(server.connection, "SELECT count(*) FROM pg_hba_file_rules WHERE error IS NOT NULL") == 0
    with psycopg.connect(server.connection.dsn(), autocommit=True) as link:
        for role in ("ombud_login", "ombud_report", "mallory", "not_ombud_x"):
            link.execute(f"CREATE ROLE {role} LOGIN")
    assert ask(server.connection, "SELECT current_user", user="ombud_login") == "ombud_login"
    if server.major >= 16:
        assert ask(server.connection, "SELECT current_user", user="ombud_report") == "ombud_report"
    for role in ("mallory", "not_ombud_x"):
        with pytest.raises(psycopg.OperationalError, match="[Pp]eer authentication failed"):
            ask(server.connection, "SELECT 1", user=role)


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_url_serves_sqlalchemy(server: EmbeddedServer, driver: Any) -> None:
    engine = create_engine(server.connection.url(driver, database="template1"))
    with engine.connect() as link:
        assert link.scalar(text("SELECT current_database()")) == "template1"
    engine.dispose()


@pytest.mark.asyncio
async def test_url_serves_asyncpg(server: EmbeddedServer) -> None:
    engine = create_async_engine(server.connection.url("asyncpg"))
    async with engine.connect() as link:
        assert await link.scalar(text("SELECT current_user")) == "postgres"
    await engine.dispose()


def test_second_process_joins_and_the_last_one_stops(data_dir: Path, member: Start) -> None:
    with open_server(data_dir) as server:
        assert server.started
        other = member(data_dir)
        assert other.first_word() == "joined"
    assert ask(server.connection, "SELECT 1") == 1, "left running for the other process"
    other.leave()
    assert not server_processes(data_dir / "postgres")


def test_twice_in_one_process(data_dir: Path) -> None:
    first, second = open_server(data_dir), open_server(data_dir)
    assert (first.started, second.started) == (True, False)
    assert first.connection == second.connection
    first.close()
    first.close()
    assert ask(second.connection, "SELECT 1") == 1
    second.close()
    assert not server_processes(data_dir / "postgres")


def test_several_at_once_on_a_new_directory(programs: Path | None, place: Path, member: Start) -> None:
    members = [member(place / "desk") for _ in range(3)]
    assert sorted(each.first_word() for each in members) == ["joined", "joined", "started"]
    for each in members:
        each.leave()
    assert not server_processes(place / "desk" / "postgres")


def test_a_forked_child_does_not_stop_its_parents_server(data_dir: Path) -> None:
    with open_server(data_dir) as server:
        child = os.fork()
        if child == 0:
            server.close()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        assert ask(server.connection, "SELECT 1") == 1
    assert not server_processes(data_dir / "postgres")


def test_the_terminals_ctrl_c_does_not_reach_the_server(server: EmbeddedServer) -> None:
    sessions = {os.getsid(pid) for pid in server_processes(server.data_dir / "postgres")}
    assert sessions
    assert os.getsid(0) not in sessions


def test_settings_of_the_caller_and_of_the_administrator(data_dir: Path) -> None:
    custom = data_dir / "postgres" / "custom.conf"
    custom.write_text("work_mem = '7MB'\n")
    custom.chmod(0o644)
    chosen = {"work_mem": "5MB", "log_line_prefix": "it's \\ %m "}
    with open_server(data_dir, settings=chosen) as server:
        assert ask(server.connection, "SHOW work_mem") == "7MB", "the administrator's word is last"
        assert ask(server.connection, "SHOW log_line_prefix") == "it's \\ %m "
    assert custom.read_text() == "work_mem = '7MB'\n"


@pytest.mark.parametrize("bad", [{"work mem": "1MB"}, {"a = b\nc": "1"}, {"work_mem": "1MB\nfsync = off"}])
def test_settings_cannot_smuggle_others(data_dir: Path, bad: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="setting"):
        open_server(data_dir, settings=bad)
    assert not server_processes(data_dir / "postgres")


def test_a_server_that_does_not_start_says_why(data_dir: Path) -> None:
    with pytest.raises(StartFailed, match='unrecognized configuration parameter "no_such_setting"'):
        open_server(data_dir, settings={"no_such_setting": "1"})
    with open_server(data_dir) as server:
        assert server.started


def test_pid_file_of_another_place_is_not_believed(server: EmbeddedServer, place: Path) -> None:
    cluster = server._cluster
    assert read_pid_file(cluster) is not None
    lines = (cluster.path / "postmaster.pid").read_text().splitlines()
    (cluster.path / "postmaster.pid").write_text("\n".join([lines[0], str(place), *lines[2:]]))
    assert read_pid_file(cluster) is None
    (cluster.path / "postmaster.pid").write_text("\n".join(lines) + "\n")
