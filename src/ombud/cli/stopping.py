"""Ctrl+C that is heard. Not here: what a command says when it was stopped."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

AGAIN_SECONDS = 3.0
"""Longer than an interrupted statement takes to be cancelled."""


@contextmanager
def insisting(again_seconds: float = AGAIN_SECONDS) -> Iterator[None]:
    """Raise KeyboardInterrupt at Ctrl+C, and again every few seconds until the block has ended.

    Once is not always enough. Python drops what is raised while it runs a destructor or the callback of a weak
    reference, and a rollback that fails on the way out may put an error in its place that is worth another try: the
    command would go on, and wait for a lock for a minute, say. Does nothing outside the main thread.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    has_ended = threading.Event()

    def insist() -> None:
        while not has_ended.wait(again_seconds):
            os.kill(os.getpid(), signal.SIGINT)

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        if has_ended.is_set():
            return
        if not insistence.is_alive():
            insistence.start()
        raise KeyboardInterrupt

    insistence = threading.Thread(target=insist, name="ombud-stop", daemon=True)
    before = signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        has_ended.set()
        signal.signal(signal.SIGINT, before)
