"""What somebody may not know of looks like what is not there, at every address that names a thing (T31).

Each address is asked for a thing that exists and belongs to others, and for one that does not exist. Where the first is
refused, the second must be refused in the same words, with the same headers, and after as many statements.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from ombud import Desk
from ombud.api.openapi import describe
from ombud.db.statements import counted
from ombud.runtime import Runtime
from ombud.testing.personas import Cast
from tests.api.conftest import Caller
from tests.strangers import MISSING, World, make_world

pytestmark = pytest.mark.asyncio

BODIES: dict[str, Any] = {
    "PATCH /identity-providers/{provider_id}": {"label": "x"},
    "PUT /mail/inbound/{mail_id}/ticket": {"number": "1001"},
    "PATCH /mail/rules/{rule_id}": {"name": "x"},
    "PATCH /mailboxes/{mailbox_id}": {"name": "x"},
    "PATCH /me/factors/passkeys/{passkey_id}": {"name": "x"},
    "PATCH /organizations/{organization_id}": {"notes": "x"},
    "PATCH /roles/{role_id}": {"name": "x"},
    "PATCH /tags/{tag_id}": {"description": "x"},
    "POST /tags/{tag_id}/merges": {"tag_ids": [999998]},
    "PATCH /teams/{team_id}": {"description": "x"},
    "PATCH /tickets/{number}": {"title": "x"},
    "POST /tickets/{number}/comments": {"content": "x"},
    "PUT /tickets/{number}/draft": {"content": "x"},
    "POST /tickets/{number}/merges": {"numbers": ["999998"]},
    "PATCH /users/{user_id}": {"full_name": "x"},
    "POST /users/{user_id}/merges": {"user_ids": [999998]},
    "PATCH /webhooks/{webhook_id}": {"description": "x"},
}
QUERIES = {
    "GET /tickets/{number}/merge-preview": "?numbers={other}",
    "GET /users/{user_id}/merge-preview": "?user_ids={other_id}",
}
OWN_HEADERS = {"x-request-id", "ratelimit-remaining", "ratelimit-reset", "content-length"}
NAMES_NO_THING = ("kind", "email", "name")
"""Parameters of the path that are words, and have nothing behind them that is somebody's."""


@pytest.fixture
def runtime(runtime: Runtime) -> Runtime:
    """One that takes thousands of calls a minute."""
    return replace(runtime, settings=runtime.settings.model_copy(update={"api_rate": 1_000_000}))


@pytest.fixture
def world(desk: Desk, cast: Cast, runtime: Runtime) -> World:
    return make_world(desk, cast, runtime.files)


def addresses(app: FastAPI, world: World) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Yield name, foreign and missing address and what is sent, of each operation that names a thing; reads first."""
    found = [
        (method.upper(), path, described)
        for path, operations in describe(app)["paths"].items()
        for method, described in operations.items()
        if "{" in path
    ]
    order = ("GET", "POST", "PUT", "PATCH", "DELETE")
    for method, path, described in sorted(found, key=lambda one: order.index(one[0])):
        foreign = missing = path.lstrip("/")
        things = 0
        for one in described["parameters"]:
            if one["in"] != "path":
                continue
            name = one["name"]
            mark = f"{{{name}}}"
            if name in NAMES_NO_THING:
                word = "mentioned" if name == "kind" else "x@y.example"
                foreign, missing = foreign.replace(mark, word), missing.replace(mark, word)
                continue
            absent = str(int(MISSING) - things)
            foreign, missing = foreign.replace(mark, world.of(name, path)), missing.replace(mark, absent)
            things += 1
        if not things:
            continue
        key = f"{method} {path}"
        media = next(iter(described.get("requestBody", {}).get("content", {"": None})))
        sent: dict[str, Any] = {}
        if media == "application/json":
            sent = {"json": BODIES.get(key, {})}
        elif media == "multipart/form-data":
            sent = {"files": {"file": ("a.txt", b"a", "text/plain")}}
        query = QUERIES.get(key, "").format(**world.ids)
        yield key, foreign + query, missing + query, sent


def said(answer: httpx.Response, address: str) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Return status, body and headers of a refusal, without what names the request or repeats the address."""
    headers = {name: value for name, value in answer.headers.items() if name not in OWN_HEADERS}
    body = answer.json() if answer.content else {}
    assert address.split("?", maxsplit=1)[0] not in answer.text
    return answer.status_code, {name: value for name, value in body.items() if name != "instance"}, headers


@pytest.mark.parametrize("who", ["customer", "team_agent", "light_agent"])
async def test_what_is_not_ones_own_looks_like_what_is_not_there(
    caller: Caller, app: FastAPI, cast: Cast, world: World, who: str
) -> None:
    api = app.routes[0].app  # type: ignore[attr-defined]
    client, refused, seen = caller(getattr(cast, who)), 0, set[str]()
    for _ in range(2):  # so that the short way knows the caller
        await client.get(f"tickets/{MISSING}")
    for key, foreign, missing, sent in addresses(api, world):
        with counted() as first:
            answer = await client.request(key.split()[0], foreign, **sent)
        with counted() as second:
            absent = await client.request(key.split()[0], missing, **sent)
        no_bytes = "missing from the store" in answer.text  # of a record that they see
        if answer.is_success or answer.status_code == 409 or no_bytes:
            seen.add(_thing(key))  # theirs to see or to do: what is not there must be refused
            assert absent.status_code in {404, 422} or "DELETE" in key or absent.is_success, (
                key,
                absent.text,
            )
            continue
        if _thing(key) in seen:  # they see it, but may not do that, or not so
            assert absent.status_code in {403, 404, 422}, key
            continue
        refused += 1
        assert answer.status_code in {403, 404, 422}, (key, answer.text)
        assert said(answer, foreign) == said(absent, missing), key
        assert "etag" not in answer.headers, key
        assert len(first) == len(second), f"{key}\n{first}\n{second}"
    assert refused > (80 if who == "customer" else 15), (refused, seen)


def _thing(key: str) -> str:
    """Return the name of the first parameter of an operation's address: what kind of thing it is."""
    return key.partition("{")[2].partition("}")[0]
