"""Idempotency keys on every unsafe operation of the description, not on a list of some.

What an operation takes is made from its own description, so one that is added is tried, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import func, select

from ombud.api.once import UNSAFE
from ombud.api.openapi import describe
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.idempotency.queries import key_lock
from ombud.models import AuditLog
from ombud.runtime import Runtime
from ombud.testing import Cast, make_ticket

pytestmark = pytest.mark.asyncio

SYSTEM = Actor.system("test")
KEY = "a-key-that-is-in-use"
WORDS = {"email": "new@example.org", "uri": "https://example.com/", "date-time": "2026-01-01T00:00:00Z"}
REFUSED_BEFORE = 30
"""So many at most are refused before they come to their key: what they are about is not there, or has other words."""


@pytest.fixture
def runtime(runtime: Runtime) -> Runtime:
    """One that takes thousands of calls a minute."""
    return replace(runtime, settings=runtime.settings.model_copy(update={"api_rate": 1_000_000}))


def example(schema: dict[str, Any], parts: dict[str, Any]) -> Any:
    """Return something that a schema takes: no more than it must have, but one field at least."""
    if "$ref" in schema:
        return example(parts[schema["$ref"].rpartition("/")[2]], parts)
    if "const" in schema or "enum" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    for one in ("anyOf", "oneOf"):
        if one in schema:
            return example(schema[one][0], parts)
    match schema.get("type"):
        case "object":
            fields = schema.get("properties", {})
            names = schema.get("required", []) or list(fields)[:1]
            return {name: example(fields[name], parts) for name in names}
        case "array":
            return [example(schema["items"], parts)]
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return True
        case _:
            return WORDS.get(schema.get("format", ""), "x" * max(schema.get("minLength", 1), 1))


def unsafe(app: FastAPI) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield method, path and what is sent of each operation that may change something."""
    document = describe(app.routes[0].app)  # type: ignore[attr-defined]
    parts = document["components"]["schemas"]
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method.upper() not in UNSAFE:
                continue
            content = operation.get("requestBody", {}).get("content", {})
            sent: dict[str, Any] = {}
            if "application/json" in content:
                sent = {"json": example(content["application/json"]["schema"], parts)}
            elif "multipart/form-data" in content:
                sent = {"files": {"file": ("a.txt", b"a")}}
            yield method.upper(), path, sent


async def test_while_one_is_at_work_every_operation_turns_the_next_away(
    admin: httpx.AsyncClient, app: FastAPI, cast: Cast, desk: Desk
) -> None:
    """Its key is held by another connection, as by a call that has not ended: nothing is done a second time."""
    logged = AuditLog.table_name != "api_tokens"  # that a token was used is no change
    changes = select(func.count()).select_from(AuditLog).where(logged)
    async with desk.abegin(SYSTEM) as session:
        number = (await session.run_sync(make_ticket, cast.customer.id)).ticket_number
        before = await session.scalar(changes)
    there = {"{number}": number, "{user_id}": str(cast.customer.id), "{team_id}": str(cast.team.id)}
    turned_away, refused_before = 0, 0
    async with desk.abegin(SYSTEM) as holding:
        for method, path, sent in unsafe(app):
            assert await holding.scalar(key_lock(f"{cast.admin.id} {method} {path} {KEY}"))
            address = path
            for name, value in there.items():
                address = address.replace(name, value)
            address = re.sub(r"\{\w+\}", "1", address).lstrip("/")
            answer = await admin.request(method, address, headers={"Idempotency-Key": KEY}, **sent)
            assert answer.status_code in (403, 404, 409, 415, 422), f"{method} {path} {answer.text}"
            if answer.json()["code"] == "idempotency_key_in_use":
                turned_away += 1
            else:
                refused_before += 1
    assert refused_before <= REFUSED_BEFORE
    assert turned_away > 2 * refused_before
    async with desk.aread(SYSTEM) as session:
        assert await session.scalar(changes) == before
