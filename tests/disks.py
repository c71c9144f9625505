"""Disks of a few megabytes, to fill."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


class Disk:
    """A disk of a few megabytes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """Leave no room, not for a byte."""
        with self._ballast.open("wb", buffering=0) as file:
            for size in (2**20, 2**12, 1):
                while True:
                    try:
                        file.write(bytes(size))
                    except OSError:
                        break

    def make_room(self) -> None:
        self._ballast.unlink()


@contextmanager
def disk(folder: Path, size: str) -> Iterator[Disk]:
    """Mount a disk of this size (as `tmpfs` takes it, such as `8m`) at a new folder; skip where nobody may."""
    folder.mkdir(parents=True)
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=False, capture_output=True
    )
    if made.returncode:  # only root may mount, and not in every container; CI runs as root and does
        pytest.skip(f"no disk of a size can be mounted here: {made.stderr.decode().strip()}")
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)
