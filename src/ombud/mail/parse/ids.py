"""Message-IDs (RFC 5322, 3.6.4) as they are really written."""

from __future__ import annotations

import hashlib
import re

from ombud.mail.parse import limits
from ombud.mail.parse.headers import Headers
from ombud.mail.parse.stream import Raw
from ombud.mail.parse.words import clean, raw_text

_LOOSE = re.compile(r"\s{0,20}([@.])\s{0,20}")
_ID = re.compile(r"<([^<>]{1,998})>")


def message_ids(value: bytes | None) -> list[str]:
    """Read Message-IDs in order, each once; bare words count when nothing stands in angle brackets."""
    text = clean(raw_text(value[: limits.HEADER_VALUE_CHARS])) if value else ""
    found = [_joined(i) for i in _ID.findall(text)] or [w.strip("<>,;\"'") for w in text.split() if "@" in w]
    return [i for i in dict.fromkeys(found) if i][: limits.REFERENCES]


def own_message_id(headers: Headers) -> str | None:
    """Give the message's own ID without angle brackets, or None."""
    text = clean(raw_text((headers.get("message-id") or b"")[:2_000])).strip()
    match = _ID.search(text)
    return _joined(match[1] if match else text.strip("<>")) or None


def _joined(text: str) -> str:
    """Close the gaps that folding tears into long identifiers; words that are no identifier stay away."""
    if "(" in text:
        text = re.sub(r"\([^()]*\)", "", text)
    parts = _LOOSE.sub(r"\1", text).split()
    return "".join(parts) if len(parts) < 4 else ""


def surrogate_id(raw: Raw) -> str:
    """Make an ID for a message without one: the same for the same bytes."""
    return f"{hashlib.sha256(raw).hexdigest()[:40]}@no-message-id.invalid"
