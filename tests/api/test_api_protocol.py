"""What holds for every address: tokens, request ids, problems, strict bodies and queries, methods, headers."""

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest

from ombud import clock
from ombud.api.app import create_api
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.db.statements import counted
from ombud.kit.tokens import new_api_token
from ombud.models import ApiToken, TicketPriority
from ombud.people.accounts import create_token, revoke_token
from ombud.people.actions import change_user
from ombud.runtime import Runtime
from ombud.testing.personas import Cast, Persona
from ombud.tickets import set_priority
from tests.api.conftest import Caller

pytestmark = pytest.mark.asyncio

SYSTEM = Actor.system("test")
PUBLIC = {"/openapi.json", "/docs", "/docs/style.css"}


def assert_problem(answer: httpx.Response, status: int, code: str) -> dict[str, object]:
    """Check that an answer is a well-formed problem, and return it."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, object] = answer.json()
    assert problem["status"] == status
    assert problem["code"] == code
    assert problem["instance"] == f"urn:uuid:{answer.headers['X-Request-Id']}"
    assert problem["type"] == f"/api/v1/docs#problem-{code}"
    return problem


async def test_every_address_but_the_description_asks_for_a_token(caller: Caller, runtime: Runtime) -> None:
    nobody = caller(None)
    for route in create_api(runtime).routes:
        path, methods = route.path, route.methods  # type: ignore[attr-defined]
        for method in methods:
            answer = await nobody.request(method, path.replace("{", "").replace("}", "").lstrip("/"))
            if path in PUBLIC:
                assert answer.status_code == 200, path
            else:
                assert_problem(answer, 401, "unauthenticated")
                assert answer.headers["WWW-Authenticate"] == 'Bearer realm="ombud"'


async def test_a_bad_token_gets_in_nowhere_and_learns_nothing(caller: Caller, cast: Cast, desk: Desk) -> None:
    with desk.begin(SYSTEM) as session:
        revoked, record = create_token(session, cast.agent.id, "old")
        revoke_token(session, record.id)
        expired, record = create_token(session, cast.agent.id, "older")
        record.expires_at = clock.now() - timedelta(seconds=1)
    good = cast.agent.token
    swapped = good[:40] + ("a" if good[40] != "a" else "b") + good[41:]
    unknown = new_api_token()[0]
    for token in (
        "",
        "x",
        "omb_live_",
        good.lower(),
        good[:-1],
        swapped,
        unknown,
        revoked,
        expired,
        f"{good} x",
    ):
        headers = {"Authorization": f"Bearer {token}"}
        answer = await caller(None).get("me", headers=headers)
        assert_problem(answer, 401, "unauthenticated")
        assert (token == "") or 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    for scheme in (f"Basic {good}", good, f"bearer  {good}"):
        answer = await caller(None).get("me", headers={"Authorization": scheme})
        assert answer.status_code == (200 if scheme.startswith("bearer") else 401)
    twice = await caller(None).get("me", headers=[("Authorization", f"Bearer {good}")] * 2)
    assert twice.status_code == 401
    assert (await caller(None).get(f"me?access_token={good}")).status_code == 401


async def test_a_token_ends_with_its_owners_rights(caller: Caller, cast: Cast, desk: Desk) -> None:
    agent = caller(cast.agent)
    assert (await agent.get("tickets")).status_code == 200
    with desk.begin(cast.admin.actor) as session:
        change_user(session, cast.agent.id, {"is_active": False})
    assert_problem(await agent.get("tickets"), 401, "unauthenticated")


async def test_a_token_with_scopes_does_no_more(caller: Caller, cast: Cast, desk: Desk) -> None:
    with desk.begin(SYSTEM) as session:
        token, _ = create_token(session, cast.agent.id, "reader", scopes=("read",))
    reader = caller(Persona(user=cast.agent.user, actor=cast.agent.actor, token=token))

    assert (await reader.get("me")).json()["scopes"] == ["read"]
    assert_problem(await reader.post("tickets", json={"title": "No"}), 403, "insufficient_scope")


async def test_the_use_of_a_token_is_noted_once_a_minute(
    agent: httpx.AsyncClient, cast: Cast, desk: Desk
) -> None:
    with counted() as first:
        await agent.get("me")
    with counted() as second:
        await agent.get("me")
    with desk.read(SYSTEM) as session:
        record = session.get(ApiToken, 2)
        assert record is not None
        noted = record.last_used_at
    assert noted is not None
    assert len(first) > len(second) == 1, str(first)

    with clock.frozen(clock.now() + timedelta(seconds=61)):
        await agent.get("me")
    with desk.read(SYSTEM) as session:
        later = session.get(ApiToken, 2)
        assert later is not None
        assert later.last_used_at is not None
        assert later.last_used_at > noted


async def test_every_answer_has_an_id_of_our_own_and_safe_headers(agent: httpx.AsyncClient) -> None:
    answers = [
        await agent.get("me", headers={"X-Request-Id": "forged"}),
        await agent.get("nowhere"),
        await agent.post("me"),
        await agent.get("docs"),
    ]
    ids = {answer.headers["X-Request-Id"] for answer in answers}
    assert len(ids) == 4
    assert "forged" not in ids
    for answer in answers:
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answers[0].headers["Cache-Control"] == "no-store"


async def test_unknown_addresses_and_wrong_methods(agent: httpx.AsyncClient) -> None:
    for path in ("nowhere", "tickets/", "me/", "tickets/1/2/3", "attachments"):
        assert_problem(await agent.get(path), 404, "not_found")
    wrong = await agent.put("tickets", json={})
    assert_problem(wrong, 405, "method_not_allowed")
    assert wrong.headers["Allow"] == "GET, HEAD, OPTIONS, POST"
    options = await agent.options("tickets/1042")
    assert (options.status_code, options.content) == (204, b"")
    assert options.headers["Allow"] == "DELETE, GET, HEAD, OPTIONS, PATCH"


async def test_head_is_get_without_a_body(agent: httpx.AsyncClient) -> None:
    head, get = await agent.head("me"), await agent.get("me")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == get.headers["Content-Length"]
    assert head.headers["Content-Type"] == get.headers["Content-Type"]
    assert (await agent.head("tickets/none")).status_code == 404


async def test_queries_are_strict(agent: httpx.AsyncClient) -> None:
    for query, parameter in (
        ("colour=red", "colour"),
        ("limit=1&limit=2", "limit"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=9999999999999999999999", "limit"),
        ("q=%00", "q"),
        ("sort=title", "sort"),
        ("sort=id;drop", "sort"),
        ("status=lost", "status"),
        ("assignee=9223372036854775808", "assignee"),
        ("assignee=-1", "assignee"),
        ("created_from=2026-01-01T00:00:00", "created_from"),
        ("created_from=0001-01-01T00:00:00%2B14:00", "created_from"),
        ("requester=' OR 1=1", "requester"),
    ):
        problem = assert_problem(await agent.get(f"tickets?{query}"), 422, "invalid")
        assert problem["errors"][0]["parameter"] == parameter, query  # type: ignore[index]
    assert_problem(await agent.get("me?x=1"), 422, "invalid")


@pytest.mark.parametrize(
    "hostile", ["' OR 1=1 --", "%_\\", "&|!:*()<->", '"unclosed', "pg_sleep(9)", "-", "\ufffd"]
)
async def test_search_takes_everything_for_words(agent: httpx.AsyncClient, hostile: str) -> None:
    for path in ("tickets", "users", "tags", "organizations"):
        assert (await agent.get(path, params={"q": hostile})).status_code == 200


async def test_bodies_are_strict(agent: httpx.AsyncClient) -> None:
    async def post(content: bytes | str, media_type: str = "application/json") -> httpx.Response:
        return await agent.post("tickets", content=content, headers={"Content-Type": media_type})

    for content in (
        "",
        "{",
        '{"title": NaN}',
        '{"title": "a", "title": "b"}',
        b'{"title": "\xff"}',
        "[" * 200_000,
        '{"requester_id": ' + "9" * 10_000 + "}",
    ):
        assert_problem(await post(content), 422, "malformed_json")
    for content, pointer in (
        ('{"title": "a", "secret": 1}', "#/secret"),
        ('{"title": "a\\u0000"}', "#/title"),
        ('{"title": "\\ud800"}', "#/title"),
        ('{"title": " "}', "#/title"),
        ('{"title": 5}', "#/title"),
        (json.dumps({"title": "x" * 501}), "#/title"),
        ('{"title": "a", "priority": "severe"}', "#/priority"),
        ('{"title": "a", "requester_id": 1e300}', "#/requester_id"),
        ('{"title": "a", "requester_id": 9223372036854775808}', "#/requester_id"),
        ('{"title": "a", "requester_id": true}', "#/requester_id"),
        ('{"title": "a", "team_id": 999999}', "#/team_id"),
        ('{"title": "a", "requester": {"email": "nobody"}}', "#/requester/email"),
        ('{"title": "a", "tags": ["x", " "]}', "#/tags/1"),
        ('{"title": "a", "a/b~c": 1}', "#/a~1b~0c"),
        ('{"title": "a", "\\ud800": 1}', "#"),
        ("[]", "#"),
        ("null", "#"),
    ):
        problem = assert_problem(await post(content), 422, "invalid")
        assert problem["errors"][0]["pointer"] == pointer, content  # type: ignore[index]
    for media_type in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=utf-16",
        "",
    ):
        assert_problem(await post('{"title": "a"}', media_type), 415, "unsupported_media_type")
    assert (await post('{"title": "a"}', "application/json; charset=UTF-8")).status_code == 201


async def test_packed_bodies_are_refused_unopened(agent: httpx.AsyncClient) -> None:
    """A bomb is none where nobody opens it; nor is a small one taken for what it is not."""
    bomb = gzip.compress(b" " * 2**24)
    for packed in (bomb, gzip.compress(b'{"title": "a"}'), b'{"title": "a"}'):
        for coding in ("gzip", "x-gzip", "deflate", "br", "zstd", "identity, gzip", "gzip, gzip"):
            headers = {"Content-Type": "application/json", "Content-Encoding": coding}
            answer = await agent.post("tickets", content=packed, headers=headers)
            assert_problem(answer, 415, "unsupported_media_type")
            assert answer.headers["accept-encoding"] == "identity"
    unsaid = await agent.post("tickets", content=bomb, headers={"Content-Type": "application/json"})
    assert_problem(unsaid, 422, "malformed_json")
    plain = {"Content-Type": "application/json", "Content-Encoding": "identity"}
    assert (await agent.post("tickets", content='{"title": "a"}', headers=plain)).status_code == 201


async def test_large_bodies_are_refused_before_they_are_read(agent: httpx.AsyncClient) -> None:
    announced = await agent.post("tickets", json={"title": "a", "description": "x" * 2**20})
    assert_problem(announced, 413, "too_large")

    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 2**24:
            sent += 2**16
            yield b" " * 2**16

    streamed = await agent.post("tickets", content=endless(), headers={"Content-Type": "application/json"})
    assert_problem(streamed, 413, "too_large")


async def test_what_goes_wrong_inside_shows_nothing(
    app: object, cast: Cast, caller: Caller, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("SELECT secret FROM users")

    monkeypatch.setattr("ombud.api.tickets.queries.inbox", broken)
    answer = await caller(cast.agent).get("tickets")

    assert_problem(answer, 500, "error")
    assert "SELECT" not in answer.text


async def test_a_slow_statement_is_told_to_come_back(
    agent: httpx.AsyncClient, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk.begin(SYSTEM) as blocker:
        ticket = await agent.post("tickets", json={"title": "Held"})
        set_priority(blocker, ticket.json()["id"], TicketPriority.LOW)
        answer = await agent.patch(f"tickets/{ticket.json()['number']}", json={"title": "Waiting"})

    assert_problem(answer, 503, "retry")
    assert answer.headers["Retry-After"] == "1"


async def test_edits_meet_at_the_version(agent: httpx.AsyncClient) -> None:
    ticket = (await agent.post("tickets", json={"title": "Contested"})).json()
    address, tag = f"tickets/{ticket['number']}", {"If-Match": f'"{ticket["version"]}"'}

    answers = await asyncio.gather(
        *(agent.patch(address, json={"title": f"Edit {number}"}, headers=tag) for number in range(5))
    )

    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412, 412]
    stale = next(answer for answer in answers if answer.status_code == 412)
    assert assert_problem(stale, 412, "stale_version")["current_version"] == ticket["version"] + 1
    for wrong in ('W/"2"', "x", '"99"', '"²"', ""):
        refused = await agent.patch(address, json={"title": "No"}, headers={b"If-Match": wrong.encode()})
        assert refused.status_code == 412, wrong
    assert (await agent.patch(address, json={"title": "Yes"}, headers={"If-Match": "*"})).status_code == 200


async def test_the_request_id_reaches_the_audit_log(
    agent: httpx.AsyncClient, admin: httpx.AsyncClient
) -> None:
    opened = await agent.post("tickets", json={"title": "Audited", "tags": ["one"]})
    history = (await admin.get(f"tickets/{opened.json()['number']}/history")).json()["items"]

    assert {entry["request_id"] for entry in history} == {opened.headers["X-Request-Id"]}
    assert {entry["table"] for entry in history} == {"tickets", "ticket_tags"}


async def test_what_is_wrong_is_said_in_words_not_in_patterns(agent: httpx.AsyncClient) -> None:
    number = (await agent.post("tickets", json={"title": "x"})).json()["number"]
    told: tuple[tuple[str, dict[str, Any], str], ...] = (
        ("tickets", {"json": {"title": " "}}, "must not be blank."),
        ("tickets", {"json": {"title": ""}}, "must not be blank."),
        ("tickets", {"json": []}, "must be an object."),
        ("tickets", {"json": "x"}, "must be an object."),
        (
            "tickets",
            {"json": {"title": "x", "requester": {"email": "ann at home"}}},
            "must be an address such as ann@example.com.",
        ),
        ("tags", {"json": {"name": "x", "color": "red"}}, "must be a colour such as #1f8a8a."),
        ("tickets/bulk", {"json": {"numbers": ["1"] * 1001, "action": "delete"}}, "has at most 1,000 items."),
        (f"tickets/{number}/attachments", {"files": {"file": ("", b"x")}}, "must be a file with a name."),
    )
    for path, sent, words in told:
        answer = await agent.post(path, **sent)
        assert answer.status_code == 422, answer.text
        assert [one["detail"] for one in answer.json()["errors"]] == [words], path
