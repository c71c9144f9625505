"""Menus of the gallery, as the routes make them."""

from __future__ import annotations

from ombud.web.views.menus import Menu, Option
from ombud.web.views.people import PersonView, TagView
from ombud.web.wording import PRIORITY_LABELS, STATUS_LABELS
from tests.web.gallery.people import GONE, JONAS, MEI, PRIYA, TWENTY


def status(value: str = "open") -> Menu:
    options = tuple(Option(key, label, key == value) for key, label in STATUS_LABELS.items())
    return Menu("status", "Status", options, "status", "/tickets/OMB-1042/status", value, "s")


def priority(value: str = "medium") -> Menu:
    options = tuple(Option(key, label, key == value) for key, label in PRIORITY_LABELS.items())
    return Menu("priority", "Priority", options, "priority", "/tickets/OMB-1042/priority", value, "p")


def assignee(someone: PersonView | None = PRIYA) -> Menu:
    people = [PRIYA, JONAS, MEI] + [
        PersonView.of(f"Agent Number {n}", f"a{n}@desk.example") for n in range(1, 9)
    ]
    options = [Option("", "Nobody", someone is None)]
    options += [Option(p.email, p.name, p == someone, p) for p in people]
    if someone is GONE:
        options.append(Option(GONE.email, GONE.name, True, GONE))
    return Menu("assignee", "Assignee", tuple(options), "person", "/tickets/OMB-1042/assignee", "3", "a")


def team(name: str = "Payments") -> Menu:
    options = tuple(Option(n, n, n == name) for n in ("Payments", "Hardware", "Accounts"))
    return Menu("team", "Team", options, "plain", "/tickets/OMB-1042/team", "1")


def tags(chosen: tuple[TagView, ...]) -> Menu:
    options = tuple(Option(t.name, t.name, t in chosen, color=t.color) for t in TWENTY)
    return Menu("tag", "Tags", options, "tag", "/tickets/OMB-1042/tags", None, "t", fresh="New tag")


def filters() -> tuple[Menu, ...]:
    names = ("Status", "Priority", "Assignee", "Team", "Tag")
    return tuple(
        Menu(
            n.lower(),
            n,
            tuple(Option(o.value, o.label, href="/tickets?x=1") for o in menu.options),
            menu.kind,
        )
        for n, menu in zip(names, (status(), priority(), assignee(), team(), tags(())), strict=True)
    )


def sort() -> Menu:
    options = tuple(
        Option(value, label, value == "active", href=f"/tickets?sort={value}")
        for value, label in (("active", "Last activity"), ("created", "Newest"), ("priority", "Priority"))
    )
    return Menu("sort", "Sort", options)
