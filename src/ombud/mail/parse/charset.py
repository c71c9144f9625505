"""Bytes to text when the label may be missing, wrong or unknown.

The declared charset is believed when it fits, then UTF-8, then detection on a sample, then windows-1252.
"""

from __future__ import annotations

import codecs
import functools
import re

from ombud.mail.parse import limits

_ALIASES = {
    # what mail says -> the superset codec that reads what is really sent under that name
    "ascii": "cp1252",
    "us-ascii": "cp1252",
    "ansi_x3.4-1968": "cp1252",
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "ansi": "cp1252",
    "iso-8859-8-i": "iso8859_8",
    "iso-8859-8-e": "iso8859_8",
    "iso-8859-6-i": "iso8859_6",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "windows-874": "cp874",
    "gb2312": "gb18030",
    "gb_2312-80": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "cn-gb": "gb18030",
    "hz-gb-2312": "hz",
    "big5": "big5hkscs",
    "cn-big5": "big5hkscs",
    "x-x-big5": "big5hkscs",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601-1989": "cp949",
    "ksc5601": "cp949",
    "euc-kr": "cp949",
    "x-windows-949": "cp949",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "x-euc-jp": "euc_jp",
    "x-mac-roman": "mac_roman",
    "macintosh": "mac_roman",
    "x-macroman": "mac_roman",
    "x-mac-cyrillic": "mac_cyrillic",
    "unicode-1-1-utf-7": "utf-7",
    "unicode": "utf-16",
    "utf8": "utf-8",
    "utf8mb4": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
    "x-utf-8": "utf-8",
    "koi8": "koi8_r",
}
# Codecs that are no charsets, or whose decoders take quadratic time.
_REFUSED = {"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem", "charmap"}
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_KOREAN = frozenset(
    "이다는을의에가고하지니안요로기사서도나한은를어아시인있것자리그들수해주대정일부전게습세문드합감"
)
_SINGLE_BYTE = (
    "cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258 koi8_r koi8_u iso8859_2 iso8859_5 iso8859_7 "
    "iso8859_8 iso8859_13 cp874 cp866 cp437 cp850 mac_roman"
).split()
_SEVEN_BIT = {"us-ascii", "ascii", "ansi_x3.4-1968"}
_JAPANESE_ESCAPE = re.compile(rb"\x1b[$(][@BJI(]")
_C1_OR_HIGH = re.compile(rb"[\x80-\xff]")


@functools.lru_cache(maxsize=512)
def codec_for(label: str) -> str | None:
    """Name the Python codec for a charset label, or None for an unknown or unsafe one."""
    name = label.strip(" \t\r\n\"'<>;=").lower().removeprefix("charset=").strip("\"'")
    if not name or len(name) > 60 or not name.isascii():
        return None
    name = name.split("*", 1)[0]
    for candidate in (name, name.replace("_", "-"), re.sub(r"^(?:cp|windows|win|ibm|x)-?(?=\d)", "cp", name)):
        found = _ALIASES.get(candidate) or _known(candidate)
        if found:
            return found
    return None


def _known(name: str) -> str | None:
    try:
        info = codecs.lookup(name)
    except (LookupError, ValueError):
        return None
    if info.name in _REFUSED or not getattr(info, "_is_text_encoding", True):
        return None
    return info.name


def decode(data: bytes, label: str | None = None, hint: str | None = None) -> tuple[str, str | None]:
    """Turn bytes into text; the second value says what was wrong with the label, or is None.

    `hint` is another part's charset, tried when the label is missing. Never raises. The text has no NUL and no
    half surrogate pairs: PostgreSQL and UTF-8 cannot hold them.
    """
    text, problem = _decode(data, label, hint)
    return (_UNSTORABLE.sub("", text) if _UNSTORABLE.search(text) else text), problem


def _decode(data: bytes, label: str | None, hint: str | None) -> tuple[str, str | None]:
    if data.startswith(codecs.BOM_UTF8):
        return data[3:].decode("utf-8", "replace"), None
    codec = codec_for(label) if label else None
    if label and label.lower() in _SEVEN_BIT and not (data.isascii() and b"\x1b" not in data):
        label, codec = None, None  # the label of senders that do not know what they send
    if data.isascii() and codec in (None, "cp1252", "utf-8") and b"\x1b" not in data:
        return data.decode("ascii"), None if codec or not label else f"unknown charset {label[:60]!r}"
    problem = None
    if codec:
        text = _strict(data, codec)
        if text is not None and not (codec == "cp1252" and _is_really_utf8(data)):
            return text, None
        problem = f"text is not {label}"
    elif label:
        problem = f"unknown charset {label[:60]!r}"
    return _guess(data, codec, hint), problem


def _strict(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except (UnicodeError, ValueError, LookupError):
        pass
    if codec == "cp1252":
        return None if _is_really_utf8(data) else data.decode("latin-1")
    if codec in ("utf-8", "utf-16"):
        return None
    # A stray byte must not throw away an otherwise right label.
    text = data.decode(codec, "replace")
    return text if text.count("\ufffd") * 20 <= max(len(text), 20) else None


def _is_really_utf8(data: bytes) -> bool:
    if not _C1_OR_HIGH.search(data):
        return False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        # a multi-byte character that the size bound cut off at the very end is no counter-evidence
        return (
            error.start >= len(data) - 3 and error.start > 0 and bool(_C1_OR_HIGH.search(data[: error.start]))
        )
    return True


def _guess(data: bytes, codec: str | None, hint: str | None) -> str:
    if _JAPANESE_ESCAPE.search(data[: limits.CHARSET_SAMPLE]):
        return data.decode("iso2022_jp_ext", "replace")
    if _is_really_utf8(data) or data.isascii():
        return data.decode("utf-8", "replace")
    hinted = codec_for(hint) if hint else None
    if hinted and hinted != "cp1252":
        text = _strict(data, hinted)
        if text is not None:
            return text
    if codec == "utf-8" and _damaged_utf8(data):
        return data.decode("utf-8", "replace")
    detected = _detect(data)
    if detected:
        return data.decode(detected, "replace")
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _damaged_utf8(data: bytes) -> bool:
    """Tell UTF-8 with a few broken bytes from another charset: most high bytes are well-formed."""
    sample = data[: limits.CHARSET_SAMPLE].decode("utf-8", "replace")
    broken = sample.count("\ufffd")
    return sum(1 for c in sample if ord(c) > 127) - broken > 2 * broken


_HIGH_RUN = re.compile(rb"(?:[\x81-\xfe][\x40-\x7e\x80-\xfe])+")


def _detect(data: bytes) -> str | None:
    """Find the charset of text without a usable label, from a sample."""
    sample = data[: limits.CHARSET_SAMPLE]
    high = _C1_OR_HIGH.findall(sample)
    if len(high) < 4:
        return None
    if found := _detect_east_asian(sample, len(high)):
        return found
    if len(high) < 12:
        return None
    from charset_normalizer import from_bytes

    best = from_bytes(sample, steps=3, chunk_size=512, cp_isolation=list(_SINGLE_BYTE)).best()
    return codec_for(best.encoding) if best else None


def _detect_east_asian(sample: bytes, high: int) -> str | None:
    """Tell double-byte charsets apart by the kind of characters that each makes of the bytes.

    Statistics for prose need more text than a subject has; several high bytes in a row that all are everyday
    characters of one charset say enough.
    """
    if sum(len(run) for run in _HIGH_RUN.findall(sample) if len(run) >= 4) * 2 < high:
        return None
    for codec, first, last, least in (
        ("cp932", "\u3041", "\u30ff", 0.2),
        ("euc_jp", "\u3041", "\u30ff", 0.2),
        ("cp949", "\uac00", "\ud7a3", 0.85),
    ):
        wide = _wide(sample, codec)
        if not wide or sum(first <= c <= last for c in wide) < least * len(wide):
            continue
        # Chinese bytes can make Korean syllables, but not the common ones
        if codec != "cp949" or sum(c in _KOREAN for c in wide) * 6 >= len(wide):
            return codec
    shares = {
        "gb18030": _everyday_share(_wide(sample, "gb18030"), "gb2312", b"\xb0", b"\xd7"),
        "big5hkscs": _everyday_share(_wide(sample, "big5hkscs"), "big5", b"\xa4", b"\xc6"),
    }
    best = max(shares, key=lambda codec: shares[codec])
    return best if shares[best] >= 0.85 else None


def _wide(sample: bytes, codec: str) -> str:
    """Decode and give the characters beyond ASCII; nothing if the bytes do not fit."""
    try:
        text = sample.decode(codec)
    except UnicodeDecodeError as error:
        if error.start < len(sample) - 3:
            return ""
        text = sample[: error.start].decode(codec, "ignore")
    return "".join(c for c in text if ord(c) > 127)


def _everyday_share(wide: str, codec: str, first: bytes, last: bytes) -> float:
    """Count punctuation and the characters of the charset's first plane, which holds those used every day."""
    common = sum(
        "\u3000" <= c <= "\u303f"
        or "\uff01" <= c <= "\uff5e"
        or first <= c.encode(codec, "ignore")[:1] <= last
        for c in wide
    )
    return common / len(wide) if wide else 0.0
