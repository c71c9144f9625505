"""A running desk with one ticket, and windows on it that fail their test on any console error or CSP report."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect

from ombud.runtime import Runtime
from ombud.testing import Cast, Persona, make_comment, make_ticket
from tests.web.chromium import serving
from tests.web.hosting import hosted

expect.set_options(timeout=8000)

TEXT = (
    "Hello,\n\nsince **this morning** the reader says `E-1042`.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\nCarla"
)


@dataclass
class Site:
    """A desk that runs: its address, its people, and the windows that a test opens."""

    url: str
    cast: Cast
    number: str
    chromium: Chromium
    reports: Any
    said: list[str] = field(default_factory=list)
    open_windows: ExitStack = field(default_factory=ExitStack)

    def window(
        self, who: Persona | None = None, *, width: int = 1440, height: int = 900, **context: Any
    ) -> Page:
        """Open a window of its own browser profile, signed in as `who`."""
        profile = self.chromium.new_context(
            viewport={"width": width, "height": height}, reduced_motion="reduce", **context
        )
        self.open_windows.callback(profile.close)
        profile.set_default_timeout(8000)
        page = profile.new_page()
        page.on("console", lambda message: self._note(message.type, message.text))
        page.on("pageerror", lambda error: self._note("error", str(error)))
        if who is not None:
            page.goto(f"{self.url}/sign-in")
            page.get_by_label("Email").fill(who.email)
            page.get_by_label("Password").fill(who.password)
            page.get_by_role("button", name="Sign in", exact=True).click()
            page.wait_for_url("**/tickets?**")
        return page

    def ticket(self, page: Page, query: str = "view=all") -> Page:
        """Go to the ticket, and wait until its live stream stands."""
        with page.expect_response("**/live"):
            page.goto(f"{self.url}/tickets/{self.number}?{query}")
        return page

    def forgive(self, words: str) -> None:
        """Take away what Chromium says by itself of an answer that a test provokes (a 409 is no fault)."""
        self.said = [line for line in self.said if words not in line]

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.said.append(text)


@pytest.fixture
def site(runtime: Runtime, cast: Cast, chromium: Chromium) -> Iterator[Site]:
    def open_one(session: Any) -> str:
        ticket = make_ticket(
            session, cast.customer.id, title="Card reader says E-1042", description=TEXT, tags=("billing",)
        )
        make_comment(session, ticket, cast.admin.id, "We look at it.")
        return ticket.ticket_number

    number = runtime.desk.run(cast.admin.in_new_request(), open_one)
    app = hosted(runtime)
    with serving(app) as url:
        reports = app.state.web.state.parts.reports
        running = Site(url, cast, number, chromium, reports)
        with running.open_windows:
            yield running
        assert list(reports) == []
        assert running.said == []


@pytest.fixture
def act(runtime: Runtime) -> Callable[..., Any]:
    """Do something in the desk behind the pages' back, as another program would."""

    def run(who: Persona, action: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return runtime.desk.run(who.in_new_request(), action, *args, **kwargs)

    return run
