"""What a backup says of itself: `backup.json` at its beginning, `manifest.json` at its end."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Self, TypeVar

from ombud.errors import Invalid

FORMAT = 1
PROGRAM = "ombud"
HEAD = "backup.json"
MANIFEST = "manifest.json"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Head:
    """What must be known before anything is put back."""

    ombud: str
    revision: str
    server: int
    """The server's version, as a number: 150018, 180001."""
    pg_dump: int
    """The major version of the program that wrote the dump; reading it takes one that is not older."""
    made_at: str
    extensions: dict[str, str]
    """The schema that each extension was in: the dump speaks of it."""
    program: str = PROGRAM
    format: int = FORMAT

    def to_bytes(self) -> bytes:
        """Return it as JSON."""
        return _json(asdict(self))

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Return what was written; Invalid for anything but a backup of this format."""
        plain = _plain(data)
        if plain.get("program") != PROGRAM:
            raise Invalid("This is not a backup of Ombud.")
        if plain.get("format") != FORMAT:
            raise Invalid(f"This backup is of a newer format ({plain.get('format')}). Update Ombud first.")
        return _made(cls, plain)


@dataclass(slots=True)
class Manifest:
    """What is in a backup, to compare with what came out of it."""

    tables: dict[str, int] = field(default_factory=dict)
    audit: dict[str, Any] | None = None
    """The last checkpoint: number, root, key and rows under it."""
    files: int = 0
    file_bytes: int = 0
    missing: list[str] = field(default_factory=list)
    """Files that the database speaks of and the store did not have."""
    checksums: dict[str, str] = field(default_factory=dict)
    """SHA-256 of everything but files, whose names say it already."""

    def to_bytes(self) -> bytes:
        """Return it as JSON."""
        return _json(asdict(self))

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Return what was written; Invalid for anything else."""
        return _made(cls, _plain(data))


def _json(plain: dict[str, Any]) -> bytes:
    return json.dumps(plain, indent=1, sort_keys=True).encode() + b"\n"


def _plain(data: bytes) -> dict[str, Any]:
    try:
        plain = json.loads(data)
    except (ValueError, RecursionError):
        plain = None
    if not isinstance(plain, dict):
        raise Invalid("This is not a backup of Ombud, or it is damaged.")
    return plain


def _made(cls: type[T], plain: dict[str, Any]) -> T:
    try:
        return cls(**plain)
    except TypeError:
        raise Invalid("This backup's description is damaged.") from None
