"""The frozen results of reading a message. Plain data: no parsing, no I/O."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any

from ombud.mail.parse.stream import Streamed


class Classification(StrEnum):
    """What kind of message this is, for the decision whether to answer it."""

    NORMAL = "normal"
    AUTO_REPLY = "auto_reply"
    BOUNCE = "bounce"
    LIST = "list"
    SPAM = "spam"
    EMPTY = "empty"


class Protection(StrEnum):
    """How the message was signed or encrypted; nothing is verified here."""

    SMIME_SIGNED = "smime_signed"
    SMIME_ENCRYPTED = "smime_encrypted"
    PGP_SIGNED = "pgp_signed"
    PGP_ENCRYPTED = "pgp_encrypted"


@dataclass(frozen=True, slots=True)
class Address:
    """A mailbox as written by the sender. `email` may be no valid address at all."""

    name: str
    email: str

    def as_json(self) -> dict[str, str]:
        """Give the JSON form."""
        return {"name": self.name, "email": self.email}


@dataclass(frozen=True)
class Attachment:
    """A file in the message, decoded. `content_id` is without angle brackets."""

    filename: str
    content_type: str
    source: bytes | Streamed = field(repr=False)
    content_id: str | None = None
    inline: bool = False

    @property
    def content(self) -> bytes:
        """All of its bytes at once."""
        return bytes(self.source)

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return self.source.size if isinstance(self.source, Streamed) else len(self.source)

    def pieces(self) -> Iterator[bytes]:
        """Yield its bytes in pieces: a large file never lies in memory as a whole."""
        return self.source.pieces() if isinstance(self.source, Streamed) else iter((self.source,))

    @cached_property
    def sha256(self) -> str:
        """The digest of the decoded bytes, in hexadecimal."""
        if isinstance(self.source, Streamed):
            return self.source.sha256
        return hashlib.sha256(self.source).hexdigest()

    def as_json(self) -> dict[str, Any]:
        """Give the JSON form, without the content."""
        return {
            "filename": self.filename,
            "content_type": self.content_type,
            "size": self.size,
            "sha256": self.sha256,
            "content_id": self.content_id,
            "inline": self.inline,
        }


@dataclass(frozen=True, slots=True)
class DeliveryStatus:
    """One recipient of a delivery report (RFC 3464)."""

    recipient: str
    action: str
    status: str
    diagnostic: str = ""

    @property
    def is_permanent(self) -> bool:
        """Whether trying again is pointless (class 5)."""
        return self.status.startswith("5")


@dataclass(frozen=True, slots=True)
class Reply:
    """A body in three: what the sender wrote now, what was quoted, the signature."""

    text: str
    quoted: str = ""
    signature: str = ""


@dataclass(frozen=True)
class ParsedMail:
    """Everything a desk needs to know about one message.

    `text` is the whole readable body and `reply_text` what is left without quotes and signature. `html` is
    sanitised: remote images are parked in `data-remote-src`, inline ones point to `cid:`.
    `message_id` and `references` are without angle brackets; a missing Message-ID is replaced by one made
    from the message's digest, and `defects` says so.
    """

    message_id: str
    in_reply_to: str | None
    references: tuple[str, ...]
    date: dt.datetime | None
    subject: str
    sender: Address | None
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    reply_to: tuple[Address, ...]
    text: str
    html: str | None
    reply: Reply
    classification: Classification
    is_forward: bool
    forwarded_from: Address | None
    attachments: tuple[Attachment, ...]
    parts: int
    defects: tuple[str, ...]
    protection: tuple[Protection, ...] = ()
    delivery: tuple[DeliveryStatus, ...] = ()
    has_calendar: bool = False
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """All header fields in order, decoded, unfolded."""

    @property
    def reply_text(self) -> str:
        """What the sender wrote now."""
        return self.reply.text

    def as_json(self, file: str) -> dict[str, Any]:
        """Give the object that `ombud mail parse` prints."""
        return {
            "file": file,
            "message_id": self.message_id,
            "in_reply_to": self.in_reply_to,
            "references": list(self.references),
            "date": self.date.isoformat() if self.date else None,
            "subject": self.subject,
            "from": self.sender.as_json() if self.sender else None,
            "to": [a.as_json() for a in self.to],
            "cc": [a.as_json() for a in self.cc],
            "reply_to": [a.as_json() for a in self.reply_to],
            "text": self.text,
            "html": self.html,
            "reply_text": self.reply.text,
            "classification": self.classification.value,
            "is_forward": self.is_forward,
            "forwarded_from": self.forwarded_from.as_json() if self.forwarded_from else None,
            "attachments": [a.as_json() for a in self.attachments],
            "parts": self.parts,
            "defects": list(self.defects),
        }
