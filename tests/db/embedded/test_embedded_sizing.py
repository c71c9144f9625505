"""Memory: what the machine and its control groups grant, and what the server takes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ombud.db.embedded.sizing import (
    GB,
    MB,
    _cgroup_limits,
    machine_memory,
    memory_settings,
    shared_memory_settings,
)


@pytest.mark.parametrize(
    ("memory", "buffers", "cache", "work"),
    [
        (256 * MB, "128MB", "256MB", "4MB"),
        (2 * GB, "307MB", "1024MB", "4MB"),
        (16 * GB, "2457MB", "8192MB", "20MB"),
        (256 * GB, "4096MB", "65536MB", "32MB"),
    ],
)
def test_shares(memory: int, buffers: str, cache: str, work: str) -> None:
    settings = memory_settings(memory)
    assert settings["shared_buffers"] == buffers
    assert settings["effective_cache_size"] == cache
    assert settings["work_mem"] == work


def test_this_machine() -> None:
    assert 64 * MB < machine_memory() < 1024 * 1024 * GB


def test_smallest_control_group_wins(tmp_path: Path) -> None:
    membership = tmp_path / "cgroup"
    membership.write_text("4:cpu,memory:/shop/desk\n2:cpuset:/other\n0::/user/app\n")
    for file, limit in {
        "user/app/memory.max": "max",
        "user/memory.max": "700000000",
        "memory/shop/desk/memory.limit_in_bytes": "600000000",
        "memory/memory.limit_in_bytes": "9223372036854771712",
        "memory/other/memory.limit_in_bytes": "5",
    }.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(f"{limit}\n")
    assert sorted(_cgroup_limits(membership, tmp_path)) == [600000000, 700000000, 9223372036854771712]


def test_no_control_groups(tmp_path: Path) -> None:
    assert _cgroup_limits(tmp_path / "missing", tmp_path) == []


def test_missing_shared_memory_is_left_to_postgresql(tmp_path: Path) -> None:
    assert shared_memory_settings(tmp_path / "missing") == {}
