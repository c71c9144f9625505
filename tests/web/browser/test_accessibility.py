"""axe-core finds nothing on any page, in light and dark, wide and on a phone."""

from __future__ import annotations

import pytest

from tests.web.accessibility import violations
from tests.web.browser.conftest import Site


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])
def test_no_violation_on_any_page(site: Site, scheme: str, width: int) -> None:
    door = site.window(color_scheme=scheme, width=width)
    door.goto(f"{site.url}/sign-in")
    assert violations(door) == []
    page = site.window(site.cast.agent, color_scheme=scheme, width=width)
    paths = (
        "?view=all",
        "?view=mine",
        "?q=reader",
        f"/{site.number}?view=all",
        f"/{site.number}/history",
        "/new",
        "/search",
    )
    for path in paths:
        page.goto(f"{site.url}/tickets{path}")
        assert violations(page) == [], path
    page.goto(f"{site.url}/tickets/{site.number}?view=all")
    page.locator("#ticket-head summary[title^='Status']").click()
    assert violations(page) == []
    customer = site.window(site.cast.customer, color_scheme=scheme, width=width)
    for path in ("?view=open", f"/{site.number}"):
        customer.goto(f"{site.url}/tickets{path}")
        assert violations(customer) == [], path
