"""Real servers on data directories of their own, and other processes that use them.

Not here: the database that the rest of the suite shares.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from ombud.db.embedded import EmbeddedServer, open_server
from ombud.db.embedded.postmaster import server_processes

PROGRAMS = {"wheel": None, "debian-15": Path("/usr/lib/postgresql/15/bin")}

# A process that uses the server until its standard input ends.
MEMBER = """
import sys
from pathlib import Path
from ombud.db.embedded import open_server
with open_server(Path(sys.argv[1])) as server:
    print("started" if server.started else "joined", flush=True)
    sys.stdin.read()
"""


class Member:
    """Another process; `first_word` waits for what it says first."""

    def __init__(self, script: str, *arguments: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", script, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def first_word(self) -> str:
        assert self.process.stdout is not None
        word = self.process.stdout.readline().strip()
        return word or self.process.communicate(timeout=60)[1]

    def leave(self) -> None:
        _, errors = self.process.communicate(timeout=60)
        assert self.process.returncode == 0, errors

    def kill(self) -> str:
        """End it as kill -9 does, and return what it had written since."""
        self.process.kill()
        return self.process.communicate(timeout=60)[0]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            self.kill()


@pytest.fixture(scope="session", params=list(PROGRAMS))
def bin_dir(request: pytest.FixtureRequest) -> Path | None:
    """The programs to test with; None stands for the wheel's."""
    folder = PROGRAMS[request.param]
    if folder is not None and not folder.is_dir():
        pytest.skip(f"no PostgreSQL programs in {folder}")
    return folder


@pytest.fixture
def programs(bin_dir: Path | None, monkeypatch: pytest.MonkeyPatch) -> Path | None:
    """Make Ombud use these programs, in this process and those that it starts."""
    if bin_dir is None:
        monkeypatch.delenv("OMBUD_POSTGRES_BIN", raising=False)
    else:
        monkeypatch.setenv("OMBUD_POSTGRES_BIN", str(bin_dir))
    return bin_dir


def _open_folder() -> Path:
    """Make a folder with a short path that the service account may enter; pytest's own is closed to it."""
    folder = Path(tempfile.mkdtemp(prefix="ombud-"))
    folder.chmod(0o755)
    return folder


@pytest.fixture
def place() -> Iterator[Path]:
    folder = _open_folder()
    try:
        yield folder
    finally:
        kill_everything(folder)
        shutil.rmtree(folder)


def kill_everything(folder: Path) -> None:
    """End every server in the data directories below a folder as kill -9 does, and wait for their end."""
    for cluster in [folder / "postgres", *folder.glob("*/postgres"), *folder.glob("*/*/postgres")]:
        while pids := server_processes(cluster) if cluster.exists() else set():
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            time.sleep(0.01)


@pytest.fixture(scope="session")
def template(bin_dir: Path | None) -> Iterator[Path]:
    """A data directory with a stopped cluster, to be copied."""
    folder = _open_folder()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OMBUD_POSTGRES_BIN", str(bin_dir)) if bin_dir else patch.delenv(
            "OMBUD_POSTGRES_BIN", raising=False
        )
        open_server(folder / "desk").close()
    yield folder / "desk"
    shutil.rmtree(folder)


@pytest.fixture
def data_dir(programs: Path | None, template: Path, place: Path) -> Path:
    """A data directory with a cluster that nobody uses."""
    subprocess.run(["cp", "-a", "--reflink=auto", template, place / "desk"], check=True)
    return place / "desk"


@pytest.fixture
def server(data_dir: Path) -> Iterator[EmbeddedServer]:
    with open_server(data_dir) as opened:
        yield opened


@pytest.fixture
def member() -> Iterator[Callable[..., Member]]:
    """Start other processes on a data directory; they are killed at the end of the test."""
    with ExitStack() as stack:

        def start(data_dir: Path, *arguments: Path, script: str = MEMBER) -> Member:
            return stack.enter_context(Member(script, data_dir, *arguments))

        yield start
