"""The files inside `winmail.dat` (TNEF, MS-OXTNEF 2.1): what Outlook sends to those without Outlook.

A small reader of the attribute stream: names, contents and the plain or HTML body. The compressed RTF body is
handed out as it is. No library is both kept up and free of a copyleft licence.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from ombud.mail.parse import limits
from ombud.mail.parse.charset import decode

_SIGNATURE = 0x223E9F78
_ATTACH_LEVEL = 2
_BODY, _CODEPAGE, _MESSAGE_PROPERTIES = 0x0002800C, 0x00069007, 0x00069003
_ATTACH_START, _ATTACH_DATA, _ATTACH_TITLE, _ATTACH_PROPERTIES = (
    0x00069002,
    0x0006800F,
    0x00018010,
    0x00069005,
)
_LONG_NAME, _DISPLAY_NAME, _MIME_TYPE, _CONTENT_ID, _ATTACH_OBJECT = 0x3707, 0x3001, 0x370E, 0x3712, 0x3701
_PLAIN, _HTML = 0x1000, 0x1013
_FIXED = {
    0x0002: 4,
    0x0003: 4,
    0x0004: 4,
    0x000A: 4,
    0x000B: 4,
    0x0005: 8,
    0x0006: 8,
    0x0007: 8,
    0x0014: 8,
    0x0040: 8,
    0x0048: 16,
}


@dataclass(slots=True)
class TnefFile:
    """One attachment inside."""

    name: str = ""
    content: bytes = b""
    content_type: str = ""
    content_id: str = ""


@dataclass(slots=True)
class Tnef:
    """What a TNEF stream holds; empty when it is none."""

    text: str = ""
    html: str = ""
    files: list[TnefFile] = field(default_factory=list)
    is_damaged: bool = False


def read_tnef(data: bytes) -> Tnef:
    """Read a TNEF stream as far as it goes. Never raises."""
    result = Tnef()
    if len(data) < 6 or struct.unpack_from("<I", data)[0] != _SIGNATURE:
        result.is_damaged = True
        return result
    codepage = "cp1252"
    at = 6
    for _ in range(limits.TNEF_ATTRIBUTES):
        if at + 11 > len(data):
            break
        level, attribute, size = struct.unpack_from("<BII", data, at)
        value = data[at + 9 : at + 9 + size]
        if len(value) < size:
            result.is_damaged = True
        at += 9 + size + 2
        if attribute == _CODEPAGE and len(value) >= 4:
            codepage = f"cp{struct.unpack_from('<I', value)[0]}"
        elif level == _ATTACH_LEVEL:
            _attachment(result, attribute, value, codepage)
        elif attribute == _BODY:
            result.text = result.text or decode(value.rstrip(b"\0"), codepage)[0]
        elif attribute == _MESSAGE_PROPERTIES:
            _message_properties(result, value, codepage)
    result.files = [file for file in result.files if file.content]
    return result


def _attachment(result: Tnef, attribute: int, value: bytes, codepage: str) -> None:
    if attribute == _ATTACH_START:
        result.files.append(TnefFile())
        return
    if not result.files:
        return
    file = result.files[-1]
    if attribute == _ATTACH_TITLE:
        file.name = file.name or decode(value.rstrip(b"\0"), codepage)[0]
    elif attribute == _ATTACH_DATA:
        file.content = value
    elif attribute == _ATTACH_PROPERTIES:
        found = _properties(value)
        file.name = (
            _string(found.get(_LONG_NAME), codepage)
            or file.name
            or _string(found.get(_DISPLAY_NAME), codepage)
        )
        file.content_type = _string(found.get(_MIME_TYPE), codepage)
        file.content_id = _string(found.get(_CONTENT_ID), codepage).strip("<>")
        if not file.content and _ATTACH_OBJECT in found:
            file.content = found[_ATTACH_OBJECT][1][16:]  # behind the interface's identifier


def _message_properties(result: Tnef, value: bytes, codepage: str) -> None:
    found = _properties(value)
    result.text = _string(found.get(_PLAIN), codepage) or result.text
    if _HTML in found:
        kind, raw = found[_HTML]
        result.html = decode(raw.rstrip(b"\0"), "utf-16" if kind == 0x1F else codepage)[0]


def _string(found: tuple[int, bytes] | None, codepage: str) -> str:
    if found is None:
        return ""
    kind, raw = found
    return (
        raw.decode("utf-16-le", "replace").replace("\0", "")
        if kind == 0x1F
        else decode(raw.rstrip(b"\0"), codepage)[0]
    )


def _properties(data: bytes) -> dict[int, tuple[int, bytes]]:
    """Read a MAPI property list (MS-OXTNEF 2.1.3.4): identifier -> type and first value."""
    found: dict[int, tuple[int, bytes]] = {}
    try:
        count, at = min(struct.unpack_from("<I", data)[0], limits.TNEF_ATTRIBUTES), 4
        for _ in range(count):
            kind, identifier = struct.unpack_from("<HH", data, at)
            at += 4
            if identifier >= 0x8000:
                at = _skip_name(data, at)
            values = 1
            if kind & 0x1000 or kind in (0x1E, 0x1F, 0x0D, 0x0102):
                values = struct.unpack_from("<I", data, at)[0]
                at += 4
            for index in range(min(values, limits.TNEF_ATTRIBUTES)):
                size = _FIXED.get(kind & 0x0FFF)
                if size is None:
                    size = struct.unpack_from("<I", data, at)[0]
                    at += 4
                if index == 0:
                    found[identifier] = (kind & 0x0FFF, data[at : at + size])
                at += size + (-size % 4)
    except struct.error:
        pass
    return found


def _skip_name(data: bytes, at: int) -> int:
    at += 16
    if struct.unpack_from("<I", data, at)[0] == 0:
        return at + 8
    size = struct.unpack_from("<I", data, at + 4)[0]
    return int(at + 8 + size + (-size % 4))
