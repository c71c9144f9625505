"""One server process and its life: is it up, start it, stop it, recover after it was killed.

Whether any process of the server is left is never guessed from process numbers, which are reused: the
server and its children inherit a lock (`Cluster.server_lock`), and the kernel frees it when the last of them is
gone. The caller holds the gate of the data directory. Not here: who may stop it and when (`server`).
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from psycopg import pq

from ombud.db.embedded.cluster import Cluster, configure, failure, tail
from ombud.db.embedded.connection import Connection
from ombud.db.embedded.control import is_shutting_down
from ombud.db.embedded.errors import StartFailed, StopFailed
from ombud.db.embedded.layout import PORT, socket_folder
from ombud.db.embedded.locks import Lock

# Recovery after a crash replays the log written since the last checkpoint, which can take minutes.
_START_LIMIT = 600.0
_STOP_LIMIT = 120.0
# Sessions end within milliseconds of being told.
_STOP_PATIENCE = 3.0
# Backends without a postmaster end by themselves as soon as they are idle; a busy one is then told to.
_ORPHAN_PATIENCE = 5.0
_POLL = 0.02


@dataclass(frozen=True)
class PidFile:
    """What a running server says about itself in `postmaster.pid`."""

    pid: int
    connection: Connection


def ensure_running(cluster: Cluster, settings: Mapping[str, str]) -> tuple[Connection, bool]:
    """Return how to reach the server, and whether it had to be started."""
    with cluster.server_lock() as lock:
        running = _await_running(cluster, lock)
        return (running, False) if running else (_launch(cluster, settings, lock), True)


def _await_running(cluster: Cluster, lock: Lock) -> Connection | None:
    """Return the running server once it takes connections, or None, with the lock, if nothing is left of it."""
    deadline = time.monotonic() + _START_LIMIT
    patience = time.monotonic() + _ORPHAN_PATIENCE
    while not lock.try_exclusive():
        said = read_pid_file(cluster)
        if said is not None and ping(said.connection) == pq.Ping.OK:
            return said.connection
        if time.monotonic() > deadline:
            raise StartFailed(
                f"The server in {cluster.path} has been starting or stopping for {_START_LIMIT:.0f} s. "
                f"The end of its log:\n{tail(_log(cluster))}"
            )
        if time.monotonic() > patience:
            _end_orphans(cluster, said)
        time.sleep(_POLL)
    return None


def ping(connection: Connection) -> pq.Ping:
    """Ask whether a server answers there, without signing in."""
    return pq.Ping(pq.PGconn.ping(f"{connection.dsn()} connect_timeout=5".encode()))


def read_pid_file(cluster: Cluster) -> PidFile | None:
    """Return what `postmaster.pid` says, or None if there is none, or it is not this cluster's."""
    try:
        lines = (cluster.path / "postmaster.pid").read_text().splitlines()
        same_place = cluster.path.samefile(lines[1])
        place = Connection(Path(lines[4]), int(lines[3]))
        return PidFile(int(lines[0]), place) if same_place and lines[4] else None
    except (OSError, IndexError, ValueError):
        return None


def _end_orphans(cluster: Cluster, said: PidFile | None) -> None:
    """End backends whose postmaster is gone: nobody can reach them, and they keep the cluster locked."""
    processes = server_processes(cluster.path)
    if said is None or said.pid in processes:
        return
    for pid in processes:
        try:
            os.kill(pid, signal.SIGQUIT)
        except ProcessLookupError:
            pass


def server_processes(folder: Path) -> set[int]:
    """Return PostgreSQL's live processes that work in a folder, as all do in their cluster."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").samefile(folder) and (process / "comm").read_text() == "postgres\n":
                found.add(int(process.name))
        except OSError:  # gone meanwhile, or another user's
            continue
    return found


def _launch(cluster: Cluster, settings: Mapping[str, str], lock: Lock) -> Connection:
    account = cluster.account
    socket_dir = socket_folder(cluster.layout, account)
    _clear_leftovers(cluster, socket_dir)
    configure(cluster, socket_dir, settings)
    old_log = _log_sizes(cluster)
    result = account.run(
        *(cluster.programs.pg_ctl, "start", "--silent", "--wait", f"--timeout={_START_LIMIT:.0f}"),
        *("-D", cluster.path, "--log", cluster.layout.log_dir / "startup.log"),
        pass_fds=[lock.fd],
    )
    said = read_pid_file(cluster)
    if result.returncode or said is None:
        raise failure("The database server did not start", result.stdout + _log(cluster, old_log))
    return said.connection


def _clear_leftovers(cluster: Cluster, socket_dir: Path) -> None:
    """Remove the pid files of a server that was killed.

    PostgreSQL would believe them if their number had been given to any other process of this user since,
    which is the rule in containers. No process of a server that Ombud started is left here; one that
    somebody started by hand is seen by its working folder.
    """
    if server_processes(cluster.path):
        raise StartFailed(
            f"A PostgreSQL server that Ombud did not start is using {cluster.path}. Stop it first: "
            f"{cluster.programs.pg_ctl} stop -D {cluster.path}"
        )
    socket = socket_dir / f".s.PGSQL.{PORT}"
    leftovers = (
        cluster.path / "postmaster.pid",
        socket,
        f"{socket}.lock",
        cluster.layout.log_dir / "startup.log",
    )
    cluster.account.run("rm", "-f", "--", *leftovers)
    cluster.account.run("mkdir", "-p", "--", cluster.layout.log_dir)


def _log_files(cluster: Cluster) -> list[Path]:
    """Return the files of the server's log, the newest last, and what it wrote before it had a log."""
    files = sorted(cluster.layout.log_dir.glob("postgresql-*.log"), key=lambda path: path.stat().st_mtime)
    return [*files, cluster.layout.log_dir / "startup.log"]


def _log_sizes(cluster: Cluster) -> dict[Path, int]:
    return {path: path.stat().st_size for path in _log_files(cluster) if path.exists()}


def _log(cluster: Cluster, seen: Mapping[Path, int] | None = None) -> str:
    """Return the ends of the newest log file and of the first words, without what was seen before."""
    return "".join(_end_of(path, (seen or {}).get(path, 0)) for path in _log_files(cluster)[-2:])


def _end_of(path: Path, seen: int, most: int = 8192) -> str:
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW), "rb") as file:
            size = os.fstat(file.fileno()).st_size
            file.seek(max(seen if seen <= size else 0, size - most))
            return file.read().decode(errors="replace")
    except OSError:
        return ""


def stop(cluster: Cluster) -> None:
    """Stop the server, ending open sessions; do nothing if none of its processes is left.

    Cleanly where it can be. A server that is told so when it has just crashed (a process of it was killed, or there is
    no room for its log) and begins anew never ends: one that takes no connections, or whose control file does not say
    soon that it is shutting down, is ended at once, and recovers at the next start.
    """
    with cluster.server_lock() as lock:
        if lock.try_exclusive():
            return
        said, output = read_pid_file(cluster), ""
        if said is None or ping(said.connection) != pq.Ping.REJECT:
            output = _tell_to_stop(cluster, "fast")
            if lock.exclusive_within(_STOP_PATIENCE):
                return
            if is_shutting_down(cluster.path) and lock.exclusive_within(_STOP_LIMIT):
                return
        output += _tell_to_stop(cluster, "immediate")
        if not lock.exclusive_within(_ORPHAN_PATIENCE):
            raise StopFailed(
                f"The database server in {cluster.path} did not stop: {output.strip()}\n"
                f"The end of its log:\n{tail(_log(cluster))}"
            )


def _tell_to_stop(cluster: Cluster, mode: str) -> str:
    """Return what `pg_ctl` said to it."""
    told = cluster.account.run(
        *(cluster.programs.pg_ctl, "stop", "--silent", f"--mode={mode}", "--no-wait", "-D", cluster.path)
    )
    return told.stdout
