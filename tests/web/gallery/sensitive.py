"""States of pages that want a proof of who one is: second factors, webhooks, one import, forgetting a customer."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from ombud.web.factors import FactorsView, NoticeRow, PasskeyRow
from ombud.web.views.curation import Side
from ombud.web.views.webhooks import DeliveryRow, WebhookRow, event_choices
from tests.web.gallery.frames import State, before, frame
from tests.web.gallery.keeping import LONG_ADDRESS, WORD, transfer
from tests.web.gallery.people import AMARA

PLACES = {"desk": "Desk", "people": "People", "webhooks": "Webhooks", "transfers": "Imports and exports"}
SETTINGS = replace(frame("settings"), settings=PLACES)
ADDRESS = f"https://hooks.example/{'in/' * 60}{WORD}"


def _security() -> dict[str, State]:
    bare = FactorsView(totp_since=None, passkeys=[], codes_left=0, notices=[])
    full = FactorsView(
        totp_since=before(days=40),
        passkeys=[
            PasskeyRow(1, "This laptop", before(days=40), before(hours=2), is_synced=False),
            PasskeyRow(2, WORD, before(days=3), None, is_synced=True),
        ],
        codes_left=2,
        notices=[NoticeRow(f"A passkey was added: {WORD}", before(days=3), "/me/security", unread=True)],
    )
    here = SimpleNamespace(
        id=1, where="Firefox on Linux", user_agent="Mozilla/5.0", is_this=True, identity_id=None,
        ip="2001:db8:85a3::8a2e:370:7334", since=before(days=2), seen=before(minutes=1),
    )  # fmt: skip
    token = SimpleNamespace(
        id=1, name=WORD, good=True, state="", may="do everything that you may", used=before(hours=1)
    )
    page: dict[str, Any] = {
        "frame": frame("me"),
        "email": LONG_ADDRESS,
        "sessions": [here],
        "tokens": [],
        "token": "",
        "errors": {"password": "", "email": "", "name": ""},
        "factors": bare,
        "providers": [],
        "identities": [],
        "began_with": {},
        "browser_letters": False,
        "failure": "",
        "has_passkeys": False,
        "must_set_up": True,
        "changed": False,
        "is_fresh": False,
        "asked": False,
        "saved": False,
    }
    all_on = {
        **page,
        "factors": full,
        "has_passkeys": True,
        "must_set_up": False,
        "changed": True,
        "is_fresh": True,
        "sessions": [here, SimpleNamespace(**{**vars(here), "id": 2, "is_this": False, "identity_id": 5})],
        "tokens": [token, SimpleNamespace(**{**vars(token), "id": 2, "good": False, "state": "revoked"})],
        "token": f"omb_live_{'9' * 60}",
        "identities": [
            SimpleNamespace(id=5, label=WORD, slug="", email=LONG_ADDRESS, since=before(days=9), used=None)
        ],
        "began_with": {5: WORD},
        "browser_letters": True,
        "providers": [SimpleNamespace(slug="id", label=WORD)],
        "errors": {"password": "is one of the most common.", "email": "is another person's.", "name": ""},
    }
    return {
        "security-bare": ("pages/security.html", page),
        "security-factors": ("pages/security.html", all_on),
    }


def _webhooks() -> dict[str, State]:
    told = WebhookRow(
        href="/settings/webhooks/1", url="https://hooks.example/in", description="The warehouse",
        owner="Priya Nair", state="Told", good=True, told="ticket.created, ticket.commented",
        failing_since=None, old_secret_until=None,
    )  # fmt: skip
    failing = replace(
        told, url=ADDRESS, description=WORD, owner=WORD, state="Failing", good=False, told="everything",
        failing_since=before(hours=20),
    )  # fmt: skip
    off = replace(told, state="The address answered 410: it is gone.", good=False)
    values = {"url": ADDRESS, "description": WORD, "includes_notes": True, "is_active": True}
    form: dict[str, Any] = {
        "frame": SETTINGS,
        "values": values,
        "events": event_choices(()),
        "errors": {"url": "is not a public address.", "description": ""},
        "failure": "",
        "is_fresh": False,
    }
    fine = DeliveryRow(
        "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W", "ticket.created", "check", "Delivered", before(hours=1), None,
        ("200 in 31 ms",), "/again",
    )  # fmt: skip
    rows = [
        fine,
        replace(
            fine, icon="clock", state="Waiting", due_at=before(hours=-1), answers=("503 in 1,204 ms",) * 10
        ),
    ]
    one = {**form, "hook": failing, "rows": rows, "next_href": "/older", "secret": "", "can_keep": True}
    others = {**one, "hook": off, "rows": [], "next_href": "", "can_keep": False}
    return {
        "webhooks": ("pages/webhooks.html", {**form, "rows": [told, failing, off], "can_keep": True}),
        "webhooks-none": ("pages/webhooks.html", {**form, "rows": [], "can_keep": False}),
        "webhook": ("pages/webhook.html", {**one, "secret": f"whsec_{'M' * 60}"}),
        "webhook-of-another": ("pages/webhook.html", others),
    }


def _imports() -> dict[str, State]:
    problems = [
        SimpleNamespace(line=7, key="A-7", problems={"email": "is not an address.", "status": "is unknown."}),
        SimpleNamespace(line=1_000_000, key=WORD, problems={"title": f"is too long: {WORD}"}),
    ]
    done = transfer(
        4, "Done", "circle-check", name=f"{WORD}.csv", what="Tickets (CSV), only checked",
        figures="8,469 rows read, 8,400 tickets would come in, 5,312 new people, 69 left out",
    )  # fmt: skip
    page: dict[str, Any] = {
        "frame": SETTINGS,
        "job": done,
        "counted": 1200,
        "told": 1000,
        "problems": problems,
        "next_href": "/more",
        "can_repeat": True,
        "is_dry": True,
        "days": 7,
        "is_fresh": False,
    }
    running = transfer(5, "Under way", "hourglass", is_open=True, figures="4 MB")
    none = {"counted": 0, "problems": [], "next_href": "", "can_repeat": False}
    failed = transfer(6, "Failed", "octagon-alert", is_bad=True, problem=f"Line 3 is not JSON. {WORD}")
    return {
        "import": ("pages/transfer.html", page),
        "import-running": ("pages/transfer.html", {**page, **none, "job": running}),
        "import-failed": (
            "pages/transfer.html",
            {**page, **none, "job": failed, "counted": 3, "is_fresh": True},
        ),
    }


def _forgetting() -> dict[str, State]:
    who = Side(
        title=WORD, href="/customers/7", person=AMARA, at=before(days=400), facts=(("Address", LONG_ADDRESS),)
    )
    page: dict[str, Any] = {
        "frame": frame("customers"),
        "customer": who,
        "id": 7,
        "email": LONG_ADDRESS,
        "possible": True,
        "is_fresh": False,
        "error": "What you typed is another address.",
        "failure": "",
    }
    gone = {**page, "possible": False, "failure": "This person is of the team.", "error": ""}
    return {"anonymise": ("pages/anonymise.html", page), "anonymise-not": ("pages/anonymise.html", gone)}


def sensitive_pages() -> dict[str, State]:
    """Return the states by name."""
    return {**_security(), **_webhooks(), **_imports(), **_forgetting()}
