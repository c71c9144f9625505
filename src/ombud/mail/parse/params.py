"""Structured header values: `type/subtype; name=value` with RFC 2231 continuations and every abuse of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from ombud.mail.parse import limits
from ombud.mail.parse.charset import decode
from ombud.mail.parse.words import clean, decode_words, raw_text

_GAP = re.compile(r"[\s;]*")
_NAME = re.compile(r"([^=;\s\"]{1,100})\s*+=\s*+")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*+)("|$)', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_SECTION = re.compile(r"([^*]+)\*(\d{1,4})?(\*)?$")


@dataclass(frozen=True, slots=True)
class Structured:
    """A value and its parameters; names in lower case."""

    value: str
    params: dict[str, str]


def parse_structured(raw: bytes | None) -> Structured:
    """Read Content-Type or Content-Disposition. Never raises; unreadable pieces are skipped."""
    if not raw:
        return Structured("", {})
    text = raw_text(raw)
    head, _, rest = text.partition(";")
    plain: dict[str, str] = {}
    sections: dict[str, list[tuple[int, bool, str]]] = {}
    for name, value in _pairs(rest):
        section = _SECTION.match(name)
        if section and (section[2] is not None or section[3] is not None or name.endswith("*")):
            encoded = bool(section[3]) or section[2] is None
            number = int(section[2] or 0)
            sections.setdefault(section[1], []).append((number, encoded, value))
        else:
            plain.setdefault(name, value)
    for name, pieces in sections.items():
        plain[name] = _assemble(pieces)
    return Structured(clean(head).strip().lower(), plain)


def _pairs(text: str) -> list[tuple[str, str]]:
    out: list[tuple[str, str]] = []
    at = 0
    while at < len(text) and len(out) < limits.PARAMETERS:
        gap = _GAP.match(text, at)
        at = gap.end() if gap else at
        match = _NAME.match(text, at)
        if not match:
            at = text.find(";", at) + 1 or len(text)
            continue
        name, at = match[1].lower(), match.end()
        quoted = _QUOTED.match(text, at)
        if quoted:
            out.append((name, _ESCAPE.sub(r"\1", quoted[1])))
            at = quoted.end()
            continue
        end = text.find(";", at)
        end = len(text) if end < 0 else end
        out.append((name, text[at:end].strip()))
        at = end
    return out


def _assemble(pieces: list[tuple[int, bool, str]]) -> str:
    """Join continuations by number; the charset stands before the first apostrophes (RFC 2231, 4.1)."""
    pieces = sorted(pieces, key=lambda piece: piece[0])
    charset: str | None = None
    data: list[bytes] = []
    for index, (_, encoded, value) in enumerate(pieces):
        text = value
        if encoded and index == 0 and value.count("'") >= 2:
            charset, _, text = value.split("'", 2)
        raw = text.encode("utf-8", "replace")
        data.append(unquote_to_bytes(raw) if encoded else raw)
    joined = b"".join(data)
    return decode(joined, charset or None)[0]


def file_name(disposition: Structured, content_type: Structured) -> str:
    """Give the name that the sender gave a part, or an empty string. Only for display: not a safe path."""
    for params, key in (
        (disposition.params, "filename"),
        (content_type.params, "name"),
        (content_type.params, "filename"),
    ):
        value = params.get(key, "").strip()
        if value:
            name = _readable(value)
            if name:
                return name
    return ""


def _readable(value: str) -> str:
    if "=?" not in value and value.startswith("?") and value.endswith("?="):
        value = "=" + value  # `name==?utf-8?B?...?=` without quotes
    if value.startswith("==?"):
        value = value[1:]
    name = decode_words(value)
    if re.fullmatch(r"[A-Za-z0-9_.-]+'[A-Za-z-]*'.*", name) and "%" in name:
        charset, _, rest = name.split("'", 2)
        name = decode(unquote_to_bytes(rest), charset)[0]
    return clean(name).strip().strip('"').strip()
