"""What surrounds a page, made of the one row that `queries.surroundings` returns: frame, people, teams, tags."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fastapi import Request

from ombud.models import UserRole
from ombud.tickets import View
from ombud.web.addresses import PATH
from ombud.web.auth import Visitor
from ombud.web.place import at
from ombud.web.settings import places_of
from ombud.web.views.frame import Frame, NavItem
from ombud.web.views.people import PersonView, TagView

_STAFF_VIEWS = (
    (View.MINE, "Mine", "circle-user"),
    (View.UNASSIGNED, "Unassigned", "user-round-plus"),
    (View.OPEN, "All open", "inbox"),
    (View.WAITING, "Waiting", "hourglass"),
    (View.RESOLVED, "Resolved", "circle-check"),
    (View.ALL, "All", "layers"),
)
_CUSTOMER_VIEWS = (
    (View.OPEN, "Open", "inbox"),
    (View.WAITING, "Waiting for you", "hourglass"),
    (View.RESOLVED, "Resolved", "circle-check"),
    (View.ALL, "All", "layers"),
)


@dataclass(frozen=True, slots=True)
class Around:
    """The desk around a page: counters, colleagues by id, teams by id, tags in order, unread notifications."""

    counters: dict[str, int]
    staff: dict[int, PersonView]
    teams: dict[int, str]
    tags: tuple[TagView, ...]
    tag_names: dict[int, str]
    unread: int = 0


def read_around(row: Any) -> Around:
    """Make it of a row; for a customer there is nothing but counters."""
    fields = row._mapping
    return Around(
        counters={view.value: fields[view.value] for view in View},
        staff={
            one["id"]: PersonView.of(one["name"], one["email"], active=one["active"])
            for one in fields.get("staff", ())
        },
        teams={one["id"]: one["name"] for one in fields.get("teams", ())},
        tags=tuple(TagView(one["name"], one["color"]) for one in fields.get("tags", ())),
        tag_names={one["id"]: one["name"] for one in fields.get("tags", ())},
        unread=fields.get("unread", 0),
    )


def make_frame(request: Request, visitor: Visitor, around: Around, current: str = "") -> Frame:
    """Make the frame of a page; `current` is the key of its view, or `team:7`."""
    principal = visitor.principal
    views = _STAFF_VIEWS if visitor.is_staff else _CUSTOMER_VIEWS
    theme = principal.theme if principal.theme in ("light", "dark") else "system"
    desk = (
        _place("notifications", "Notifications", "bell", current, around.unread),
        _place("outbox", "Outbox", "send", current),
    )
    return Frame(
        desk=desk if visitor.is_staff else (),
        viewer=PersonView.of(principal.full_name, principal.email),
        views=tuple(_nav(view, label, icon, around, current) for view, label, icon in views),
        teams=tuple(
            NavItem(
                f"team:{key}",
                name,
                "users",
                at(f"{PATH}?view=open&team={key}"),
                None,
                current == f"team:{key}",
            )
            for key, name in around.teams.items()
        ),
        csrf=visitor.csrf,
        home_href=home_of(visitor),
        counters_href=at(f"/counters?current={current}"),
        live_href=at("/live") if visitor.parts.runtime.streams else None,
        is_admin=principal.role is UserRole.ADMIN,
        is_staff=visitor.is_staff,
        can_write=visitor.can_write,
        settings=places_of(visitor.actor),
        theme=theme,  # type: ignore[arg-type]  # checked above
        sidebar="folded" if request.cookies.get("ombud_sidebar") == "folded" else "open",
    )


def home_of(visitor: Visitor) -> str:
    """Return where a visitor begins: agents with what is theirs."""
    return at(f"{PATH}?view={View.MINE.value if visitor.is_staff else View.OPEN.value}")


def _place(key: str, label: str, icon: str, current: str, count: int | None = None) -> NavItem:
    return NavItem(key, label, icon, at(f"/{key}"), count, current == key)


def _nav(view: View, label: str, icon: str, around: Around, current: str) -> NavItem:
    count = around.counters[view.value]
    return NavItem(view.value, label, icon, at(f"{PATH}?view={view.value}"), count, view.value == current)
