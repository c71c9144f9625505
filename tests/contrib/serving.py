"""The example shops, started as their READMEs say, in a process of their own."""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL

from tests.docs.documents import ROOT, blocks

EXAMPLES = ROOT / "examples"
READY = re.compile(r"(?:running on|Running on|server at|ready at) (http://\S+?)/?(?:\s|$)")


def commands(name: str) -> list[list[str]]:
    """Return what the README of an example says to run, without the installation."""
    (script,) = blocks(f"examples/{name}/README.md", "sh")
    lines = [part for line in script.splitlines() for part in line.partition("#")[0].split("&&")]
    return [shlex.split(line) for line in lines if line.strip() and not line.startswith("pip ")]


def environment(url: URL, folder: Path) -> dict[str, str]:
    """Return an environment like that of somebody who set OMBUD_DATABASE_URL."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("OMBUD_", "COV_"))}
    return {
        **kept,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}",
        "PYTHONPATH": str(ROOT / "src"),
        "PYTHONUNBUFFERED": "1",
        "PYTHONWARNINGS": "error::ResourceWarning",
        "OMBUD_DATABASE_URL": url.render_as_string(hide_password=False),
        "OMBUD_DATA_DIR": str(folder / "data"),
        "SHOP_DATABASE": str(folder / "shop.sqlite3"),
    }


@contextmanager
def running(name: str, server: list[str], environ: dict[str, str]) -> Iterator[str]:
    """Run an example's server; yields its address once it listens, and stops it as a service manager would."""
    process = subprocess.Popen(
        server,
        cwd=EXAMPLES / name,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    said: list[str] = []
    try:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            if found := READY.search(line):
                yield found[1]
                break
        else:
            raise AssertionError("".join(said))
    finally:
        process.terminate()
        rest, _ = process.communicate(timeout=30)
        said.append(rest or "")
    assert "Traceback" not in "".join(said), "".join(said)


def prepare(name: str, environ: dict[str, str]) -> list[str]:
    """Run what comes before the server, and return the server's command."""
    *before, server = commands(name)
    for command in before:
        done = subprocess.run(
            command,
            cwd=EXAMPLES / name,
            env=environ,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
    return server


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
