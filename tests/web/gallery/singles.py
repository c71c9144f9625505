"""States of pages that stand alone: at the door, one form, one message."""

from __future__ import annotations

from typing import Any

from ombud.config import Settings
from ombud.db.actor import Actor
from ombud.models import DeskSetting
from ombud.settings import effective_settings
from ombud.web.openid import ProviderButton
from ombud.web.views.settings import sections
from ombud.web.views.tickets import (
    ChangeView,
    HistoryEntry,
)
from tests.web.gallery import menus, texts
from tests.web.gallery.frames import State, before, frame
from tests.web.gallery.people import (
    AMARA,
    JONAS,
    PRIYA,
)


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
    sign_in |= {"sign_in_links": True, "has_passkeys": False, "providers": [], "done": ""}
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
    fixed = Settings(desk_name="W" * 60, staff_idle_hours=1)
    chosen = [DeskSetting(name="purge_after_days", value=30, version=1)]
    wrong_days = {"staff_session_days": "must be a whole number from 1 to 90."}
    desk = {
        "frame": frame("settings"),
        "sections": sections(
            effective_settings(Actor.system("gallery"), fixed, chosen),
            {"staff_session_days": "0"},
            wrong_days,
        ),
        "version": 2,
        "done": {"before": {"purge_after_days": ""}},
        "failure": "Somebody else changed this in the meantime.",
        "is_fresh": False,
    }
    return {
        "desk-settings": ("pages/settings.html", desk),
        "sign-in": ("pages/sign_in.html", sign_in),
        "sign-in-providers": (
            "pages/sign_in.html",
            {**sign_in, "providers": providers, "done": "You are signed out, here and at the provider."},
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
        "search-page": ("pages/search.html", {"frame": frame("search"), "q": "", "error": ""}),
        "search-refused": (
            "pages/search.html",
            {"frame": frame("search"), "q": "status:nonsense", "error": "Status: can be open, closed."},
        ),
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
