"""Content-Transfer-Encoding: base64, quoted-printable, uuencode, and whatever claims to be one of them."""

from __future__ import annotations

import binascii
import re

_BLANK = b" \t\r\n"
_UU_BEGIN = re.compile(rb"^begin(?:-base64)? [0-7]{3,4} (?P<name>[^\r\n]{1,255})\r?\n", re.MULTILINE)
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=\s]")
_UNENCODED = ("", "7bit", "8bit", "binary", "7-bit", "8-bit", "plain", "none")
_SEGMENTS = 1_000
_FOOTER = 4_096


def is_unencoded(encoding: str) -> bool:
    """True for the names of encodings that leave the bytes as they are."""
    return encoding.strip(" \t\"';").lower().replace("_", "-") in _UNENCODED


def decode_transfer(data: memoryview | bytes, encoding: str) -> tuple[bytes, str | None]:
    """Undo a transfer encoding; the second value names a defect, or is None. Never raises."""
    match encoding.strip(" \t\"';").lower().replace("_", "-"):
        case "base64" | "base-64" | "b":
            return _base64(data)
        case "quoted-printable" | "quotedprintable" | "quoted" | "q":
            return binascii.a2b_qp(data), None
        case "x-uuencode" | "uuencode" | "x-uue" | "uue":
            return _uuencoded(bytes(data))
        case name if name in _UNENCODED:
            return bytes(data), None
        case other:
            return bytes(data), f"unknown transfer encoding {other[:40]!r}"


def _base64(data: memoryview | bytes) -> tuple[bytes, str | None]:
    data = data[: footer_start(data)]
    try:
        decoded = binascii.a2b_base64(data)
    except binascii.Error:
        return _damaged_base64(bytes(data)), "damaged base64"
    # The decoder stops at padding. Some senders encode in pieces, each with its own padding.
    if len(data) > 8 and len(decoded) * 8 < len(data) * 5:
        raw = bytes(data)
        if b"=" in raw.rstrip(b"=" + _BLANK):
            return _damaged_base64(raw), "base64 in several pieces"
    return decoded, None


def footer_start(data: memoryview | bytes) -> int:
    """Find where text begins that was appended behind the data, such as a mailing list's footer."""
    base = max(0, len(data) - _FOOTER)
    tail = bytes(data[base:])
    for stray in _NOT_BASE64.finditer(tail):
        start = tail.rfind(b"\n", 0, stray.start()) + 1
        line = tail[start : (tail.find(b"\n", start) + 1 or len(tail))].strip()
        if len(re.sub(rb"[A-Za-z0-9+/=]+", b"", line)) > 1:
            return base + start
    return len(data)


def _damaged_base64(data: bytes) -> bytes:
    """Decode what can be decoded: piece by piece between paddings, up to the first line of other text."""
    out: list[bytes] = []
    for piece in re.split(rb"=+[\s=]*", data, maxsplit=_SEGMENTS):
        stray = _NOT_BASE64.search(piece)
        if stray and out:
            # text appended after the data, such as a mailing list's footer
            break
        digits = re.sub(rb"[^A-Za-z0-9+/]+", b"", piece)
        if len(digits) % 4 == 1:
            digits = digits[:-1]
        out.append(binascii.a2b_base64(digits + b"=" * (-len(digits) % 4)))
    return b"".join(out)


def _uuencoded(data: bytes) -> tuple[bytes, str | None]:
    begin = _UU_BEGIN.search(data)
    body = data[begin.end() :] if begin else data
    decoded = _uu_lines(body)
    return (decoded, None) if decoded or not body.strip() else (data, "damaged uuencode")


def find_uuencoded(data: bytes, most: int = 20) -> list[tuple[str, bytes]]:
    """List the files (name as raw text, content) that are written into a text body with uuencode."""
    found: list[tuple[str, bytes]] = []
    at = 0
    while len(found) < most and (begin := _UU_BEGIN.search(data, at)):
        end = data.find(b"\nend", begin.end() - 1)
        if end < 0:
            break
        content = _uu_lines(data[begin.end() : end + 1])
        if content:
            found.append((begin["name"].decode("utf-8", "replace").strip(), content))
        at = end + 4
    return found


def _uu_lines(body: bytes) -> bytes:
    out: list[bytes] = []
    for line in body.splitlines():
        if line.strip() in (b"end", b"`", b""):
            if line.strip() == b"end":
                break
            continue
        try:
            out.append(binascii.a2b_uu(line))
        except binascii.Error:
            # A length byte that does not agree with the line: trust the length (as the CPython docs advise).
            count = (((line[0] - 32) & 63) * 4 + 5) // 3
            try:
                out.append(binascii.a2b_uu(line[:count]))
            except binascii.Error:
                return b"".join(out)
    return b"".join(out)
