"""Every state of a page that must be looked at, by name: a template and what it shows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ombud.web.views.lists import Chip, ClockView, Empty, TicketList
from ombud.web.views.tickets import (
    BannerView,
    ComposerView,
    ConflictView,
    Delivery,
    EventGroup,
    EventView,
    FileView,
    MessageView,
    OtherTicket,
    ReceiverView,
    TicketView,
)
from tests.web.gallery import menus, texts
from tests.web.gallery.frames import State, before, frame
from tests.web.gallery.keeping import keeping_pages
from tests.web.gallery.people import (
    AMARA,
    BILLING,
    GONE,
    HASSAN,
    JONAS,
    NAMELESS,
    PRIYA,
    REFUND,
    SOFIA,
    TWENTY,
    YUKI,
)
from tests.web.gallery.rows import row, rows
from tests.web.gallery.sensitive import sensitive_pages
from tests.web.gallery.singles import single_pages


def _receiver(email: str, state: str, word: str) -> ReceiverView:
    return ReceiverView(email, "", state, word)


EMPTY = Empty(
    "inbox",
    "Nothing is waiting for you",
    "Tickets that are assigned to you appear here. There may be some that nobody has taken yet.",
    "See unassigned",
    "/tickets?view=unassigned",
)
FIRST = Empty(
    "inbox",
    "No tickets yet",
    "This is where your customers' messages arrive. Import the ones you have, "
    "or write the first one yourself.",
    "New ticket",
    "/tickets/new",
)
NO_HIT = Empty(
    "search-x",
    "Nothing found for “flux capacitor”",
    "Fewer words find more. Numbers, customers and every message are searched, closed tickets too.",
    "Search all tickets",
    "/tickets?view=all",
)


def listing(**changes: Any) -> TicketList:
    plain = TicketList(
        "Mine",
        "/tickets?view=mine",
        rows(),
        EMPTY,
        menus=menus.filters(),
        sort=menus.sort(),
        count="12",
        bulk=(menus.status(), menus.assignee()),
        next_href="/tickets?after=x",
    )
    return replace(plain, **changes)


def conversation() -> tuple[Any, ...]:
    files = (
        FileView("reader.jpg", "1.2 MB", "/files/1", "image", "/files/1/removal"),
        FileView("log.txt", "48 kB", "/files/2", "text"),
    )
    return (
        MessageView(
            "c1", "customer", AMARA, before(days=1, hours=2), texts.USUAL, files=files, original_href="/m/1"
        ),
        EventGroup(
            (
                EventView(before(days=1), JONAS, "user-round", "assigned this to", "Priya Nair"),
                EventView(before(minutes=9), PRIYA, "trash-2", "removed the file", "W" * 100, undo="x"),
            )
        ),
        MessageView("c2", "note", JONAS, before(hours=22), texts.NOTE),
        MessageView(
            "c3",
            "staff",
            PRIYA,
            before(hours=20),
            texts.ANSWER,
            delivery=Delivery(
                "sent",
                "Sent",
                receivers=(_receiver("amara@northwind.example", "accepted", "taken by their server"),),
            ),
        ),
        EventGroup(
            tuple(
                EventView(before(hours=19 - n), PRIYA, icon, text, value)
                for n, (icon, text, value) in enumerate(
                    [
                        ("circle-pause", "set the status to", "Waiting"),
                        ("arrow-up", "set the priority to", "High"),
                        ("tag", "added the tag", "refund"),
                        ("octagon-alert", "set the priority to", "Urgent"),
                    ]
                )
            )
        ),
        MessageView("c4", "customer", AMARA, before(minutes=3), texts.WORD, quote=texts.QUOTE),
    )


def ticket(**changes: Any) -> TicketView:
    href = "/tickets/OMB-1042"
    plain = TicketView(
        number="OMB-1042",
        id=42,
        href=href + "?view=mine",
        base_href=href,
        query="?view=mine",
        deletable=True,
        title="Card reader says E-1042 for payments over £100",
        requester=AMARA,
        organization="Northwind Traders",
        organization_href="/tickets?organization=3",
        status=menus.status(),
        priority=menus.priority("urgent"),
        assignee=menus.assignee(),
        team=menus.team(),
        tags=menus.tags((TWENTY[0], TWENTY[1])),
        tag_views=(BILLING, REFUND),
        channel="Email",
        created_at=before(days=1, hours=2),
        active_at=before(minutes=3),
        first_response_at=before(hours=20),
        timeline=conversation(),
        back_href="/tickets?view=mine",
        history_href=href + "/history",
        live_href=href,
        composer=ComposerView(
            href + "/comments",
            "/preview",
            "Amara Okafor <amara@northwind.example>",
            "OMB-1042",
            sends=(
                ("waiting_on_customer", "Send and mark as waiting"),
                ("", "Send"),
                ("resolved", "Send and resolve"),
            ),
        ),
        clocks=(
            ("First response", ClockView("met", "calm", before(hours=20))),
            ("Resolution", ClockView("12 min late", "late", before(minutes=12))),
        ),
        others=(
            OtherTicket(
                "OMB-998",
                href,
                "Reader does not pair with the new till",
                "resolved",
                "Resolved",
                before(days=20),
            ),
            OtherTicket(
                "OMB-871",
                href,
                "Second shop in Leeds: what do we need?",
                "closed",
                "Closed",
                before(days=120),
            ),
        ),
        others_href="/tickets?requester=7",
    )
    return replace(plain, **changes)


def extremes() -> tuple[Any, ...]:
    people = [YUKI, HASSAN, NAMELESS, SOFIA, AMARA]
    bodies = [texts.JAPANESE, texts.ARABIC, texts.HOSTILE, texts.TABLE, texts.WORD]
    messages = [
        MessageView(f"e{n}", "customer", who, before(hours=9 - n), body)
        for n, (who, body) in enumerate(zip(people, bodies, strict=True))
    ]
    failed = Delivery(
        "failed",
        "Not delivered",
        "sofia@tienda.example: 550 5.2.2 the mailbox is full",
        receivers=(_receiver("sofia@tienda.example", "refused", "refused"),),
    )
    return (
        MessageView("e9", "customer", AMARA, before(days=2), texts.LONG, words=10_240),
        *messages,
        MessageView("e10", "staff", GONE, before(hours=1), texts.ANSWER, delivery=failed),
        MessageView(
            "e11",
            "staff",
            PRIYA,
            before(minutes=1),
            texts.WORD,
            delivery=Delivery("skipped", "Not mailed", "no mailbox of this desk sends"),
        ),
    )


def desk(lists: TicketList | None = None, view: TicketView | None = None, **of_frame: Any) -> State:
    return "pages/inbox.html", {"frame": frame(**of_frame), "list": lists or listing(), "ticket": view}


def states() -> dict[str, State]:
    """Return every state by name."""
    past = BannerView(
        "history",
        "This is the ticket as it was on 16 November 2026, 09:00.",
        "waiting",
        "Back to now",
        "/tickets/OMB-1042",
    )
    deleted = BannerView(
        "trash-2", "Jonas Weber deleted this ticket 2 h ago.", "urgent", "Restore", "/r", post=True
    )
    merged = BannerView(
        "git-merge",
        "This ticket was merged into OMB-1001 by Priya Nair 2 h ago. The conversation goes on there.",
        "plain",
        "Open OMB-1001",
        "/tickets/OMB-1001",
    )
    conflict = ConflictView(
        "priority",
        "Jonas Weber set this to Low meanwhile. Nothing was overwritten.",
        "Set to Urgent",
        "urgent",
        "low",
        "/tickets/OMB-1042/priority",
    )
    noted = replace(ticket().composer, kind="note", text="Ask **platform** before the weekend.")
    refused = replace(ticket().composer, text="Hello", error="This file is larger than 25 MB: video.mov")
    many = tuple(
        row(n, f"Question {n} about invoices", snippet="Hello, I have a question", active=before(minutes=n))
        for n in range(1, 51)
    )
    found = listing(
        title="Search",
        query="leeds",
        count="3",
        chips=(Chip("Status", "Open", "/tickets"), Chip("Assignee", "Nobody", "/tickets")),
        hidden=(("view", "all"),),
    )
    bare = listing(rows=(), count="", next_href=None)
    return {
        "list": desk(listing(rows=tuple(replace(r, current=False) for r in rows()))),
        "list-empty": desk(bare),
        "list-first": desk(replace(bare, empty=FIRST)),
        "list-one": desk(listing(rows=rows()[1:2], next_href=None, count="1")),
        "list-many": desk(listing(rows=many, count="999+", previous_href="/tickets?before=y")),
        "search": desk(found),
        "search-none": desk(replace(bare, query="flux capacitor", empty=NO_HIT)),
        "ticket": desk(view=ticket()),
        "ticket-folded": desk(view=ticket(), sidebar="folded"),
        "ticket-note": desk(view=ticket(composer=noted)),
        "ticket-refused": desk(view=ticket(composer=refused)),
        "ticket-extremes": desk(
            view=ticket(
                title=texts.TITLE_500,
                requester=NAMELESS,
                organization="",
                tag_views=TWENTY,
                tags=menus.tags(TWENTY),
                assignee=menus.assignee(GONE),
                timeline=extremes(),
                others=(),
            )
        ),
        "ticket-deleted": desk(view=ticket(banners=(deleted,), read_only=True, writable=False)),
        "ticket-merged": desk(
            view=ticket(banners=(merged,), read_only=True, writable=False, status=menus.status("closed"))
        ),
        "ticket-past": desk(view=ticket(banners=(past,), read_only=True, writable=False)),
        "ticket-customer": desk(
            view=ticket(
                internal=False,
                read_only=True,
                tag_views=(),
                others=(),
                clocks=(),
                timeline=tuple(entry for entry in conversation() if getattr(entry, "kind", "") != "note"),
            )
        ),
        "ticket-conflict": desk(view=ticket(conflict=conflict, priority=menus.priority("low"))),
        **single_pages(),
        **keeping_pages(),
        **sensitive_pages(),
    }
