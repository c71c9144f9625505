"""Passwords are hashed one at a time, by a thread that steps back behind all others (TRUST.md R28)."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from ombud.kit.passwords import rehash_password, verify_password
from ombud.people.hashing import NAME, STEPS_BACK, hashed_aside

FORKED = """
import asyncio, os
from ombud.people.hashing import hashed_aside
assert asyncio.run(hashed_aside(os.getpid)) == os.getpid()
child = os.fork()
if child == 0:
    assert asyncio.run(hashed_aside(os.getpid)) == os.getpid()
    os._exit(0)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.asyncio
async def test_there_is_one_at_a_time() -> None:
    running, most, threads = 0, 0, set()

    def compare(stored: str) -> bool:
        nonlocal running, most
        running += 1
        most = max(most, running)
        threads.add(threading.current_thread().name)
        right = verify_password(stored, "a long enough password")
        running -= 1
        return right

    stored = rehash_password("a long enough password")
    assert all(await asyncio.gather(*(hashed_aside(compare, stored) for _ in range(6))))
    assert most == 1
    assert threads == {f"{NAME}_0"}


@pytest.mark.skipif(sys.platform != "linux", reason="threads have a priority of their own on Linux only")
@pytest.mark.asyncio
async def test_its_thread_steps_back_and_no_other() -> None:
    def priority() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    own = priority()
    assert await hashed_aside(priority) == min(own + STEPS_BACK, 19)
    assert priority() == own
    with ThreadPoolExecutor(1) as others:
        assert others.submit(priority).result() == own


@pytest.mark.asyncio
async def test_what_is_refused_is_told_as_it_is() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        await hashed_aside(int, "none")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
def test_a_forked_process_has_a_thread_of_its_own() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORKED], check=False, timeout=60, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
