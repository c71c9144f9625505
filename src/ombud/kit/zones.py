"""Times and time zones, as people and programs give them."""

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ombud.errors import Invalid

_NO_ZONES = ("localtime", "posixrules", "Factory")
"""Files beside the zones, which PostgreSQL does not know."""

EARLIEST, LATEST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)


def aware(field: str, value: object) -> datetime:
    """Return a time that has a zone; Invalid for one without (it means another moment on another machine)."""
    if not isinstance(value, datetime):  # of hosts without a type checker: a date or a text, most of all
        raise Invalid(fields={field: "must be a time."})
    if value.utcoffset() is None:
        raise Invalid(fields={field: "needs a time zone."})
    try:
        value.astimezone(UTC)
    except OverflowError:  # PostgreSQL would keep it, and no driver could read the row any more
        raise Invalid(fields={field: "is too far away."}) from None
    return value


def kept(field: str, value: object) -> datetime:
    """Return a time that a row may have, as its table checks: a day less than Python's, for zones on either side."""
    moment = aware(field, value)
    if not EARLIEST <= moment < LATEST:
        raise Invalid(fields={field: "is too far away."})
    return moment


def zone_of(name: str) -> tzinfo:
    """Return the time zone of that name; Invalid when there is none."""
    if name == "UTC":
        return UTC  # wherever Python finds no zones at all
    if name in _NO_ZONES:
        raise Invalid(fields={"time_zone": "is not a time zone such as Europe/Berlin."})
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, TypeError, ZoneInfoNotFoundError):
        raise Invalid(fields={"time_zone": "is not a time zone such as Europe/Berlin."}) from None
