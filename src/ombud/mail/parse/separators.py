"""Lines between a reply and what it answers that name no verb: header blocks as of Outlook, "Original Message",
"Reply above this line", and the lines that open a forwarded message.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ombud.mail.parse.lines import Line, unquoted
from ombud.mail.parse.vocabulary import FORWARD, LABELS, ORIGINAL, REPLY_ABOVE, Label

_DASHED = re.compile(r"[\s>*|_]{0,6}[-–—_=*~#]{2,80}\s*([^-–—_=*~#\s].{0,80}?)\s*[-–—_=*~#>\s]{0,80}$")
_RULE = re.compile(r"\s*(?:[-–—_=*~]\s?){3,200}\s*$")
_LABELLED = re.compile(
    r"[\s>*_|•\u200e\u200f]{0,12}([^\s:：*_>][^:：*_\t]{0,24}?)\s{0,3}[*_]{0,2}\s{0,3}[:：][*_]{0,2}\s*(.{0,500})"
)
_MARKS = "*_\u200e\u200f\u202a\u202b\u202c\u00a0 \t"
_FORWARD = re.compile("|".join(re.escape(w) for w in FORWARD.split("|")), re.IGNORECASE)
_TITLES = frozenset(ORIGINAL.split("|"))
_ORIGINAL = re.compile("|".join(re.escape(w) for w in ORIGINAL.split("|")), re.IGNORECASE)
_ABOVE = tuple(REPLY_ABOVE.split("|"))
_MESSAGE_OF = re.compile(r"(?i)[\s>*_=-]{0,6}message (?:du|de|from|of|vom|von)\b")
_ADDRESSED = re.compile(
    r"(?P<name>[^<>]{0,120}?)\s{0,3}[<(](?P<email>[^\s<>()]{1,80}@[^\s<>()]{1,120})[>)][^<>@]{0,80}[:：]\s*$"
)
_QUOTED_NAME = re.compile(r'"([^"]{1,80})"\s*$')
_TIME = re.compile(r"\d{1,2}\s?[:.h]\s?\W?\d{2}|(?:19|20)\d\d")
_MOST_LINES = 16


@dataclass(frozen=True, slots=True)
class HeaderBlock:
    """A run of labelled lines: where it starts and ends (exclusive), and what the labels said."""

    start: int
    end: int
    values: dict[Label, str] = field(default_factory=dict)


def label_of(text: str) -> tuple[Label, str] | None:
    """Read a line such as `From: ...`, or None."""
    if ":" not in text[:60] and "：" not in text[:60]:
        return None
    match = _LABELLED.match(text)
    if not match:
        return None
    label = LABELS.get(match[1].strip(_MARKS).lower())
    return (label, match[2].strip(_MARKS)) if label else None


def find_header_block(lines: list[Line], start: int) -> HeaderBlock | None:
    """Read the header block that begins on line `start`, if one does."""
    first = label_of(lines[start].text)
    if first is None or first[0] in (Label.OTHER, Label.CC):
        return None
    values: dict[Label, str] = {}
    last, at, loose = start, start, 0
    while at < len(lines) and at - start < _MOST_LINES and lines[at].quoted == lines[start].quoted:
        labelled = label_of(lines[at].text)
        if labelled:
            if labelled[0] in values and labelled[0] is first[0]:
                break  # the next block
            values.setdefault(*labelled)
            last, loose = at, 0
        else:
            loose += 1
            if loose > 2:
                break
            if loose == 1 and not lines[at].is_blank and last == at - 1:
                _continue_value(values, lines[last].text, lines[at].text)
        at += 1
    return HeaderBlock(start, last + 1, values) if _convinces(values) else None


def _continue_value(values: dict[Label, str], above: str, text: str) -> None:
    labelled = label_of(above)
    if labelled and values.get(labelled[0]) == labelled[1]:
        values[labelled[0]] = f"{labelled[1]} {text.strip(_MARKS)}".strip()


def _convinces(values: dict[Label, str]) -> bool:
    """Tell a mail's header from other labelled lines, such as an appointment or a travel request."""
    if len(values) < 2:
        return False
    joined = " ".join(values.values())
    evidence = "@" in joined or Label.SUBJECT in values or Label.SENT in values
    when = Label.SENT in values or Label.DATE in values
    if Label.FROM in values:
        if len(values) == 2 and not ("@" in joined or _TIME.search(joined)):
            return False
        return evidence and (when or Label.SUBJECT in values or Label.TO in values)
    return when and Label.TO in values and "@" in joined and bool(_TIME.search(joined))


def is_rule(text: str) -> bool:
    """Whether a line is only drawn: dashes, underscores, equals signs."""
    return _RULE.match(text[:400]) is not None


def is_forward_mark(text: str) -> bool:
    """Whether a line opens a forwarded message."""
    text = text[:300].strip()
    if text.startswith(("--", "==", "__", "**", "–", "—", "- ", "~~")):
        return len(text) < 160 and _FORWARD.search(text) is not None
    bare = text.strip("*_> \u200e\u200f")
    return len(bare) < 60 and bare.endswith((":", "：")) and _FORWARD.match(bare) is not None


def is_original_mark(lines: list[Line], index: int) -> bool:
    """Whether a line announces the message that is answered: "-----Original Message-----" and its kin."""
    text = lines[index].text
    if len(text) > 300:
        return False
    if _MESSAGE_OF.match(text) and len(text) < 80 and _block_near(lines, index + 1):
        return True
    lower = text.lower()
    if any(phrase in lower for phrase in _ABOVE):
        return len(text) < 160
    dashed = _DASHED.match(text)
    if not dashed:
        return _is_titled(lines, index)
    title = dashed[1].strip(_MARKS + ":")
    if _ORIGINAL.search(title):
        return len(title) < 60
    closed = text.rstrip()[-2:] in ("--", "==", "__", "——", "––")
    return closed and len(title) < 60 and _block_near(lines, index + 1)


def _is_titled(lines: list[Line], index: int) -> bool:
    """`*Previous Replies*` or `Original Message:` alone on a line, under a rule or above a header block."""
    bare = lines[index].text.strip(_MARKS + "#:：")
    if not bare or len(bare) > 40 or bare.lower() not in _TITLES:
        return False
    above = next((line.text for line in reversed(lines[max(0, index - 2) : index]) if not line.is_blank), "")
    return is_rule(above) or _block_near(lines, index + 1)


def _block_near(lines: list[Line], start: int) -> bool:
    for at in range(start, min(start + 3, len(lines))):
        if not lines[at].is_blank:
            return find_header_block(lines, at) is not None
    return False


def forward_values(lines: list[Line], mark: int) -> dict[Label, str]:
    """Give what the header block below a forward mark says; quote marks do not matter."""
    near = [Line(unquoted(line.text)) for line in lines[mark + 1 : mark + 30]]
    for at, line in enumerate(near[:8]):
        if label_of(line.text):
            block = find_header_block(near, at)
            if block:
                return block.values
        addressed = _ADDRESSED.match(line.text.strip()[:400])
        if addressed:  # `05.03.2024, 09:41, "Jane Roe" <jane@example.com>:`
            quoted = _QUOTED_NAME.search(addressed["name"])
            name = quoted[1] if quoted else re.split(r"[\d:.,/]+\s", addressed["name"])[-1]
            return {Label.FROM: f"{name} <{addressed['email']}>"}
    return {}
