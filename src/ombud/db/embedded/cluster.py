"""Making a cluster (initdb) and keeping its configuration files ours.

Not here: the server on top of it (`postmaster`, `server`).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ombud.db.embedded import settings as texts
from ombud.db.embedded.account import Account
from ombud.db.embedded.errors import DataDirUnusable, DiskFull, EmbeddedError, StartFailed, WrongVersion
from ombud.db.embedded.layout import Layout, append_to_file, write_file
from ombud.db.embedded.locks import Lock
from ombud.db.embedded.programs import BIN_VARIABLE, Programs

_UNFINISHED = "postgres.new"
_INITDB_LIMIT = 120.0
_NO_SPACE = "No space left on device"


@dataclass(frozen=True)
class Cluster:
    """A cluster, the user that owns it and the programs that serve it."""

    layout: Layout
    account: Account
    programs: Programs

    @property
    def path(self) -> Path:
        """Return PostgreSQL's data directory."""
        return self.layout.cluster

    def server_lock(self) -> Lock:
        """Open the lock that initdb and the server's processes inherit, and hold as long as one of them lives."""
        return Lock(self.layout.run_dir / "server.lock", self.account)


def ensure_cluster(cluster: Cluster) -> None:
    """Make the cluster unless it is there; raises WrongVersion if it is another version's.

    It is made beside its place and moved there when complete, so that an interruption leaves nothing
    that looks like a cluster.
    """
    if cluster.path.exists():
        _check_version(cluster)
        return
    unfinished = cluster.layout.data_dir / _UNFINISHED
    with cluster.server_lock() as lock:
        # An initdb whose Ombud was killed works on; it must be gone before its folder can be removed.
        if not lock.exclusive_within(_INITDB_LIMIT):
            raise StartFailed(f"Another process has been setting up {unfinished} for {_INITDB_LIMIT:.0f} s.")
        if unfinished.exists():
            shutil.rmtree(unfinished)
        _make(cluster, unfinished, lock)
        unfinished.rename(cluster.path)
    _sync_folder(cluster.layout.data_dir)


def _check_version(cluster: Cluster) -> None:
    try:
        found = (cluster.path / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        raise DataDirUnusable(
            f"{cluster.path} exists, but is not a PostgreSQL cluster (it has no PG_VERSION). "
            "Move it away, or choose another data directory with --data-dir."
        ) from None
    needed = cluster.programs.major
    if found != str(needed):
        raise WrongVersion(
            f"The data in {cluster.path} is of PostgreSQL {found}, but Ombud found the programs of PostgreSQL "
            f"{needed} in {cluster.programs.bin}. Either set {BIN_VARIABLE} to the programs of PostgreSQL {found}, "
            f"or bring the data to {needed}: with pg_upgrade, or by `ombud backup` with the programs of {found} "
            f"and `ombud restore` into a new data directory."
        )


def _make(cluster: Cluster, folder: Path, lock: Lock) -> None:
    account = cluster.account
    folder.mkdir(mode=0o700)
    if account.is_other:
        os.chown(folder, account.uid, account.gid, follow_symlinks=False)
    try:
        result = account.run(
            cluster.programs.initdb, *_options(cluster.programs.major), "-D", folder, pass_fds=[lock.fd]
        )
    except OSError as error:
        raise StartFailed(f"initdb cannot be run: {error}") from error
    if result.returncode:
        shutil.rmtree(folder, ignore_errors=True)
        raise failure("The database could not be set up (initdb failed)", result.stdout)
    append_to_file(folder, "postgresql.conf", texts.include_text())
    write_file(folder, texts.SETTINGS_FILE, "", account)


def _options(major: int) -> list[str]:
    options = [f"--username={texts.SUPERUSER}", "--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums"]
    if major >= 17:
        # Sorts and folds case the same on every system and after every upgrade of it.
        options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return [*options, "--auth-local=peer", "--auth-host=reject", "--no-instructions"]


def failure(what: str, output: str) -> EmbeddedError:
    """Return the error for a program that failed, ending with the last lines that it wrote."""
    if _NO_SPACE in output:
        return DiskFull(f"{what}: the disk is full.\n{tail(output)}")
    return StartFailed(f"{what}. Its last words:\n{tail(output)}")


def tail(text: str, lines: int = 15) -> str:
    """Return the last lines of a log, indented."""
    return "\n".join(f"  {line}" for line in text.strip().splitlines()[-lines:]) or "  (nothing)"


def configure(cluster: Cluster, socket_dir: Path, extra: Mapping[str, str]) -> None:
    """Write the configuration files for the next start."""
    chosen = texts.server_settings(
        socket_dir, statistics=cluster.programs.has_library("pg_stat_statements"), extra=extra
    )
    # Root can become any user anyway; naming it lets an administrator's commands in.
    system_users = dict.fromkeys([cluster.account.name, "root"])
    for name, text in (
        (texts.SETTINGS_FILE, texts.settings_text(chosen)),
        ("pg_hba.conf", texts.sign_in_text()),
        ("pg_ident.conf", texts.identity_text(system_users, cluster.programs.major)),
    ):
        write_file(cluster.path, name, text, cluster.account)


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
