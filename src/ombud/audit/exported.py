"""The exported checkpoints: a file outside the database that is only ever appended to.

Copy it to another machine now and then: who can change both the database and this file can cut both off.
"""

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ombud.audit.checkpoints import Statement, read_line

TAIL = 1 << 16


class ExportedCheckpoints:
    """The file `checkpoints.jsonl` of a folder. One process appends at a time."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "checkpoints.jsonl"

    @contextmanager
    def appending(self) -> Iterator["Appender"]:
        """Hold the file alone; yields who knows the last number and appends."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield Appender(file)

    def lines(self) -> list[str]:
        """Return all complete lines, oldest first; none when there is no file."""
        if not self.path.exists():
            return []
        text = self.path.read_text(encoding="utf-8", errors="replace")
        return [line for line in text.splitlines(keepends=True) if line.endswith("\n")]


class Appender:
    """Appends whole lines; what a crash left unfinished is cut off first."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.last_number = self._mend()

    def append(self, checkpoints: Iterable[tuple[Statement, bytes]]) -> int:
        """Append checkpoints that are not there yet, safely on disk when it returns; returns how many."""
        lines = [statement.line(signature) for statement, signature in checkpoints]
        self._file.seek(0, os.SEEK_END)
        self._file.write("".join(lines).encode())
        self._file.flush()
        os.fsync(self._file.fileno())
        return len(lines)

    def _mend(self) -> int:
        end = self._file.seek(0, os.SEEK_END)
        self._file.seek(max(0, end - TAIL))
        tail = self._file.read()
        whole = tail[: tail.rfind(b"\n") + 1]
        self._file.truncate(end - len(tail) + len(whole))
        last = whole.rstrip(b"\n").rpartition(b"\n")[2]
        return read_line(last.decode())[0].number if last else 0
