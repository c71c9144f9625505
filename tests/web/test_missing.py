"""What somebody may not know of looks on a page like what is not there (T31): as tests/api/test_api_missing.py.

Each address is asked for a thing that exists and belongs to others, and for one that does not exist. Where the first is
refused, the second must be refused in the same words, with the same headers, and after as many statements.
"""

from __future__ import annotations

import re

import httpx
import pytest

from ombud import Desk
from ombud.db.statements import counted
from ombud.runtime import Runtime
from ombud.testing import Cast
from tests.strangers import MISSING, World, make_world
from tests.web.hosting import Browser
from tests.web.test_matrix import PUBLIC, entries, routes

pytestmark = pytest.mark.asyncio

OWN_HEADERS = {"x-request-id", "content-length"}
NOUNS = {"/tickets": "status", "/outbox": "retry", "/settings/transfers": "exports"}
NAMES_NO_THING = {"slug": "x"}
FORM = {
    "content": "x",
    "status": "closed",
    "tags": "x",
    "name": "x",
    "label": "x",
    "text": "x",
    "kind": "reply",
}


def addresses(world: World) -> list[tuple[str, str, str, str]]:
    """Return method, path, foreign and missing address of each page and form that names a thing; reads first."""
    found = []
    for method, path in sorted(routes() - entries(PUBLIC), key=lambda one: (one[0] != "GET", one[1])):
        foreign = missing = path
        things = 0
        for name in re.findall(r"\{(\w+)\}", path):
            mark = f"{{{name}}}"
            word = NAMES_NO_THING.get(name)
            if name == "noun":
                word = next(noun for start, noun in NOUNS.items() if path.startswith(start))
            if word is not None:
                foreign, missing = foreign.replace(mark, word), missing.replace(mark, word)
                continue
            there = world.ids["export_id"] if name == "job_id" else world.of(name, path)
            foreign, missing = foreign.replace(mark, there), missing.replace(mark, str(int(MISSING) - things))
            things += 1
        if things:
            found.append((method, path, foreign, missing))
    return found


def said(answer: httpx.Response, address: str) -> tuple[int, str, dict[str, str]]:
    """Return status, page and headers of a refusal, without what names the request or repeats the address."""
    headers = {name: value for name, value in answer.headers.items() if name not in OWN_HEADERS}
    page = answer.text.replace(answer.headers["x-request-id"], "REQUEST").replace(address, "ADDRESS")
    return answer.status_code, page, headers


@pytest.mark.parametrize("who", ["customer", "team_agent", "light_agent"])
async def test_what_is_not_ones_own_looks_like_what_is_not_there(
    web: Browser, runtime: Runtime, desk: Desk, cast: Cast, who: str
) -> None:
    world = make_world(desk, cast, runtime.files)
    await web.sign_in(getattr(cast, who))
    refused, seen = 0, set[str]()
    for method, path, foreign, missing in addresses(world):
        thing = path.partition("{")[2].partition("}")[0]

        async def ask(address: str, method: str = method) -> httpx.Response:
            return await (web.client.get(address) if method == "GET" else web.post(address, FORM))

        with counted() as first:
            answer = await ask(foreign)
        with counted() as second:
            absent = await ask(missing)
        if answer.status_code in {200, 204, 303, 409, 422} and answer.status_code != absent.status_code:
            seen.add(thing)  # theirs to see or to do
            assert absent.status_code in {403, 404, 422}, (method, path)
            continue
        if thing in seen or answer.status_code in {200, 204, 303}:
            assert absent.status_code in {200, 204, 303, 403, 404, 422}, (method, path)
            continue
        refused += 1
        assert answer.status_code in {403, 404, 422}, (method, path, answer.status_code)
        assert said(answer, foreign) == said(absent, missing), (method, path)
        assert len(first) == len(second), f"{method} {path}\n{first}\n{second}"
    assert refused > (40 if who == "customer" else 15), (refused, seen)
