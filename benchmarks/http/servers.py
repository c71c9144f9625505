"""The two servers as processes on one database, and the database itself: a copy, so that kept ones stay as they are.

One of a million tickets (23 GB) is not copied: `kept` cleans up.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from psycopg import sql

from benchmarks.desk import command, environment, scratch_folder
from benchmarks.guide.databases import Server
from benchmarks.guide.loading import load_ombud
from benchmarks.http.minimal import APPLICATION as MINIMAL
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.db.engine import APPLICATION
from ombud.people.accounts import create_token

SYSTEM = Actor.system("benchmark")
READ, EACH = 100, 50
"""Tickets that are made to be read and changed, and comments that each of them has."""
RATE = 10**9
"""Units in a minute: buckets are counted, and nobody is refused."""
START_LIMIT = 60.0
_ASK = """
INSERT INTO ombud.tickets (title, description, requester_id, creator_id, channel)
SELECT 'Where is my invoice (' || n || ')?', 'I only find those until September.', %(person)s, %(person)s, 'api'
  FROM generate_series(1, %(count)s) n
RETURNING id, ticket_number
"""
_SAY = """
INSERT INTO ombud.comments (ticket_id, author_id, content, is_internal)
SELECT id, creator_id, repeat('We have looked into it. ', 1 + mod(n, 20)), mod(n, 5) = 0
  FROM ombud.tickets CROSS JOIN generate_series(1, %s) n WHERE id = ANY (%s)
"""
_COMMON = "SELECT word FROM ombud.search_words ORDER BY seen DESC OFFSET 60 LIMIT 1"
_AGENT = "SELECT min(id) FROM ombud.users WHERE role = 'agent' AND is_active AND sees_all_teams"


@dataclass(frozen=True)
class Place:
    """A database to measure on: who asks, by what, and the numbers of tickets that are read."""

    server: Server
    database: str
    token: str
    person: int
    numbers: tuple[str, ...]
    common: str = ""
    """A word that many tickets have."""


@dataclass(frozen=True)
class Application:
    """A server under measurement: where it answers, its process, and by what name PostgreSQL knows its connections."""

    port: int
    process: int
    name: str


@contextmanager
def copied(server: Server, tickets: int) -> Iterator[Place]:
    """Copy the desk of so many tickets (made when it is not there), and drop the copy at the end."""
    _require(server, tickets)
    name = f"http_{tickets}_{os.getpid()}"
    create = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
    with server.connect("postgres") as connection:
        connection.execute(create.format(sql.Identifier(name), sql.Identifier(f"ombud_{tickets}")))
        try:
            server.migrate(name)
            place = _prepared(server, name)
            with server.connect(name) as own:
                own.execute("VACUUM ANALYZE")
            yield place
        finally:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def kept(server: Server, tickets: int) -> Iterator[Place]:
    """Measure on the desk of so many tickets itself, which is too large to copy, and take away what came in.

    Only tickets that this makes are changed. What stays are lines of the audit log, and gaps among numbers.
    """
    _require(server, tickets)
    name = f"ombud_{tickets}"
    server.migrate(name)
    with server.connect(name) as connection:
        before = "SELECT max(id), (SELECT coalesce(max(id), 0) FROM ombud.outbound_mails) FROM ombud.tickets"
        last, last_mail = connection.execute(before).fetchone() or (0, 0)
        try:
            yield _prepared(server, name)
        finally:
            connection.execute("SELECT set_config('ombud.actor', 'system:benchmark', false)")
            connection.execute("DELETE FROM ombud.outbound_mails WHERE id > %s", [last_mail])
            connection.execute("DELETE FROM ombud.tickets WHERE id > %s", [last])
            connection.execute("DELETE FROM ombud.api_tokens WHERE name = 'benchmark'")


def _require(server: Server, tickets: int) -> None:
    if f"ombud_{tickets}" not in server.names():
        load_ombud(server, tickets, lambda _said: None)


def _prepared(server: Server, name: str) -> Place:
    with server.connect(name) as connection:
        row, common = connection.execute(_AGENT).fetchone(), connection.execute(_COMMON).fetchone()
        assert row is not None
        assert common is not None
        connection.execute("SELECT set_config('ombud.actor', 'system:benchmark', false)")
        asked = connection.execute(_ASK, {"person": row[0], "count": READ}).fetchall()
        connection.execute(_SAY, [EACH, [ticket for ticket, _number in asked]])
    with Desk(server.desk_url(name)) as desk, desk.begin(SYSTEM) as session:
        token, _record = create_token(session, row[0], "benchmark")
    return Place(server, name, token, row[0], tuple(number for _ticket, number in asked), common[0])


@contextmanager
def minimal(place: Place) -> Iterator[Application]:
    """Run the minimal application on the copy."""
    port = _free_port()
    line = [sys.executable, "-m", "uvicorn", "--factory", "benchmarks.http.minimal:create_app"]
    line += ["--port", str(port), "--no-access-log", "--log-level", "warning"]
    more = {
        "BENCH_DSN": place.server.url("x", place.database).replace("+x", ""),
        "BENCH_PERSON": str(place.person),
    }
    with _running(line, more, port) as process:
        yield Application(port, process, MINIMAL)


@contextmanager
def ours(place: Place, **settings: str) -> Iterator[Application]:
    """Run `ombud serve` on the copy, signed in as the application's role."""
    port = _free_port()
    with scratch_folder() as folder:
        more = {
            "OMBUD_DATABASE_URL": place.server.desk_url(place.database),
            "OMBUD_DATA_DIR": str(folder),
            "OMBUD_API_RATE": str(RATE),
            "OMBUD_POOL_OVERFLOW": "5",
            **settings,
        }
        with _running(command("serve", "--port", str(port), "--no-browser"), more, port) as process:
            yield Application(port, process, APPLICATION)


@contextmanager
def _running(line: list[str], more: dict[str, str], port: int) -> Iterator[int]:
    root = Path(__file__).resolve().parents[2]
    variables = {**environment(), **more, "PYTHONPATH": str(root)}
    process = subprocess.Popen(
        line, env=variables, cwd=root, stdout=subprocess.DEVNULL, start_new_session=True
    )
    try:
        _await(process, port)
        yield process.pid
    finally:
        process.terminate()
        process.wait(timeout=START_LIMIT)


def _await(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + START_LIMIT
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as link:
            if link.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("a server did not start; what it said is above")


def _free_port() -> int:
    with socket.socket() as link:
        link.bind(("127.0.0.1", 0))
        return int(link.getsockname()[1])
