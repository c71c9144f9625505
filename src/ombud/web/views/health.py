"""The parts of the desk as a page shows them: words for names, people's units for figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ombud.health import Health, Panel
from ombud.health.look import Item, State
from ombud.web.zone import local

TITLES = {
    "database": "Database",
    "replica": "Replica",
    "worker": "Worker",
    "queues": "Queues",
    "mailboxes": "Mailboxes",
    "files": "Files",
    "redis": "Redis",
    "statements": "Slow statements",
    "sizes": "Sizes",
    "versions": "Versions",
}
QUEUES = {
    "outbox": "Outgoing mail",
    "outbox_late": "Outgoing mail that is due",
    "inbox": "Incoming mail, undecided",
    "quarantine": "Mail in quarantine",
    "webhooks": "Webhook messages",
    "search": "Search documents to index",
    "statistics": "Changes to add up",
}
_COLUMNS = {
    "chore": "Chore",
    "seconds_ago": "Last done",
    "queue": "Queue",
    "waiting": "Waiting",
    "seconds": "Oldest",
    "name": "Name",
    "address": "Address",
    "is_active": "Active",
    "fetched_at": "Last fetched",
    "problem": "Problem",
    "query": "Statement",
    "calls": "Calls",
    "mean_ms": "Mean",
    "total_ms": "Together",
    "bytes": "Size",
    "rows": "Rows, about",
    "place": "Place",
    "version": "Version",
    "started_at": "Up since",
    "connections": "Connections",
    "max_connections": "At most",
    "schema": "Schema",
    "ombud": "Ombud",
    "python": "Python",
    "sqlalchemy": "SQLAlchemy",
}
_STATES = {
    State.GOOD: ("circle-check", "Good"),
    State.WARNING: ("octagon-alert", "Look at it"),
    State.BAD: ("circle-alert", "Not working"),
    State.OFF: ("minus", "Not in use"),
}


@dataclass(frozen=True, slots=True)
class PanelView:
    """A part: its icon is never alone, `said` is the same in words."""

    name: str
    title: str
    state: str
    icon: str
    said: str
    words: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def panel_views(health: Health) -> list[PanelView]:
    """Return the parts in order, the ones that need somebody first."""
    order = {State.BAD: 0, State.WARNING: 1, State.GOOD: 2, State.OFF: 3}
    urgent = sorted(health.panels, key=lambda panel: min(order[panel.state], 2))
    return [_view(panel) for panel in urgent]


def _view(panel: Panel) -> PanelView:
    icon, said = _STATES[panel.state]
    keys = list(panel.items[0]) if panel.items else []
    return PanelView(
        name=panel.name,
        title=TITLES[panel.name],
        state=panel.state.value,
        icon=icon,
        said=said,
        words=panel.words,
        columns=tuple(_COLUMNS[key] for key in keys),
        rows=tuple(tuple(_cell(item, key) for key in keys) for item in panel.items),
    )


def _cell(item: Item, key: str) -> str:
    value = item[key]
    match key, value:
        case _, None:
            return "–"
        case _, bool():
            return "yes" if value else "no"
        case "queue", str():
            return QUEUES.get(value, value)
        case "bytes", int():
            return size_of(value)
        case (("seconds" | "seconds_ago"), int() | float()):
            return duration_of(value)
        case (("mean_ms" | "total_ms"), int() | float()):
            return f"{value:,.1f} ms"
        case (("fetched_at" | "started_at"), str()):
            return f"{local(datetime.fromisoformat(value)):%Y-%m-%d %H:%M %Z}"
        case _, int():
            return f"{value:,}"
    return str(value)


def size_of(count: int) -> str:
    """Return bytes in the unit that people would use."""
    size = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1024:
            return f"{size:,.0f} {unit}"
        size /= 1024
    return f"{size:,.1f} TB"


def duration_of(seconds: float) -> str:
    """Return seconds in the unit that people would use."""
    for limit, divisor, unit in ((120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{seconds / divisor:,.0f} {unit}"
    return f"{seconds / 86_400:,.0f} days"
