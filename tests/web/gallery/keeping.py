"""States of the pages that keep a desk clean and running: customers, duplicates, merging, transfers, roles, teams."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from ombud.web.routes.duplicates import PairView
from ombud.web.views.curation import Side
from ombud.web.views.customers import CustomerRow, CustomerView, Said, TicketLine
from ombud.web.views.menus import Option
from ombud.web.views.people import PersonView
from ombud.web.views.transfers import TransferRow
from tests.web.gallery import texts
from tests.web.gallery.frames import State, before, frame
from tests.web.gallery.people import AMARA, GONE, HASSAN, JONAS, NAMELESS, SOFIA

WORD = "W" * 100
LONG_ADDRESS = f"{'w' * 60}@{'very-long-subdomain.' * 6}example"


def _customer(**changes: Any) -> CustomerView:
    known: dict[str, Any] = {
        "id": 7,
        "href": "/customers/7",
        "person": AMARA,
        "email": "amara@northwind.example",
        "full_name": "Amara Okafor",
        "organization": "Northwind Traders",
        "organization_href": "/tickets?organization=3",
        "organization_notes": f"Pays by invoice. {WORD}",
        "since": before(days=400),
        "last_login": before(hours=3),
        "state": "",
        "survivor": None,
        "stubs": ("amara.old@northwind.example", LONG_ADDRESS),
        "bounces": True,
        "is_staff": False,
        "is_active": True,
        "is_person": True,
        "open_count": "2 open tickets",
        "tickets": "999+ tickets",
        "said": "41 messages",
        "followed": "no tickets",
        "list_href": "/tickets?requester=7",
    }
    return CustomerView(**{**known, **changes})


def _line(number: int, title: str, status: str = "open", label: str = "Open") -> TicketLine:
    return TicketLine(f"OMB-{number}", "/tickets/1", title, status, label, before(hours=number % 50))


def _side(person: PersonView, title: str = "", *, number: str = "") -> Side:
    facts = (("Has", "3 messages, no notes, 1 file"), ("Followed by", f"{LONG_ADDRESS}, {SOFIA.name}"))
    return Side(
        title=title or person.name,
        href="/customers/7",
        person=person,
        at=before(days=3),
        facts=facts,
        number=number,
        status="open" if number else "",
        status_label="Open" if number else "",
    )


def transfer(number: int, state: str, icon: str, **changes: Any) -> TransferRow:
    known: dict[str, Any] = {
        "id": number,
        "name": f"desk-{number}.jsonl",
        "what": "Everything (JSON lines), with files",
        "owner": "Priya Nair",
        "icon": icon,
        "state": state,
        "is_bad": False,
        "is_open": False,
        "figures": "1,234 tickets",
        "problem": "",
        "done": 40,
        "total": 100,
        "at": before(hours=number),
        "expires_at": None,
        "href": "/settings/transfers/imports/1",
        "download_href": "",
        "end_href": "",
    }
    return TransferRow(**{**known, **changes})


def _customers() -> dict[str, State]:
    people = (AMARA, SOFIA, NAMELESS, HASSAN, GONE, PersonView.of(WORD, LONG_ADDRESS))
    rows = [
        CustomerRow("/customers/7", one, f"Home of {WORD}", before(days=9), "deactivated") for one in people
    ]
    lines = [_line(1042, texts.TITLE_500), _line(1043, WORD), _line(1044, "佐藤 由紀")]
    base = {"frame": frame("customers"), "q": "", "next_href": ""}
    none = {"full_name": "", "email": "", "organization": ""}
    one = {
        "frame": frame("customers"),
        "customer": _customer(),
        "undone": lines,
        "undone_more": "/tickets",
        "done": [_line(9, "Reader", "closed", "Closed")],
        "next_href": "/customers/7?cursor=x",
        "is_further": False,
        "said": [
            Said(
                "/tickets/1", "OMB-1042", texts.TITLE_500, f"{WORD} {WORD}", before(hours=1), is_internal=True
            )
        ],
        "values": {"full_name": WORD, "email": LONG_ADDRESS, "organization": WORD},
        "errors": {**none, "email": "is another person's."},
        "failure": "",
        "is_fresh": False,
        "can_keep": True,
        "can_end": True,
        "sees_all": True,
        "merged": "0123456789abcdef",
    }
    stub = _customer(is_person=False, is_active=False, state="merged", survivor=(SOFIA.name, "/c"), stubs=())
    bare = {
        "undone": [],
        "done": [],
        "said": [],
        "undone_more": "",
        "next_href": "",
        "merged": "",
        "errors": none,
    }
    return {
        "customers": ("pages/customers.html", {**base, "rows": rows, "next_href": "/customers?cursor=x"}),
        "customers-none": ("pages/customers.html", {**base, "rows": [], "q": WORD}),
        "customer": ("pages/customer.html", one),
        "customer-named-only": ("pages/customer.html", {**one, "sees_all": False}),
        "customer-stub": (
            "pages/customer.html",
            {**one, **bare, "customer": stub, "can_keep": False, "can_end": False},
        ),
    }


def _merging() -> dict[str, State]:
    tickets = [_side(AMARA, texts.TITLE_500, number="OMB-1042"), _side(NAMELESS, WORD, number="OMB-1043")]
    people = [_side(SOFIA), _side(PersonView.of(WORD, LONG_ADDRESS))]
    shown = {
        "frame": frame("customers"),
        "of": "people",
        "apart": False,
        "next_href": "/x",
        "kept": ("1", "2"),
    }
    shown |= {
        "can_settle": True,
        "pairs": [PairView(people[0], people[1], (1, 2), 100, "the same inbox, the same name", "/m")],
    }
    choice = {
        "number": "OMB-1042",
        "title": texts.TITLE_500,
        "requester": LONG_ADDRESS,
        "status": "open",
        "status_label": "Open",
        "href": "/m",
    }
    chosen: dict[str, Any] = {
        "frame": frame("inbox"),
        "sources": tickets[1:],
        "numbers": ["OMB-1043"],
        "target": tickets[0],
        "q": "",
        "choices": [],
        "found": [],
        "problem": "",
        "strangers": LONG_ADDRESS,
        "turned": "/m",
        "failure": "The tickets must be 1 to 50.",
    }
    which = {
        **chosen,
        "target": None,
        "sources": tickets,
        "choices": [choice, choice],
        "found": [choice],
        "q": WORD,
    }
    who: dict[str, Any] = {
        "frame": frame("customers"),
        "customer": people[0],
        "id": 7,
        "other": None,
        "other_id": None,
        "like": [{"person": SOFIA, "why": "the same inbox", "href": "/m"}],
        "found": [],
        "q": "",
        "problem": "",
        "weaker": False,
        "is_fresh": False,
        "failure": "",
    }
    both = {
        **who,
        "other": people[1],
        "other_id": 9,
        "weaker": True,
        "failure": "9 was merged already, into 7.",
    }
    pairs = [PairView(tickets[0], tickets[1], (3, 4), 57, "a similar title", "/m")]
    return {
        "duplicates": ("pages/duplicates.html", shown),
        "duplicates-none": ("pages/duplicates.html", {**shown, "pairs": [], "kept": None}),
        "duplicates-apart": (
            "pages/duplicates.html",
            {**shown, "of": "tickets", "apart": True, "pairs": pairs},
        ),
        "merge-tickets-which": ("pages/merge_tickets.html", which),
        "merge-tickets": ("pages/merge_tickets.html", chosen),
        "merge-customers-who": ("pages/merge_customers.html", who),
        "merge-customers": ("pages/merge_customers.html", both),
    }


def _settings() -> dict[str, State]:
    running = transfer(1, "Under way", "hourglass", is_open=True, end_href="/end", name=WORD)
    failed = transfer(2, "Failed", "octagon-alert", is_bad=True, problem=f"The file ends too early. {WORD}")
    done = transfer(3, "Done", "circle-check", expires_at=before(days=-3), download_href="/file")
    transfers: dict[str, Any] = {
        "frame": frame("settings"),
        "can_export": True,
        "can_import": True,
        "exports": [running, failed, done],
        "imports": [],
        "is_busy": True,
        "export_formats": [Option("jsonl", "Everything (JSON lines)")],
        "import_formats": [Option("csv", "Tickets (CSV)", selected=True)],
        "mapping": "[columns]\n" + WORD,
        "dry_run": True,
        "most": "25 MB",
        "days": 7,
        "errors": {"file": "is missing.", "format": "", "mapping": f"has no column {WORD}."},
        "failure": "",
        "is_fresh": False,
    }
    roles: dict[str, Any] = {
        "frame": frame("settings"),
        "roles": [(SimpleNamespace(id=1, name=WORD, description=WORD), "Change tickets, write notes")],
        "role_id": None,
        "values": {"name": WORD, "description": ""},
        "permissions": [("notes.write", "Write notes", True), ("tickets.change", "Change tickets", False)],
        "errors": {"name": "is taken.", "description": ""},
        "failure": "",
        "is_fresh": False,
    }
    member = SimpleNamespace(id=2, display_name=WORD)
    teams: dict[str, Any] = {
        "frame": frame("settings"),
        "teams": [
            SimpleNamespace(id=1, name="Payments", description="", members=[member]),
            SimpleNamespace(id=2, name=WORD, description=WORD, members=[]),
        ],
        "values": {"name": "", "description": ""},
        "failure": f"There is a team {JONAS.name} already.",
        "is_fresh": True,
    }
    return {
        "transfers": ("pages/transfers.html", transfers),
        "roles": ("pages/roles.html", roles),
        "teams": ("pages/teams.html", teams),
    }


def keeping_pages() -> dict[str, State]:
    """Return the states by name."""
    return {**_customers(), **_merging(), **_settings()}
