"""The hash of a row of the log, and the Merkle root of many. Pure; PostgreSQL computes the same hash in
`ombud.audit_leaf`, and what `verify` finds does not depend on any function of the database.
"""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Protocol

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EMPTY_ROOT = hashlib.sha256().digest()


class LoggedRow(Protocol):
    """What is hashed of a row; the JSON columns as PostgreSQL writes them."""

    id: int
    created_at: datetime
    xid: int
    table_name: str
    record_id: int | None
    record_key_text: str
    ticket_id: int | None
    action: str
    actor: str
    user_id: int | None
    request_id: str
    changes_text: str


def changes_hash(row: LoggedRow) -> bytes:
    """Return the SHA-256 of a row's changes."""
    return hashlib.sha256(row.changes_text.encode()).digest()


def leaf_of(row: LoggedRow, changes: bytes | None = None) -> bytes:
    """Return the SHA-256 of all that a row says; `changes` is the hash of its changes where they were redacted.

    Fields are lines; the two that people choose are preceded by their length, so that no two rows read the
    same. The changes go in as their own hash: a row can be proven to whom the changes are not shown.
    """
    fields = (
        "ombud-audit-1",
        row.xid,
        (row.created_at - EPOCH) // timedelta(microseconds=1),
        row.table_name,
        row.action,
        _text(row.user_id),
        len(row.actor),
        row.actor,
        len(row.request_id),
        row.request_id,
        row.id,
        _text(row.record_id),
        _text(row.ticket_id),
        row.record_key_text,
        (changes or changes_hash(row)).hex(),
    )
    return hashlib.sha256("\n".join(map(str, fields)).encode()).digest()


class MerkleTree:
    """The tree of RFC 6962, section 2.1, built leaf by leaf in memory that grows with the logarithm only."""

    def __init__(self) -> None:
        self.count = 0
        self._peaks: list[bytes] = []

    def add(self, leaf: bytes) -> None:
        """Append a leaf."""
        self.count += 1
        self._peaks.append(hashlib.sha256(b"\0" + leaf).digest())
        complete = self.count
        while complete % 2 == 0:
            self._join()
            complete //= 2

    def root(self) -> bytes:
        """Return the root of the leaves so far; more may be added afterwards."""
        if not self._peaks:
            return EMPTY_ROOT
        root = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            root = _node(peak, root)
        return root

    def _join(self) -> None:
        right, left = self._peaks.pop(), self._peaks.pop()
        self._peaks.append(_node(left, right))


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()


def _text(value: int | None) -> str:
    return "" if value is None else str(value)
