"""Lines that say who wrote what is quoted below: "On <date>, <name> wrote:", in any language, over several lines.

No list of full patterns: a line that ends like such a line is looked at together with those above it, and
judged by what it holds: a verb of writing, a date, an address, a beginning that fits.
"""

from __future__ import annotations

import re

from ombud.mail.parse import vocabulary
from ombud.mail.parse.lines import Line

_SPAN = 5
_CHARS = 450


def _either(words: str) -> str:
    return "|".join(re.escape(w) for w in sorted(set(words.split("|")), key=len, reverse=True))


_VERBS = tuple(sorted(set(vocabulary.WROTE.split("|")), key=len))
_WROTE = re.compile(
    rf"(?<!\w)(?:{_either(vocabulary.WROTE)})(?!\w)|写道|寫道|のメール|님이 작성|작성:|ezt írta",
    re.IGNORECASE,
)
_LEAD = re.compile(
    rf"\W{{0,6}}(?:(?:{_either(vocabulary.LEAD)})(?![\w-])|[^\W\d]{{1,14}}[.,]{{0,2}}\s+\d|\d|[在于於])",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"(?<!\d)(?:\d{1,2}\s?[:.h]\s?\d{2}(?!\d)|\d{1,4}\s?[./-]\s?\d{1,2}\s?[./-]\s?\d{1,4}|(?:19|20)\d\d(?!\d))"
    r"|\d\s?[年월月日]|\d{1,2}[.-]?\s?[^\W\d]{3,9}\.?-?,?\s+\d{2,4}"
)
_BRACKETED = re.compile(r"[<(\[][^\s<>()]{0,80}@[^<>()]{1,120}[>)\]]|[<(\[]?mailto:")
_END = re.compile(r"[:：]['\"*_)\]\s\u200e\u200f\u202c]{0,6}$")
_DASHED = re.compile(r"-{2,}\s*(?=\S)")
_TRAILING = re.compile(r"[\s*_-]{1,40}$")


def ends_like_attribution(text: str) -> bool:
    """Whether a line may be the last one of an attribution. Cheap: it is asked for every line."""
    tail = text.rstrip()[-40:]
    if not tail:
        return False
    if tail[-1] in ":：" or _END.search(tail):
        return True
    bare = _TRAILING.sub("", tail) if tail[-1] in "-*_ " else tail
    return bool(bare[-1:].isalpha() or bare[-1:] == ")") and _ends_with_verb(bare)


def _ends_with_verb(text: str) -> bool:
    lower = text.lower()
    if not lower.endswith(_VERBS):
        return False
    ends = [verb for verb in _VERBS if lower.endswith(verb)]
    return any(ord(v[0]) > 0x2E80 or not lower[: -len(v)][-1:].isalpha() for v in ends)


def _find_verb(text: str) -> bool:
    lower = text.lower()
    # an alternation of a hundred words is slow to search for; most lines hold none of them
    return any(verb in lower for verb in _VERBS) and _WROTE.search(text) is not None


def find_attribution(lines: list[Line], end: int) -> tuple[int, int] | None:
    """Find the attribution that ends on line `end`: its first line and the offset in it where it starts.

    The offset is not 0 when the reply and the attribution share a line.
    """
    if lines[end].quoted and not lines[end].strong:
        return None
    if not ends_like_attribution(lines[end].text):
        return None
    quote_follows = _quote_follows(lines, end)
    best: tuple[int, int] | None = None
    window = ""
    for start in range(end, max(-1, end - _SPAN - 1), -1):
        text = lines[start].text.strip()
        if not text or lines[start].quoted != lines[end].quoted:
            if text or start == end or not _broken_off(lines, start - 1):
                break
            continue
        window = f"{text} {window}" if window else text
        if len(window) > _CHARS:
            break
        dashed = _DASHED.search(text)
        if dashed and dashed.start() and _judge(window[dashed.end() :], quote_follows) == 2:
            return start, lines[start].text.index(dashed[0])
        verdict = _judge(window, quote_follows)
        if verdict == 2:
            return start, 0
        if verdict == 1 and (best is None or text.startswith("<")):
            best = (start, 0)
    return best


def _quote_follows(lines: list[Line], end: int) -> bool:
    for line in lines[end + 1 : end + 4]:
        if not line.is_blank:
            return line.quoted
    return False


def _broken_off(lines: list[Line], index: int) -> bool:
    """Whether a line above a blank one is the torn first half of an attribution: "On <date> <name>"."""
    if index < 0:
        return False
    text = lines[index].text.strip()
    return (
        len(text) < 120
        and text[-1:] not in ".!?:"
        and bool(_LEAD.match(text))
        and len(_DATE.findall(text)) >= 2
    )


def _judge(window: str, quote_follows: bool) -> int:
    """0: no attribution; 1: one, perhaps with more lines above; 2: a whole one."""
    text = window.strip().lstrip("*_ \u200e\u200f\u202a\u202b").strip()
    colon = bool(_END.search(text))
    date = _DATE.search(text)
    address = "@" in text
    if not (colon or date) or not (date or address or quote_follows):
        return 0
    verb = _find_verb(text)
    lead = _LEAD.match(text.lstrip("- "))
    if not colon and not (verb and _ends_with_verb(_TRAILING.sub("", text))):
        return 0
    if not colon:
        return (
            2 if date and (lead or text.startswith("--")) and (address or len(_DATE.findall(text)) > 1) else 0
        )
    dates = len(_DATE.findall(text))
    if lead and date and (verb or _BRACKETED.search(text)):
        return 2
    if dates > 1 and len(text) < 160 and (verb or _BRACKETED.search(text)):
        return 2
    if lead and verb and quote_follows and len(text) < 120 and not date:
        return 2
    if verb and (address or quote_follows) and (address or len(text) < 100):
        return 1
    return 1 if address and date and quote_follows else 0
