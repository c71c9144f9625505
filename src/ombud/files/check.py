"""Compare the store with what the database speaks of: what is missing, what is damaged, what nobody refers to.

Reads every byte once, in pieces. Takes the keys from its caller, so that no statement is here.
"""

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta

from ombud.clock import now
from ombud.errors import NotFound
from ombud.files.store import FileStore

GRACE = timedelta(hours=1)
"""A file is put before the row that refers to it is committed: younger ones are no orphans."""


@dataclass(slots=True)
class FileReport:
    """What was found. `missing` and `damaged` are keys that rows refer to; `orphans` are in the store for nobody."""

    files: int = 0
    file_bytes: int = 0
    missing: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    orphan_bytes: int = 0

    @property
    def is_sound(self) -> bool:
        """Whether every file that a row refers to is there, as it was stored. Orphans only take room."""
        return not self.missing and not self.damaged


def check_files(
    store: FileStore, referred: Iterable[str], *, told: Callable[[str, int], None] = lambda _what, _done: None
) -> FileReport:
    """Read each file of `referred` and compare it with its name; then look for what is in the store besides.

    The keys are read before the store is listed, and what is younger than an hour is left out, so uploads that
    happen meanwhile are no orphans.
    """
    report, known = FileReport(), set[str]()
    for key in referred:
        known.add(key)
        try:
            size, pieces = store.open(key)
            digest = hashlib.sha256()
            for piece in pieces:
                digest.update(piece)
        except NotFound:
            report.missing.append(key)
            continue
        report.files += 1
        report.file_bytes += size
        if not key.endswith(digest.hexdigest()):
            report.damaged.append(key)
        told("files", report.files)
    before = now() - GRACE
    for key, size, changed in store.listed():
        if key not in known and changed < before:
            report.orphans.append(key)
            report.orphan_bytes += size
    return report
