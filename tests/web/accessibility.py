"""Ask axe-core what a page does wrong (WCAG 2.2 A and AA, and its best practices)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = Path(__file__).parents[2] / "src/ombud/web/frontend/node_modules/axe-core/axe.min.js"


def violations(page: Page) -> list[str]:
    """Return one line for each violation. axe is evaluated by the debugger: the page's policy stays strict."""
    page.evaluate(AXE.read_text())
    found: dict[str, Any] = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{rule['id']}: {node['html'][:160]} | {node['failureSummary'][:300]}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]
