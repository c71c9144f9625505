"""A part of a desk in a process that is killed and begun again: `python -m tests.faults.part_process web|worker FD`.

Settings come from the environment. For each line on standard input it forks a child that serves (on the inherited
listening socket FD) or works, and says "PID"; once the child is dead it says "dead". Imports are paid for once.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
from datetime import timedelta

from ombud import Desk, Settings
from ombud.mail.outgoing import attempts as letters
from ombud.webhooks import attempts as hooks

if "TEST_LEASE" in os.environ:
    LEASE = timedelta(seconds=float(os.environ["TEST_LEASE"]))
    """How soon another process takes up what a killed one held; 45 seconds otherwise."""
    letters.LEASE = LEASE  # before `ombud.worker` reads it
    assert hooks.claim.__kwdefaults__ is not None
    assert hooks.claim.__kwdefaults__["lease"] == hooks.LEASE
    hooks.claim.__kwdefaults__["lease"] = LEASE

from ombud.asgi import build_app
from ombud.worker import chores_running


def web(desk: Desk, settings: Settings, listener: socket.socket) -> None:
    """Serve pages and API until killed."""
    import uvicorn

    config = uvicorn.Config(build_app(desk, settings), log_level="critical", access_log=False)
    uvicorn.Server(config).run(sockets=[listener])


def work(desk: Desk) -> None:
    """Do the chores, send mail and webhooks, until killed."""
    with chores_running(desk):
        threading.Event().wait()


def main(part: str, number: int) -> None:
    """Fork a child for each line."""
    listener = socket.socket(fileno=number) if part == "web" else None
    for _line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                settings = Settings()
                assert settings.database_url is not None
                desk = Desk(settings.database_url.get_secret_value(), settings)
                if listener is not None:
                    web(desk, settings, listener)
                else:
                    work(desk)
            finally:
                os._exit(1)
        print(child, flush=True)
        os.waitpid(child, 0)
        print("dead", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
