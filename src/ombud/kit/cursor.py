"""Keyset cursors: where a page ended, as an opaque text that goes through a URL and back."""

import base64
import json
from datetime import UTC, datetime

from ombud.errors import Invalid

CursorValue = str | int | float | datetime


def encode_cursor(sort: str, values: tuple[CursorValue, ...]) -> str:
    """Return a cursor for rows after `values` in the order `sort`."""
    items = [{"t": value.isoformat()} if isinstance(value, datetime) else value for value in values]
    packed = json.dumps([sort, items], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def decode_cursor(cursor: str, *, sort: str, types: tuple[type, ...]) -> tuple[CursorValue, ...]:
    """Return the values, of these types, of a cursor made for `sort`; Invalid for any other text."""
    try:
        packed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        found_sort, items = json.loads(packed)
        values = tuple(_value(item) for item in items)
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        raise Invalid(fields={"cursor": "is not a cursor of this list."}) from None
    if found_sort != sort or tuple(map(type, values)) != types:
        raise Invalid(fields={"cursor": "belongs to a list in another order."})
    return values


def _value(item: object) -> CursorValue:
    if isinstance(item, dict):
        moment = datetime.fromisoformat(item["t"])
        if moment.tzinfo is None:
            raise ValueError("naive")
        return moment.astimezone(UTC)
    if isinstance(item, bool) or not isinstance(item, str | int | float):
        raise TypeError("not a cursor value")
    if isinstance(item, int) and not -(2**63) <= item < 2**63:
        raise ValueError("too large")
    return item
