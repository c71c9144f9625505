"""A host that is told to end by SIGTERM, as service managers do it, leaves no PostgreSQL behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

HOST = """
import signal
from ombud.contrib.host import HostDesk
host = HostDesk()
host.desk
print("open", flush=True)
signal.pause()
"""


def test_the_desks_own_server_goes_with_the_host(place: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OMBUD_", "COV_"))}
    environ = {**kept, "OMBUD_DATA_DIR": str(place / "data")}
    with subprocess.Popen(
        [sys.executable, "-c", HOST], env=environ, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        assert list(place.rglob("postmaster.pid"))
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == -signal.SIGTERM
    assert list(place.rglob("postmaster.pid")) == []
