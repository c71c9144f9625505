"""Whose mail was forwarded: read from the quoted header below the mark, or from an attached message."""

from __future__ import annotations

import re

from ombud.mail.parse.addresses import parse_addresses
from ombud.mail.parse.model import Address
from ombud.mail.parse.tree import Part
from ombud.mail.parse.vocabulary import FORWARD_SUBJECT, Label

_PREFIXES = "|".join(re.escape(word) for word in FORWARD_SUBJECT.split("|"))
_SUBJECT = re.compile(
    rf"\s*(?:\[[^\]]{{1,60}}\]\s*)?\[?(?:{_PREFIXES})\s?(?:\[\d+\])?\s?[:：]", re.IGNORECASE
)
_PLAIN_ADDRESS = re.compile(r"[^\s<>()\[\],;:\"'*]{1,64}@[^\s<>()\[\],;:\"'*]{1,200}")
_LINKED = re.compile(r"[<\[(]\s*mailto:[^>\])]*[>\])]")


def announces_forward(subject: str) -> bool:
    """Whether a subject begins with Fwd: or its like in another language."""
    return _SUBJECT.match(subject[:200]) is not None


def original_sender(values: dict[Label, str]) -> Address | None:
    """Read the From line of a quoted header: `Name <a@b>`, `Name [mailto:a@b]`, `a@b`, or a name alone."""
    text = values.get(Label.FROM, "")[:500]
    if not text:
        return None
    found = _PLAIN_ADDRESS.search(text.replace("mailto:", " "))
    if not found:
        return Address(text.strip("\"'* "), "")
    name = _LINKED.sub("", text)
    name = name[: name.find("<")] if "<" in name else _PLAIN_ADDRESS.sub("", name)
    return Address(" ".join(name.split()).strip("\"'*<>[]() "), found[0].rstrip("."))


def attached_sender(root: Part) -> Address | None:
    """Give the sender of the only message attached, or None when there is none or there are several."""
    messages = [part for part in root.walk() if part.is_message and part.children]
    if not messages or len([m for m in messages if m.parent is messages[0].parent]) > 1:
        return None
    found = parse_addresses(messages[0].children[0].headers.get_all("from"))
    return found[0] if found else None
