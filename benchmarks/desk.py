"""The `ombud` command as a user runs it: a process of its own on a data directory. No measuring here."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from ombud.db.embedded.connection import Connection
from ombud.db.embedded.layout import PORT, Layout

START_LIMIT = 300.0
STOP_LIMIT = 60.0

_ADDRESS = re.compile(r"(http://\S+)")
_PASSWORD = re.compile(r"with the password (\S+)")
_PERSON = re.compile(r"^  (\S+@\S+)\s+(.+)$")


@dataclass(frozen=True)
class RunningDesk:
    """A sample desk that runs, with what it printed about itself."""

    process: subprocess.Popen[str]
    data_dir: Path
    address: str
    password: str
    people: tuple[str, ...]
    """Addresses for signing in: the administrator, the agents, a customer."""

    @property
    def agent(self) -> str:
        """The first agent's address."""
        return self.people[1]

    @property
    def connection(self) -> Connection:
        """How to reach the embedded server, as its superuser."""
        return Connection(Layout(self.data_dir).run_dir, PORT)


def command(*arguments: str) -> list[str]:
    """Return the installed command's line; a checkout that is not installed runs the same function."""
    installed = Path(sys.executable).with_name("ombud")
    program = (
        [str(installed)]
        if installed.exists()
        else [sys.executable, "-c", "from ombud.cli import main; main()"]
    )
    return [*program, *arguments]


def environment() -> dict[str, str]:
    """Return our environment without the developer's own settings of a desk."""
    return {name: value for name, value in os.environ.items() if not name.startswith("OMBUD_")}


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Yield a new data directory. Its parent can be entered by the server's user, when we are root."""
    with tempfile.TemporaryDirectory(prefix="ombud-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder / "desk"


@contextmanager
def sample_desk(data_dir: Path, *, tickets: int) -> Iterator[RunningDesk]:
    """Run `ombud demo` and yield it once it has said where it is; stop it in order afterwards.

    Raises RuntimeError with its last words when it does not start.
    """
    line = command(
        "demo", "--data-dir", str(data_dir), "--tickets", str(tickets), "--port", "0", "--no-browser"
    )
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            line, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment(), start_new_session=True
        )
        try:
            yield _told(process, data_dir, errors)
        finally:
            _stop(process)


def run_command(*arguments: str) -> str:
    """Run the command to its end and return what it printed; raises CalledProcessError."""
    done = subprocess.run(
        command(*arguments),
        capture_output=True,
        text=True,
        env=environment(),
        check=True,
        timeout=START_LIMIT,
    )
    return done.stdout


def forget(data_dir: Path) -> None:
    """Remove a data directory that nobody uses any more."""
    shutil.rmtree(data_dir)


def _told(process: subprocess.Popen[str], data_dir: Path, errors: IO[str]) -> RunningDesk:
    """Read what the command prints, up to the customer's sign-in, which is last."""
    address = password = ""
    people: list[str] = []
    assert process.stdout is not None
    for line in process.stdout:
        address = address or _first(_ADDRESS, line)
        password = password or _first(_PASSWORD, line)
        if found := _PERSON.match(line):
            people.append(found[1])
            if found[2].endswith("a customer"):
                return RunningDesk(process, data_dir, address, password, tuple(people))
    errors.seek(0)
    raise RuntimeError(f"the desk did not start: {errors.read()[-2000:]}")


def _first(pattern: re.Pattern[str], line: str) -> str:
    found = pattern.search(line)
    return found[1] if found else ""


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.communicate(timeout=STOP_LIMIT)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
