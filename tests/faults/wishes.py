"""What one person of the load wants, one write after the other, each under a name of its own: its idempotency key.

A person writes only to their own tickets, and to none of which they do not know whether it is deleted.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import httpx

TAGS = ["crash", "load"]
FEW = ("open", "answer", "rename")
ALL = ("open", "answer", "rename", "attach", "bulk", "open", "delete", "restore")
"""What comes after what. The tests that look at figures while people work leave deleting out."""
MANY = 4
"""Tickets that are changed at once."""


@dataclass(frozen=True)
class Wish:
    """A write: what it is and how it is asked for."""

    key: str
    kind: str
    method: str
    path: str
    sends: dict[str, Any] = field(default_factory=dict)
    numbers: tuple[str, ...] = ()
    """The tickets that it is about, where that is not said by its effect."""


def content(key: str) -> bytes:
    """Return the bytes of the file that goes by this name: some hundred thousand, no two files alike."""
    return hashlib.sha256(key.encode()).digest() * 4000


@dataclass
class Person:
    """Somebody's tickets, and what they know of them."""

    requester: int
    order: tuple[str, ...]
    changed: dict[str, set[str]]
    """Which tickets changed, as a change of many was answered."""
    tickets: list[str] = field(default_factory=list)
    deleted: str | None = None
    restored: set[str] = field(default_factory=set)
    turn: int = 0

    def wish(self, key: str) -> Wish:
        """Return what is wanted next."""
        kind = self.order[self.turn % len(self.order)] if self.tickets or self.deleted else "open"
        self.turn += 1
        if (kind == "restore") != (self.deleted is not None):
            kind = "restore" if self.deleted else "open"
        if kind == "delete" and self.tickets[-1] in self.restored:
            kind = "open"  # each is deleted once, so that its name is that of who did it
        path = f"tickets/{self.tickets[-1]}" if self.tickets else ""
        match kind:
            case "answer":
                return Wish(key, kind, "POST", f"{path}/comments", {"json": {"content": key}})
            case "rename":
                return Wish(key, kind, "PATCH", path, {"json": {"description": key}})
            case "attach":
                return Wish(
                    key, kind, "POST", f"{path}/attachments", {"files": {"file": (key, content(key))}}
                )
            case "bulk":
                numbers = self.tickets[-MANY:]
                body = {"numbers": numbers, "action": "tag", "add_tags": [key]}
                return Wish(key, kind, "POST", "tickets/bulk", {"json": body}, tuple(numbers))
            case "delete":
                return Wish(key, kind, "DELETE", path, numbers=(self.tickets.pop(),))
            case "restore":
                number, self.deleted = self.deleted or "", None
                return Wish(key, kind, "POST", f"tickets/{number}/restoration", numbers=(number,))
            case _:
                asked = {"title": key, "tags": TAGS, "requester_id": self.requester}
                return Wish(key, "open", "POST", "tickets", {"json": asked})

    def learn(self, wish: Wish, answer: httpx.Response) -> None:
        """Take note of what was acknowledged."""
        match wish.kind:
            case "open":
                self.tickets.append(answer.json()["number"])
            case "delete":
                (self.deleted,) = wish.numbers
            case "restore":
                self.tickets += wish.numbers
                self.restored.update(wish.numbers)
            case "bulk":
                items = answer.json()["items"]
                self.changed[wish.key] = {item["number"] for item in items if item["outcome"] == "changed"}
            case _:
                pass
