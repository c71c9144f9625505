"""What tests of the pages need: a browser without scripts, and a real one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import sync_playwright
from sqlalchemy import URL

from ombud.runtime import Runtime
from ombud.testing import ScratchDatabase
from tests.web.chromium import CHROMIUM, launch
from tests.web.hosting import Browser


@pytest.fixture
def database_url(database: ScratchDatabase) -> URL:
    """Name no driver: the pages use the asynchronous engine's default, as a running desk does."""
    return database.url.set(drivername="postgresql")


@pytest_asyncio.fixture
async def web(runtime: Runtime, built: None) -> AsyncIterator[Browser]:
    """A browser without scripts at the desk's door."""
    browser = Browser(runtime)
    async with browser.client:
        yield browser


@pytest.fixture(scope="module")
def chromium(built: None) -> Iterator[Chromium]:
    """The system's Chromium; the suite is skipped, aloud, where it is missing.

    One for a module and not for the run: while Playwright's loop lives, no asynchronous test can run.
    """
    if not Path(CHROMIUM).exists():
        pytest.skip(f"{CHROMIUM} is missing (see .ci/system-packages)")
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()
