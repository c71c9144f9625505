"""In which time zone a page's times stand: that of its reader, which their browser says in a cookie.

The scripts set the cookie (`times.js`); before they have run, and without them, times are UTC's and say so.
The guard reads it at the beginning of each request.
"""

from __future__ import annotations

from contextvars import ContextVar
from datetime import UTC, datetime, tzinfo

from starlette.requests import cookie_parser

from ombud.errors import Invalid
from ombud.kit.zones import zone_of

COOKIE = "ombud_zone"
LONGEST_NAME = 64
"""In characters; the longest that there is has 32."""

_zone: ContextVar[tuple[str, tzinfo]] = ContextVar("ombud_web_zone", default=("UTC", UTC))


def settle_zone(cookies: str) -> None:
    """Take the zone from a request's cookies; what is no zone is UTC: no page may fail for it."""
    name = cookie_parser(cookies).get(COOKIE, "UTC") if COOKIE in cookies else "UTC"
    try:
        _zone.set((name, zone_of(name[:LONGEST_NAME])))
    except Invalid:
        _zone.set(("UTC", UTC))


def zone_name() -> str:
    """Return the name of the reader's zone, for searches of days."""
    return _zone.get()[0]


def local(moment: datetime) -> datetime:
    """Return the same moment in the reader's zone, or as it is where the calendar ends before that."""
    try:
        return moment.astimezone(_zone.get()[1])
    except OverflowError:
        return moment
