"""What was taken out of the log by anonymising somebody, and the signature that makes it believed.

A leaf contains the hash of a row's changes, not the changes: a redacted row still verifies from the hash that is
kept here. Which rows were redacted is signed with the key of the checkpoints, so that nobody who can write to
the database alone can pass an edit off as a redaction.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ombud.models import AuditRedaction

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

MARKER = "[anonymised]"


@dataclass(frozen=True, slots=True)
class RedactedRow:
    """The SHA-256 of a row's changes before and after."""

    log_id: int
    was: bytes
    is_now: bytes


def digest_of(rows: Iterable[RedactedRow]) -> bytes:
    """Return the SHA-256 over redacted rows, a line each, by id."""
    lines = (
        f"{row.log_id} {row.was.hex()} {row.is_now.hex()}\n" for row in sorted(rows, key=lambda r: r.log_id)
    )
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line.encode())
    return digest.digest()


def words_of(subject_id: int, request_id: str, rows: Sequence[RedactedRow]) -> bytes:
    """Return what is signed."""
    fields = ("ombud-redaction-1", subject_id, len(request_id), request_id, len(rows), digest_of(rows).hex())
    return "\n".join(map(str, fields)).encode()


def is_genuine(
    redaction: AuditRedaction, rows: Sequence[RedactedRow], keys: Mapping[str, "Ed25519PublicKey"]
) -> bool:
    """Return whether one of `keys` signed exactly these rows."""
    from cryptography.exceptions import InvalidSignature

    key = keys.get(redaction.key_id)
    if key is None or redaction.row_count != len(rows) or redaction.digest != digest_of(rows):
        return False
    try:
        key.verify(redaction.signature, words_of(redaction.subject_id, redaction.request_id, rows))
    except InvalidSignature:
        return False
    return True


class Chains:
    """For each redacted row of the log the hashes that its changes have had, oldest first."""

    def __init__(self) -> None:
        self._rows: dict[int, list[bytes]] = {}
        self.unseen: set[int] = set()

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, row: RedactedRow) -> bool:
        """Add a redaction, in the order in which they were made; false when it does not follow the one before."""
        chain = self._rows.setdefault(row.log_id, [row.was])
        self.unseen.add(row.log_id)
        if chain[-1] != row.was:
            return False
        chain.append(row.is_now)
        return True

    def original(self, log_id: int, present: bytes) -> bytes | None:
        """Return the hash that the row's leaf contains; None when its changes are not what they should be."""
        self.unseen.discard(log_id)
        chain = self._rows.get(log_id)
        if chain is None:
            return present
        return chain[0] if present == chain[-1] else None
