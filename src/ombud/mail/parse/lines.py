"""A body as lines, the common ground of plain text and HTML for cutting quotes."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from ombud.mail.parse import limits

_QUOTE_MARK = re.compile(r"[ \t\u00a0\u200e\u200f\ufeff]{0,3}(?:>|\uff1e(?=[ >\uff1e]|$))")
_TORN = re.compile(r">[ \t]*(?:[^\W\d]{1,20}[ \t]){0,3}[^\W\d]{1,20}[ \t]?[:：][ \t]*$")
_BREAKS = re.compile(r"\r\n|\r|\n")

_SPACES = dict.fromkeys([0x00A0, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000], " ")
_AROUND = " \t\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00a0\u00ad \t\f\v\r\n"


@dataclass(frozen=True, slots=True)
class Line:
    """One line. `quoted` marks another's words; `strong` that markup says so, not only a `>`.
    `cut` marks the place where a mail program began to quote down to the end.
    """

    text: str
    quoted: bool = False
    strong: bool = False
    cut: bool = False

    @property
    def is_blank(self) -> bool:
        """Whether nothing can be seen on it."""
        return not self.text.strip(INVISIBLE)

    @property
    def as_read(self) -> Line:
        """The line as people read it: every kind of space is a plain one, and so is a mark around it that nobody sees.

        Programs put them into the lines that they write themselves ("9:41\u202fAM", "De\u00a0la:", a mark of direction
        in front). As long as the line itself: a place in the one is the same place in the other.
        """
        if self.text.isascii():
            return self
        text = self.text.translate(_SPACES)
        ends = text.rstrip(_AROUND)
        bare = ends.lstrip(_AROUND)
        text = " " * (len(ends) - len(bare)) + bare + " " * (len(text) - len(ends))
        return self if text == self.text else replace(self, text=text)


def plain_lines(text: str) -> list[Line]:
    """Cut a plain text into lines; those that begin with `>` are quoted.

    What follows `limits.CUT_LINES` lines comes as one: it is not looked at any more.
    """
    out: list[Line] = []
    for line in _BREAKS.split(text, maxsplit=limits.CUT_LINES):
        quoted = _QUOTE_MARK.match(line) is not None
        if quoted and len(line) < 60 and _TORN.match(line) and out and out[-1].text and not out[-1].quoted:
            quoted = False  # "<jane@example.com\n> wrote:", a line torn before the bracket
        out.append(Line(line, quoted))
    return out


def unquoted(line: str) -> str:
    """Take the quote marks off a line."""
    return re.sub(r"^[ \t>]+", "", line) if ">" in line[:40] else line
