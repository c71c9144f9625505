"""Memory and processor time of a desk's processes, from /proc (Linux): the Python ones, and PostgreSQL's.

PSS counts a page that several processes share as a part for each, so it can be added up; RSS counts it whole
each time. PostgreSQL's shared buffers are in both as far as they have been touched.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from benchmarks.desk import RunningDesk
from ombud.db.embedded.layout import Layout

PROC = Path("/proc")
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Memory:
    """What some processes take, in MB (10**6 bytes)."""

    processes: int
    pss: float
    rss: float


@dataclass(frozen=True)
class Spent:
    """Processor seconds used so far: by the measuring process, the desk's Python, and PostgreSQL.

    Processes that have ended are in what their parent has waited for. The kernel counts in hundredths of a second.
    """

    visitor: float
    python: float
    postgres: float

    def __sub__(self, other: Spent) -> Spent:
        return Spent(self.visitor - other.visitor, self.python - other.python, self.postgres - other.postgres)


def python_memory(desk: RunningDesk) -> Memory:
    """Return what the command's own processes take."""
    return _memory(_family(desk.process.pid))


def postgres_memory(desk: RunningDesk) -> Memory:
    """Return what the embedded server's processes take."""
    return _memory(_family(_postmaster(desk)))


def spent(desk: RunningDesk) -> Spent:
    """Return the processor time that has been used so far."""
    own = os.times()
    return Spent(
        own.user + own.system,
        sum(_seconds(pid) for pid in _family(desk.process.pid)),
        sum(_seconds(pid) for pid in _family(_postmaster(desk))),
    )


def _postmaster(desk: RunningDesk) -> int:
    file = Layout(desk.data_dir).cluster / "postmaster.pid"
    return int(file.read_text().splitlines()[0])


def _memory(pids: list[int]) -> Memory:
    found = [_rollup(pid) for pid in pids]
    sizes = [one for one in found if one is not None]
    return Memory(len(sizes), sum(one["Pss"] for one in sizes), sum(one["Rss"] for one in sizes))


def _rollup(pid: int) -> dict[str, float] | None:
    """Return Pss and Rss of a process; None when it has just ended."""
    try:
        lines = (PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = dict(line.split(":", 1) for line in lines[1:])
    return {name: int(fields[name].split()[0]) * 1024 / 10**6 for name in ("Pss", "Rss")}


def _family(root: int) -> list[int]:
    """Return a process and all its descendants."""
    parents = {pid: int(stat[1]) for pid in _all() if (stat := _stat(pid))}
    family = [root]
    for pid in family:
        family += [child for child, parent in parents.items() if parent == pid]
    return family


def _all() -> list[int]:
    return [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()]


def _seconds(pid: int) -> float:
    stat = _stat(pid)
    # utime, stime, and the same of children that have ended (cutime, cstime).
    return sum(int(field) for field in stat[11:15]) / _TICK


def _stat(pid: int) -> list[str]:
    """Return a process's fields from `state` on (proc(5)); none when it has just ended."""
    try:
        # The name before, in parentheses, may itself hold any character.
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []
