"""What every state stands in: the moment, and the frame around a page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from ombud.web.views.frame import Frame, NavItem
from tests.web.gallery.people import (
    JONAS,
    MEI,
    PRIYA,
)

NOW = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)

State = tuple[str, dict[str, Any]]


def before(**units: float) -> datetime:
    return NOW - timedelta(**units)


def frame(current: str = "mine", *, theme: str = "system", sidebar: str = "open") -> Frame:
    views = [
        ("mine", "Mine", "circle-user", 12),
        ("unassigned", "Unassigned", "user-round-plus", 4),
        ("open", "All open", "inbox", 1300),
        ("waiting", "Waiting", "hourglass", 37),
        ("resolved", "Resolved", "circle-check", None),
        ("all", "All", "layers", None),
    ]
    items = tuple(
        NavItem(k, label, icon, f"/tickets?view={k}", n, k == current) for k, label, icon, n in views
    )
    teams = tuple(
        NavItem(n.lower(), n, "users", f"/tickets?team={n}", c)
        for n, c in (("Payments", 31), ("Hardware", 8), ("Accounts", 0))
    )
    return Frame(
        viewer=PRIYA,
        views=items,
        teams=teams,
        csrf="token",
        home_href="/tickets?view=mine",
        counters_href="/tickets/counters?view=mine",
        theme=theme,  # type: ignore[arg-type]  # a name from the list of states
        sidebar=sidebar,  # type: ignore[arg-type]  # likewise
        colleagues=(JONAS, MEI),
    )
