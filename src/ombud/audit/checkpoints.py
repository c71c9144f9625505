"""A checkpoint as a signed statement: its exact words, its signature, the line in the exported file. Pure."""

import hashlib
import json
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from ombud.errors import Invalid
from ombud.models import AuditCheckpoint

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

PREAMBLE = b"ombud-audit-checkpoint-1\n"
NO_PREVIOUS = bytes(32)


@dataclass(frozen=True, slots=True)
class Statement:
    """What is signed. The fields are those of `AuditCheckpoint`."""

    number: int
    created_at: datetime
    after_id: int
    xid_from: int
    xid_to: int
    first_id: int
    last_id: int
    row_count: int
    root: bytes
    previous: bytes
    key_id: str

    @classmethod
    def of(cls, checkpoint: AuditCheckpoint) -> Self:
        """Return what a stored checkpoint states."""
        return cls(**{field.name: getattr(checkpoint, field.name) for field in fields(cls)})

    def fields(self) -> dict[str, Any]:
        """Return the statement as values of the checkpoint's columns."""
        return asdict(self)

    def words(self) -> bytes:
        """Return the bytes that are signed."""
        return PREAMBLE + json.dumps(self._plain(), sort_keys=True, separators=(",", ":")).encode()

    def digest(self) -> bytes:
        """Return what the next checkpoint holds as `previous`."""
        return hashlib.sha256(self.words()).digest()

    def line(self, signature: bytes) -> str:
        """Return the line of the exported file."""
        return json.dumps({**self._plain(), "signature": signature.hex()}, sort_keys=True) + "\n"

    def is_signed_by(self, key: "Ed25519PublicKey", signature: bytes) -> bool:
        """Tell whether `signature` is the key's under exactly this statement."""
        from cryptography.exceptions import InvalidSignature

        try:
            key.verify(signature, self.words())
        except InvalidSignature:
            return False
        return True

    def _plain(self) -> dict[str, Any]:
        return {
            name: value.hex()
            if isinstance(value, bytes)
            else value.isoformat()
            if isinstance(value, datetime)
            else value
            for name, value in asdict(self).items()
        }


def read_line(line: str) -> tuple[Statement, bytes]:
    """Return statement and signature of an exported line; Invalid for any other text."""
    try:
        plain = json.loads(line)
        signature = bytes.fromhex(plain.pop("signature"))
        plain["created_at"] = datetime.fromisoformat(plain["created_at"])
        for name in ("root", "previous"):
            plain[name] = bytes.fromhex(plain[name])
        return Statement(**plain), signature
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise Invalid("This line of the exported file is not a checkpoint.") from None
