"""How times, sizes and codes read in English. Pure; no templates, no data."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

STATUS_LABELS = {
    "open": "Open",
    "in_progress": "In progress",
    "waiting_on_customer": "Waiting",
    "resolved": "Resolved",
    "closed": "Closed",
}
STATUS_ICONS = {
    "open": "circle",
    "in_progress": "circle-dot",
    "waiting_on_customer": "circle-pause",
    "resolved": "circle-check",
    "closed": "circle-slash",
}
CHANNEL_LABELS = {
    "web": "Web",
    "email": "Email",
    "api": "API",
    "phone": "Phone",
    "chat": "Chat",
    "social": "Social",
}
PRIORITY_LABELS = {"low": "Low", "medium": "Medium", "high": "High", "urgent": "Urgent"}

# Within a line, and links within a length: anything else takes the square of what a stranger wrote (TRUST.md T73).
_FENCES = re.compile(r"^[ \t]*(```|~~~|---|===|\|[ \t:|-]*\||[:-][ \t:|-]*\|).*$", re.MULTILINE)
_LINKS = re.compile(r"!?\[([^\[\]\n]{0,500})\]\([^()\n]{0,2000}\)")
_MARKS = re.compile(r"(^\s{0,3}(#{1,6}|>|[*+-])\s+)|(\*\*|__|`)", re.MULTILINE)

DATED_AFTER = timedelta(days=7)
"""How long ago something is before its date says more than its age."""

_STEPS = (
    (timedelta(days=1), timedelta(days=1), "d"),
    (timedelta(hours=1), timedelta(hours=1), "h"),
    (timedelta(minutes=1), timedelta(minutes=1), "min"),
)


def ago(moment: datetime, now: datetime) -> str:
    """Say how long ago something was: `now`, `5 min`, `3 h`, `6 d`, then the date."""
    passed = now - moment
    if passed >= DATED_AFTER:
        return day(moment, now)
    for least, unit, name in _STEPS:
        if passed >= least:
            return f"{passed // unit} {name}"
    return "now"


def how_long_ago(moment: datetime, now: datetime) -> str:
    """Say within a sentence how long ago something was: `just now`, `5 min ago`, then `on 3 May`."""
    passed = now - moment
    if passed >= DATED_AFTER:
        return f"on {day(moment, now)}"
    return f"{ago(moment, now)} ago" if passed >= timedelta(minutes=1) else "just now"


def day(moment: datetime, now: datetime) -> str:
    """Return the date, with the year only when it is another."""
    text = f"{moment.day} {moment:%b}"
    return text if moment.year == now.year else f"{text} {moment.year}"


def exactly(moment: datetime) -> str:
    """Return the moment with its zone, for the tooltip of a relative time."""
    return f"{moment:%A} {moment.day} {moment:%B %Y, %H:%M} {moment.tzname() or ''}".rstrip()


def size(octets: int) -> str:
    """Return a file size in words, in units of 1000."""
    if octets < 1000:
        return f"{octets} B"
    for unit in ("kB", "MB"):
        octets_in_unit = octets / (1000 if unit == "kB" else 1_000_000)
        if octets_in_unit < 1000:
            return f"{octets_in_unit:.0f} {unit}" if octets_in_unit >= 10 else f"{octets_in_unit:.1f} {unit}"
    return f"{octets / 1e9:.1f} GB"


def plain_line(markdown: str) -> str:
    """Return Markdown as one plain line for a preview: marks and line breaks left out, words kept."""
    line = _FENCES.sub(" ", markdown)
    line = _LINKS.sub(r"\1", line)
    return " ".join(_MARKS.sub("", line).split())
