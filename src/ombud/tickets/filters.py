"""What a list of tickets is asked for: filters, order and place, as plain values.

`None` means "any"; an empty tuple matches nothing. Times are aware; ranges include their start and exclude
their end.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Literal

from ombud.db.types import one_of
from ombud.errors import Invalid
from ombud.kit.ids import bounded, is_id
from ombud.kit.text import storable
from ombud.kit.zones import aware, zone_of
from ombud.models import TicketChannel, TicketPriority, TicketStatus
from ombud.tickets.rules import DONE, UNDONE

ME: Literal["me"] = "me"
UNASSIGNED: Literal["unassigned"] = "unassigned"
Assignee = int | Literal["me", "unassigned"]

MAX_PAGE = 100
DEFAULT_PAGE = 50
MAX_SUBSTRING = 200
MAX_TEXT = 500
MAX_VALUES = 50
MAX_JOINED = 20
"""Of tags, names and what is left out: each is a table more for the planner, whose work grows with their square."""


class TicketSort(StrEnum):
    """The orders of a list; each ends in the ticket's id, so no two rows tie.

    RANK is how well a ticket fits the words searched for, and so needs some.
    """

    ACTIVITY = "activity"
    CREATED = "created"
    PRIORITY = "priority"
    RANK = "rank"


@dataclass(frozen=True, slots=True)
class TicketFilter:
    """Conditions on tickets, combined by AND; several values of one condition by OR, tags by AND.

    `text` is what a person typed: words, and terms that become conditions (see `ombud.tickets.grammar`).
    `substring` is found exactly as it stands, whatever the case, in number, title, description or a comment.
    `time_zone` is where the days of dates in `text` begin and end.
    `..._names` hold parts of names or addresses. Overdue: not done and older than seven days. What fulfils one of
    `without`, filters of conditions (no texts), is left out. At most 500 characters of text, 20 tags, names of a kind
    and conditions to leave out, 50 values of any other; Invalid for more.
    """

    text: str | None = None
    time_zone: str = "UTC"
    substring: str | None = None
    statuses: tuple[TicketStatus, ...] | None = None
    priorities: tuple[TicketPriority, ...] | None = None
    channels: tuple[TicketChannel, ...] | None = None
    assignees: tuple[Assignee, ...] | None = None
    team_ids: tuple[int, ...] | None = None
    tags: tuple[str, ...] | None = None
    requester_id: int | None = None
    organization_id: int | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    updated_from: datetime | None = None
    updated_to: datetime | None = None
    resolved_from: datetime | None = None
    resolved_to: datetime | None = None
    assignee_names: tuple[str, ...] = ()
    team_names: tuple[str, ...] = ()
    requester_names: tuple[str, ...] = ()
    organization_names: tuple[str, ...] = ()
    overdue: bool = False
    has_attachment: bool = False
    deleted: bool = False
    without: tuple["TicketFilter", ...] = ()

    def __post_init__(self) -> None:
        _check_sizes(self)
        for field in _TIMES:
            moment = getattr(self, field)
            if moment is not None:
                aware(field, moment)
        for field, enum in _STATES.items():
            values = getattr(self, field)
            if values is not None:
                object.__setattr__(self, field, tuple(one_of(enum, value) for value in values))
        if self.time_zone != "UTC":
            zone_of(self.time_zone)
        if self.text is not None:
            # Composed as stored texts are, or an accent typed as two characters would find nothing.
            object.__setattr__(self, "text", storable("text", self.text))
        if self.substring is not None:
            object.__setattr__(self, "substring", storable("substring", self.substring) or None)
            if len(self.substring or "") > MAX_SUBSTRING:
                raise Invalid(fields={"substring": f"must have at most {MAX_SUBSTRING} characters."})
        if any(one.text is not None or one.substring is not None or one.deleted for one in self.without):
            raise Invalid(fields={"without": "leaves out by conditions only."})
        _check_texts("tags", self.tags or ())
        _check_ids("requester_id", (self.requester_id,))
        _check_ids("organization_id", (self.organization_id,))
        _check_ids("team_ids", self.team_ids or ())
        _check_ids("assignees", tuple(one for one in self.assignees or () if one not in (ME, UNASSIGNED)))

    @property
    def is_search(self) -> bool:
        """Tell whether texts, names or files are looked through, which may take long (`ombud.db.turns`)."""
        return any(getattr(one, field) for one in self.all for field in _SEARCHED)

    @property
    def all(self) -> tuple["TicketFilter", ...]:
        """The filter itself, and those that it leaves out: whatever is asked about."""
        return (self, *self.without)


@dataclass(frozen=True, slots=True)
class Place:
    """Which part of a list: order, direction, page size and the cursor where the last page ended."""

    sort: TicketSort = TicketSort.ACTIVITY
    ascending: bool = False
    limit: int = DEFAULT_PAGE
    cursor: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "sort", one_of(TicketSort, self.sort))
        bounded("limit", self.limit, MAX_PAGE)

    @property
    def order_name(self) -> str:
        """What a cursor remembers of the order."""
        return f"{'' if self.ascending else '-'}{self.sort.value}"


class View(StrEnum):
    """The sidebar's views."""

    MINE = "mine"
    UNASSIGNED = "unassigned"
    OPEN = "open"
    WAITING = "waiting"
    RESOLVED = "resolved"
    ALL = "all"

    def narrowed(self, chosen: TicketFilter) -> TicketFilter:
        """Return `chosen` within this view; what was chosen explicitly wins."""
        statuses, assignees = _VIEWS[self]
        is_somebodys = chosen.assignees is not None or bool(chosen.assignee_names)
        return replace(
            chosen,
            statuses=chosen.statuses if chosen.statuses is not None else statuses,
            assignees=chosen.assignees if is_somebodys else assignees,
        )


_SEARCHED = (
    "text",
    "substring",
    "assignee_names",
    "team_names",
    "requester_names",
    "organization_names",
    "has_attachment",
)
_STATES: dict[str, type[StrEnum]] = {
    "statuses": TicketStatus,
    "priorities": TicketPriority,
    "channels": TicketChannel,
}
_MANY = {
    **dict.fromkeys(("statuses", "priorities", "channels", "assignees", "team_ids"), MAX_VALUES),
    **dict.fromkeys(
        ("tags", "assignee_names", "team_names", "requester_names", "organization_names", "without"),
        MAX_JOINED,
    ),
}
_TIMES = ("created_from", "created_to", "updated_from", "updated_to", "resolved_from", "resolved_to")

_VIEWS: dict[View, tuple[tuple[TicketStatus, ...] | None, tuple[Assignee, ...] | None]] = {
    View.MINE: (UNDONE, (ME,)),
    View.UNASSIGNED: (UNDONE, (UNASSIGNED,)),
    View.OPEN: ((TicketStatus.OPEN, TicketStatus.IN_PROGRESS), None),
    View.WAITING: ((TicketStatus.WAITING_ON_CUSTOMER,), None),
    View.RESOLVED: (DONE, None),
    View.ALL: (None, None),
}


def _check_sizes(wanted: TicketFilter) -> None:
    # Before anything is looked up or compiled: thousands of conditions would keep everybody waiting.
    for field, most in _MANY.items():
        if len(getattr(wanted, field) or ()) > most:
            raise Invalid(fields={field: f"must be at most {most}."})
    if wanted.text is not None and len(wanted.text) > MAX_TEXT:
        raise Invalid(fields={"text": f"must have at most {MAX_TEXT} characters."})


def _check_ids(field: str, values: tuple[object, ...]) -> None:
    for value in values:
        if value is not None and not (isinstance(value, int) and is_id(value)):
            raise Invalid(fields={field: "is not an id."})


def _check_texts(field: str, values: tuple[str, ...]) -> None:
    for value in values:
        storable(field, value)
