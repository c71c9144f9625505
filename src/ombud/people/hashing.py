"""Comparing and making hashes of passwords in a process of their own, behind everything else that the machine does.

A hash takes 40 ms of a core and 19 MiB of memory. Were as many compared at once as there are cores, a flood of
sign-ins would take the time of the event loop and of the database next to it from everybody who is inside. So there is
one at a time, by a process that is nicer than all others: it has what nobody else wants, and a share of what they want.

Not by a thread that is nicer: it would hold the interpreter's lock now and then, and lose its core while it does; the
event loop would wait for the one who waits for everybody (measured: 26 ms where it is 10 ms without).
"""

import asyncio
import atexit
import json
import os
import selectors
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

from ombud.kit.hash_process import answer
from ombud.kit.logs import Log

NAME = "ombud-hash"
COMMAND = (sys.executable, "-P", "-m", "ombud.kit.hash_process")
SECONDS = 20.0
"""How long an answer may take before the process counts as stuck."""
FAILURES = 3
"""So often in a row it may fail; after that this process hashes by itself."""

_log = Log(__name__)


async def verified_aside(stored: str | None, password: str) -> bool:
    """Compare a password with a stored hash (`ombud.kit.passwords.verify_password`), after what was asked before."""
    return bool(await _asked("verify", stored, password))


async def hashed_aside(password: str) -> str:
    """Return the hash of a password that was found acceptable, after what was asked before."""
    return str(await _asked("hash", password))


async def _asked(*question: str | None) -> bool | str:
    return await asyncio.get_running_loop().run_in_executor(_thread(), _helper().ask, list(question))


@cache
def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, NAME)


@cache
def _helper() -> "Helper":
    helper = Helper()
    atexit.register(helper.close)
    return helper


class Helper:
    """The process that hashes: begun with the first question, and again when it was killed. For one thread."""

    def __init__(self, command: tuple[str, ...] = COMMAND) -> None:
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self._failures = 0

    @property
    def pid(self) -> int | None:
        """Return the number of the process, None when there is none."""
        return self._process.pid if self._process is not None else None

    def ask(self, question: list[Any]) -> bool | str:
        """Return the answer: the process's, or when it fails one made right here."""
        if self._failures < FAILURES:
            try:
                said = self._exchange(json.dumps(question).encode() + b"\n")
                self._failures = 0
            except (OSError, ValueError) as error:
                self.close()
                self._failures += 1
                _log.warning("hashing here", cause=type(error).__name__, failures=self._failures)
            else:
                return said
        return answer(question)

    def close(self) -> None:
        """End the process, if there is one."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()

    def forget(self) -> None:
        """Leave the process to the one that forked this one."""
        process, self._process = self._process, None
        if process is not None and process.stdin is not None and process.stdout is not None:
            process.returncode = 0  # nobody here waits for it
            for pipe in (process.stdin, process.stdout):
                pipe.close()

    def _exchange(self, question: bytes) -> bool | str:
        process = self._process = self._process or _begin(self._command)
        asked, answered = process.stdin, process.stdout
        if asked is None or answered is None:
            raise OSError
        asked.write(question)
        with selectors.DefaultSelector() as waiting:
            waiting.register(answered, selectors.EVENT_READ)
            if not waiting.select(SECONDS):
                raise TimeoutError
        said = json.loads(answered.readline())
        if not isinstance(said, bool | str):
            raise ValueError  # noqa: TRY004 -- as for any other answer that is none
        return said


def _begin(command: tuple[str, ...]) -> "subprocess.Popen[bytes]":
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OMBUD_")}
    return subprocess.Popen(
        command,
        bufsize=0,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**kept, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        start_new_session=True,  # no key that ends a program in a terminal ends it, and see `step_back`
    )


def _after_fork() -> None:
    """Begin anew: a forked child has the memory of thread and pipes, and neither the thread nor a right to answers."""
    if _helper.cache_info().currsize:
        _helper().forget()
    _helper.cache_clear()
    _thread.cache_clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
