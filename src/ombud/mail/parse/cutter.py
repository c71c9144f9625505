"""What did the sender write now? Splits a body into reply, quoted text and signature.

The lines are marked first (blank, quoted, separator, text). Then:
a separator that no quoted lines follow quotes everything below it; quoted lines below a separator, or in
markup, go with it and what stands after them stays; answers written between quoted lines keep those quotes,
because they mean nothing without them; a forwarded message is what the sender sends, so it stays.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from ombud.mail.parse import limits
from ombud.mail.parse.attribution import ends_like_attribution, find_attribution
from ombud.mail.parse.lines import Line, plain_lines, unquoted
from ombud.mail.parse.model import Reply
from ombud.mail.parse.separators import (
    find_header_block,
    forward_values,
    is_forward_mark,
    is_original_mark,
    is_rule,
)
from ombud.mail.parse.signature import find_signature
from ombud.mail.parse.vocabulary import Label

_FEW_QUOTED = 3
_ATTRIBUTIONS = 400
_OVERFLOW_AFTER = 60


@dataclass(frozen=True, slots=True)
class Cut:
    """The result: the three texts, and the header of a forwarded message when there is one."""

    reply: Reply
    is_forward: bool = False
    forwarded: dict[Label, str] = field(default_factory=dict)


def cut_text(text: str, forwards: bool = False) -> Cut:
    """Split a plain text; `forwards` says that the subject announces a forwarded message. Never raises."""
    return cut_lines(plain_lines(text), forwards)


def cut_lines(lines: list[Line], forwards: bool = False) -> Cut:
    """Split a body given as lines. What follows `limits.CUT_LINES` lines shares the fate of the last of them."""
    lines, rest = lines[: limits.CUT_LINES], lines[limits.CUT_LINES :]
    marker = _Marker([line.as_read for line in lines])
    read, marks, blocks = marker.lines, marker.marks, marker.blocks
    for at, offset in marker.parted:
        text = lines[at].text
        lines[at : at + 1] = [Line(text[:offset]), Line(text[offset:])]
    forward = _forward_at(read, marks, blocks, forwards)
    if forward is not None:
        values = blocks.get(forward) or forward_values(read, forward)
        return Cut(Reply(_join(lines + rest)), True, values)
    reply, quoted = _split(read, marks)
    if rest:
        into = reply if reply and reply[-1] == len(lines) - 1 else quoted
        into.extend(range(len(lines), len(lines) + len(rest)))
        lines = lines + rest
    kept, signature = _without_signatures(read + rest, reply)
    return Cut(Reply(*(_join([lines[i] for i in chosen]) for chosen in (kept, quoted, signature))))


def _join(lines: list[Line]) -> str:
    return "\n".join(line.text for line in lines).strip("\n\r \t\u00a0\ufeff\u200b")


class _Marker:
    """Marks each line: `e`mpty, `m`arked as quoted, `s`eparator, `c`ut from here, `t`ext.

    `marks` always ends where the next line is to be looked at. A line that holds the end of the reply and an
    attribution is split in two, in place; `parted` says which ones, and where.
    """

    def __init__(self, lines: list[Line]) -> None:
        self.lines = lines
        self.marks: list[str] = []
        self.blocks: dict[int, dict[Label, str]] = {}
        self.parted: list[tuple[int, int]] = []
        self.tries = _ATTRIBUTIONS
        while len(self.marks) < len(lines):
            self._step(len(self.marks))
        _mark_rules(lines, self.marks)

    def _step(self, at: int) -> None:
        line = self.lines[at]
        if line.cut:
            self.marks.append("c")
            self._finish()
        elif line.is_blank:
            self.marks.append("e")
        elif line.quoted:
            self.marks.append("m")
        elif block := find_header_block(self.lines, at):
            self.blocks[at] = block.values
            self.marks += "s" * (block.end - at)
        elif is_original_mark(self.lines, at):
            self.marks.append("s")
        elif not self._attribution(at):
            self.marks.append("t")
            if self._is_below_separator():
                self._finish()

    def _attribution(self, at: int) -> bool:
        if self.tries <= 0 or not ends_like_attribution(self.lines[at].text):
            return False
        self.tries -= 1
        found = find_attribution(self.lines, at)
        if found is None:
            return False
        start, offset = found
        if offset:
            text = self.lines[start].text
            self.lines[start : start + 1] = [Line(text[:offset]), Line(text[offset:])]
            self.parted.append((start, offset))
            self.marks[start:] = "t"
            start, at = start + 1, at + 1
        self.marks[start:] = "s" * (at + 1 - start)
        return True

    def _is_below_separator(self) -> bool:
        above = len(self.marks) - 2
        while above >= 0 and self.marks[above] == "e":
            above -= 1
        return above >= 0 and self.marks[above] == "s"

    def _finish(self) -> None:
        """All from the separator on is quoted: there is nothing more to find out."""
        self.marks += "t" * (len(self.lines) - len(self.marks))


def _mark_rules(lines: list[Line], marks: list[str]) -> None:
    """A line drawn directly above a separator belongs to it."""
    for at, mark in enumerate(marks):
        if mark in "sc" and (at == 0 or marks[at - 1] != mark):
            above = at - 1
            while above >= 0 and marks[above] == "e":
                above -= 1
            if above >= 0 and marks[above] == "t" and is_rule(lines[above].text):
                marks[above] = "s"


def _forward_at(
    lines: list[Line], marks: list[str], blocks: dict[int, dict[Label, str]], forwards: bool
) -> int | None:
    """Find where a forwarded message begins, unless something is quoted above it."""
    for at, mark in enumerate(marks):
        if mark == "e":
            continue
        if is_forward_mark(lines[at].text if mark != "m" else unquoted(lines[at].text)):
            return at
        if mark == "t":
            continue
        if not forwards:
            return None
        if mark == "m" and not lines[at].strong:
            return None
        near = [b for b in sorted(blocks) if at <= b <= at + 10]
        if near:
            return near[0]
        for below in range(at, min(at + 10, len(lines))):
            if find_header_block(lines, below):
                return below - 1 if below else 0
        return None
    return None


def _split(lines: list[Line], marks: list[str]) -> tuple[list[int], list[int]]:
    """Decide for each line whether it is reply or quote."""
    end = _end_of_reply(marks)
    marks = marks[:end]
    reply, quoted = list(range(end)), list(range(end, len(lines)))
    _mark_overflow(lines, marks)
    if "s" in marks:
        announced_at = marks.index("s")
        if "t" in marks[:announced_at]:
            # what is quoted above the separator is the sender's own citation
            marks[:announced_at] = ["t" if mark == "m" else mark for mark in marks[:announced_at]]
    marked = [i for i, mark in enumerate(marks) if mark == "m"]
    if not marked:
        return reply, quoted
    first, last = marked[0], marked[-1]
    announced = "s" in marks or any(lines[i].strong for i in marked)
    if "t" in marks[first:last]:
        # answers between the quotes
        last_text = max(i for i, mark in enumerate(marks) if mark == "t")
        dropped = {
            i
            for i, mark in enumerate(marks)
            if mark == "s" or i > last_text or (mark == "m" and _is_attribution_in_markup(lines[i]))
        }
    elif "t" in marks[last:] and not announced and len(marked) < _FEW_QUOTED:
        return reply, quoted
    else:
        first = _start_of_separator(marks, first)
        while last + 1 < end and marks[last + 1] in "es":
            last += 1
        dropped = set(range(first, last + 1))
    return [i for i in reply if i not in dropped], sorted(dropped) + quoted


def _is_attribution_in_markup(line: Line) -> bool:
    """What stands in a program's quote container, but in no quotation, is its line about who wrote."""
    return line.strong and not line.text.startswith(">")


def _end_of_reply(marks: list[str]) -> int:
    """Find the first separator that no quoted line follows: from there on all is quoted."""
    at = 0
    while at < len(marks):
        if marks[at] == "c":
            return at
        if marks[at] == "s":
            below = at
            while below < len(marks) and marks[below] in "se":
                below += 1
            if below == len(marks) or marks[below] != "m":
                return at
            at = below
        at += 1
    return len(marks)


def _start_of_separator(marks: list[str], first: int) -> int:
    """Go back from the first quoted line to the separator above it, if there is one."""
    start, at = first, first - 1
    while at >= 0 and marks[at] in "se":
        if marks[at] == "s":
            start = at
        at -= 1
    return start


def _mark_overflow(lines: list[Line], marks: list[str]) -> None:
    """The end of a long quoted line that was wrapped without a quote mark is no answer."""
    for at in range(1, len(marks) - 1):
        if marks[at] == "t" and marks[at - 1] == "m" and marks[at + 1] == "m":
            above, text = lines[at - 1].text, lines[at].text.strip()
            if len(above) >= _OVERFLOW_AFTER or text.startswith(("(http", "<http", "http", "<mailto")):
                marks[at] = "m"


def _without_signatures(lines: list[Line], reply: list[int]) -> tuple[list[int], list[int]]:
    """Take the signature off each unbroken stretch of the reply."""
    kept: list[int] = []
    signature: list[int] = []
    run: list[int] = []
    for place, i in enumerate(reply):
        run.append(i)
        if place + 1 == len(reply) or reply[place + 1] != i + 1:
            at = find_signature([lines[j] for j in run], is_rest=any(not lines[j].is_blank for j in kept))
            kept += run if at is None else run[:at]
            signature += [] if at is None else run[at:]
            run = []
    return kept, signature
