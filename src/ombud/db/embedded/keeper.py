"""A thread that starts the embedded server again when it was killed: nobody else supervises it.

It sleeps on a descriptor of the server's first process, which the kernel marks when that has ended. A server that was
shut down in order says so in its control file, and is left alone: somebody meant that. Of several processes that use
one server each has a keeper; the gate lets one start it, and the others find it running.

Not here: how a server is started, recovered, and rid of what is left of it (`postmaster`).
"""

from __future__ import annotations

import os
import select
import threading
import time
from pathlib import Path
from typing import Self

from ombud.db.embedded.control import was_shut_down
from ombud.db.embedded.errors import EmbeddedError
from ombud.db.embedded.server import EmbeddedServer
from ombud.kit.logs import Log

log = Log(__name__)

PAUSES = (0.0, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0)
"""Seconds before each try to start it. A server that ends soon after is tried on, not anew."""
SETTLED_SECONDS = 60.0
LOOK_EVERY = 1.0
"""Seconds between looks whether somebody started a server that was stopped in order."""


class Keeper:
    """Keeps a server that this process has opened running; use it in a `with` statement inside the server's."""

    def __init__(self, server: EmbeddedServer) -> None:
        self._server = server
        self._is_over = False
        self._bell, self._rope = os.pipe()
        self._thread = threading.Thread(target=self._keep, name="ombud-keeper", daemon=True)
        self._opened_by = os.getpid()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exc: object) -> None:
        """Let the server be stopped; returns when nothing is being started."""
        self._is_over = True
        if self._opened_by == os.getpid():  # a fork has no such thread, and shares the pipe
            os.write(self._rope, b".")
            self._thread.join()
        os.close(self._rope)
        os.close(self._bell)

    def _keep(self) -> None:
        tries, since = 0, time.monotonic()
        while self._has_ended():
            if _ended_in_order(self._server.data_dir):
                log.warning("database server was stopped")
                if not self._await_start():
                    return
                continue
            if time.monotonic() - since > SETTLED_SECONDS:
                tries = 0
            tries = self._start(tries)
            if not tries:
                return
            since = time.monotonic()

    def _start(self, tries: int) -> int:
        """Try until it runs; return how many tries there were, 0 when this is over or they were too many."""
        for number, pause in enumerate(PAUSES[tries:], tries + 1):
            if self._is_told(pause):
                return 0
            if self._starts(number):
                return number
        log.error("database server stays down: start Ombud again", tries=len(PAUSES))
        return 0

    def _starts(self, tries: int) -> bool:
        try:
            self._server.revive()
        except (EmbeddedError, OSError) as error:
            log.warning("database server does not start", error=error, tries=tries)
            return False
        if self._server.started:
            log.warning("database server had ended and was started again", tries=tries)
        return True

    def _has_ended(self) -> bool:
        """Return True when the server has ended, False when this is over."""
        try:
            process = os.pidfd_open(self._server.pid or 0)
        except (
            OSError
        ):  # it has ended already, or no system call tells: then `revive` looks, and we look again
            return not self._is_told(LOOK_EVERY)
        try:
            ready = select.select([process, self._bell], [], [])[0]
        finally:
            os.close(process)
        return self._bell not in ready

    def _await_start(self) -> bool:
        """Return True when somebody has started it again, False when this is over."""
        while _ended_in_order(self._server.data_dir):
            if self._is_told(LOOK_EVERY):
                return False
        return True

    def _is_told(self, seconds: float) -> bool:
        return bool(select.select([self._bell], [], [], seconds)[0]) or self._is_over


def _ended_in_order(data_dir: Path) -> bool:
    """Tell whether the cluster's control file says that its server was shut down."""
    try:
        return was_shut_down(data_dir / "postgres")
    except OSError:  # the folder was removed, say: nothing is left to start
        return True
