"""The operating-system user that the server runs as, and how programs are run as that user.

PostgreSQL refuses to run as root. When Ombud runs as root, the server gets a system user of its own, and
every program of PostgreSQL is run as that user, so that root never executes, and is never steered by,
what that user can write. Not here: which files belong to that user (`layout`).
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ombud.db.embedded.errors import AccountUnavailable, DataDirUnusable

SERVICE_ACCOUNT = "ombud"
SERVICE_HOME = Path("/var/lib/ombud")

# Nothing of the caller's environment reaches the server: PG* variables would redirect it, and messages
# must stay English because the log's last lines are shown and searched.
_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True)
class Account:
    """An operating-system user that owns a cluster and runs its server."""

    name: str
    uid: int
    gid: int

    @property
    def is_other(self) -> bool:
        """Tell whether this is another user than the one that this process runs as."""
        return os.geteuid() != self.uid

    def run(
        self, *command: str | Path, pass_fds: Sequence[int] = (), timeout: float | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a program as this user, apart from the terminal, and return its exit code and output.

        Its own session keeps the terminal's Ctrl+C away; the working folder is one that every user may
        enter. Raises OSError when the program cannot be run at all.
        """
        return subprocess.run(
            [str(part) for part in command],
            user=self.uid if self.is_other else None,
            group=self.gid if self.is_other else None,
            extra_groups=[] if self.is_other else None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            cwd="/",
            env=_ENVIRONMENT,
            umask=0o077,
            start_new_session=True,
            pass_fds=pass_fds,
            timeout=timeout,
            check=False,
        )

    def first_closed(self, folder: Path) -> Path | None:
        """Return the outermost folder on the way to this one that the user may not enter, if any."""
        if not self.is_other:
            return None
        way = [*reversed(folder.parents), folder]
        probe = 'for d in "$@"; do cd -- "$d" 2>/dev/null || { printf %s "$d"; exit 1; }; done'
        result = self.run("/bin/sh", "-c", probe, "sh", *way)
        return Path(result.stdout) if result.returncode else None


def account_for(cluster: Path) -> Account:
    """Return the user that runs the server of this cluster, creating the system user for root.

    That is the caller; for root, the owner of an existing cluster, or else the system user `ombud`.
    """
    owner = _owner(cluster)
    if os.geteuid() != 0:
        return _own_account(cluster, owner)
    if owner is None:
        return _service_account()
    if owner == 0:
        raise DataDirUnusable(
            f"{cluster} belongs to root, and PostgreSQL does not run as root. "
            f"Give it to the system user: chown -R {SERVICE_ACCOUNT}: {cluster}"
        )
    return _by_uid(owner)


def _owner(cluster: Path) -> int | None:
    try:
        return cluster.lstat().st_uid
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DataDirUnusable(f"The data directory cannot be read: {error}") from error


def _own_account(cluster: Path, owner: int | None) -> Account:
    if owner not in (None, os.geteuid()):
        raise DataDirUnusable(
            f"{cluster} belongs to another user ({_name_of(owner)}). "
            "Run Ombud as that user, or choose another data directory with --data-dir."
        )
    return _by_uid(os.geteuid())


def _name_of(uid: int | None) -> str:
    try:
        return pwd.getpwuid(uid or 0).pw_name
    except KeyError:
        return f"uid {uid}"


def _by_uid(uid: int) -> Account:
    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        raise AccountUnavailable(
            f"The user with the number {uid} has no entry in the user database, and PostgreSQL needs one. "
            "Run Ombud as a user with a name, or set OMBUD_DATABASE_URL to a server of your own."
        ) from None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _service_account() -> Account:
    found = _by_name(SERVICE_ACCOUNT)
    return found if found is not None else _create_service_account()


def _by_name(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def _create_service_account() -> Account:
    """Create the system user; another process may be doing so at the same moment."""
    advice = f"Create a system user named {SERVICE_ACCOUNT!r}, or run Ombud as an ordinary user."
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if useradd is None:
        raise AccountUnavailable(f"There is no useradd to make a system user for the server with. {advice}")
    command = [useradd, "--system", "--user-group", "--no-create-home"]
    command += ["--home-dir", str(SERVICE_HOME), "--shell", "/usr/sbin/nologin", SERVICE_ACCOUNT]
    deadline = time.monotonic() + 5
    while True:
        result = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
        account = _by_name(SERVICE_ACCOUNT)
        if account is not None:
            return account
        if time.monotonic() > deadline:
            reason = result.stderr.strip() or f"useradd ended with {result.returncode}"
            raise AccountUnavailable(f"No system user for the server could be made: {reason}. {advice}")
        time.sleep(0.1)
