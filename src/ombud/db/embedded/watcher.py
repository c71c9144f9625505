"""A process that stops a server whose members were all killed, so that none of them could.

Development servers with a reloader end the process that serves by SIGKILL, and PostgreSQL would run on for ever. The
watcher sleeps: each member holds a lock together with the others (`run/watched.lock`), which the kernel gives to the
watcher when the last of them is gone. One that comes soon after (a service begun again, say) joins the server as it is.
Members that leave in order stop the server themselves, and the watcher goes with it. Where no watcher can be begun,
the server of killed members runs on until it is joined.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path

from ombud.db.embedded import postmaster
from ombud.db.embedded.account import Account, account_for
from ombud.db.embedded.cluster import Cluster
from ombud.db.embedded.errors import EmbeddedError
from ombud.db.embedded.layout import Layout
from ombud.db.embedded.locks import Lock
from ombud.db.embedded.programs import BIN_VARIABLE, find_programs

LINGER = 10.0
"""Seconds that a server without members runs on, for one that comes soon after."""

# It imports nothing of ours while it sleeps, which is nearly always. Where the server has gone, too, so does it: first
# as a watcher, then as one who keeps a member from coming in, so that this member begins another one.
_SLEEP = """
import fcntl, os, sys
bell, watching, server = map(int, sys.argv[1:4])
fcntl.flock(bell, fcntl.LOCK_EX)
try:
    fcntl.flock(server, fcntl.LOCK_EX | fcntl.LOCK_NB)
except BlockingIOError:
    fcntl.flock(bell, fcntl.LOCK_UN)
    os.execv(sys.executable, [sys.executable, "-P", "-m", "ombud.db.embedded.watcher", *sys.argv[1:]])
os.close(watching)
"""
# Nobody waits for it: its parent is to be the first process of the machine.
_BEGIN = "import os\nif os.fork(): os._exit(0)\n" + _SLEEP


def watched(layout: Layout, account: Account) -> Lock:
    """Return a member's hold, to be closed when it has left; begin a watcher where there is none.

    The caller holds the gate.
    """
    hold = _bell(layout, account)
    hold.shared()
    with Lock(layout.run_dir / "watcher.lock", account) as watching:
        if watching.try_exclusive():
            _begin(layout, account, watching)
    return hold


def _bell(layout: Layout, account: Account) -> Lock:
    return Lock(layout.run_dir / "watched.lock", account)


def _begin(layout: Layout, account: Account, watching: Lock) -> None:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("OMBUD_") or name == BIN_VARIABLE
    }
    with ExitStack() as stack, suppress(OSError):
        bell = stack.enter_context(_bell(layout, account))
        server = stack.enter_context(Lock(layout.run_dir / "server.lock", account))
        fds = [bell.fd, watching.fd, server.fd]
        subprocess.run(
            [*_program("-I", "-S", "-c", _BEGIN), *map(str, fds), str(layout.data_dir), str(LINGER)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env={
                **kept,
                "PYTHONPATH": os.pathsep.join(str(Path(path).absolute()) for path in sys.path if path),
            },
            start_new_session=True,
            pass_fds=fds,
            check=False,
        )


def _program(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]


def main(watching: int, data_dir: str, linger: str) -> None:
    """Stop the server if nobody has joined it after a while; otherwise sleep again."""
    time.sleep(float(linger))
    layout = Layout(Path(data_dir))
    account = account_for(layout.cluster)
    with Lock(layout.gate) as gate, Lock(layout.run_dir / "members.lock", account) as members:
        gate.exclusive()
        if members.try_exclusive():
            postmaster.stop(Cluster(layout, account, find_programs(account)))
            os.close(watching)
            return
    os.execv(sys.executable, _program("-I", "-S", "-c", _SLEEP, *sys.argv[1:]))  # noqa: S606 -- ourselves


if __name__ == "__main__":
    with suppress(OSError, EmbeddedError):  # the folder was removed, say, and the server with it
        main(int(sys.argv[2]), *sys.argv[4:6])
