"""A body as lines, the common ground of plain text and HTML for cutting quotes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ombud.mail.parse import limits

_QUOTE_MARK = re.compile(r"[ \t]{0,3}(?:>|\uff1e(?=[ >\uff1e]|$))")
_TORN = re.compile(r">[ \t]*(?:[^\W\d]{1,20}[ \t]){0,3}[^\W\d]{1,20}[ \t]?[:：][ \t]*$")
_BREAKS = re.compile(r"\r\n|\r|\n")

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
