"""The Date field (RFC 5322, 3.3) and the shapes that senders give it."""

from __future__ import annotations

import datetime as dt
import re
from email.utils import parsedate_tz

_COMMENT = re.compile(r"\([^()]*\)")
_COLON = re.compile(r"\s{0,20}:\s{0,20}")
_OFFSET_COLON = re.compile(r"([+-]\d{2}):(\d{2})$")
_ZONE_WORD = re.compile(r"\b(?:UTC|GMT)\s*(?=[+-]\d)")


def parse_date(text: str) -> dt.datetime | None:
    """Read a date; without an offset it is taken as UTC. None when it cannot be read. Never raises."""
    text = _COLON.sub(":", _COMMENT.sub(" ", text[:200])).strip().strip('"')
    if not any(c.isdigit() for c in text):
        return None
    text = _ZONE_WORD.sub("", text)
    return _mail_date(text) or _mail_date(_OFFSET_COLON.sub(r"\1\2", text)) or _iso_date(text)


def _mail_date(text: str) -> dt.datetime | None:
    try:
        parts = parsedate_tz(text)
        if parts is None or not re.search(r"[A-Za-z]{3}", text):
            return None
        offset = parts[9] or 0
        if abs(offset) >= 86_400:
            offset = 0
        zone = dt.timezone(dt.timedelta(seconds=offset - offset % 60))
        return dt.datetime(*parts[:5], min(parts[5], 59), tzinfo=zone)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _iso_date(text: str) -> dt.datetime | None:
    try:
        when = dt.datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        return None
    return when if when.tzinfo else when.replace(tzinfo=dt.UTC)
