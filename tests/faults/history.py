"""What was asked of a desk and what it answered, in an append-only file: begun before the request, ended after it.

A write whose answer never came may have happened or not; one that was acknowledged must have. `faults` says where
what is there afterwards disagrees with that.
"""

from __future__ import annotations

import json
import os
import threading
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Write:
    """One write: its idempotency key is its name too. `status` is of the answer that ended it; None: none came."""

    key: str
    kind: str
    status: int | None

    @property
    def is_acknowledged(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


class History:
    """Appends a line for each event, whole lines only, from any thread."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._path = path
        self._lock = threading.Lock()
        self.acknowledged = 0

    def begin(self, key: str, kind: str) -> None:
        """Note that a write is about to be sent."""
        self._append({"begin": key, "kind": kind})

    def end(self, key: str, status: int) -> None:
        """Note what it was answered."""
        self._append({"end": key, "status": status})
        with self._lock:
            self.acknowledged += 200 <= status < 300

    def close(self) -> None:
        os.close(self._file)

    def writes(self) -> list[Write]:
        """Read everything back, in the order of the beginnings."""
        begun: dict[str, str] = {}
        ended: dict[str, int] = {}
        for line in self._path.read_text(encoding="utf-8").splitlines():
            event = json.loads(line)
            if "begin" in event:
                begun[event["begin"]] = event["kind"]
            else:
                ended[event["end"]] = event["status"]
        return [Write(key, kind, ended.get(key)) for key, kind in begun.items()]

    def _append(self, event: Mapping[str, Any]) -> None:
        os.write(self._file, (json.dumps(event) + "\n").encode())


def faults(writes: Collection[Write], found: Collection[str], whole: Collection[str]) -> list[str]:
    """Say what is wrong: `found` has a name for each effect that is there, `whole` those with all of their parts."""
    counts, names = Counter(found), {write.key for write in writes}
    said = [f"{name}: nobody asked for it" for name in counts if name not in names]
    for write in writes:
        count = counts[write.key]
        if count > 1:
            said.append(f"{write.key}: {write.kind} was done {count} times")
        if write.is_acknowledged and not count:
            said.append(f"{write.key}: {write.kind} was acknowledged and is lost")
        if write.status is not None and not write.is_acknowledged and count:
            said.append(f"{write.key}: {write.kind} was refused with {write.status} and is there")
        if count and write.key not in whole:
            said.append(f"{write.key}: {write.kind} is there in part")
    return said
