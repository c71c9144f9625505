"""The three example projects, started as their READMEs say and used over HTTP."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from ombud.testing import Cast, ScratchDatabase
from tests.contrib import visiting
from tests.contrib.serving import EXAMPLES, environment, free_port, prepare, running

# Whether open pages are told live what changes: by ASGI servers only.
SHOPS = [("fastapi", True), ("flask", False), ("django", False), ("django over ASGI", True)]


@pytest.mark.parametrize(("shop", "live"), SHOPS)
def test_a_shop_with_a_desk(
    built: None, database: ScratchDatabase, cast: Cast, tmp_path: Path, *, shop: str, live: bool
) -> None:
    name = shop.partition(" ")[0]
    environ = environment(database.url, tmp_path)
    server = prepare(name, environ)
    port = str(free_port())
    if shop == "django over ASGI":
        server = ["uvicorn", "shop.asgi:application", "--port", port]
    else:
        server = [*server, port] if name == "django" else [*server, "--port", port]
    with running(name, server, environ) as url, httpx.Client(base_url=url, timeout=30) as web:
        number = visiting.use_the_shop(web)
        visiting.use_the_pages(web, "/support", cast.agent, number, live=live)
        visiting.use_the_api(web, "/support", cast.agent)


@pytest.mark.parametrize("name", ["fastapi", "flask", "django"])
def test_a_readme_has_ten_lines(name: str) -> None:
    assert len((EXAMPLES / name / "README.md").read_text().splitlines()) <= 12
