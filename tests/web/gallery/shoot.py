"""Take pictures of the gallery: `python -m tests.web.gallery.shoot [state ...]` writes test-artifacts/gallery/."""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.web.chromium import launch, serving
from tests.web.gallery.serve import application
from tests.web.gallery.states import states

SIZES = {"wide": (1440, 900), "middle": (1000, 800), "phone": (390, 844), "narrow": (320, 640)}


def main(names: list[str]) -> None:
    out = Path("test-artifacts/gallery")
    out.mkdir(parents=True, exist_ok=True)
    with serving(application()) as url, sync_playwright() as playwright:
        browser = launch(playwright)
        for scheme in ("light", "dark"):
            for size, (width, height) in SIZES.items():
                page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
                for name in names or states():
                    page.goto(f"{url}/gallery/{name}")
                    page.screenshot(path=out / f"{name}-{size}-{scheme}.png")
                page.close()


if __name__ == "__main__":
    main(sys.argv[1:])
