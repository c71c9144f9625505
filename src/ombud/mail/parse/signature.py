"""Signatures: below "-- ", "Sent from my ...", a drawn line with few lines after it, a block of contact data."""

from __future__ import annotations

import re

from ombud.mail.parse.lines import Line
from ombud.mail.parse.vocabulary import SENT_FROM_END, SENT_FROM_START

_DELIMITER = re.compile(r"\s{0,3}[*_]{0,2}(?:--|—|–|__)[ \u00a0]{0,3}[*_]{0,2}$")
_DRAWN = re.compile(r"\s{0,3}[-–—_=*]{3,}\s*$")
_CARRIER = re.compile(r"(?i),\s+an?\s+[^\s,]+(?:\s+[^\s,]+)?\s+(?:smartphone|phone|device|tablet)$")


def _starts(words: str) -> str:
    """A pattern for any of these; scripts with blanks between words want one after it."""
    return "|".join(re.escape(w) + (r"(?!\w)" if ord(w[-1]) < 0x500 else "") for w in words.split("|"))


_SENT_FROM = re.compile(
    rf"[\s*_<\[(—-]{{0,4}}(?:(?:{_starts(SENT_FROM_START)})"
    rf"|\S.{{0,50}}(?:{'|'.join(re.escape(w) for w in SENT_FROM_END.split('|'))})\W{{0,3}}$)",
    re.IGNORECASE,
)
_DEVICE = re.compile(
    r"(?i)iphone|ipad|ipod|android|blackberry|samsung|galaxy|huawei|xiaomi|redmi|oneplus|nokia|windows|outlook|yahoo|gmail|"
    r"mobile|phone|handy|smartphone|tablet|mobil|móvil|celular|teléfono|téléphone|telefon|device|mail\b|app\b|mailbox|"
    r"\bmy\b|яндекс|почт"
)
_LINK = re.compile(r"<?(?:https?://|www\.)[^\s>]*>?|<[^>]*>|\[[^\]]*\]|\([^)]*\)")
_PHONE = re.compile(r"(?:\+|\b00|\(|\b)\d[\d\s().\-/]{5,18}\d")
_EMAIL = re.compile(r"[^\s@<>]{1,64}@[^\s@<>]{1,100}\.[^\s@<>]{2,}")
_WHEN = re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}|\d{1,2}:\d{2}(?::\d{2})?")
_SITE = re.compile(r"(?i)(?:https?://|www\.)\S+")
_MOST_LINES = 14
_LONGEST = 100


def find_signature(lines: list[Line], is_rest: bool = False) -> int | None:
    """Give the index of the line where the signature of these lines begins, or None.

    `is_rest` says that a reply stands elsewhere, so that these lines may be nothing but a footer.
    """
    shown = _last_shown(lines)
    for place, i in enumerate(shown):
        text = lines[i].text
        after = shown[place + 1 :]
        if len(text) > 200:
            continue
        if text.startswith("-----BEGIN PGP SIGNATURE-----"):
            return i
        if _DELIMITER.match(text) and after and len(after) <= _limit(text):
            return i
        if _DRAWN.match(text) and (is_rest or i != shown[0]) and _names_someone(lines, after):
            return i
        if is_sent_from(text) and len(after) <= 6 and _looks_small(lines, after):
            return i
    return _contact_block(lines, shown)


def _last_shown(lines: list[Line]) -> list[int]:
    """List the last lines with something on them, down from the last quoted one: no signature is longer."""
    shown: list[int] = []
    for i in range(len(lines) - 1, -1, -1):
        if lines[i].quoted or len(shown) > _LONGEST:
            break
        if not lines[i].is_blank:
            shown.append(i)
    return shown[::-1]


def _limit(delimiter: str) -> int:
    return _LONGEST if delimiter.startswith("--") else 30


def _looks_small(lines: list[Line], shown: list[int]) -> bool:
    return len(shown) <= _MOST_LINES and all(
        len(lines[i].text) <= 600 and len(_LINK.sub("", lines[i].text)) <= 80 for i in shown
    )


def _names_someone(lines: list[Line], shown: list[int]) -> bool:
    """Tell a signature below a drawn line from a section of the text: it says how to reach someone."""
    return _looks_small(lines, shown) and any(_is_contact(lines[i].text, words=8) for i in shown)


def is_sent_from(text: str) -> bool:
    """Whether a line only names the device or program that sent the mail."""
    if len(text) > 300 or not _SENT_FROM.match(text):
        return False
    bare = _CARRIER.sub("", _LINK.sub("", text).strip(" *_.!"))
    if not bare or len(bare) > 90 or re.search(r"[,;?!]\s|\.\s+\S", bare):
        return False
    words = len(bare.split())
    if bare.lower().startswith("outlook"):
        return words <= 4
    if _DEVICE.search(bare):
        return words <= 14 and not bare.startswith("sent ")
    # "Sent from the warehouse yesterday" is no signature
    return words <= 3 and not bare.startswith("sent ")


def _contact_block(lines: list[Line], shown: list[int]) -> int | None:
    """Find a last paragraph of short lines of which at least two are ways to reach someone."""
    if len(shown) < 4:
        return None
    first = len(shown) - 1
    while first and shown[first] - shown[first - 1] == 1:
        first -= 1
    block = shown[first:]
    if not first or not 3 <= len(block) <= 10 or any(len(lines[i].text) > 60 for i in block):
        return None
    ways = sum(_is_contact(lines[i].text) for i in block)
    return block[0] if ways >= 2 and ways * 2 >= len(block) - 1 else None


def _is_contact(text: str, words: int = 6) -> bool:
    text = _WHEN.sub("", text)
    return (
        bool(_EMAIL.search(text) or _PHONE.search(text) or _SITE.search(text)) and len(text.split()) <= words
    )
