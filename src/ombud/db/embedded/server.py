"""Opening a data directory's server: start it or join it, and leave it; the last one out stops it.

Three locks, all freed by the kernel when their holder dies, and a fourth, by which `watcher` learns of it:

- the gate (`postgres.lock`): held while one process starts, joins, leaves or stops;
- the members' lock (`run/members.lock`): shared by every process that uses the server, for as long as it
  does; whoever gets it alone on leaving is the last one out;
- the server's lock (`run/server.lock`): inherited by the server, see `postmaster`.

A server that outlives all its members (they were killed) is simply joined by the next one; where none comes, the
watcher stops it.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg

from ombud.db.embedded import postmaster
from ombud.db.embedded.account import account_for
from ombud.db.embedded.cluster import Cluster, ensure_cluster
from ombud.db.embedded.connection import Connection
from ombud.db.embedded.errors import DiskFull, StartFailed, StopFailed
from ombud.db.embedded.layout import Layout, hand_over, make_data_dir, unusable
from ombud.db.embedded.locks import Lock
from ombud.db.embedded.programs import find_programs
from ombud.db.embedded.watcher import watched
from ombud.kit.logs import Log

log = Log(__name__)


class EmbeddedServer:
    """A running server that this process uses; use it in a `with` statement, or close it.

    Survives a fork in so far as only the process that opened it can close it.
    """

    def __init__(self, cluster: Cluster, locks: tuple[Lock, Lock], settings: Mapping[str, str]) -> None:
        """Start or join; the caller holds the gate and a member's locks. Use `open_server` instead."""
        self._cluster = cluster
        self._members, self._watched = locks
        self._settings = dict(settings)
        self._opened_by = os.getpid()
        self.connection, self.started = postmaster.ensure_running(cluster, settings)
        _check_sign_in(self.connection)

    @property
    def data_dir(self) -> Path:
        """Return the data directory that was opened."""
        return self._cluster.layout.data_dir

    @property
    def major(self) -> int:
        """Return the server's major version."""
        return self._cluster.programs.major

    @property
    def pid(self) -> int | None:
        """Return the number of the server's first process; None when it says none."""
        said = postmaster.read_pid_file(self._cluster)
        return said.pid if said is not None else None

    def revive(self) -> None:
        """Start the server again if it has died under us; `connection` stays valid or is renewed."""
        with _gate(self._cluster.layout):
            self.connection, self.started = postmaster.ensure_running(self._cluster, self._settings)

    def close(self) -> None:
        """Leave; the last one out stops the server cleanly. Closing twice is harmless.

        Raises StopFailed.
        """
        if self._members.fd < 0:
            return
        if self._opened_by != os.getpid():  # a fork shares the lock with its parent, which still needs it
            self._members.close()
            self._watched.close()
            return
        try:
            with _gate(self._cluster.layout):
                _leave(self._cluster, self._members)
        except OSError as error:
            self._members.close()
            raise StopFailed(
                f"The data directory {self.data_dir} cannot be left in order: {error}"
            ) from error
        finally:
            self._watched.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.close()
        except StopFailed as left:
            if error is None:
                raise
            log.warning("database server did not stop", why=str(left))  # what went wrong first is told


def open_server(data_dir: Path, *, settings: Mapping[str, str] | None = None) -> EmbeddedServer:
    """Start the server of a data directory, making it if need be, or join the one that runs.

    `settings` are PostgreSQL settings for a server that is started; one that runs keeps its own. Raises
    EmbeddedError.
    """
    layout = make_data_dir(data_dir)
    try:
        with _gate(layout):
            return _open(layout, settings or {})
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise DiskFull(f"There is no space left for the data directory {layout.data_dir}.") from error
        raise unusable(layout.data_dir, error) from error


def _open(layout: Layout, settings: Mapping[str, str]) -> EmbeddedServer:
    account = account_for(layout.cluster)
    hand_over(layout, account)
    cluster = Cluster(layout, account, find_programs(account))
    ensure_cluster(cluster)
    members = Lock(layout.run_dir / "members.lock", account)
    with ExitStack() as stack:
        stack.callback(_leave, cluster, members)
        members.shared()
        hold = stack.enter_context(watched(layout, account))
        server = EmbeddedServer(cluster, (members, hold), settings)
        stack.pop_all()
        return server


def _leave(cluster: Cluster, members: Lock) -> None:
    try:
        if members.try_exclusive():
            postmaster.stop(cluster)
    finally:
        members.close()


@contextmanager
def _gate(layout: Layout) -> Iterator[None]:
    with Lock(layout.gate) as gate:
        gate.exclusive()
        yield


def _check_sign_in(connection: Connection) -> None:
    """Sign in once, so that a server which does not let us in is reported here and in words."""
    try:
        with psycopg.connect(connection.dsn(), connect_timeout=10, autocommit=True):
            return
    except psycopg.OperationalError as error:
        raise StartFailed(
            f"The database server runs, but does not let this process sign in: {str(error).strip()}"
        ) from error
