"""The list of tickets: its rows, filters and paging."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ombud.kit.html import SafeHtml
from ombud.web.views.menus import Menu
from ombud.web.views.people import PersonView, TagView


@dataclass(frozen=True, slots=True)
class ClockView:
    """An SLA clock that runs. `state` is calm, soon or late; `text` says it in words."""

    text: str
    state: str
    due: datetime


@dataclass(frozen=True, slots=True)
class TicketRow:
    """One ticket in a list. `snippet` is a line of its last message, or the hit of a search with its marks."""

    number: str
    href: str
    title: str
    requester: PersonView
    snippet: str | SafeHtml
    status: str
    status_label: str
    priority: str
    priority_label: str
    assignee: PersonView | None
    tags: tuple[TagView, ...]
    created_at: datetime
    active_at: datetime
    unread: bool = False
    current: bool = False
    unassigned: bool = False
    """Never so for customers: whose turn it is to take a ticket is not their concern."""
    clock: ClockView | None = None

    @property
    def loud(self) -> bool:
        """Tell whether the priority is worth a place in the row."""
        return self.priority in ("high", "urgent")


@dataclass(frozen=True, slots=True)
class Chip:
    """An active filter with the address of the list without it."""

    label: str
    value: str
    without_href: str


@dataclass(frozen=True, slots=True)
class Meant:
    """Another search that finds something."""

    text: str
    href: str


@dataclass(frozen=True, slots=True)
class Empty:
    """What belongs here, and the one next step; after a search, what may have been meant."""

    icon: str
    title: str
    text: str
    action: str = ""
    href: str = ""
    meant: tuple[Meant, ...] = ()


@dataclass(frozen=True, slots=True)
class TicketList:
    """A page of the list. All its addresses carry the filters, so that each can be sent to a colleague."""

    title: str
    href: str
    rows: tuple[TicketRow, ...]
    empty: Empty
    query: str = ""
    exact: bool = False
    chips: tuple[Chip, ...] = ()
    menus: tuple[Menu, ...] = ()
    sort: Menu | None = None
    hidden: tuple[tuple[str, str], ...] = ()
    """The filters as form fields, for the search box of a browser without scripts."""
    next_href: str | None = None
    previous_href: str | None = None
    count: str = ""
    bulk: tuple[Menu, ...] = ()
