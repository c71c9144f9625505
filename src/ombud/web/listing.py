"""A page of the list as templates see it: rows, active filters, menus, empty states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ombud.kit.cursor import encode_cursor
from ombud.kit.html import mark_hits
from ombud.kit.text import excerpt
from ombud.models import TicketChannel
from ombud.tickets import ME, UNASSIGNED, UNDONE, View
from ombud.tickets.queries import COUNTER_CAP, cursor_values
from ombud.web.addresses import ListAddress
from ombud.web.around import Around
from ombud.web.auth import Visitor
from ombud.web.place import at
from ombud.web.views.lists import Chip, Empty, Meant, TicketList, TicketRow
from ombud.web.views.menus import Menu, Option
from ombud.web.views.people import PersonView, TagView
from ombud.web.wording import CHANNEL_LABELS, PRIORITY_LABELS, STATUS_LABELS, plain_line

SNIPPET = 160
_IN_BOX = ("q", "exact")
TITLES = {
    View.MINE: "Mine",
    View.UNASSIGNED: "Unassigned",
    View.OPEN: "All open",
    View.WAITING: "Waiting",
    View.RESOLVED: "Resolved",
    View.ALL: "All",
}
_TITLES_OF_CUSTOMERS = {**TITLES, View.OPEN: "Open", View.WAITING: "Waiting for you"}
_EMPTY = {
    View.MINE: Empty(
        "circle-user",
        "Nothing is waiting for you",
        "Tickets that are assigned to you appear here. There may be some that nobody has taken yet.",
        "See unassigned",
        "/tickets?view=unassigned",
    ),
    View.UNASSIGNED: Empty(
        "circle-check", "Everything has somebody", "New tickets wait here until somebody takes them.",
        "See all open", "/tickets?view=open",
    ),
    View.WAITING: Empty(
        "hourglass", "Nobody keeps you waiting", "Tickets that wait for an answer of their customer appear here.",
        "See all open", "/tickets?view=open",
    ),
}  # fmt: skip
_FIRST = Empty(
    "inbox",
    "No tickets here yet",
    "This is where messages from your customers arrive. Write the first one yourself, or import those you have.",
    "New ticket",
    "/tickets/new",
)


def make_list(
    visitor: Visitor,
    around: Around,
    address: ListAddress,
    found: Sequence[Any],
    *,
    names: Any = None,
    current: str = "",
    total: int | None = None,
    meant: Sequence[str] = (),
) -> TicketList:
    """Make a page of the list of rows of `tickets.queries.inbox`, which brings one more than is shown.

    `total` is how many there are, where it is shown; `meant` is what to search for instead of what found nothing.
    """
    place = address.place
    shown, more = found[: place.limit], len(found) > place.limit
    cursor = encode_cursor(place.order_name, cursor_values(shown[-1], place)) if more else None
    return TicketList(
        title="Search" if address.query else _titles(visitor)[address.view],
        href=address.here(),
        rows=tuple(_row(row, address, current, visitor.is_staff) for row in shown),
        empty=_empty(address, meant),
        query=address.query,
        exact=address.exact,
        chips=tuple(_chips(around, address, names)),
        menus=tuple(_filter_menus(visitor, around, address)),
        sort=_sort_menu(address),
        hidden=tuple(
            pair for pair in (("view", address.view.value), *address.values) if pair[0] not in _IN_BOX
        ),
        next_href=address.href(cursor=cursor) if cursor else None,
        previous_href=address.href() if address.cursor else None,
        count=_count(total),
        bulk=_bulk_menus(around) if visitor.can_write else (),
    )


def _row(row: Any, address: ListAddress, current: str, for_staff: bool) -> TicketRow:
    said = plain_line(row.last_message or "")
    return TicketRow(
        number=row.ticket_number,
        href=address.here(f"/tickets/{row.ticket_number}"),
        title=row.title,
        requester=PersonView.of(row.requester_name, row.requester_email),
        snippet=mark_hits(plain_line(row.snippet)) if row.snippet else excerpt(said, SNIPPET),
        status=row.status.value,
        status_label=STATUS_LABELS[row.status.value],
        priority=row.priority.value,
        priority_label=PRIORITY_LABELS[row.priority.value],
        assignee=_assignee(row),
        unassigned=for_staff and row.assignee_id is None,
        tags=tuple(TagView(tag["name"], tag["color"]) for tag in row.tags),
        created_at=row.created_at,
        active_at=row.last_activity_at,
        # What is done asks for nobody's attention, read or not.
        unread=row.unread and row.status in UNDONE and row.ticket_number != current,
        current=row.ticket_number == current,
    )


def _assignee(row: Any) -> PersonView | None:
    # The list brings no address of the assignee; the id keeps two of one name in different tints.
    return None if row.assignee_id is None else PersonView.of(row.assignee_name, row.assignee_email)


def _count(total: int | None) -> str:
    if total is None:
        return ""
    return f"{COUNTER_CAP:,}+" if total > COUNTER_CAP else f"{total:,}"


def _empty(address: ListAddress, meant: Sequence[str] = ()) -> Empty:
    if address.query and address.exact:
        return Empty(
            "search-x",
            f"Nothing contains “{address.query}”",
            "Exact text is looked for as it stands, in numbers, titles, descriptions and messages.",
            "Search for its words",
            address.href(exact=None),
        )
    if address.query:
        return Empty(
            "search-x",
            f"Nothing found for “{address.query}”",
            "Fewer words find more. Numbers, customers and every message are searched, closed tickets too.",
            "Search all tickets",
            address.href(view=View.ALL.value, status=None, assignee=None, team=None, tag=None, priority=None),
            meant=tuple(Meant(text, address.href(q=text)) for text in meant),
        )
    if address.values:
        return Empty(
            "search-x", "Nothing matches these filters", "Take one of them away to see more.",
            "Remove all filters", at(f"/tickets?view={address.view.value}"),
        )  # fmt: skip
    empty = _EMPTY.get(address.view, _FIRST)
    return replace(empty, href=at(empty.href))


def _chips(around: Around, address: ListAddress, names: Any) -> list[Chip]:
    chips = []
    for name, value in address.values:
        if name in _IN_BOX:
            continue
        chips.append(Chip(name.capitalize(), _word(around, names, name, value), address.without(name, value)))
    return chips


def _word(around: Around, names: Any, name: str, value: str) -> str:
    match name:
        case "status":
            return STATUS_LABELS[value]
        case "priority":
            return PRIORITY_LABELS[value]
        case "channel":
            return CHANNEL_LABELS[value]
        case "assignee":
            return {ME: "Me", UNASSIGNED: "Nobody"}.get(value) or _named(around.staff.get(int(value)))
        case "team":
            return around.teams.get(int(value), "a team")
        case "requester" | "organization":
            return getattr(names, name, None) or "somebody"
    return value


def _named(person: PersonView | None) -> str:
    return person.name if person else "somebody"


def _filter_menus(visitor: Visitor, around: Around, address: ListAddress) -> list[Menu]:
    def menu(name: str, label: str, options: list[Option], kind: str = "plain") -> Menu:
        return Menu(name, label, tuple(options), kind)

    def option(name: str, value: str, label: str, **more: Any) -> Option:
        chosen = address.has(name, value)
        href = address.without(name, value) if chosen else address.with_value(name, value)
        return Option(value, label, chosen, href=href, **more)

    menus = [
        menu(
            "status", "Status", [option("status", v, label) for v, label in STATUS_LABELS.items()], "status"
        ),
        menu(
            "priority",
            "Priority",
            [option("priority", v, label) for v, label in PRIORITY_LABELS.items()],
            "priority",
        ),
    ]
    if not visitor.is_staff:
        return menus[:1]
    people = [option("assignee", ME, "Me"), option("assignee", UNASSIGNED, "Nobody")]
    people += [option("assignee", str(key), who.name, person=who) for key, who in around.staff.items()]
    menus.append(menu("assignee", "Assignee", people, "person"))
    if around.teams:
        menus.append(menu("team", "Team", [option("team", str(k), name) for k, name in around.teams.items()]))
    if around.tags:
        menus.append(
            menu("tag", "Tag", [option("tag", t.name, t.name, color=t.color) for t in around.tags], "tag")
        )
    channels = [option("channel", c.value, CHANNEL_LABELS[c.value]) for c in TicketChannel]
    menus.append(menu("channel", "Channel", channels))
    return menus


def _sort_menu(address: ListAddress) -> Menu:
    options = (
        Option(value, label, value == address.sort, href=address.href(sort=value))
        for value, label in address.sorts.items()
    )
    return Menu("sort", "Sort", tuple(options))


def _bulk_menus(around: Around) -> tuple[Menu, ...]:
    people = [Option("none", "Nobody")]
    people += [Option(str(key), who.name, person=who) for key, who in around.staff.items() if who.active]
    statuses = tuple(Option(value, label) for value, label in STATUS_LABELS.items())
    return (Menu("status", "Status", statuses, "status"), Menu("assignee", "Assign", tuple(people), "person"))


def _titles(visitor: Visitor) -> dict[View, str]:
    return TITLES if visitor.is_staff else _TITLES_OF_CUSTOMERS


def bare_list(address: ListAddress) -> TicketList:
    """Return a list without rows, for an answer that shows one ticket only."""
    return TicketList(TITLES[address.view], address.here(), (), _empty(address))
