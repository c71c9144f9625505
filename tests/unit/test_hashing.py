"""Passwords are hashed one at a time, by a process that steps back behind all others (TRUST.md R28)."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ombud.kit.hash_process import STEPS_BACK, answer
from ombud.kit.passwords import rehash_password
from ombud.people.hashing import FAILURES, Helper, hashed_aside, verified_aside

GOOD = "a long enough password"
ALONE = """
import select, sys
for line in sys.stdin.buffer:
    waiting = select.select([sys.stdin.buffer.raw], [], [], 0.05)[0]
    print("false" if waiting else "true", flush=True)
"""
"""Says of each question whether it was the only one."""
FORKED = """
import asyncio, os
from ombud.people.hashing import _helper, verified_aside
assert asyncio.run(verified_aside(None, "x")) is False
begun = _helper().pid
child = os.fork()
if child == 0:
    assert asyncio.run(verified_aside(None, "x")) is False
    assert _helper().pid not in (None, begun)
    _helper().close()
    os._exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
assert asyncio.run(verified_aside(None, "x")) is False
assert _helper().pid == begun, "the child left it alone"
"""
ENDED = """
import asyncio, os, sys
from ombud.people.hashing import _helper, verified_aside
asyncio.run(verified_aside(None, "x"))
print(_helper().pid, flush=True)
os.kill(os.getpid(), 9)
"""


@pytest.fixture
def helper() -> Iterator[Helper]:
    helper = Helper()
    yield helper
    helper.close()


@pytest.mark.asyncio
async def test_what_is_asked_at_once_is_answered_right() -> None:
    stored = rehash_password(GOOD)
    asked = [verified_aside(stored, GOOD), verified_aside(stored, "another"), verified_aside(None, GOOD)]
    assert await asyncio.gather(*asked) == [True, False, False]
    assert await verified_aside(await hashed_aside(GOOD), GOOD)
    assert not await verified_aside(stored, "\ud800 is no text"), "nor does it end the process"


@pytest.mark.asyncio
async def test_there_is_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    helper = Helper((sys.executable, "-c", ALONE))
    monkeypatch.setattr("ombud.people.hashing._helper", lambda: helper)
    try:
        assert all(await asyncio.gather(*(verified_aside(None, "x") for _ in range(4))))
    finally:
        helper.close()


def test_its_process_steps_back_and_no_other(helper: Helper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMBUD_SECRET", "canary")
    own = os.getpriority(os.PRIO_PROCESS, 0)
    group = Path("/proc/self/autogroup")
    before = group.read_text() if group.exists() else ""
    assert helper.ask(["verify", None, "x"]) is False
    assert helper.pid is not None
    assert os.getpriority(os.PRIO_PROCESS, helper.pid) == min(own + STEPS_BACK, 19)
    if group.exists():  # ours may be empty: what began us may be in no such group
        assert Path(f"/proc/{helper.pid}/autogroup").read_text().split()[-1] == str(STEPS_BACK)
        assert group.read_text() == before
    threads = [int(one.name) for one in Path("/proc/self/task").iterdir()]
    assert {os.getpriority(os.PRIO_PROCESS, one) for one in threads} == {own}
    assert b"canary" not in Path(f"/proc/{helper.pid}/environ").read_bytes(), "it needs no settings"


def test_one_that_was_killed_is_begun_again(helper: Helper) -> None:
    stored = rehash_password(GOOD)
    for _ in range(FAILURES + 1):
        assert helper.ask(["verify", stored, GOOD]) is True
        first = helper.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        assert helper.ask(["verify", stored, GOOD]) is True, "answered all the same"
        assert helper.ask(["verify", stored, "another"]) is False
        assert helper.pid not in (None, first)


@pytest.mark.parametrize(
    "command",
    [
        ("/nowhere/python",),
        (sys.executable, "-c", "raise SystemExit(1)"),
        (sys.executable, "-c", "print('Usage: none of yours', flush=True); input()"),
        (sys.executable, "-c", "print('[]', flush=True); input()"),
        (sys.executable, "-c", "import sys; sys.stdin.read()"),
    ],
    ids=["missing", "ends", "talks", "errs", "silent"],
)
def test_without_a_process_it_is_done_here(command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the interpreter is part of another program, say. It is not tried for ever."""
    monkeypatch.setattr("ombud.people.hashing.SECONDS", 0.2 if "read" in command[-1] else 20.0)
    helper = Helper(command)
    for _ in range(FAILURES + 1):
        assert helper.ask(["verify", None, "x"]) is False
        assert helper.pid is None
    assert helper._failures == FAILURES


def test_what_is_no_question_shows_nothing_of_itself() -> None:
    with pytest.raises(ValueError, match=r"^no question$"):
        answer(["verify", 1, "a password"])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")
def test_a_forked_process_has_one_of_its_own() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FORKED], check=False, timeout=60, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_it_ends_with_the_process_that_it_is_for() -> None:
    done = subprocess.run([sys.executable, "-c", ENDED], check=False, timeout=60, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    gone, pause = Path(f"/proc/{int(done.stdout)}"), threading.Event()
    for _ in range(1000):
        if not gone.exists() or "Z" in (gone / "stat").read_text().rpartition(")")[2].split()[0]:
            return
        pause.wait(0.02)
    pytest.fail("it is still there")
