"""What people type into the search box: words, and terms such as `status:open` or `created:>2026-01-01`.

Terms become fields of the filter; what is left is searched as words. Only the keys listed here are terms, so
`error: disk full` and `https://example.com` stay words. A term's value may be quoted: `team:"Second line"`.
`contains:"50 %"` finds exactly that. With a dash in front a term leaves out: `-tag:spam`.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Any, TypeVar

from ombud import clock
from ombud.errors import Invalid
from ombud.kit.zones import zone_of
from ombud.models import TicketChannel, TicketPriority, TicketStatus
from ombud.tickets.filters import ME, UNASSIGNED, TicketFilter
from ombud.tickets.rules import DONE, UNDONE

_TERM = re.compile(
    r'(?<!\S)(?P<dash>-?)(?P<key>[a-z]+):(?:"(?P<quoted>[^"]*)"|(?P<value>\S+))', re.IGNORECASE
)
# Dashes with nothing to leave out between them: an underline, say. PostgreSQL keeps each "not" that waits for its word
# on a stack of 32 and fails beyond.
_DASHES = re.compile(r'(?:-[^\w"-]*){8,}')
_AGE = re.compile(r"(\d{1,5})([hdw])")
_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}

E = TypeVar("E", bound=StrEnum)
Term = Callable[[TicketFilter, str], TicketFilter]


def understand(wanted: TicketFilter) -> TicketFilter:
    """Return the filter with the terms of its text as conditions and only words left as text.

    Repeated terms of one field mean "any of them" (tags and times: all of them), as do a term and what the filter
    held of its field, but for requester, organization and team, of which both must hold; those left out none of
    them. Raises Invalid for a value that the term does not have.
    """
    if wanted.text is None:
        return wanted if wanted.time_zone == "UTC" else replace(wanted, time_zone="UTC")
    understood, words = wanted, wanted.text
    for match in _TERM.finditer(wanted.text):
        value = match["quoted"] if match["quoted"] is not None else match["value"]
        term = TERMS.get(match["key"].lower())
        if term is not None and value:
            understood = _leaving_out(understood, term, value) if match["dash"] else term(understood, value)
            words = words.replace(match[0], " ", 1)
    kept = _DASHES.sub(lambda run: " -" if run[0].endswith(" -") else " ", words)
    if words.strip() and not kept.strip():
        kept = "-"  # which finds nothing either; no words at all would find everything
    return replace(understood, text=" ".join(kept.split()) or None, time_zone="UTC")


def without_terms(text: str) -> str:
    """Return a text with blanks where its terms stand: of the same length, with the words where they are."""
    return _TERM.sub(lambda term: " " * len(term[0]) if term["key"].lower() in TERMS else term[0], text)


def _leaving_out(wanted: TicketFilter, term: Term, value: str) -> TicketFilter:
    if term is _contains:
        raise Invalid(fields={"contains": "cannot be left out."})
    left_out = replace(term(TicketFilter(time_zone=wanted.time_zone), value), time_zone="UTC")
    if left_out.deleted:  # nothing deleted is listed unless it is asked for
        return replace(wanted, deleted=False)
    return wanted if left_out in wanted.without else replace(wanted, without=(*wanted.without, left_out))


def _status(wanted: TicketFilter, value: str) -> TicketFilter:
    status = _member("status", TicketStatus, value)
    return replace(wanted, statuses=(*(wanted.statuses or ()), status))


def _priority(wanted: TicketFilter, value: str) -> TicketFilter:
    priority = _member("priority", TicketPriority, value)
    return replace(wanted, priorities=(*(wanted.priorities or ()), priority))


def _channel(wanted: TicketFilter, value: str) -> TicketFilter:
    channel = _member("channel", TicketChannel, value)
    return replace(wanted, channels=(*(wanted.channels or ()), channel))


def _assignee(wanted: TicketFilter, value: str) -> TicketFilter:
    match value.lower():
        case "me":
            return replace(wanted, assignees=(*(wanted.assignees or ()), ME))
        case "none" | "nobody" | "unassigned":
            return replace(wanted, assignees=(*(wanted.assignees or ()), UNASSIGNED))
    return replace(wanted, assignee_names=(*wanted.assignee_names, value))


def _tag(wanted: TicketFilter, value: str) -> TicketFilter:
    return replace(wanted, tags=tuple(dict.fromkeys((*(wanted.tags or ()), value))))


def _team(wanted: TicketFilter, value: str) -> TicketFilter:
    return replace(wanted, team_names=(*wanted.team_names, value))


def _requester(wanted: TicketFilter, value: str) -> TicketFilter:
    return replace(wanted, requester_names=(*wanted.requester_names, value))


def _organization(wanted: TicketFilter, value: str) -> TicketFilter:
    return replace(wanted, organization_names=(*wanted.organization_names, value))


def _is(wanted: TicketFilter, value: str) -> TicketFilter:
    match value.lower():
        case "unassigned":
            return replace(wanted, assignees=(*(wanted.assignees or ()), UNASSIGNED))
        case "overdue":
            return replace(wanted, overdue=True)
        case "open":
            return replace(wanted, statuses=(*(wanted.statuses or ()), *UNDONE))
        case "done":
            return replace(wanted, statuses=(*(wanted.statuses or ()), *DONE))
        case "deleted":
            return replace(wanted, deleted=True)
    raise Invalid(fields={"is": "can be open, done, unassigned, overdue or deleted."})


def _has(wanted: TicketFilter, value: str) -> TicketFilter:
    if value.lower() not in ("attachment", "attachments", "file"):
        raise Invalid(fields={"has": "can be attachment."})
    return replace(wanted, has_attachment=True)


def _contains(wanted: TicketFilter, value: str) -> TicketFilter:
    if wanted.substring is not None:
        raise Invalid(fields={"contains": "can be given once."})
    return replace(wanted, substring=value)


def _range(field: str) -> Term:
    def term(wanted: TicketFilter, value: str) -> TicketFilter:
        start, end = _period(field, value, zone_of(wanted.time_zone))
        first, last = f"{field}_from", f"{field}_to"
        bounds: dict[str, Any] = {
            first: max(filter(None, (start, getattr(wanted, first))), default=None),
            last: min(filter(None, (end, getattr(wanted, last))), default=None),
        }
        return replace(wanted, **bounds)

    return term


def _period(field: str, value: str, zone: tzinfo) -> tuple[datetime | None, datetime | None]:
    """`2026-01-05`, `2026-01`, `2026`, `>DATE`, `<DATE`, `DATE..DATE` (both included), `7d` (the last 7 days)."""
    if age := _AGE.fullmatch(value):
        return clock.now() - int(age[1]) * _UNITS[age[2]], None
    if ".." in value:
        first, _, last = value.partition("..")
        return (
            _days(field, first, zone)[0] if first else None,
            _days(field, last, zone)[1] if last else None,
        )
    if value[:1] in "<>":
        start, end = _days(field, value[1:].removeprefix("="), zone)
        return (
            (start if value.startswith(">=") else end, None)
            if value[0] == ">"
            else (
                None,
                end if value.startswith("<=") else start,
            )
        )
    return _days(field, value, zone)


def _days(field: str, value: str, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return the first moment of a day, month or year of that zone and the first one after it, in UTC."""
    try:
        parts = [int(part) for part in value.split("-")]
        match parts:
            case [year]:
                return _moment(zone, year), _moment(zone, year + 1)
            case [year, month]:
                return _moment(zone, year, month), _moment(zone, year + month // 12, month % 12 + 1)
            case [year, month, day]:
                # By the calendar: the day on which clocks change has 23 hours, or 25.
                following = date(year, month, day) + timedelta(days=1)
                return _moment(zone, year, month, day), _moment(zone, *following.timetuple()[:3])
    except (ValueError, OverflowError):
        pass
    raise Invalid(
        fields={field: "needs a date such as 2026-01-31, a range 2026-01..2026-03, or an age such as 7d."}
    )


def _moment(zone: tzinfo, year: int, month: int = 1, day: int = 1) -> datetime:
    return datetime(year, month, day, tzinfo=zone).astimezone(UTC)


def _member(field: str, enum: type[E], value: str) -> E:
    try:
        return enum(value.lower().replace("-", "_").replace(" ", "_"))
    except ValueError:
        choices = ", ".join(member.value for member in enum)
        raise Invalid(fields={field: f"can be {choices}."}) from None


TERMS: dict[str, Term] = {
    "status": _status,
    "priority": _priority,
    "channel": _channel,
    "assignee": _assignee,
    "team": _team,
    "tag": _tag,
    "requester": _requester,
    "from": _requester,
    "organization": _organization,
    "org": _organization,
    "is": _is,
    "has": _has,
    "contains": _contains,
    "created": _range("created"),
    "updated": _range("updated"),
    "resolved": _range("resolved"),
}
