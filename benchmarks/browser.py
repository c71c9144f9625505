"""Visitors of a desk: signed in, with their own connection, timing what they ask for."""

from __future__ import annotations

import asyncio
import html
import re
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import httpx

from benchmarks.desk import RunningDesk

_TOKEN = re.compile(r'name="csrf" value="([^"]+)"')


@dataclass(frozen=True)
class Visit:
    """A request as a browser makes it. `form` makes it a post, `target` names the part that htmx asks for."""

    path: str
    target: str = ""
    form: MappingProxyType[str, str] = field(default_factory=lambda: MappingProxyType({}))


class Browser:
    """One visitor with one connection, kept alive."""

    def __init__(self, client: httpx.AsyncClient, csrf: str = "") -> None:
        self.client = client
        self.csrf = csrf

    async def sign_in(self, email: str, password: str) -> str:
        """Sign in and follow to the first page, which is returned."""
        form = {
            "csrf": _token((await self._checked("GET", "/sign-in")).text),
            "email": email,
            "password": password,
        }
        page = (await self._checked("POST", "/sign-in", data={**form, "next": "/"})).text
        self.csrf = _token(page)
        return page

    async def make(self, visit: Visit) -> float:
        """Make a request, read its whole answer, and return the seconds that it took. Raises HTTPStatusError."""
        begun = time.perf_counter()
        headers = {"HX-Request": "true", "HX-Target": visit.target} if visit.target else {}
        if visit.form:
            await self._checked("POST", visit.path, data={"csrf": self.csrf, **visit.form}, headers=headers)
        else:
            await self._checked("GET", visit.path, headers=headers)
        return time.perf_counter() - begun

    async def _checked(self, method: str, path: str, **more: Any) -> httpx.Response:
        response = await self.client.request(method, path, **more)
        return response.raise_for_status()


PEOPLE = 2
"""So many agents share the visits: of one person only ten searches may wait (`ombud.db.turns`)."""


@asynccontextmanager
async def visitors(desk: RunningDesk, count: int) -> AsyncIterator[list[Browser]]:
    """Yield browsers that share the sessions of two agents, the first agent's first."""
    async with AsyncExitStack() as stack:
        browsers: list[Browser] = []
        for email in desk.people[1 : 1 + min(PEOPLE, count)]:
            browser = Browser(await stack.enter_async_context(_client(desk)))
            await browser.sign_in(email, desk.password)
            browsers.append(browser)
        for number in range(len(browsers), count):
            known = browsers[number % PEOPLE]
            client = await stack.enter_async_context(_client(desk, known.client.cookies))
            browsers.append(Browser(client, known.csrf))
        yield browsers


async def first_page(desk: RunningDesk) -> None:
    """Sign in as a newcomer and see the inbox. Raises AssertionError when it is anything else."""
    async with _client(desk) as client:
        page = await Browser(client).sign_in(desk.agent, desk.password)
    assert "sign-out" in page, "the first page is not the inbox"


async def time_all(browsers: Sequence[Browser], visits: Sequence[Visit]) -> list[float]:
    """Let the browsers work off the visits side by side, and return the seconds of each."""
    waiting = iter(visits)
    taken: list[float] = []

    async def work(browser: Browser) -> None:
        taken.extend([await browser.make(visit) for visit in waiting])

    await asyncio.gather(*(work(browser) for browser in browsers))
    return taken


def _client(desk: RunningDesk, cookies: httpx.Cookies | None = None) -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=1)
    return httpx.AsyncClient(
        base_url=desk.address,
        cookies=cookies,
        limits=limits,
        timeout=60,
        follow_redirects=True,
        trust_env=False,
    )


def _token(page: str) -> str:
    found = _TOKEN.search(page)
    assert found, "a page without a form"
    return html.unescape(found[1])
