"""How much memory this machine, or the container around us, grants, and what PostgreSQL may use of it.

The shares follow PostgreSQL's manual (section "Resource Consumption"), smaller than its 25 % because
Ombud's own processes live on the same machine. Not here: any other setting (`settings`).
"""

from __future__ import annotations

import os
from pathlib import Path

MB = 1024 * 1024
GB = 1024 * MB


def memory_settings(memory: int | None = None) -> dict[str, str]:
    """Return PostgreSQL's memory settings for a machine with this many bytes (default: this machine)."""
    memory = memory if memory is not None else machine_memory()
    return {
        "shared_buffers": _share(memory, 0.15, low=128 * MB, high=4 * GB),
        "effective_cache_size": _share(memory, 0.5, low=256 * MB, high=64 * GB),
        # Up to a hundred connections, some with several sorts and hashes at a time.
        "work_mem": _share(memory, 1 / 800, low=4 * MB, high=32 * MB),
        "maintenance_work_mem": _share(memory, 1 / 16, low=64 * MB, high=GB),
        "autovacuum_work_mem": _share(memory, 1 / 64, low=32 * MB, high=256 * MB),
    }


def _share(memory: int, part: float, *, low: int, high: int) -> str:
    return f"{int(min(max(memory * part, low), high)) // MB}MB"


def shared_memory_settings(folder: Path = Path("/dev/shm")) -> dict[str, str]:  # noqa: S108 - only looked at
    """Return where parallel queries share memory: in files where /dev/shm is as small as Docker's."""
    try:
        status = os.statvfs(folder)
    except OSError:
        return {}
    roomy = status.f_blocks * status.f_frsize >= 256 * MB
    return {} if roomy else {"dynamic_shared_memory_type": "mmap"}


def machine_memory() -> int:
    """Return the bytes of memory that this process may use: the machine's, or less by a control group."""
    machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min([machine, *_cgroup_limits(Path("/proc/self/cgroup"), Path("/sys/fs/cgroup"))])


def _cgroup_limits(membership: Path, root: Path) -> list[int]:
    """Return the limits of all our control groups, of version 1 (memory controller) and 2."""
    try:
        lines = membership.read_text().splitlines()
    except OSError:
        return []
    limits: list[int] = []
    for line in lines:
        _, controllers, group = line.split(":", 2)
        if controllers == "":
            limits += _limits_upwards(root, group, "memory.max")
        elif "memory" in controllers.split(","):
            limits += _limits_upwards(root / "memory", group, "memory.limit_in_bytes")
    return limits


def _limits_upwards(root: Path, group: str, name: str) -> list[int]:
    """Return the limits from a group up to the root; inside a container only the root may be visible."""
    folder = root / group.strip("/")
    found = [_read_limit(step / name) for step in (folder, *folder.parents) if step.is_relative_to(root)]
    return [limit for limit in found if limit is not None]


def _read_limit(file: Path) -> int | None:
    try:
        text = file.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() and int(text) > 0 else None
