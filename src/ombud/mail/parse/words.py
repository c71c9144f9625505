"""Header text: encoded words (RFC 2047) and raw 8-bit bytes, as they are really sent.

The scanner is linear: it looks for the four marks of an encoded word one after the other and never goes back.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass

from ombud.mail.parse import limits
from ombud.mail.parse.charset import codec_for, decode

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_FOLD = re.compile(r"[\r\n]+[ \t]*|\t")


@dataclass(slots=True)
class _Word:
    charset: str
    data: bytes


def raw_text(value: bytes, hint: str | None = None) -> str:
    """Decode raw header bytes without touching encoded words; 8-bit bytes are guessed."""
    if value.isascii() and b"\x1b" not in value:
        return value.decode("ascii")
    return decode(value, None, hint)[0]


def clean(text: str) -> str:
    """Make one line of it: no folding, no control characters."""
    return _CONTROL.sub("", _FOLD.sub(" ", text.replace("\r\n", "\n")))


def decode_words(text: str) -> str:
    """Replace encoded words in header text by what they mean.

    Tolerates missing ends, blanks inside, words split inside a character, and unknown charsets. White space
    between two encoded words is dropped.
    """
    if "=?" not in text:
        return text
    out: list[str | _Word] = []
    at = count = 0
    while (start := text.find("=?", at)) >= 0 and count < limits.ENCODED_WORDS:
        word, after = _word_at(text, start)
        if word is None:
            if after < 0:
                break
            out.append(text[at:after])
            at = after
            continue
        between = text[at:start]
        if between and not (not between.strip() and out and isinstance(out[-1], _Word)):
            out.append(between)
        out.append(word)
        at = after
        count += 1
    out.append(text[at:])
    return _join(out)


def _word_at(text: str, start: int) -> tuple[_Word | None, int]:
    """Read the word at `start`; without one, say how far plain text goes (-1: no more words can follow)."""
    mark = text.find("?", start + 2, start + 80)
    if mark < 0 or len(text) <= mark + 2:
        return None, start + 2
    charset, encoding = text[start + 2 : mark], text[mark + 1].lower()
    if encoding not in "bq" or text[mark + 2 : mark + 3] != "?" or not charset or " " in charset:
        return None, start + 2
    begin = mark + 3
    stop = text.find("?=", begin)
    # `=?x?q?=41?=`: the first "?=" may be the mark before an escaped byte at the very start
    if stop < 0:
        cut = re.compile(r"\s|$").search(text, begin)
        stop = cut.start() if cut else len(text)
        after = stop
    else:
        after = stop + 2
    payload = text[begin:stop]
    if "=?" in payload and encoding == "b":
        # the end of this word is missing and the next one has begun
        stop = begin + payload.index("=?")
        payload, after = text[begin:stop], stop
    return _Word(charset.split("*", 1)[0], _payload(payload, encoding)), after


def _payload(text: str, encoding: str) -> bytes:
    if encoding == "q":
        raw = text.replace("_", " ").encode("utf-8", "replace")
        return binascii.a2b_qp(raw.replace(b"=\r\n", b"").replace(b"=\n", b"").replace(b"\n", b""))
    digits = re.sub(r"[^A-Za-z0-9+/]+", "", text)
    if len(digits) % 4 == 1:
        digits = digits[:-1]
    return binascii.a2b_base64(digits + "=" * (-len(digits) % 4))


def _join(pieces: list[str | _Word]) -> str:
    """Decode runs of words of one charset together, because senders split characters between words."""
    out: list[str] = []
    run: _Word | None = None
    for piece in pieces:
        if isinstance(piece, str):
            if run:
                out.append(_text(run))
                run = None
            out.append(piece)
        elif run and run.charset.lower() == piece.charset.lower() and not _stateful(run.charset):
            run = _Word(run.charset, run.data + piece.data)
        else:
            if run:
                out.append(_text(run))
            run = piece
    if run:
        out.append(_text(run))
    return "".join(out)


def _stateful(charset: str) -> bool:
    return (codec_for(charset) or "").startswith(("iso2022", "hz", "utf-7", "utf-16"))


def _text(word: _Word) -> str:
    return decode(word.data, word.charset)[0]
