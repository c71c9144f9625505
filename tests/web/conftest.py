"""The browser of the page tests: one Chromium a session, a page that fails its test on any console error."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from ombud.web.assets import Assets

from .browser import CHROMIUM, launch


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Yield the system's Chromium; the suite is skipped, aloud, where it is missing."""
    if not Path(CHROMIUM).exists():
        pytest.skip(f"{CHROMIUM} is missing (see .ci/system-packages)")
    try:
        Assets()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    with sync_playwright() as playwright:
        chromium = launch(playwright)
        yield chromium
        chromium.close()
