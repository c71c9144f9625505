"""The API can do everything the pages can: whatever action a page calls, some route of the API calls, too."""

from __future__ import annotations

import ast
from pathlib import Path

import ombud

SOURCE = Path(ombud.__file__).parent
EDGES = ("api", "asgi", "cli", "client", "contrib", "demo", "mcp", "observing", "testing", "web", "worker")

OTHERWISE = {
    "accept": "an invitation is accepted by the link in its letter",
    "admit": "signing in at an identity provider is a browser's",
    "ask_for_letter": "whoever has no password yet has no token either",
    "begin_second_step": "tokens have no second step",
    "confirm": "a page's fresh proof; a token's is confirm_token",
    "confirm_by": "a page's fresh proof at an identity provider",
    "create_first_administrator": "before there is one, nobody has a token",
    "deactivate_user": "change_user with is_active, which this calls",
    "end_session": "signing out",
    "end_step": "tokens have no second step",
    "find_ticket": "a read",
    "note_presence": "a browser's session",
    "reactivate_user": "change_user with is_active, which this calls",
    "renew_session": "a browser's session",
    "set_teams": "add_team_member and remove_team_member, one by one",
    "settle": "another function of that name, which says where pages lie",
    "sign_in": "a browser's session",
    "take_address": "an address is confirmed by the link in its letter",
    "come_in": "signing in by the link in a letter",
}
"""Actions that only pages call, and why."""


def actions() -> set[str]:
    """Return the names of public functions below the edges whose first argument is a session."""
    found = set()
    for file in SOURCE.rglob("*.py"):
        if file.relative_to(SOURCE).parts[0] in EDGES:
            continue
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                names = [one.arg for one in node.args.args]
                if names[:1] == ["session"]:
                    found.add(node.name)
    return found


def mentioned(edge: str) -> set[str]:
    """Return all names that the code of an edge mentions."""
    found = set()
    for file in (SOURCE / edge).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Name):
                found.add(node.id)
            elif isinstance(node, ast.Attribute):
                found.add(node.attr)
            elif isinstance(node, ast.ImportFrom):
                found |= {one.name for one in node.names}
    return found


def test_the_api_does_what_the_pages_do() -> None:
    known = actions()
    of_pages, of_api = mentioned("web") & known, mentioned("api") & known
    assert len(of_pages) > 80, "they are found at all"
    assert of_pages - of_api == set(OTHERWISE)
