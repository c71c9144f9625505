"""The header block as it stands in the message: field names and raw values, unfolded.

No decoding of words, addresses or dates; see `words`, `addresses` and `dates`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ombud.mail.parse import limits
from ombud.mail.parse.stream import Raw

_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:")
_GOES_ON = re.compile(rb"[!-9;-~]{1,200}[ \t]*:|[ \t]+[^ \t\r\n]")
_BREAK = re.compile(rb"\r?\n")
_KNOWN = re.compile(
    rb"(?i)(?:received|return-path|delivered-to|date|from|sender|reply-to|to|cc|bcc|subject|message-id|"
    rb"in-reply-to|references|mime-version|content-[a-z-]+|x-[a-z0-9-]+|list-[a-z-]+|precedence|"
    rb"auto-submitted|authentication-results|dkim-signature|user-agent|importance|priority)[ \t]*:"
)


@dataclass(frozen=True, slots=True)
class Headers:
    """Fields in order, values raw but unfolded; look-up ignores case."""

    fields: tuple[tuple[str, bytes], ...] = ()
    defects: tuple[str, ...] = ()
    _first: dict[str, bytes] = field(default_factory=dict, repr=False)

    def get(self, name: str) -> bytes | None:
        """Give the first value of a field, or None."""
        return self._first.get(name)

    def get_all(self, name: str) -> list[bytes]:
        """Give all values of a field, in order."""
        return [value for key, value in self.fields if key.lower() == name]

    def text(self, name: str) -> str:
        """Give the first value as text for comparing: Latin letters kept, nothing decoded."""
        value = self._first.get(name)
        return value.decode("latin-1").strip() if value else ""


def read_headers(raw: Raw, start: int, end: int) -> tuple[Headers, int]:
    """Read the header block of `raw[start:end]`; give it and the offset where the body begins.

    Lines that are no header are skipped while header fields still follow; otherwise the body begins there,
    as if the blank line had been lost.
    """
    fields: list[tuple[str, list[bytes]]] = []
    defects: list[str] = []
    at, size = start, 0
    while at < end:
        match = _BREAK.search(raw, at, end)
        stop, after = (match.start(), match.end()) if match else (end, end)
        line = raw[at:stop] if stop - at <= limits.HEADER_BLOCK_BYTES else raw[at : at + 998]
        if not line:
            return _finish(fields, defects), after
        size += len(line)
        if size > limits.HEADER_BLOCK_BYTES or len(fields) >= limits.HEADER_FIELDS:
            defects.append("headers too long, the rest was not read")
            return _finish(fields, defects), _after_blank_line(raw, at, end)
        if line[0] in b" \t":
            if not line.strip() and not _GOES_ON.match(raw, after, end):
                return _finish(fields, [*defects, "no blank line after the headers"]), after
            if fields:
                fields[-1][1].append(line)
        elif named := _FIELD.match(line):
            fields.append((named[1].decode("ascii"), [line[named.end() :]]))
        elif not line.startswith((b"From ", b">From ")):
            if line.startswith(b"--") or not _KNOWN.match(raw, after, end):
                return _finish(fields, [*defects, "no blank line after the headers"]), at
            defects.append("line in the headers that is no field")
        at = after
    return _finish(fields, defects), end


def _after_blank_line(raw: Raw, at: int, end: int) -> int:
    found = re.compile(rb"\n\r?\n").search(raw, at, end)
    return found.end() if found else end


def _finish(fields: list[tuple[str, list[bytes]]], defects: list[str]) -> Headers:
    joined = tuple((name, b"".join(lines).strip(b" \t\r\n")) for name, lines in fields)
    first: dict[str, bytes] = {}
    for name, value in joined:
        first.setdefault(name.lower(), value)
    return Headers(joined, tuple(dict.fromkeys(defects)), first)
