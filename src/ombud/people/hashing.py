"""The one thread of a process that hashes passwords, behind everything else that the process does.

A hash takes 40 ms of a core and 19 MiB of memory. Were as many compared at once as there are cores, a flood of
sign-ins would take the time of the event loop and of the database next to it from everybody who is inside. So there is
one at a time, and its thread is nicer than all others: it has what nobody else wants, and a share of what they want.
"""

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache, partial
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

STEPS_BACK = 10
"""How much nicer: beside a thread that never rests it still has a tenth of a core, two tries in a second."""
NAME = "ombud-hash"


async def hashed_aside(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Do `work` in the thread that hashes, after what it was given before."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_thread(), partial(work, *args, **kwargs))


@cache
def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, NAME, initializer=_step_back)


def _step_back() -> None:
    """Lower the priority of this thread. Only on Linux have threads one of their own."""
    if sys.platform == "linux":
        with suppress(OSError):
            who = threading.get_native_id()
            os.setpriority(os.PRIO_PROCESS, who, os.getpriority(os.PRIO_PROCESS, who) + STEPS_BACK)


if hasattr(os, "register_at_fork"):
    # A forked child has the memory of the thread and not the thread: it begins one of its own.
    os.register_at_fork(after_in_child=_thread.cache_clear)
