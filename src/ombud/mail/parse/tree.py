"""The tree of MIME parts (RFC 2046), cut out of the raw bytes by offset; nothing is decoded but what must be.

Own code instead of the standard library's parser, because that one needs seconds and several times the
message's size for large bodies, quadratic time for nested ones, and recursion for each level.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from ombud.mail.parse import limits
from ombud.mail.parse.headers import Headers, read_headers
from ombud.mail.parse.params import Structured, parse_structured
from ombud.mail.parse.stream import Raw, Streamed, streamed
from ombud.mail.parse.transfer import decode_transfer

_HEADED_BOUNDARY = re.compile(rb"(?:\A|\n)--([^\r\n]{1,200}?)[ \t]*\r?\n(?i:content-[a-z-]+[ \t]*:)")


@dataclass(slots=True)
class Part:
    """A node: a leaf, a multipart, or an embedded message (whose only child is that message)."""

    headers: Headers
    raw: Raw = field(repr=False)
    start: int
    end: int
    content_type: str
    params: dict[str, str]
    disposition: Structured
    parent: Part | None = None
    children: list[Part] = field(default_factory=list)
    preamble_end: int | None = None
    epilogue_start: int | None = None
    is_cut_off: bool = False
    """Whether the message ended, or the part around it, before its own delimiter came."""
    _content: bytes | None = None
    defects: list[str] = field(default_factory=list)

    @property
    def is_multipart(self) -> bool:
        """Whether it is declared to hold parts, found or not."""
        return self.content_type.startswith("multipart/")

    @property
    def is_message(self) -> bool:
        """Whether it holds another message."""
        return self.content_type in ("message/rfc822", "message/global", "message/news")

    @property
    def content(self) -> bytes:
        """The bytes after undoing the transfer encoding."""
        if self._content is None:
            view = memoryview(self.raw)[self.start : self.end]
            if self.is_multipart or (self.is_message and self.children and self.children[0].raw is self.raw):
                self._content = bytes(view)
            else:
                self._content, defect = decode_transfer(view, self.headers.text("content-transfer-encoding"))
                if defect:
                    self.defects.append(defect)
        return self._content

    @property
    def source(self) -> bytes | Streamed:
        """The content of a file: whole, or to be read in pieces when it is large."""
        if self._content is None:
            is_open = self.is_multipart or (self.is_message and bool(self.children))
            encoding = "" if is_open else self.headers.text("content-transfer-encoding")
            found = streamed(memoryview(self.raw)[self.start : self.end], encoding)
            if found is not None:
                return found
        return self.content

    def raw_body(self, start: int, end: int) -> bytes:
        """The undecoded bytes between two offsets, bounded for display."""
        return self.raw[start : min(end, start + limits.TEXT_BYTES)]

    def walk(self) -> Iterator[Part]:
        """Go through this part and all below it, in order; also into embedded messages."""
        stack: list[Part] = [self]
        while stack:
            part = stack.pop()
            yield part
            stack.extend(reversed(part.children))


@dataclass(slots=True)
class _Budget:
    scan: int
    parts: int = 0
    defects: dict[str, None] = field(default_factory=dict)

    def note(self, defect: str) -> None:
        self.defects.setdefault(defect)


def read_tree(raw: Raw) -> tuple[Part, tuple[str, ...]]:
    """Cut a message into its parts; the second value lists what was wrong with the structure. Never raises."""
    budget = _Budget(scan=limits.SCAN_FACTOR * len(raw) + 65_536)
    root = _part(raw, header_start(raw), len(raw), None, "text/plain")
    work = [(root, 0)]
    while work:
        part, depth = work.pop()
        if depth >= limits.DEPTH:
            budget.note("nested too deeply")
            continue
        if part.is_multipart:
            _split(part, budget)
        elif part.is_message:
            _open_message(part, budget)
        work.extend((child, depth + 1) for child in reversed(part.children))
    for part in root.walk():
        for defect in part.headers.defects:
            budget.note(defect)
    return root, tuple(budget.defects)


def count_parts(root: Part) -> int:
    """Count the parts inside multiparts, those of embedded messages included."""
    return sum(len(part.children) for part in root.walk() if part.is_multipart)


def header_start(raw: Raw) -> int:
    """Give the offset of the first header field.

    Mailboxes and pipes put blank lines, a byte order mark and a `From ` line before it.
    """
    at = 3 if raw[:3] == b"\xef\xbb\xbf" else 0
    blank = re.compile(rb"[\r\n]*").match(raw, at)
    at = blank.end() if blank else at
    if raw[at : at + 6].startswith((b"From ", b">From ")):
        at = raw.find(b"\n", at) + 1 or len(raw)
    return at


def _part(raw: Raw, start: int, end: int, parent: Part | None, default: str) -> Part:
    headers, body = read_headers(raw, start, end)
    declared = parse_structured(headers.get("content-type"))
    kind = declared.value if re.fullmatch(r"[^\s/]+/[^\s/]+", declared.value) else ""
    if not kind and declared.value.split(None, 1)[:1]:
        first = declared.value.split(None, 1)[0].rstrip(",")
        kind = first if "/" in first.strip("/") else ""
    if not kind:
        kind = "text/plain" if declared.value else default
    disposition = parse_structured(headers.get("content-disposition"))
    return Part(headers, raw, body, end, kind, declared.params, disposition, parent)


def _open_message(part: Part, budget: _Budget) -> None:
    encoding = part.headers.text("content-transfer-encoding").lower()
    if encoding in ("base64", "quoted-printable"):
        if part.end - part.start > limits.EMBEDDED_BYTES:
            budget.note("large encoded message inside, not opened")
            return
        data = part.content
        budget.scan -= len(data)
        if budget.scan <= 0:
            budget.note("nested too deeply")
            return
        part.children = [_part(data, header_start(data), len(data), part, "text/plain")]
    else:
        part.children = [_part(part.raw, part.start, part.end, part, "text/plain")]


def _split(part: Part, budget: _Budget) -> None:
    budget.scan -= part.end - part.start
    if budget.scan <= 0:
        budget.note("nested too deeply")
        return
    boundary = part.params.get("boundary", "")
    mark = boundary.encode("latin-1", "replace")
    spans: list[tuple[int, int]] = []
    if mark.strip():
        spans = _spans(part, mark, budget) or (
            _spans(part, mark.strip(), budget) if mark != mark.strip() else []
        )
    elif guessed := _HEADED_BOUNDARY.search(
        part.raw, max(part.start - 1, 0), min(part.end, part.start + 65_536)
    ):
        budget.note("multipart without a boundary, guessed")
        spans = _spans(part, guessed[1], budget)
    if not spans:
        budget.note("multipart without parts")
    default = "message/rfc822" if part.content_type == "multipart/digest" else "text/plain"
    part.children = [_part(part.raw, start, end, part, default) for start, end in spans]
    if spans and part.epilogue_start is None:
        part.children[-1].is_cut_off = True
    budget.parts += len(spans)


def _spans(part: Part, mark: bytes, budget: _Budget) -> list[tuple[int, int]]:
    """Find the delimiter lines of one multipart and give the offsets of what lies between them."""
    raw, needle = part.raw, b"\n--" + mark
    spans: list[tuple[int, int]] = []
    open_at: int | None = None
    misses = 0
    # a delimiter may be the very first line of the body
    at = part.start - 1 if part.start and raw[part.start - 1 : part.start] == b"\n" else part.start
    while (found := raw.find(needle, at, part.end)) >= 0:
        after = found + len(needle)
        line_end = raw.find(b"\n", after, part.end)
        next_line = line_end + 1 if line_end >= 0 else part.end
        rest = raw[after : min(next_line, after + 200)]
        closing = rest.startswith(b"--")
        if not closing and rest.strip(b" \r\n"):
            misses += 1
            if misses > limits.FALSE_DELIMITERS:
                budget.note("too many lines that look like a boundary")
                break
            at = after
            continue
        stop = found - 1 if found > part.start and raw[found - 1 : found] == b"\r" else found
        if open_at is None:
            part.preamble_end = max(stop, part.start)
        else:
            spans.append((open_at, max(stop, open_at)))
        open_at = next_line
        if closing:
            part.epilogue_start = next_line
            open_at = None
            break
        if budget.parts + len(spans) >= limits.PARTS:
            budget.note("too many parts")
            break
        at = next_line - 1 if line_end >= 0 else part.end
    if open_at is not None:
        spans.append((open_at, part.end))
        budget.note("multipart without an end")
    return spans
