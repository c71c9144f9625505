"""Every state of a page that must be looked at, by name: a template and what it shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ombud.web.openid import ProviderButton
from ombud.web.views.frame import Frame, NavItem
from ombud.web.views.lists import Chip, ClockView, Empty, TicketList, TicketRow
from ombud.web.views.people import PersonView, TagView
from ombud.web.views.tickets import (
    BannerView,
    ChangeView,
    ComposerView,
    ConflictView,
    Delivery,
    EventGroup,
    EventView,
    FileView,
    HistoryEntry,
    MessageView,
    OtherTicket,
    ReceiverView,
    TicketView,
)
from ombud.web.wording import PRIORITY_LABELS, STATUS_LABELS
from tests.web.gallery import menus, texts
from tests.web.gallery.people import (
    AMARA,
    BILLING,
    GONE,
    HASSAN,
    JONAS,
    MEI,
    NAMELESS,
    PRIYA,
    REFUND,
    SOFIA,
    TWENTY,
    YUKI,
)

NOW = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)

State = tuple[str, dict[str, Any]]


def _receiver(email: str, state: str, word: str) -> ReceiverView:
    return ReceiverView(email, "", state, word)


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


def row(  # one argument for each thing that a row can show
    number: int,
    title: str,
    who: PersonView = AMARA,
    *,
    snippet: str = "",
    status: str = "open",
    priority: str = "medium",
    assignee: PersonView | None = PRIYA,
    tags: tuple[TagView, ...] = (),
    active: datetime = NOW,
    **more: Any,
) -> TicketRow:
    key = f"OMB-{number}"
    return TicketRow(
        key,
        f"/tickets/{key}?view=mine",
        title,
        who,
        snippet,
        status,
        STATUS_LABELS[status],
        priority,
        PRIORITY_LABELS[priority],
        assignee,
        tags,
        active - timedelta(days=1),
        active,
        **more,
    )


def rows() -> tuple[TicketRow, ...]:
    late = ClockView("12 min late", "late", before(minutes=12))
    soon = ClockView("25 min", "soon", NOW + timedelta(minutes=25))
    return (
        row(
            1042,
            "Card reader says E-1042 for payments over £100",
            snippet="since this morning our card reader in the Leeds shop says E-1042 whenever somebody pays",
            priority="urgent",
            tags=(BILLING, REFUND),
            active=before(minutes=3),
            unread=True,
            clock=late,
            current=True,
        ),
        row(
            1041,
            "Refund for order 99-1042-B has not arrived",
            SOFIA,
            snippet="Ya han pasado diez días y el banco dice que no ha recibido nada",
            priority="high",
            tags=(REFUND,),
            active=before(minutes=18),
            clock=soon,
            unread=True,
        ),
        row(
            1039,
            "لا أستطيع تنزيل الفواتير بصيغة PDF",
            HASSAN,
            snippet="السلام عليكم، منذ التحديث الأخير",
            status="in_progress",
            active=before(hours=1),
            assignee=MEI,
        ),
        row(
            1038,
            "カードリーダーの電源が入りません",
            YUKI,
            snippet="お世話になっております。昨日から",
            status="waiting_on_customer",
            active=before(hours=2),
            assignee=JONAS,
        ),
        row(
            1036,
            texts.TITLE_500,
            NAMELESS,
            snippet="See attached.",
            active=before(hours=5),
            assignee=None,
            tags=TWENTY,
        ),
        row(
            1031,
            "How do I add a second bookkeeper?",
            snippet="Thanks!",
            status="resolved",
            active=before(days=1),
            assignee=GONE,
        ),
        row(
            1024,
            "Invoice export leaves out the credit notes",
            snippet="These are the ones that are missing:",
            status="waiting_on_customer",
            priority="low",
            active=before(days=3),
            tags=(BILLING,),
        ),
        row(1011, "Change of address", snippet="Done, thank you.", status="closed", active=before(days=40)),
    )


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
        FileView("reader.jpg", "1.2 MB", "/files/1", "image"),
        FileView("log.txt", "48 kB", "/files/2", "text"),
    )
    return (
        MessageView(
            "c1", "customer", AMARA, before(days=1, hours=2), texts.USUAL, files=files, original_href="/m/1"
        ),
        EventGroup((EventView(before(days=1), JONAS, "user-round", "assigned this to", "Priya Nair"),)),
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
        "Merged into OMB-1001, where the conversation goes on.",
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
    }


def single_pages() -> dict[str, State]:
    none = {"full_name": "", "email": "", "password": "", "title": "", "description": ""}
    options = {
        "priority": menus.priority().options,
        "assignee": menus.assignee(None).options,
        "team": menus.team().options,
    }
    entries = (
        HistoryEntry(
            before(minutes=5),
            PRIYA,
            "changed this ticket",
            (ChangeView("Priority", "High", "Urgent"), ChangeView("Tags", "", "refund")),
            "/tickets/OMB-1042?as_of=x",
        ),
        HistoryEntry(
            before(hours=3), None, "changed this ticket", (ChangeView("Status", "Waiting", "Open"),)
        ),
        HistoryEntry(
            before(days=1),
            JONAS,
            "changed this ticket",
            (ChangeView("Title", texts.TITLE_500, "Card reader"), ChangeView("Assignee", "Priya Nair", "")),
        ),
        HistoryEntry(before(days=1, hours=2), AMARA, "opened this ticket", ()),
    )
    bad = {**none, "email": "This is not an address.", "title": "A ticket needs a title."}
    new = {"frame": frame("new"), "values": none, "errors": none, "failure": "", "options": options}
    sign_in: dict[str, Any] = {"csrf": "t", "next_href": "/", "failure": "", "email": ""}
    sign_in |= {"sign_in_links": True, "has_passkeys": False, "providers": []}
    providers = [
        ProviderButton(1, "id", "Example ID", True, True),
        ProviderButton(2, "x", "W" * 100, True, True),
    ]
    set_up = {"csrf": "t", "failure": "", "values": none, "errors": none}
    wrong = "Email and password do not match. After several attempts we wait a little longer each time."
    gone = {
        "title": "This page is not here",
        "text": "It may have been deleted, or it is not yours to see.",
        "action": "To the inbox",
        "action_href": "/",
        "request_id": "",
    }
    down = {
        "title": "The desk cannot answer right now",
        "text": "Its database is not reachable. Nothing that was "
        "saved is lost. Wait a moment, then try again.",
        "action": "Try again",
        "action_href": "/",
        "request_id": "7f3c9a1e",
    }
    return {
        "sign-in": ("pages/sign_in.html", sign_in),
        "sign-in-providers": (
            "pages/sign_in.html",
            {**sign_in, "providers": providers},
        ),
        "onward": (
            "pages/onward.html",
            {"url": "https://id.example/auth", "said": "You go on to the provider."},
        ),
        "code": ("pages/code.html", sign_in),
        "forgot": ("pages/forgot.html", {**sign_in, "errors": {"email": ""}, "kind": "reset"}),
        "letter-sent": ("pages/letter_sent.html", {"email": "priya@desk.example", "kind": "reset"}),
        "link-void": (
            "pages/link_void.html",
            {"said": "This link is no longer good.", "sign_in_links": True},
        ),
        "link-done": (
            "pages/link_done.html",
            {"title": "Your password is set", "said": "Sign in with it now.", "email": "priya@desk.example"},
        ),
        "sign-in-refused": (
            "pages/sign_in.html",
            {**sign_in, "failure": wrong, "email": "priya@desk.example"},
        ),
        "set-up": ("pages/set_up.html", set_up),
        "new": ("pages/new_ticket.html", new),
        "new-refused": (
            "pages/new_ticket.html",
            {**new, "errors": bad, "values": {**none, "email": "amara"}},
        ),
        "search-page": ("pages/search.html", {"frame": frame("search")}),
        "history": (
            "pages/history.html",
            {
                "frame": frame("none"),
                "number": "OMB-1042",
                "entries": entries,
                "ticket_href": "/tickets/OMB-1042",
                "next_href": "/x",
            },
        ),
        "error-missing": ("pages/error.html", gone),
        "error-down": ("pages/error.html", down),
    }
