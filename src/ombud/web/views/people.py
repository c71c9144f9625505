"""People, teams and tags as a page shows them. Where they come from is the routes' business."""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

HUES = 8
"""Number of tints for initials; the style sheet defines one for each."""


@dataclass(frozen=True, slots=True)
class PersonView:
    """A customer or colleague. `name` is never empty: without a full name it is the address."""

    name: str
    email: str
    initials: str
    hue: int
    active: bool = True
    href: str | None = None

    @classmethod
    def of(cls, name: str | None, email: str, *, active: bool = True, href: str | None = None) -> PersonView:
        """Make a person from a name that may be missing or blank."""
        shown = (name or "").strip() or email
        return cls(shown, email, initials(shown), crc32(email.lower().encode()) % HUES, active, href)


@dataclass(frozen=True, slots=True)
class TagView:
    """A tag; `color` is `#rrggbb` or None for the neutral swatch."""

    name: str
    color: str | None = None
    href: str | None = None


def initials(name: str) -> str:
    """Shorten a name to one or two letters: first and last word, or the first letter of an address."""
    words = [word for word in name.split("@", maxsplit=1)[0].replace(".", " ").split() if word[0].isalnum()]
    if not words:
        return "?"
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()
