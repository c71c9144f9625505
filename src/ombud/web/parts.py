"""What the pages are made of, once for a process: the runtime, templates, assets, and who is listening."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from dataclasses import dataclass, field

from fastapi import Request
from jinja2 import Environment

from ombud.config import words_of
from ombud.kit.guard import Guard
from ombud.people.door import Door
from ombud.people.openid import Book
from ombud.runtime import Runtime
from ombud.web.assets import Assets

REPORTS_KEPT = 100


class Listeners:
    """The live streams of this process by session, so that signing out ends them at once."""

    def __init__(self) -> None:
        self._ends: dict[int, set[asyncio.Event]] = defaultdict(set)

    def join(self, session_id: int) -> asyncio.Event:
        """Return the event that is set when the session ends."""
        end = asyncio.Event()
        self._ends[session_id].add(end)
        return end

    def leave(self, session_id: int, end: asyncio.Event) -> None:
        """Forget a stream that is closed."""
        self._ends[session_id].discard(end)
        if not self._ends[session_id]:
            del self._ends[session_id]

    def end(self, session_id: int) -> None:
        """End the streams of a session."""
        for event in self._ends.get(session_id, ()):
            event.set()


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of the web edge."""

    runtime: Runtime
    templates: Environment
    assets: Assets
    listeners: Listeners = field(default_factory=Listeners)
    reports: deque[str] = field(default_factory=lambda: deque(maxlen=REPORTS_KEPT))
    """What browsers said that the content security policy stopped, newest last."""
    door: Door = field(default_factory=Door)
    book: Book = field(init=False)
    """What this process knows of OpenID providers."""

    def __post_init__(self) -> None:
        guard = Guard(words_of(self.runtime.settings.internal_hosts))
        object.__setattr__(self, "book", Book(guard))  # frozen, but not before it is made


def parts_of(request: Request) -> Parts:
    """Return the parts that the application was made with."""
    parts: Parts = request.app.state.parts
    return parts
