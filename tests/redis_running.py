"""A Redis of the tests' own, on a socket."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

RunningRedis = tuple["subprocess.Popen[bytes]", str]


def redis_program() -> str:
    """Return the server's program; skips, aloud, where there is none: only root may install it."""
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is missing (see .ci/system-packages)")
    return program


@contextmanager
def redis_running() -> Iterator[RunningRedis]:
    """Start one and yield its process and URL; skips where there is no Redis."""
    program = redis_program()
    # A folder with a short name, whatever the test is called: a socket's path has at most 107 characters.
    with tempfile.TemporaryDirectory(prefix="ombud-redis-") as name:
        path = Path(name) / "redis.sock"
        process = subprocess.Popen(
            [program, "--port", "0", "--unixsocket", str(path), "--save", "", "--dir", name],
            stdout=subprocess.PIPE,
        )
        assert process.stdout is not None
        try:
            while b"ready to accept" not in (line := process.stdout.readline()).lower():
                assert line, "redis ended"
            yield process, f"unix://{path}"
        finally:
            process.send_signal(signal.SIGCONT)  # whoever stopped it
            process.kill()
            process.wait()
            process.stdout.close()
