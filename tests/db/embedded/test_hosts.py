"""A host that is told to end by SIGTERM, as service managers do it, leaves no PostgreSQL behind.

One that is killed does not, either: reloaders of development servers end it so (`subprocess.call` and `run` do).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ombud.db.embedded import open_server
from ombud.db.embedded.postmaster import server_processes

HOST = """
import signal
from ombud.contrib.host import HostDesk
host = HostDesk()
host.desk
print("open", flush=True)
signal.pause()
"""
RELOADED = """
import os, signal
from django.utils.autoreload import run_with_reloader
from werkzeug.serving import run_simple
from ombud.contrib.host import HostDesk
from ombud.db.embedded import watcher
watcher.LINGER = 0.1
host = HostDesk()
def main():
    host.desk
    print("open", flush=True)
    signal.sigwait([signal.SIGUSR1])
if RELOADER == "django":
    run_with_reloader(main)
else:
    if "WERKZEUG_RUN_MAIN" in os.environ:
        main()
    run_simple("127.0.0.1", 0, None, use_reloader=True)
"""


def test_the_desks_own_server_goes_with_the_host(place: Path) -> None:
    with _host([sys.executable, "-c", HOST], place) as process:
        assert list(place.rglob("postmaster.pid"))
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == -signal.SIGTERM
    assert list(place.rglob("postmaster.pid")) == []


def test_it_goes_with_the_last_of_the_hosts_whose_reloaders_kill_them(place: Path) -> None:
    commands = []
    for name in ("flask", "django"):
        script = place / f"{name}_host.py"
        script.write_text(f"RELOADER = {name!r}{RELOADED}")
        commands.append([sys.executable, str(script)])
    with _host(commands[0], place) as first, _host(commands[1], place) as second:
        _terminate(first)
        with open_server(place / "data") as server:
            assert not server.started, "another host uses it"
        _terminate(second)
    deadline = time.monotonic() + 30
    while server_processes(place / "data" / "postgres"):
        assert time.monotonic() < deadline, "it runs on"
        time.sleep(0.02)
    assert list(place.rglob("postmaster.pid")) == []


@contextmanager
def _host(command: list[str], place: Path) -> Iterator[subprocess.Popen[str]]:
    """Start one, and wait until its desk is open."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OMBUD_", "COV_"))}
    environ = {**kept, "OMBUD_DATA_DIR": str(place / "data")}
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "open\n"
            yield process
        finally:
            process.terminate()


def _terminate(process: subprocess.Popen[str]) -> None:
    """End a reloader as a terminal or a service manager does; it kills the host."""
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
