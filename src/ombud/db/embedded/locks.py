"""Locks between processes that the kernel releases when their holders die, however they die.

flock(2) locks belong to an open file and are shared by everyone who inherited it, which is used on
purpose: the server and all its children inherit `Lock.fd`, so that the lock is free exactly when the
last of them is gone. Not here: what each lock means (`server`).
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from ombud.db.embedded.account import Account


class Lock:
    """A lock file, open but not locked; close it to let go of it."""

    def __init__(self, path: Path, owner: Account | None = None) -> None:
        """Open the file, creating it for its owner; raises OSError."""
        # No symbolic link is followed: root opens this in folders that the service account can write.
        self.fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        if owner is not None and owner.is_other and os.fstat(self.fd).st_uid != owner.uid:
            os.fchown(self.fd, owner.uid, owner.gid)

    def exclusive(self) -> None:
        """Wait until nobody else holds the lock, and take it."""
        fcntl.flock(self.fd, fcntl.LOCK_EX)

    def shared(self) -> None:
        """Take the lock together with others."""
        fcntl.flock(self.fd, fcntl.LOCK_SH)

    def try_exclusive(self) -> bool:
        """Take the lock if nobody else holds it; on failure a shared lock held before may be lost."""
        try:
            fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def exclusive_within(self, seconds: float) -> bool:
        """Take the lock if it becomes free within this time; the kernel offers no timed wait."""
        deadline = time.monotonic() + seconds
        while not self.try_exclusive():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def close(self) -> None:
        """Close this process's hold; those who inherited it keep theirs."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
