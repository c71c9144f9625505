"""Time zones by their names, as people and programs give them."""

from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ombud.errors import Invalid


def zone_of(name: str) -> tzinfo:
    """Return the time zone of that name; Invalid when there is none."""
    if name == "UTC":
        return UTC  # wherever Python finds no zones at all
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, TypeError, ZoneInfoNotFoundError):
        raise Invalid(fields={"time_zone": "is not a time zone such as Europe/Berlin."}) from None
