"""Every filter of the API with quotes, casts, sub-selects and sleeps in it: they stay values (TRUST.md T10).

And filters by the thousand, which would keep everybody waiting, are refused (T75).
"""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
import pytest_asyncio

from ombud.api.app import create_api
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.db.statements import counted
from ombud.runtime import Runtime
from ombud.testing import Cast, make_ticket
from tests.web.hosting import Browser

pytestmark = pytest.mark.asyncio
MARK = "zqx7"
"""In every payload, and in no statement: what is sent is bound, never written into the text."""
PAYLOADS = (
    f"'{MARK}", f"{MARK}' OR '1'='1", f"1;SELECT pg_sleep(30)--{MARK}", f"(SELECT pg_sleep(30)||'{MARK}')",
    f"{MARK}'||pg_sleep(30)||'", f"1::int/*{MARK}*/", f"$${MARK}$$", f"\\'{MARK}", f"{MARK}\" --",
    f"1) UNION SELECT '{MARK}'", f"{MARK}%", f"&|!:*<->({MARK})", f"status:open' {MARK}", f"tag:\"x' {MARK}\"",
    f"created:'{MARK}", f"E'\\\\x27{MARK}",
)  # fmt: skip
LEAKS = ("SELECT ", "SQLSTATE", "psycopg", "asyncpg", "syntax error", "Traceback")
DOCUMENT = json.loads((Path(__file__).parents[2] / "docs" / "openapi.json").read_text(encoding="utf-8"))


def parameters() -> list[tuple[str, str]]:
    """Return path and name of each parameter of each list."""
    return [
        (path, parameter["name"])
        for path, item in DOCUMENT["paths"].items()
        if "{" not in path and "get" in item
        for parameter in item["get"].get("parameters", [])
        if parameter.get("in") == "query"
    ]


@pytest_asyncio.fixture
async def api(runtime: Runtime, cast: Cast) -> AsyncIterator[httpx.AsyncClient]:
    unlimited = replace(runtime, settings=runtime.settings.model_copy(update={"api_rate": 0}))
    transport = httpx.ASGITransport(create_api(unlimited))
    headers = {"Authorization": f"Bearer {cast.admin.token}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://desk.example", headers=headers
    ) as client:
        yield client


async def test_no_filter_takes_a_value_for_sql(api: httpx.AsyncClient, desk: Desk, cast: Cast) -> None:
    """Nothing sleeps (the limit of five seconds would answer 503), nothing leaks, no statement holds what was sent."""
    await desk.arun(Actor.system("test"), make_ticket, cast.customer.id)
    asked = [one for one in parameters() if not one[0].startswith("/events")]
    assert len(asked) > 40
    turns = itertools.cycle(PAYLOADS)
    with counted() as log:
        for path, name in asked:
            for payload in itertools.islice(turns, 5):
                answer = await api.get(path, params={name: payload})
                assert answer.status_code in (200, 400, 404, 422), (path, name, payload, answer.text)
                assert answer.is_success or not any(leak in answer.text for leak in LEAKS), answer.text
    assert not [statement for statement in log.statements if MARK in statement]


async def test_every_payload_is_a_word_to_the_search(api: httpx.AsyncClient, cast: Cast) -> None:
    with counted() as log:
        for payload in PAYLOADS:
            for path in ("tickets", "users", "tags", "organizations"):
                answer = await api.get(f"/{path}", params={"q": payload})
                assert answer.status_code in (200, 422), (path, payload, answer.text)
    assert not [statement for statement in log.statements if MARK in statement]
    assert len(log) > len(PAYLOADS)


ENDLESS = {
    "tags to leave out": [("q", " ".join(f"-tag:a{n}" for n in range(500)))],
    "few characters, many conditions": [("q", " ".join(f"-tag:{n}" for n in range(60)))],
    "tags as terms": [("q", " ".join(f"tag:{n}" for n in range(60)))],
    "tags": [("tag", f"a{n}") for n in range(300)],
    "one state again and again": [("status", "open")] * 5000,
    "the same as terms": [("q", "-status:open " * 3000)],
    "days to leave out": [("q", " ".join(f"-created:2020-01-{n % 28 + 1:02}" for n in range(1500)))],
    "people": [("assignee", str(n)) for n in range(3000)],
    "names": [("q", " ".join(f"-requester:{n}" for n in range(30)))],
    "words": [("q", "word " * 10_000)],
    "terms with one meaning": [("q", "is:done " * 60)],
}
"""Each of them took the process for seconds, in the planner or before."""


async def test_filters_by_the_thousand_are_refused_before_anything_is_asked(
    runtime: Runtime, built: None, api: httpx.AsyncClient, cast: Cast
) -> None:
    """By pages, whose addresses hold 60 KB, as by the API, of a customer as of anybody."""
    answered: dict[str, int] = {}
    for who in (cast.customer, cast.agent):
        browser = Browser(runtime)
        async with browser.client:
            await browser.sign_in(who)
            for name, query in ENDLESS.items():
                with counted() as log:
                    page = await browser.client.get(f"/tickets?view=all&{urlencode(query)}")
                answered[f"{name}, a page"] = page.status_code
                assert len(log) <= 4, (name, len(log))
            at_most = [("q", " ".join([*(f"tag:{n}" for n in range(3)), *(f"-tag:{n}" for n in range(20))]))]
            if who is cast.agent:
                assert (await browser.client.get(f"/tickets?{urlencode(at_most)}")).status_code == 200
    for name, query in ENDLESS.items():
        answered[name] = (await api.get(f"/tickets?{urlencode(query)}")).status_code
    assert {name: status for name, status in answered.items() if status != 422} == {}
