"""Addresses of lists: filters, order and place read from a query string, and written back into links."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from ombud.errors import Invalid
from ombud.models import TicketChannel, TicketPriority, TicketStatus
from ombud.tickets import ME, UNASSIGNED, Place, TicketFilter, TicketSort, View
from ombud.tickets.filters import Assignee
from ombud.tickets.grammar import understand
from ombud.web.place import at
from ombud.web.zone import zone_name

E = TypeVar("E", bound=StrEnum)

PATH = "/tickets"
DEFAULT_SORT = "-activity"
SORTS = {
    "-activity": "Last activity",
    "activity": "Waiting longest",
    "-created": "Newest",
    "created": "Oldest",
    "-priority": "Priority",
}
BY_RANK = "-rank"
"""The order of a search for words by how well tickets fit them."""
_MANY = ("status", "priority", "channel", "assignee", "team", "tag")
_ONE = ("q", "exact", "requester", "organization", "deleted")


@dataclass(frozen=True, slots=True)
class ListAddress:
    """A list by its address. `values` holds the filters as they stand in the query string, in its order.

    `wanted` is what they mean, the terms of the search box among them.
    """

    view: View
    values: tuple[tuple[str, str], ...] = ()
    sort: str = DEFAULT_SORT
    cursor: str | None = None
    wanted: TicketFilter = field(default_factory=TicketFilter)
    asked: TicketFilter = field(default_factory=TicketFilter)
    """The same without what the view adds."""

    @property
    def query(self) -> str:
        """What is searched for, empty for a plain list."""
        return next((value for name, value in self.values if name == "q"), "")

    @property
    def exact(self) -> bool:
        """Tell whether the query is looked for exactly as it stands."""
        return self.has("exact", "yes")

    @property
    def sorts(self) -> dict[str, str]:
        """The orders that this list may have, with their labels."""
        return {BY_RANK: "Best match", **SORTS} if self.wanted.text else SORTS

    @property
    def place(self) -> Place:
        """Order and place, as the queries want them."""
        return Place(TicketSort(self.sort.lstrip("-")), not self.sort.startswith("-"), cursor=self.cursor)

    def href(self, path: str = PATH, **changes: str | None) -> str:
        """Return the address of this list, with some of its values changed (None: left out), from its start."""
        pairs = [("view", self.view.value), *self.values]
        if self.sort != DEFAULT_SORT:
            pairs.append(("sort", self.sort))
        kept = [(name, value) for name, value in pairs if name not in changes]
        added = [(name, value) for name, value in changes.items() if value is not None]
        return f"{at(path)}?{urlencode([*kept, *added])}"

    def here(self, path: str = PATH) -> str:
        """Return the address of this very place in the list."""
        return self.href(path, **({"cursor": self.cursor} if self.cursor else {}))

    def with_value(self, name: str, value: str) -> str:
        """Return the address of this list narrowed by one more value."""
        return replace(self, values=(*self.values, (name, value))).href()

    def without(self, name: str, value: str) -> str:
        """Return the address of this list without one of its values."""
        return replace(self, values=tuple(pair for pair in self.values if pair != (name, value))).href()

    def has(self, name: str, value: str) -> bool:
        """Tell whether the list is narrowed by this value."""
        return (name, value) in self.values


def read_address(query: QueryParams) -> ListAddress:
    """Read a list's address; Invalid when a value is not one of its kind."""
    view = _member(View, "view", query.get("view", View.OPEN.value if not query.get("q") else View.ALL.value))
    values = tuple(
        (n, v) for n, v in query.multi_items() if v and (n in _MANY or (n in _ONE and v == query.get(n)))
    )
    sort = query.get("sort", DEFAULT_SORT)
    if sort not in SORTS and sort != BY_RANK:
        raise Invalid(fields={"sort": "is not an order of this list."})
    asked = understand(_filter(values))
    wanted = view.narrowed(asked)
    cursor = query.get("cursor") or None
    if sort == BY_RANK and not wanted.text:  # the words are gone from the box: as if they had not been there
        sort, cursor = DEFAULT_SORT, None
    return ListAddress(view, values, sort, cursor, wanted, asked)


def read_before(query: QueryParams) -> int | None:
    """Read before which comment a conversation is shown; None for its end."""
    text = query.get("before", "")
    return _id("before", text) if text else None


def _filter(values: tuple[tuple[str, str], ...]) -> TicketFilter:
    def many(name: str) -> list[str]:
        return [value for found, value in values if found == name]

    def one(name: str) -> str | None:
        return next(iter(many(name)), None)

    exact = one("exact") == "yes"
    return TicketFilter(
        text=None if exact else one("q"),
        substring=one("q") if exact else None,
        statuses=_members(TicketStatus, "status", many("status")),
        priorities=_members(TicketPriority, "priority", many("priority")),
        channels=_members(TicketChannel, "channel", many("channel")),
        assignees=tuple(_assignee(value) for value in many("assignee")) or None,
        team_ids=tuple(_id("team", value) for value in many("team")) or None,
        tags=tuple(many("tag")) or None,
        requester_id=_id("requester", one("requester")) if one("requester") else None,
        organization_id=_id("organization", one("organization")) if one("organization") else None,
        deleted=one("deleted") == "yes",
        time_zone=zone_name(),
    )


def _members(kind: type[E], name: str, values: Iterable[str]) -> tuple[E, ...] | None:
    return tuple(_member(kind, name, value) for value in values) or None


def _member(kind: type[E], name: str, value: str) -> E:
    try:
        return kind(value)
    except ValueError:
        raise Invalid(fields={name: "is not one of the choices."}) from None


def _assignee(value: str) -> Assignee:
    if value == ME:
        return ME
    if value == UNASSIGNED:
        return UNASSIGNED
    return _id("assignee", value)


def _id(name: str, value: str | None) -> int:
    if not value or not (value.isascii() and value.isdigit() and len(value) < 19):
        raise Invalid(fields={name: "is not an id."})
    return int(value)
