"""The content of a large part, decoded piece by piece: a file of 50 MB never lies in memory as a whole."""

from __future__ import annotations

import binascii
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from mmap import mmap
from typing import TypeAlias

from ombud.mail.parse import limits
from ombud.mail.parse.transfer import footer_start, is_unencoded

Raw: TypeAlias = bytes | mmap
"""A message's bytes, in memory or as a file that is mapped into it."""
_PIECE = 1 << 20
_BLANK = b" \t\r\n"
_DIGITS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


class _Unusual(Exception):
    """Data that only the decoder of whole parts reads, with its ways out of damage."""


@dataclass(frozen=True, slots=True)
class Streamed:
    """Decoded bytes that are made again each time they are read; `size` in bytes, `sha256` in hexadecimal."""

    size: int
    sha256: str
    _encoded: memoryview = field(repr=False)
    _decode: Callable[[memoryview], Iterator[bytes]] = field(repr=False)

    def pieces(self) -> Iterator[bytes]:
        """Yield the bytes, about a megabyte at a time."""
        return self._decode(self._encoded)

    def __bytes__(self) -> bytes:
        """Return all of them at once."""
        return b"".join(self.pieces())


def streamed(encoded: memoryview, encoding: str) -> Streamed | None:
    """Return the content of a part of more than WHOLE_BYTES; None where it is to be decoded as a whole.

    That is what is small, and what is damaged or in another encoding than base64.
    """
    if len(encoded) <= limits.WHOLE_BYTES:
        return None
    if is_unencoded(encoding):
        decode = _plain
    elif encoding.strip().lower() == "base64":
        encoded, decode = encoded[: footer_start(encoded)], _base64
    else:
        return None
    digest, size = hashlib.sha256(), 0
    try:
        for piece in decode(encoded):
            digest.update(piece)
            size += len(piece)
    except _Unusual:
        return None
    return Streamed(size, digest.hexdigest(), encoded, decode)


def _plain(data: memoryview) -> Iterator[bytes]:
    for start in range(0, len(data), _PIECE):
        yield bytes(data[start : start + _PIECE])


def _base64(data: memoryview) -> Iterator[bytes]:
    held, padding = b"", b""
    for piece in _plain(data):
        digits = held + piece.translate(None, _BLANK)
        others = digits.translate(None, _DIGITS)
        if (padding and digits) or others.strip(b"=") or not digits.endswith(others):
            raise _Unusual
        padding = others
        whole = len(digits) - len(digits) % 4
        yield _decoded(digits[:whole])
        held = digits[whole:]
    if held:
        yield _decoded(held)


def _decoded(digits: bytes) -> bytes:
    try:
        return binascii.a2b_base64(digits)
    except binascii.Error:
        raise _Unusual from None
