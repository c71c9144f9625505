"""Templates into sentences: `{a|b}` is a choice, `$name` a slot, and a hasty hand makes typos.

What the slots mean is in `slots.py`; the templates themselves are the TOML files under `content/`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from random import Random

_TOKEN = re.compile(r"\{([^{}]*\|[^{}]*)\}|\$([a-z_0-9]+)")


@dataclass(frozen=True, slots=True)
class _Choice:
    options: tuple[tuple[_Part, ...], ...]


@dataclass(frozen=True, slots=True)
class _Slot:
    name: str


_Part = str | _Choice | _Slot


@cache
def _compile(template: str) -> tuple[_Part, ...]:
    parts: list[_Part] = []
    end = 0
    for match in _TOKEN.finditer(template):
        if match.start() > end:
            parts.append(template[end : match.start()])
        if match[1] is not None:
            parts.append(_Choice(tuple(_compile(option) for option in match[1].split("|"))))
        else:
            parts.append(_Slot(match[2]))
        end = match.end()
    if end < len(template):
        parts.append(template[end:])
    return tuple(parts)


def render(template: str, slots: Mapping[str, str], rng: Random) -> str:
    """Fill `template`; an unknown slot raises KeyError."""
    return _join(_compile(template), slots, rng)


def _join(parts: tuple[_Part, ...], slots: Mapping[str, str], rng: Random) -> str:
    out: list[str] = []
    for part in parts:
        match part:
            case str():
                out.append(part)
            case _Choice():
                out.append(_join(rng.choice(part.options), slots, rng))
            case _Slot():
                out.append(slots[part.name])
    return "".join(out)


def capitalize(text: str) -> str:
    """Put the first letter in upper case and leave the rest as it is."""
    return text[:1].upper() + text[1:]


def hurry(text: str, rng: Random) -> str:
    """Write as somebody in a hurry does: lower case, fewer apostrophes, letters in the wrong order."""
    if "```" in text or "://" in text:
        return text
    words = text.split(" ")
    for position, word in enumerate(words):
        if len(word) > 4 and word.isalpha() and word.isascii() and rng.random() < 0.03:
            cut = rng.randrange(1, len(word) - 2)
            words[position] = word[:cut] + word[cut + 1] + word[cut] + word[cut + 2 :]
    hurried = " ".join(words)
    if rng.random() < 0.4:
        hurried = hurried.replace("'", "")
    if rng.random() < 0.6 and hurried[:2] not in ("I ", "I'"):
        hurried = hurried[:1].lower() + hurried[1:]
    return hurried
