"""The conventions of docs/api.md, tried on every operation of the description: what holds for one holds for all."""

import asyncio
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
from ombud.testing.personas import Cast
from tests.api.conftest import NUMBER, Caller
from tests.api.test_api_protocol import assert_problem

pytestmark = pytest.mark.asyncio

ODD_IDS = ("0", "+1", "1.0", "1_0", "1%20", "9" * 40, "%FF")
ODD_KEYS = ("a b", "x" * 256)
ODD_LIMITS = ("0", "101", "x")
ODD_MOMENTS = ("-1", "1", "2026-01-01T00:00:00", "yesterday")
ODD_CURSORS = ("x", "WyJ4Il0")
ODD_FIELDS = ("", "surprise", "id,,id", "ID", "id%20", "a" * 501)
WITHOUT_FIELDS = (
    "/search/suggestions",
    "/attachments/{attachment_id}/content",
    "/mail/inbound/{mail_id}/content",
    "/exports/{export_id}/file",
)
"""Files and texts, which have none."""
ODD_JSON = (b"[]", b'{"a":1,"a":2}', b"\xff", b'{"a":' * 9_999)
OTHERS_SCOPE = ("/mail/inbound",)
"""Takes mails by a token of its own, in POST."""
STREAMS = ("/events",)
COMMON = ("X-Request-Id", "RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
"""Of every answer, whatever it is."""


class Operation:
    """One operation, and where it is tried."""

    def __init__(self, method: str, path: str, described: dict[str, Any], real: dict[str, str]) -> None:
        self.method, self.path = method.upper(), path
        self.address = re.sub(r"\{(\w+)\}", lambda name: real.get(name[1], "1"), path).lstrip("/")
        parameters = described.get("parameters", [])
        self.query = {one["name"]: one["schema"] for one in parameters if one["in"] == "query"}
        self.ids = [one["name"] for one in parameters if one["in"] == "path" and one["name"].endswith("_id")]
        self.media = next(iter(described.get("requestBody", {}).get("content", {"": None})))
        self.name = f"{self.method} {path}"

    @property
    def sent(self) -> dict[str, Any]:
        """A body of the right type."""
        if self.media == "application/json":
            return {"json": {}}
        return {"files": {"file": ("a.txt", b"a")}} if self.media == "multipart/form-data" else {}

    def with_id(self, name: str, value: str) -> str:
        """Return the address with another id."""
        there = self.path.replace(f"{{{name}}}", value)
        return re.sub(r"\{(\w+)\}", "1", there).lstrip("/")


def operations(app: FastAPI, real: dict[str, str]) -> Iterator[Operation]:
    """Yield every operation that the API describes."""
    for path, found in describe(app).get("paths", {}).items():
        for method, described in found.items():
            if (method, path) not in {("post", one) for one in OTHERS_SCOPE}:
                yield Operation(method, path, described, real)


def named(answer: httpx.Response, kind: str) -> set[str]:
    """Return the parts of the request that a problem names."""
    return {one[kind] for one in assert_problem(answer, 422, "invalid").get("errors", []) if kind in one}  # type: ignore[attr-defined]


@pytest.fixture
def runtime(runtime: Runtime) -> Runtime:
    """One that takes thousands of calls a minute."""
    return replace(runtime, settings=runtime.settings.model_copy(update={"api_rate": 1_000_000}))


async def test_a_query_is_told_what_is_wrong_with_it(
    admin: httpx.AsyncClient, api: FastAPI, real: dict[str, str]
) -> None:
    for one in operations(api, real):
        wrong = [("surprise", "surprise=1")]
        for name, schema in one.query.items():
            wrong += [(name, f"{name}=%00"), (name, f"{name}=%ff")]
            if "array" not in str(schema):
                wrong.append((name, f"{name}=1&{name}=1"))
            if "date-time" in str(schema):
                wrong += [(name, f"{name}={value}") for value in ODD_MOMENTS]
        for name, odd in (("limit", ODD_LIMITS), ("cursor", ODD_CURSORS)):
            wrong += [(name, f"{name}={value}") for value in odd if name in one.query]
        wrong += [("fields", f"fields={value}") for value in ODD_FIELDS if "fields" in one.query]
        for name, query in wrong:
            answer = await admin.request(one.method, f"{one.address}?{query}", **one.sent)
            assert name in named(answer, "parameter"), f"{one.name} {query[:60]} {answer.text}"


async def test_keys_and_bodies_are_told_what_is_wrong_with_them(
    admin: httpx.AsyncClient, api: FastAPI, real: dict[str, str]
) -> None:
    for one in operations(api, real):
        if one.method == "GET":
            continue
        for key in ODD_KEYS:
            headers = {"Idempotency-Key": key}
            answer = await admin.request(one.method, one.address, headers=headers, **one.sent)
            assert named(answer, "header") == {"Idempotency-Key"}, one.name
        if one.media == "application/json":
            answer = await admin.request(one.method, one.address, json={"surprise": 1})
            assert "#/surprise" in named(answer, "pointer"), one.name
            answer = await admin.request(one.method, one.address, data={"a": "b"})
            assert_problem(answer, 415, "unsupported_media_type")
            for text in ODD_JSON:
                headers = {"Content-Type": "application/json"}
                answer = await admin.request(one.method, one.address, content=text, headers=headers)
                assert answer.status_code == 422, f"{one.name} {text[:20]!r}"
        if one.media == "multipart/form-data":
            for other in ("file", "surprise"):
                two = [("file", ("a.txt", b"a")), (other, ("b.txt", b"b"))]
                answer = await admin.request(one.method, one.address, files=two)
                assert named(answer, "pointer") == {f"#/{other}"}, one.name


async def test_an_id_has_one_spelling(admin: httpx.AsyncClient, api: FastAPI, real: dict[str, str]) -> None:
    """`1_0` and `+1` are numbers to Python; nothing is shown, changed or deleted by another name than its own."""
    for one in operations(api, real):
        for name in one.ids if "request_id" not in one.path else ():
            for odd in ODD_IDS:
                answer = await admin.request(one.method, one.with_id(name, odd), **one.sent)
                assert answer.status_code == (404 if one.method == "GET" else answer.status_code), one.name
                assert answer.status_code in (404, 405, 422), f"{one.name} {odd}"


async def test_what_is_shown_is_tagged_and_known_again(
    admin: httpx.AsyncClient, api: FastAPI, real: dict[str, str]
) -> None:
    shown = 0
    for one in operations(api, real):
        if one.method != "GET" or one.path in STREAMS:
            continue
        answer, head = await admin.get(one.address), await admin.head(one.address)
        assert (head.status_code, head.content) == (answer.status_code, b""), one.name
        for name in COMMON:
            assert name in answer.headers, f"{one.name} {name}"
        if answer.status_code != 200:
            assert answer.status_code in (404, 422), one.name
            continue
        shown += 1
        tag = answer.headers["ETag"]
        if one.path not in (
            "/health",
            "/tokens",
            "/notifications",
        ):  # of which the looking may change something
            again = await admin.get(one.address, headers={"If-None-Match": f'"other", W/{tag}'})
            assert (again.status_code, again.content) == (304, b""), one.name
            assert (again.headers["ETag"], head.headers["ETag"]) == (tag, tag), one.name
        if answer.headers["Content-Type"] == "application/json" and "items" in answer.json():
            assert "next_cursor" in answer.json() or one.path == "/health", one.name
    assert shown > 40


async def test_every_thing_and_list_is_shown_by_the_fields_that_are_asked_for(
    admin: httpx.AsyncClient, api: FastAPI, real: dict[str, str]
) -> None:
    """What is left is what the whole has there, in as many statements, and tagged for what it is."""
    cut = 0
    for one in operations(api, real):
        if one.method != "GET":
            continue
        assert ("fields" in one.query) is (one.path not in WITHOUT_FIELDS), one.name
        if one.path in WITHOUT_FIELDS or one.path in STREAMS:
            continue
        with counted() as log:
            answer = await admin.get(one.address)
        whole = answer.json()
        things = whole["items"] if "next_cursor" in whole else [whole]
        if answer.status_code != 200 or not things:
            continue
        names = list(things[0])[-2:]
        with counted() as again:
            shown = await admin.get(f"{one.address}?fields={','.join([*names, names[0]])}")
        assert shown.status_code == 200, f"{one.name} {shown.text}"
        if one.path != "/health":  # of which each look is another
            expected = [{name: thing[name] for name in names if name in thing} for thing in things]
            there = {**whole, "items": expected} if "next_cursor" in whole else expected[0]
            assert shown.json() == there, one.name
        usual = len(log) if len(log) > 1 else 5  # the whole may have gone the short way, of one
        assert len(again) <= usual, one.name
        is_all = all(len(names) == len(thing) for thing in things)
        assert is_all or shown.headers["ETag"] != answer.headers["ETag"], one.name
        cut += 1
    assert cut > 25


async def test_what_has_changed_since_is_not_overwritten(
    admin: httpx.AsyncClient, api: FastAPI, real: dict[str, str]
) -> None:
    """Every address takes `If-Match` or refuses it; none goes over it."""
    stale = 0
    for one in operations(api, real):
        if one.method == "GET":
            continue
        answer = await admin.request(one.method, one.address, headers={"If-Match": '"0"'}, **one.sent)
        assert answer.status_code in (404, 409, 412, 422), f"{one.name} {answer.text}"
        for name in COMMON:
            assert name in answer.headers, f"{one.name} {name}"
        stale += answer.status_code == 412
    assert stale > 10


async def test_a_tag_lets_through_who_has_seen_it(admin: httpx.AsyncClient, real: dict[str, str]) -> None:
    changes: dict[str, dict[str, Any]] = {
        f"tickets/{NUMBER}": {"title": "Mended"},
        f"users/{real['user_id']}": {"full_name": "Ann Other"},
        f"organizations/{real['organization_id']}": {"notes": "Calls on Mondays."},
        f"teams/{real['team_id']}": {"description": "From ten to six."},
        f"roles/{real['role_id']}": {"name": "Speaks"},
        f"webhooks/{real['webhook_id']}": {"includes_notes": True},
        "me/preferences": {"theme": "dark"},
        "settings": {"mail_undo_seconds": 7},
    }
    for address, change in changes.items():
        seen = {"If-Match": f'"other", {(await admin.get(address)).headers["ETag"]}'}
        if address in (f"tickets/{NUMBER}", "settings"):  # these compare versions, and take one
            seen["If-Match"] = seen["If-Match"].partition(", ")[2]
        done = await admin.patch(
            address, json=change, headers={**seen, "Idempotency-Key": f"a {address}"[2:]}
        )
        assert done.status_code == 200, f"{address} {done.text}"
        replayed = await admin.patch(
            address, json=change, headers={**seen, "Idempotency-Key": f"a {address}"[2:]}
        )
        assert replayed.headers.get("Idempotent-Replayed") == "true", address
        assert_problem(await admin.patch(address, json=change, headers=seen), 412, "stale_version")
    gone = await admin.delete(f"tickets/{NUMBER}", headers={"If-Match": '"1"'})
    assert_problem(gone, 412, "stale_version")
    version = (await admin.get(f"tickets/{NUMBER}")).json()["version"]
    gone = await admin.delete(f"tickets/{NUMBER}", headers={"If-Match": f'"{version}"'})
    assert (gone.status_code, gone.headers.get("Content-Type")) == (204, None)


async def test_of_many_who_saw_the_same_one_changes_it(
    caller: Caller, cast: Cast, real: dict[str, str]
) -> None:
    admin = caller(cast.admin)
    address = f"organizations/{real['organization_id']}"
    seen = {"If-Match": (await admin.get(address)).headers["ETag"]}
    answers = await asyncio.gather(
        *(admin.patch(address, json={"notes": f"Note {number}"}, headers=seen) for number in range(8))
    )
    assert sorted(answer.status_code for answer in answers) == [200, *[412] * 7]
