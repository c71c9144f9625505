"""The folders of a data directory, who owns them, and how files are put there safely.

    <data directory>/
      postgres.lock     held while somebody starts, stops, joins or leaves
      postgres/         the cluster (its log in postgres/log/)
      run/              the socket, and the locks of members and server

Not here: what is in the files (`settings`), what the locks mean (`server`).
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from ombud.db.embedded.account import SERVICE_HOME, Account
from ombud.db.embedded.errors import DataDirUnusable, SocketUnusable

PORT = 5432

# sun_path holds 108 bytes on Linux and 104 elsewhere, with the final zero byte.
_SOCKET_PATH_LIMIT = 103
# Drivers split hosts at "," and ":", and the server splits its list of folders at ",".
_PLAIN_PATH = re.compile(r"/[A-Za-z0-9/._+=~-]*")
# pg_ctl and initdb put paths between double quotes into a shell command.
_SHELL_SPECIAL = re.compile(r'["$`\\\n\r]')


@dataclass(frozen=True)
class Layout:
    """The places below one data directory."""

    data_dir: Path

    @property
    def gate(self) -> Path:
        """Return the lock file of those who start, stop, join or leave."""
        return self.data_dir / "postgres.lock"

    @property
    def cluster(self) -> Path:
        """Return the folder of PostgreSQL's own files."""
        return self.data_dir / "postgres"

    @property
    def run_dir(self) -> Path:
        """Return the private folder of the socket and the locks."""
        return self.data_dir / "run"

    @property
    def log_dir(self) -> Path:
        """Return the folder of the server's log."""
        return self.cluster / "log"


def default_data_dir() -> Path:
    """Return where data is kept unless somebody says otherwise."""
    return SERVICE_HOME if os.geteuid() == 0 else platformdirs.user_data_path("ombud")


def make_data_dir(data_dir: Path) -> Layout:
    """Create the data directory if need be and return its layout; raises DataDirUnusable."""
    data_dir = data_dir.expanduser().absolute()
    if _SHELL_SPECIAL.search(str(data_dir)):
        raise DataDirUnusable(
            f"The path {str(data_dir)!r} contains a character that PostgreSQL's programs cannot handle "
            '(one of " $ ` \\ or a line break). Choose another one with --data-dir.'
        )
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise unusable(data_dir, error) from error
    return Layout(data_dir)


def unusable(path: Path, error: OSError) -> DataDirUnusable:
    """Return the error that says why a data directory does not work and what to do."""
    return DataDirUnusable(
        f"The data directory {path} cannot be used: {error.strerror or error}. "
        "Ombud needs to read and write it; choose another one with --data-dir."
    )


def hand_over(layout: Layout, account: Account) -> None:
    """Make the folders fit for the server's user, and refuse those that it cannot reach.

    An empty data directory of root's becomes that user's. Folders above are never changed.
    """
    if account.is_other:
        os.chown(layout.gate, account.uid, account.gid, follow_symlinks=False)
        empty = {entry.name for entry in layout.data_dir.iterdir()} <= {layout.gate.name}
        if empty and layout.data_dir.stat().st_uid == 0:
            os.chown(layout.data_dir, account.uid, account.gid)
    closed = account.first_closed(layout.data_dir)
    if closed is not None:
        raise DataDirUnusable(
            f"Ombud runs as root, so the database server runs as the user {account.name!r}, and that user may "
            f"not enter {closed}. Choose a data directory that it can reach (--data-dir "
            f"{SERVICE_HOME}, say), or allow it in: chmod o+x {closed}"
        )
    private_folder(layout.run_dir, account)


def private_folder(folder: Path, account: Account) -> None:
    """Create a folder that only this user can enter, or check that it is one; raises DataDirUnusable."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        pass
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        status = os.fstat(fd)
        if account.is_other and status.st_uid == 0:  # made just now, by us or by one that was interrupted
            os.fchown(fd, account.uid, account.gid)
            status = os.fstat(fd)
    finally:
        os.close(fd)
    if status.st_uid != account.uid or stat.S_IMODE(status.st_mode) & 0o077:
        raise DataDirUnusable(
            f"{folder} must belong to the user {account.name!r} and be closed to others (mode 0700)."
        )


def socket_folder(layout: Layout, account: Account) -> Path:
    """Return a private folder for the socket: in the data directory, or elsewhere if that path is too long.

    Raises SocketUnusable when the other place is no better.
    """
    if _fits(layout.run_dir):
        return layout.run_dir
    own_place = "" if account.is_other else os.environ.get("XDG_RUNTIME_DIR", "")
    name = hashlib.sha256(os.fsencode(layout.data_dir)).hexdigest()[:16]
    for place in filter(None, (own_place, tempfile.gettempdir(), "/tmp")):  # noqa: S108 - private folder below it
        folder = Path(place) / f"ombud-{account.uid}-{name}"
        if _fits(folder) and Path(place).is_dir() and account.first_closed(Path(place)) is None:
            return _made_private(folder, account)
    raise SocketUnusable(
        f"The path of a Unix socket is limited to {_SOCKET_PATH_LIMIT} plain characters, and neither {layout.run_dir} "
        "nor the folder for temporary files is that short. Choose a shorter one with --data-dir."
    )


def _fits(folder: Path) -> bool:
    path = str(folder / f".s.PGSQL.{PORT}")
    return len(path) <= _SOCKET_PATH_LIMIT and _PLAIN_PATH.fullmatch(path) is not None


def _made_private(folder: Path, account: Account) -> Path:
    try:
        private_folder(folder, account)
    except (OSError, DataDirUnusable) as error:
        raise SocketUnusable(f"The folder for the server's socket cannot be used: {error}") from error
    return folder


def write_file(folder: Path, name: str, text: str, account: Account) -> None:
    """Replace a file atomically and durably, owned by this user with mode 0600; raises OSError.

    Links are not followed in the last steps of the path: root writes here into another user's folder.
    """
    folder_fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    fresh = f".{name}.{os.getpid()}.new"
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        _unlink(fresh, folder_fd)
        with os.fdopen(os.open(fresh, flags, 0o600, dir_fd=folder_fd), "w", encoding="utf-8") as file:
            if account.is_other:
                os.fchown(file.fileno(), account.uid, account.gid)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.rename(fresh, name, src_dir_fd=folder_fd, dst_dir_fd=folder_fd)
        os.fsync(folder_fd)
    finally:
        _unlink(fresh, folder_fd)
        os.close(folder_fd)


def append_to_file(folder: Path, name: str, text: str) -> None:
    """Add to a file durably, not following a link; raises OSError."""
    fd = os.open(folder / name, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW)
    with os.fdopen(fd, "a", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _unlink(name: str, folder_fd: int) -> None:
    try:
        os.unlink(name, dir_fd=folder_fd)
    except FileNotFoundError:
        pass
