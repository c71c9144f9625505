"""Values out of a row, as the mapping says: texts, choices, moments. Problems are collected by field."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeVar
from zoneinfo import ZoneInfo

from ombud.errors import Invalid
from ombud.transfer.mapping import Cell, Moment
from ombud.transfer.template import Template

T = TypeVar("T")
K = TypeVar("K", bound=StrEnum)

_UNDECODED = re.compile("[\ud800-\udfff]")


class Problems(dict[str, str]):
    """What is wrong with a row: field -> rule."""

    def take(self, field: str, read: Callable[[], T], instead: T) -> T:
        """Return what `read` does, or note its complaint under `field` and return `instead`."""
        try:
            return read()
        except Invalid as error:
            self[field] = next(iter(error.fields.values()), error.message)
            return instead


def text_of(cell: Cell, row: Mapping[str, str]) -> str:
    """Return the cell's text, mapped and defaulted; Invalid when it is not text or not in the map."""
    found = _raw(cell, row)
    if _UNDECODED.search(found):
        raise Invalid("is not text in the file's encoding; see `encoding` in the mapping.")
    if not found.strip():
        return cell.default or ""
    if not cell.map:
        return found
    wanted = found.strip().casefold()
    for said, meant in cell.map.items():
        if said.casefold() == wanted:
            return meant
    if cell.default is not None:
        return cell.default
    raise Invalid(f"{_short(found)} is not in the map.")


def choice_of(cell: Cell | None, row: Mapping[str, str], kind: type[K], usual: K) -> K:
    """Return a status, priority or channel; `usual` where the file says nothing."""
    said = text_of(cell, row).strip() if cell is not None else ""
    if not said:
        return usual
    try:
        return kind(said.lower())
    except ValueError:
        raise Invalid(f"{_short(said)} is not one of {', '.join(kind)}.") from None


def moment_of(cell: Moment | None, row: Mapping[str, str], zone: ZoneInfo) -> datetime | None:
    """Return a point in time, aware; None where the file says nothing. Naive times are in `zone`."""
    if cell is None:
        return None
    names = cell.columns or ()
    values = [row[name] for name in names] if names else [_raw(cell, row)]
    moments = [_parsed(value.strip(), cell.format, zone) for value in values if value.strip()]
    if not moments:
        return _parsed(cell.default, None, zone) if cell.default else None
    match cell.pick:
        case "earliest":
            return min(moments)
        case "latest":
            return max(moments)
        case "first":
            return moments[0]


def _raw(cell: Cell, row: Mapping[str, str]) -> str:
    if cell.template is not None:
        return Template(cell.template).fill(row)
    if cell.value is not None:
        return cell.value
    return next((row[name] for name in cell.names() if row[name].strip()), "")


def _parsed(value: str, pattern: str | None, zone: ZoneInfo) -> datetime:
    try:
        found = datetime.strptime(value, pattern) if pattern else datetime.fromisoformat(value)  # noqa: DTZ007
        return (found if found.tzinfo else found.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        wanted = f"of the form {pattern}" if pattern else "such as 2024-05-31 14:00"
        raise Invalid(f"{_short(value)} is not a time {wanted}.") from None


def _short(value: str) -> str:
    line = " ".join(value.split())
    return repr(line if len(line) <= 40 else f"{line[:39]}…")
