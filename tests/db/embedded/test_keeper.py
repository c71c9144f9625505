"""A server that was killed is started again by those who use it; one that was stopped in order is not."""

from __future__ import annotations

import logging
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from ombud.db.embedded import EmbeddedServer, keeper, open_server
from ombud.db.embedded.keeper import Keeper
from ombud.db.open import embedded_server

# One server's programs will do: what a start needs of them is tested with both.
pytestmark = pytest.mark.parametrize("bin_dir", ["wheel"], indirect=True, scope="session")
STARTED = "database server had ended and was started again"


def _answers(server: EmbeddedServer) -> bool:
    try:
        with psycopg.connect(server.connection.dsn(), connect_timeout=10) as link:
            return link.execute("SELECT 1").fetchone() == (1,)
    except psycopg.OperationalError:
        return False


def _wait(until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not until():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _end(server: EmbeddedServer, number: signal.Signals) -> int:
    pid = server.pid
    assert pid is not None
    os.kill(pid, number)
    return pid


def test_one_of_its_members_starts_it_again_however_it_was_killed(
    data_dir: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "LOOK_EVERY", 0.05)
    monkeypatch.setattr(keeper, "PAUSES", (0.0, 0.0))
    with embedded_server(data_dir) as server, embedded_server(data_dir) as second:
        for starts, number in enumerate((signal.SIGKILL, signal.SIGQUIT), 1):
            gone = _end(server, number)
            _wait(lambda starts=starts: caplog.text.count(STARTED) >= starts)  # type: ignore[misc]  # a default, to keep it
            assert server.pid == second.pid != gone
            assert _answers(server)
            assert _answers(second)
    told = [record.getMessage() for record in caplog.records]
    assert [STARTED in line for line in told] == [True, True], "once each time, by one of the two"
    with open_server(data_dir) as server:
        assert server.started, "the last one out has stopped it"


def test_one_that_was_stopped_in_order_is_left_alone_until_somebody_starts_it(
    data_dir: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "LOOK_EVERY", 0.05)
    with embedded_server(data_dir) as server:
        _end(server, signal.SIGINT)  # what pg_ctl stop sends
        _wait(lambda: "database server was stopped" in caplog.text)
        assert server.pid is None
        with open_server(data_dir) as second:
            assert second.started, "nobody had"
            _end(second, signal.SIGKILL)
            _wait(lambda: STARTED in caplog.text)
            assert _answers(server)


def test_tries_are_bounded_and_told(
    data_dir: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "PAUSES", (0.0, 0.01))
    with open_server(data_dir) as server:
        version, aside = data_dir / "postgres" / "PG_VERSION", data_dir / "postgres" / "aside"
        with Keeper(server):
            version.rename(aside)  # PostgreSQL does not start without it
            _end(server, signal.SIGKILL)
            _wait(lambda: "stays down" in caplog.text)
        assert [record.levelno for record in caplog.records] == [
            logging.WARNING,
            logging.WARNING,
            logging.ERROR,
        ]
        aside.rename(version)
        server.revive()
        assert _answers(server)
