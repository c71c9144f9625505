"""Looks that could not be written while the database was away: a file, bounded, loaded when it is back.

Memory would forget them when the process ends. A batch that was loaded is cut off the file's end right after its
commit; a crash between the two notes that batch twice, which does no harm.
"""

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import IO

from ombud.audit.access import Look
from ombud.models import AccessKind

LIMIT = 64 * 2**20
"""Bytes that the file may have; what comes then is given up, and counted."""
BLOCK = 2**20


class Spill:
    """The file `looks.jsonl` of a folder. One process works on it at a time."""

    def __init__(self, folder: Path, *, limit: int = LIMIT) -> None:
        self.path = folder / "looks.jsonl"
        self.limit = limit

    def add(self, looks: Sequence[Look]) -> int:
        """Append looks, on the disk when it returns; returns how many did not fit. Raises OSError."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._opened(os.O_CREAT) as file:
            room = self.limit - _to_line_end(file)
            lost = 0
            for look in looks:
                line = _line(look)
                if len(line) > room:
                    lost += 1
                    continue
                room -= len(line)
                file.write(line)
            file.flush()
            os.fsync(file.fileno())
        return lost

    def load(self, write: Callable[[list[Look]], None]) -> int:
        """Hand everything to `write`, batch by batch, and forget what it took; returns how many that were."""
        if not self.path.exists():
            return 0
        done = 0
        with self._opened() as file:
            while end := file.seek(0, os.SEEK_END):
                start, lines = _last_lines(file, end)
                looks = [look for line in lines if (look := _look(line)) is not None]
                write(looks)
                file.truncate(start)
                done += len(looks)
        return done

    @contextmanager
    def _opened(self, flags: int = 0) -> Iterator[IO[bytes]]:
        with os.fdopen(os.open(self.path, os.O_RDWR | flags, 0o600), "r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file


def _to_line_end(file: IO[bytes]) -> int:
    """Go to the end, and end the line that a crash left unfinished; returns where that is."""
    end = file.seek(0, os.SEEK_END)
    if end:
        file.seek(end - 1)
        if file.read(1) != b"\n":
            file.write(b"\n")
            end += 1
    return end


def _last_lines(file: IO[bytes], end: int) -> tuple[int, list[bytes]]:
    """Return where the lines of the last block begin, and those lines."""
    start = max(0, end - BLOCK)
    file.seek(start)
    block = file.read(end - start)
    if start:  # the first one is cut in two, and belongs to the next block
        cut = block.find(b"\n") + 1
        start, block = start + cut, block[cut:]
    return start, block.splitlines()


def _line(look: Look) -> bytes:
    return json.dumps(asdict(look) | {"at": look.at.isoformat()}).encode() + b"\n"


def _look(line: bytes) -> Look | None:
    """Return the look of a line, or None for one that a crash left unfinished."""
    try:
        plain = json.loads(line)
        return Look(**plain | {"kind": AccessKind(plain["kind"]), "at": datetime.fromisoformat(plain["at"])})
    except (ValueError, TypeError, KeyError):
        return None
