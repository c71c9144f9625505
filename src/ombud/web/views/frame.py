"""What surrounds every page of the desk: the viewer, the navigation with its counters, preferences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ombud.web.views.people import PersonView

COUNT_CAP = 999
"""Counters stop here: `999+` is as useful as the number, and costs a bounded scan."""


@dataclass(frozen=True, slots=True)
class NavItem:
    """One entry of the sidebar. `count` is None where there is nothing to count."""

    key: str
    label: str
    icon: str
    href: str
    count: int | None = None
    current: bool = False

    @property
    def shown_count(self) -> str:
        """Return the counter as text, capped at `999+`, empty for zero or none."""
        if not self.count:
            return ""
        return f"{COUNT_CAP}+" if self.count > COUNT_CAP else str(self.count)


@dataclass(frozen=True, slots=True)
class Frame:
    """The frame of one request. `csrf` goes into every form, and into the header of every htmx request."""

    viewer: PersonView
    views: tuple[NavItem, ...]
    teams: tuple[NavItem, ...]
    csrf: str
    home_href: str
    counters_href: str
    is_admin: bool = False
    is_staff: bool = True
    can_write: bool = True
    settings: Mapping[str, str] = field(default_factory=dict)
    """The places of the settings that they may see: labels by key."""
    theme: Literal["system", "light", "dark"] = "system"
    sidebar: Literal["open", "folded"] = "open"
    live_href: str | None = None
    desk: tuple[NavItem, ...] = ()
    """What is no list of tickets: notifications, the outbox."""
    colleagues: tuple[PersonView, ...] = ()
    """Who else is here now; empty when nobody is, or when it is not known."""
