"""Header lines, made here and nowhere else: whatever a name or a subject holds, it stays in its own line.

Values become one line without control characters first (`one_line`), then ASCII by RFC 2047, then folded at
spaces. No line is longer than 76 characters unless one word is (a Message-ID); none is ever longer than 998.
"""

import base64
from collections.abc import Iterable, Sequence
from datetime import datetime
from email.utils import format_datetime

from ombud.mail.compose.letter import Person
from ombud.mail.outgoing.rules import one_line

WIDTH = 76
_WORD_BYTES = 42
"""UTF-8 bytes of one encoded word: with base64 and its frame under the 75 characters of RFC 2047."""
_ATOM = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~ ")


def text_header(name: str, value: str, *, limit: int = 500) -> str:
    """Return a header of free text: `Subject`."""
    return fold(name, encoded(one_line(value, limit)).split(" "))


def people_header(name: str, people: Sequence[Person]) -> str:
    """Return a header of addresses; a comma stands only between two of them."""
    words: list[str] = []
    for number, person in enumerate(people):
        end = "," if number + 1 < len(people) else ""
        phrase = [word for word in _phrase(person.name).split(" ") if word]
        words += [*phrase, f"<{person.email}>{end}"] if phrase else [f"{person.email}{end}"]
    return fold(name, words)


def ids_header(name: str, message_ids: Iterable[str]) -> str:
    """Return a header of Message-IDs."""
    return fold(name, [f"<{one}>" for one in message_ids])


def date_header(moment: datetime) -> str:
    """Return the Date line."""
    return f"Date: {format_datetime(moment)}\r\n"


def fold(name: str, words: Sequence[str]) -> str:
    """Return the header, broken before words that would make a line longer than WIDTH, with its line end."""
    lines, line = [], f"{name}:"
    for word in words:
        if len(line) + 1 + len(word) > WIDTH and line != f"{name}:":
            lines.append(line)
            line = ""
        line = f"{line} {word}"
    return "\r\n".join([*lines, line]) + "\r\n"


def encoded(text: str) -> str:
    """Return text in ASCII: as it is, or as encoded words (RFC 2047) with a space between them.

    Text that looks like an encoded word is encoded, too, so that it is read as it was written; so are words that
    no line could hold.
    """
    if text.isascii() and "=?" not in text and all(len(word) < WIDTH for word in text.split(" ")):
        return text
    return " ".join(_encoded_word(piece) for piece in _pieces(text))


def _phrase(name: str) -> str:
    shown = one_line(name, 200)
    if not shown.isascii() or "=?" in shown or any(len(word) >= WIDTH for word in shown.split(" ")):
        return encoded(shown) if shown else ""
    if set(shown) <= _ATOM:
        return shown
    escaped = shown.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _pieces(text: str) -> Iterable[str]:
    """Cut text into pieces whose UTF-8 fits one encoded word, never inside a character."""
    piece, size = "", 0
    for char in text:
        width = len(char.encode())
        if size + width > _WORD_BYTES:
            yield piece
            piece, size = "", 0
        piece += char
        size += width
    if piece:
        yield piece


def _encoded_word(text: str) -> str:
    return f"=?utf-8?b?{base64.b64encode(text.encode()).decode()}?="
