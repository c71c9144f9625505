"""Every state of every page: renders, is accessible, asks nothing of the policy, fits a window of 320 px."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, ViewportSize

from tests.web.accessibility import violations
from tests.web.chromium import serving
from tests.web.gallery.serve import application
from tests.web.gallery.states import states

Scheme = Literal["light", "dark"]
SHAPES: dict[str, tuple[int, int, Scheme]] = {
    "wide-light": (1440, 900, "light"),
    "phone-dark": (390, 844, "dark"),
}
NARROWEST: ViewportSize = {"width": 320, "height": 640}


WIDER = """[...document.querySelectorAll("main, .talk, .sheet")]
    .filter((pane) => pane.clientWidth && pane.scrollWidth > pane.clientWidth + 1)
    .map((pane) => `${pane.className || pane.tagName}: ${pane.scrollWidth} in ${pane.clientWidth}`)"""


@pytest.fixture(scope="module")
def address(chromium: Browser) -> Iterator[str]:
    with serving(application()) as url:
        yield f"{url}/gallery"


@pytest.fixture(scope="module", params=SHAPES)
def page(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[Page]:
    width, height, scheme = SHAPES[request.param]
    page = chromium.new_page(
        viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce"
    )
    yield page
    page.close()


@pytest.mark.parametrize("name", states())
def test_state_fits_has_no_violation_and_no_console_message(name: str, page: Page, address: str) -> None:
    """A phone's page is loaded in the narrowest window, which it must fit, and judged in a usual one."""
    said: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type == "error":
            said.append(message.text)

    shape = page.viewport_size
    assert shape is not None
    page.on("console", listen)
    if shape["width"] < 400:
        page.set_viewport_size(NARROWEST)
        page.goto(f"{address}/{name}")
        _fits(name, page)
        page.set_viewport_size(shape)
    else:
        page.goto(f"{address}/{name}")
    assert violations(page) == []
    assert said == []
    page.remove_listener("console", listen)


def _fits(name: str, page: Page) -> None:
    width = page.evaluate("document.documentElement.scrollWidth")
    # A pane that scrolls by itself hides from the page what is too wide for it.
    hidden = page.evaluate(WIDER)
    assert width <= NARROWEST["width"], f"{name} is {width} px wide"
    assert hidden == [], f"{name} has what is wider than its pane"
