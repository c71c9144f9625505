"""A process that sends a desk's mail until it is killed: what tests of sudden death run.

`python -m tests.mail_desk.sending_process URL FILES LEASE`, with the key of the tests. For each line "start" on its
standard input it forks a child that sends, and says "ready PID"; once the child is dead it says "dead". A child of
"start dying" ends itself after the server's answer and before that is written down.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from ombud import Desk
from ombud.files import open_store
from ombud.mail.smtp import Connection
from ombud.mail.tokens import TicketNamer
from ombud.worker.mail_out import Sender


class DyingSender(Sender):
    """Knows that a message was taken, and does not live to tell."""

    async def _settle(self, *args: Any, **kwargs: Any) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


async def send(url: str, files: str, lease: float, kind: type[Sender]) -> None:
    """Send for ever, looking often."""
    connect = partial(Connection, timeout=10.0, data_timeout=10.0)
    store = open_store(Path(files), limit=10**8)
    sender = kind(Desk(url), store, TicketNamer(b"k" * 32), lease=timedelta(seconds=lease), connect=connect)
    while True:
        if not await sender.run_once():
            await asyncio.sleep(0.01)


def serve(url: str, files: str, lease: float) -> None:
    """Fork a child for each line that asks for one."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            try:
                kind = DyingSender if line.split() == ["start", "dying"] else Sender
                asyncio.run(send(url, files, lease, kind))
            finally:
                os._exit(1)
        print(f"ready {child}", flush=True)
        os.waitpid(child, 0)
        print("dead", flush=True)


if __name__ == "__main__":
    serve(sys.argv[1], sys.argv[2], float(sys.argv[3]))
