"""What docs/api.md promises of every address, asked of the description: limits, bodies, what is brought along, tags.

A route that is added is tried by what it says of itself; what is left out is named here, with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from ombud.api.openapi import describe
from ombud.db.statements import counted
from ombud.runtime import Runtime
from tests.api.test_api_conventions import named, operations

pytestmark = pytest.mark.asyncio

FREE_FORM = {
    "POST /confirmation credential": "what a browser's authenticator made, read by its own library within 64 KB",
    "POST /me/factors/passkeys credential": "the same",
}
BOUNDED_FORMATS = {"date-time", "date", "binary", "uuid"}
UNBOUNDED_PATTERN = re.compile(r"[*+]|\{\d*,\}")
COSTS = {"comments": 2}
"""Statements that bringing something along costs: one, and of comments one more for their files."""
CHANGED_UNSEEN = {
    "PUT /mail-templates/{kind}": "one kind has as many texts as there are teams, which are read as a list",
    "PUT /mail/inbound/{mail_id}/ticket": "a move: where a message is may not be what it was, and then it is refused",
    "PATCH /me/factors/passkeys/{passkey_id}": "the one word that one's own key has",
    "PUT /me/password": "nobody reads a password",
    "PATCH /notification-settings/{kind}": "two switches of one's own, each set by itself",
    "PUT /teams/{team_id}/members/{user_id}": "somebody is in it or not",
    "PUT /tickets/{number}/tags/{name}": "it is there or not",
}
"""What is put or patched at an address that shows nothing, so that no tag could name it."""


@pytest.fixture
def runtime(runtime: Runtime) -> Runtime:
    """One that takes thousands of calls a minute."""
    return replace(runtime, settings=runtime.settings.model_copy(update={"api_rate": 1_000_000}))


def unlimited(
    schema: dict[str, Any], parts: dict[str, Any], place: str, seen: tuple[str, ...] = ()
) -> Iterator[str]:
    """Yield where a schema sets no limit: to a text, a number, a list, or to the fields of an object."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        if name not in seen:
            yield from unlimited(parts[name], parts, place, (*seen, name))
        return
    if not is_limited(schema):
        yield place
    for one in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        yield from unlimited(one, parts, place, seen)
    if "items" in schema:
        yield from unlimited(schema["items"], parts, f"{place}/*", seen)
    for name, field in schema.get("properties", {}).items():
        yield from unlimited(field, parts, f"{place} {name}", seen)


def is_limited(schema: dict[str, Any]) -> bool:
    """Tell whether a schema says how long, large or many; of an object, which fields it may have."""
    match schema.get("type"):
        case "string":
            pattern = schema.get("pattern", "*")
            is_short = pattern.endswith("$") and not UNBOUNDED_PATTERN.search(pattern)
            is_file = schema.get("contentMediaType") == "application/octet-stream"
            is_short = is_short or is_file or schema.get("format") in BOUNDED_FORMATS
            return is_short or bool({"maxLength", "enum", "const"} & set(schema))
        case "integer" | "number":
            return {"minimum", "maximum"} <= set(schema) or "enum" in schema
        case "array":
            return "maxItems" in schema
        case "object":
            return schema.get("additionalProperties") is False or "properties" in schema
    return True


async def test_everything_that_comes_in_has_a_limit(api: FastAPI) -> None:
    """Of length, of size, of number: in words of JSON Schema, so that programs can read them."""
    document = describe(api)
    parts, found, asked = document["components"]["schemas"], set[str](), 0
    for path, item in document["paths"].items():
        for method, operation in item.items():
            name = f"{method.upper()} {path}"
            content = operation.get("requestBody", {}).get("content", {})
            schemas = [(f"{name} {one['name']}", one["schema"]) for one in operation.get("parameters", ())]
            schemas += [(name, one["schema"]) for one in content.values()]
            for place, schema in schemas:
                asked += 1
                found |= set(unlimited(schema, parts, place))
    assert asked > 400
    assert found == set(FREE_FORM)


async def test_no_limit_is_said_in_other_words_than_json_schema_has(api: FastAPI) -> None:
    """Pydantic's own (`ge`, `max_length`) mean nothing to a program that makes calls of the description."""
    waiting, strange = [describe(api)], set[str]()
    while waiting:
        part = waiting.pop()
        for name, value in part.items():
            if name in {"ge", "gt", "le", "lt", "min_length", "max_length", "multiple_of"}:
                strange.add(str(part)[:100])
            waiting += [
                one for one in (value, *(value if isinstance(value, list) else ())) if isinstance(one, dict)
            ]
    assert strange == set()


async def test_no_body_is_taken_where_none_is_described(
    admin: httpx.AsyncClient, api: FastAPI, real: dict[str, str]
) -> None:
    """Its fields are unknown ones, and passed over they would seem to have been taken."""
    bare = 0
    for one in operations(api, real):
        if one.method == "GET" or one.media:
            continue
        bare += 1
        for sent in ({"json": {"surprise": 1}}, {"content": b"x"}, {"files": {"file": ("a", b"a")}}):
            answer = await admin.request(one.method, one.address, **sent)
            assert "#" in named(answer, "pointer"), f"{one.name} {sent}"
        for nothing in (b"", b"{}"):
            headers = {"Idempotency-Key": "two words"}  # so that nothing is done
            answer = await admin.request(one.method, one.address, headers=headers, content=nothing)
            assert named(answer, "header") == {"Idempotency-Key"}, f"{one.name} {nothing!r}"
    assert bare > 40


def choices(schema: dict[str, Any]) -> list[str]:
    """Return what `include` may name."""
    several = next(one for one in (schema, *schema.get("anyOf", ())) if "items" in one)["items"]
    return list(several.get("enum", [several.get("const")]))


async def test_what_is_brought_along_costs_a_statement_each(
    admin: httpx.AsyncClient, api: FastAPI, real: dict[str, str]
) -> None:
    """Of one as of a hundred, one by one as all together."""

    async def cost(address: str) -> int:
        with counted() as log:
            answer = await admin.get(address)
        assert answer.status_code == 200, f"{address} {answer.text}"
        return len(log)

    tried = 0
    await admin.get("me")  # the use of the token is noted once
    for one in operations(api, real):
        if "include" not in one.query:
            continue
        kinds = choices(one.query["include"])
        plain = await cost(f"{one.address}?fields=id")  # the usual way: the short one is a single statement
        for more in (*([kind] for kind in kinds), kinds):
            tried += 1
            asked = f"{one.address}?{'&'.join(f'include={kind}' for kind in more)}"
            most = plain + sum(COSTS.get(kind, 1) for kind in more)
            for size in ("", "&limit=1", "&limit=100") if "limit" in one.query else ("",):
                assert await cost(f"{asked}{size}") <= most, f"{one.name} {more} {size}"
    assert tried >= 12


async def test_what_can_be_changed_can_be_guarded(
    admin: httpx.AsyncClient, api: FastAPI, real: dict[str, str]
) -> None:
    """Whatever is put or patched is shown at its own address, with the tag that `If-Match` takes."""
    shown = {one.path for one in operations(api, real) if one.method == "GET"}
    changed = [one for one in operations(api, real) if one.method in ("PUT", "PATCH")]
    assert {one.name for one in changed if one.path not in shown} == set(CHANGED_UNSEEN)
    assert len(changed) > 20
