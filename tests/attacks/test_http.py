"""What is sent to the desk's server on purpose: smuggled, endless and forged requests, on a real socket.

TRUST.md T01, T04, T22, T71, T74, T91.
"""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterable, Iterator
from dataclasses import replace
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from sqlalchemy import text

from ombud import Actor, Desk
from ombud.api import app as api
from ombud.asgi import build_app
from ombud.config import Settings
from ombud.files import open_store
from ombud.testing import Cast, make_ticket, stored_file
from ombud.tickets import attach_file
from ombud.web import app as pages
from tests.web.chromium import serving

SYSTEM = Actor.system("test")
INSIDE = ("Traceback", "object at 0x", "sqlalchemy", "asyncpg", "SELECT ", "/src/ombud")
FORGED = {
    "X-Forwarded-For": "203.0.113.66",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example",
    "Forwarded": "for=203.0.113.66;host=evil.example;proto=https",
    "X-Real-IP": "203.0.113.66",
    "CF-Connecting-IP": "203.0.113.66",
    "True-Client-IP": "203.0.113.66",
    "X-Client-IP": "203.0.113.66",
    "X-Cluster-Client-IP": "203.0.113.66",
    "X-Forwarded-Ssl": "on",
    "X-Forwarded-Port": "8443",
    "X-Forwarded-Prefix": "/evil.example",
    "X-Script-Name": "/evil.example",
    "X-Original-URL": "/api/v1/evil.example",
    "X-Rewrite-URL": "/api/v1/evil.example",
    "X-HTTP-Method-Override": "DELETE",
    "X-SSL-Client-Verify": "SUCCESS",
    "X-Auth-Request-Email": "admin@ombud.example",
    "X-Remote-User": "admin",
    "Remote-User": "admin",
    "X-Forwarded-User": "admin",
}


OUTWARDS = ("..%2F..%2F..%2Fetc%2Fpasswd", "%2e%2e%5c%2e%2e%5cetc%5cpasswd%00")
TOLD = {"203.0.113.66": "203.0.113.66", "2001:db8::1": "2001:db8::1", "10.9.8.7, 203.0.113.5": "203.0.113.5"}
NO_ADDRESS = ("<script>", "999.1.1.1", "localhost", "' OR 1=1 --", "x" * 3000)


@pytest.fixture
def address(desk: Desk, settings: Settings, built: None) -> Iterator[str]:
    """Where the whole desk is served: pages and API, as `ombud serve` does it."""
    with serving(build_app(desk, settings)) as found:
        yield found


def say(address: str, *sent: bytes, source: str = "127.0.0.1") -> bytes:
    """Send bytes as they are and return all that comes back until the server hangs up."""
    parts = urlsplit(address)
    assert parts.hostname
    with socket.create_connection((parts.hostname, parts.port or 80), 20, (source, 0)) as link:
        for part in sent:
            link.sendall(part)
        answer = b""
        while got := link.recv(65536):
            answer += got
            if len(answer) > 2**20:
                break
    return answer


def request(*lines: str, body: str = "", method: str = "POST /api/v1/tickets") -> bytes:
    head = [f"{method} HTTP/1.1", "Host: desk.example", "Connection: close", *lines]
    return ("\r\n".join(head) + "\r\n\r\n" + body).encode("latin-1")


SMUGGLED = {
    "length and chunks": request("Content-Length: 6", "Transfer-Encoding: chunked", body="0\r\n\r\nG"),
    "two lengths": request("Content-Length: 1", "Content-Length: 20", body="{"),
    "a list of lengths": request("Content-Length: 1, 20", body="{"),
    "a signed length": request("Content-Length: +1", body="{"),
    "a length in words": request("Content-Length: one", body="{"),
    "a folded header": request("X-Folded: a", " b: c", "Content-Length: 0"),
    "a space before the colon": request("Content-Length : 0"),
    "a length of another base": request("Content-Length: 0x1", body="{"),
    "a length with a line below": request("Content-Length: 1_0", body="{"),
    "an empty length": request("Content-Length: ", body="{"),
    "a length beyond all numbers": request("Content-Length: 99999999999999999999", body="{"),
    "a space before the colon of chunks": request("Transfer-Encoding : chunked", body="0\r\n\r\n"),
    "another white space before chunks": request("Transfer-Encoding: \x0bchunked", body="0\r\n\r\n"),
    "chunks that are not last": request("Transfer-Encoding: chunked, identity", body="0\r\n\r\n"),
    "chunks and something else": request(
        "Transfer-Encoding: chunked", "Transfer-Encoding: identity", body="0\r\n\r\n"
    ),
    "a chunk beyond all numbers": request(
        "Transfer-Encoding: chunked", body=f"{'F' * 17}\r\n{{}}\r\n0\r\n\r\n"
    ),
    "a chunk of another base": request("Transfer-Encoding: chunked", body="0x2\r\n{}\r\n0\r\n\r\n"),
    "chunks ended by line feeds": request("Transfer-Encoding: chunked", body="2\n{}\n0\n\n"),
    "more than a chunk holds": request("Transfer-Encoding: chunked", body="2\r\n{}XX\r\n0\r\n\r\n"),
    "a line feed in a chunk's extension": request(
        "Transfer-Encoding: chunked", body="2;a\n=b\r\n{}\r\n0\r\n\r\n"
    ),
    "a head ended by line feeds": b"GET /sign-in HTTP/1.1\nHost: x\nConnection: close\n\n",
    "bytes beyond ASCII in the address": b"GET /tickets?q=\xff HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    "no host": b"GET /sign-in HTTP/1.1\r\nConnection: close\r\n\r\n",
    "two hosts": b"GET /sign-in HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n",
    "an unknown coding": request("Transfer-Encoding: cow", body="{}"),
    "chunked twice": request("Transfer-Encoding: chunked, chunked", body="0\r\n\r\n"),
    "a wrong chunk": request("Transfer-Encoding: chunked", body="zz\r\n{}\r\n0\r\n\r\n"),
    "a NUL in a header": request("X-Nul: a\0b", "Content-Length: 0"),
    "a line feed in the address": b"GET /a\nb HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
    "noise": bytes(range(256)) * 8 + b"\r\n\r\n",
}


def test_no_request_hides_another(address: str, cast: Cast, desk: Desk) -> None:
    """One answer at most, and none that lets something in."""
    second = request(
        f"Authorization: Bearer {cast.agent.token}", "Content-Length: 0", method="GET /api/v1/me"
    )
    for name, sent in SMUGGLED.items():
        answer = say(address, sent + (second if name in {"length and chunks", "two lengths"} else b""))
        assert answer.count(b"HTTP/1.1 ") <= 1, (name, answer)
        status = int(answer.split()[1]) if answer else 400
        assert status in range(400, 500), (name, answer)
        assert not any(word.encode() in answer for word in INSIDE), name
        assert httpx.get(f"{address}/healthz").status_code == 200, name


@pytest.mark.parametrize(
    "path", ["/live", "/api/v1/events", "/tickets/1/live", "/api/v1/tickets", "/", "/nowhere"]
)
def test_a_socket_that_wants_to_be_another_is_refused(address: str, cast: Cast, path: str) -> None:
    """There are no web sockets; streams take no frames, and strangers get no stream (T01)."""
    shake = request(
        "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", method=f"GET {path}",
    )  # fmt: skip
    answer = say(
        address,
        shake.replace(b"Connection: close\r\n", b"", 1).replace(b"Upgrade\r\n", b"Upgrade, close\r\n", 1),
    )
    assert not answer.startswith(b"HTTP/1.1 101"), answer
    assert int(answer.split()[1]) < 500, answer
    assert not any(word.encode() in answer for word in INSIDE)


@pytest.mark.parametrize(
    "query", ["after=%00", "after=" + "9" * 400, "after=__class__", "types=%27;--", "x=1", "after=a&after=b"]
)
def test_a_stream_asked_for_nonsense_says_so_in_words(address: str, cast: Cast, query: str) -> None:
    headers = {"Authorization": f"Bearer {cast.agent.token}", "Accept": "text/event-stream"}
    answer = httpx.get(f"{address}/api/v1/events?{query}", headers=headers, timeout=20)
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert not any(word in answer.text for word in INSIDE)


def test_headers_of_a_proxy_that_is_none_change_nothing(address: str, cast: Cast, desk: Desk) -> None:
    """T22: somebody else on the network names addresses, hosts and users; only the machine's own proxy is believed."""
    transport = httpx.HTTPTransport(local_address="127.0.0.2")
    with httpx.Client(base_url=address, transport=transport, headers=FORGED) as stranger:
        assert stranger.get("/api/v1/me").status_code == 401
        door = stranger.get("/sign-in")
        assert "evil.example" not in door.text + str(door.headers)
        assert "secure" not in door.headers.get("set-cookie", "").lower(), (
            "nor does it think that this is TLS"
        )
        token = door.text.partition('name="csrf" value="')[2][:64]
        form = {"email": cast.agent.email, "password": cast.agent.password, "csrf": token}
        signed_in = stranger.post("/sign-in", data=form, headers={"Origin": address})
        assert signed_in.status_code == 303, signed_in.text
        assert "evil.example" not in signed_in.headers["location"]
    with desk.read(SYSTEM) as session:
        assert session.scalar(text("SELECT ip FROM ombud.web_sessions")) == "127.0.0.2"


def test_a_proxy_that_is_believed_names_addresses_and_nothing_else(
    address: str, cast: Cast, desk: Desk
) -> None:
    """T22: what it hands on of a stranger's is an address or nothing, and no other header of it counts."""
    said = {**{name: value for name, value in FORGED.items() if not name.startswith("X-Forwarded-")}}
    for told, known in {**TOLD, **dict.fromkeys(NO_ADDRESS, "")}.items():
        with httpx.Client(base_url=address, headers={**said, "X-Forwarded-For": told}) as proxied:
            token = proxied.get("/sign-in").text.partition('name="csrf" value="')[2][:64]
            form = {"email": cast.agent.email, "password": cast.agent.password, "csrf": token}
            signed_in = proxied.post("/sign-in", data=form, headers={"Origin": address})
            assert signed_in.status_code == 303, (told, signed_in.text)
        with desk.read(SYSTEM) as session:
            last = text("SELECT ip FROM ombud.web_sessions ORDER BY id DESC LIMIT 1")
            assert session.scalar(last) == known, told


def test_ten_thousand_ranges_are_one_answer(address: str, cast: Cast, desk: Desk) -> None:
    assert desk.settings.data_dir is not None
    files = open_store(desk.settings.data_dir / "files", limit=10**7)
    kept = files.put([b"x" * 100_000])
    ticket = desk.run(SYSTEM, make_ticket, cast.customer.id)
    stored = replace(stored_file(content=b"x" * 100_000), storage_key=kept.storage_key)
    file = desk.run(SYSTEM, attach_file, ticket.id, stored)
    headers = {"Authorization": f"Bearer {cast.agent.token}"}
    url = f"{address}/api/v1/attachments/{file.id}/content"
    for ranges in (",".join(f"{n}-" for n in range(10_000)), ",".join("0-99999" for _ in range(5_000))):
        answer = httpx.get(url, headers={**headers, "Range": f"bytes={ranges}"}, timeout=20)
        assert answer.status_code in (200, 206, 400, 416, 431)
        assert len(answer.content) <= 100_000


def test_endless_headers_cookies_and_fields_are_cut_off(address: str, cast: Cast) -> None:
    for endless in (
        ["Cookie: " + "a=b; " * 200_000],
        ["Cookie: " + "a=b; " * 14_000],
        [f"X-{number}: 1" for number in range(50_000)],
        [f"X-{number}: 1" for number in range(12_000)],
    ):
        _refused(address, request(*endless, method="GET /sign-in"))
    _refused(address, request(method=f"GET /{'a' * 1_000_000}"))
    many = "&".join(f"f{n}=1" for n in range(100_000))
    fields = httpx.post(
        f"{address}/sign-in",
        content=many,
        headers={"Content-Type": "application/x-www-form-urlencoded", "Origin": address},
        timeout=30,
    )
    assert 400 <= fields.status_code < 500, fields.status_code
    assert httpx.get(f"{address}/healthz").status_code == 200


def _refused(address: str, sent: bytes) -> None:
    parts = urlsplit(address)
    with socket.create_connection((parts.hostname or "", parts.port or 80), 20) as link:
        try:
            link.sendall(sent)
            first = link.recv(12)
        except ConnectionError:
            first = b""  # hung up before it had all of it
    assert first in (b"", b"HTTP/1.1 431"), first


def test_a_head_that_does_not_end_is_hung_up_on(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ombud.cli.bounded.HEAD_SECONDS", 0.3)
    assert say(address, b"GET / HTTP/1.1\r\nHost: desk") == b""
    assert say(address) == b"", "nor is silence waited for"
    answered = say(address, request(method="GET /healthz").replace(b"close", b"keep-alive") + b"GET /he")
    assert answered.startswith(b"HTTP/1.1 200"), answered
    assert answered.count(b"HTTP/1.1 ") == 1


def assert_told(answer: bytes, code: str) -> None:
    """What never came to the application is answered as all else: a problem, with the request's id."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    problem = json.loads(body)
    assert problem["code"] == code
    assert f"x-request-id: {problem['instance'].removeprefix('urn:uuid:')}".encode() in head
    assert b"cache-control: no-store" in head


def test_what_is_no_http_is_told_as_all_else(address: str) -> None:
    for sent, status, code in (
        (request(method="OPTIONS *"), 404, "not_found"),
        (request(method="GET *"), 404, "not_found"),
        (b"NONSENSE\r\n\r\n", 400, "bad_request"),
        (request("A: " + "x" * 70_000, method="GET /healthz"), 431, "head_too_large"),
        (request(method=f"GET /healthz?{'x' * 70_000}"), 431, "head_too_large"),
    ):
        answer = say(address, sent)
        assert answer.startswith(b"HTTP/1.1 %d " % status), answer
        assert_told(answer, code)


def test_a_body_that_does_not_end_is_hung_up_on(
    address: str, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever sends it, wherever to, and whether or not it is answered already; one that comes on is waited for."""
    token = f"Authorization: Bearer {cast.agent.token}"
    kind = "Content-Type: application/json"
    whole = json.dumps({"title": "It takes its time", "requester_id": cast.customer.id})
    asked = request(token, kind, f"Content-Length: {len(whole)}").replace(b"close", b"keep-alive")
    monkeypatch.setattr("ombud.cli.bounded.BODY_SECONDS", 0.0)
    monkeypatch.setattr("ombud.cli.bounded.BODY_RATE", 1.0)  # each byte that came gives it a second
    came = say(address, asked + whole[:30].encode(), whole[30:].encode() + request(method="GET /healthz"))
    assert came.startswith(b"HTTP/1.1 201"), came
    assert came.count(b"HTTP/1.1 200") == 1, "and the next one on this connection"

    monkeypatch.setattr("ombud.cli.bounded.BODY_RATE", 1e9)
    form = "Content-Type: multipart/form-data; boundary=x"
    fields = "Content-Type: application/x-www-form-urlencoded"
    for sent in (
        asked + whole[:30].encode(),
        request(token, kind, "Transfer-Encoding: chunked", body="1\r\n{\r\n"),
        request(
            token, form, "Content-Length: 9999", body="--x\r\n", method="POST /api/v1/tickets/1/attachments"
        ),
        request(fields, "Content-Length: 100", body="email=", method="POST /sign-in"),
    ):
        refused = say(address, sent)
        assert refused.startswith(b"HTTP/1.1 408"), sent
        assert_told(refused, "too_slow")
    early = request(kind, "Content-Length: 100", body="{").replace(b"close", b"keep-alive")
    assert say(address, early).startswith((b"HTTP/1.1 401", b"HTTP/1.1 408")), (
        "a stranger's is answered unread"
    )
    assert httpx.get(f"{address}/healthz").status_code == 200


def test_who_dribbles_keeps_nobody_else_out(address: str, cast: Cast) -> None:
    """Two hundred half requests lie open; the others are served as ever."""
    parts = urlsplit(address)
    where = (parts.hostname or "", parts.port or 80)
    links = [socket.create_connection(where, 20) for _ in range(200)]
    try:
        for number, link in enumerate(links):
            link.sendall(request("Content-Length: 100000", body="{")[: 20 + number])
        headers = {"Authorization": f"Bearer {cast.agent.token}"}
        for _ in range(5):
            assert httpx.get(f"{address}/api/v1/me", headers=headers, timeout=20).status_code == 200
    finally:
        for link in links:
            link.close()


def test_a_password_of_ten_megabytes_is_refused_before_anybody_hashes_it(address: str, cast: Cast) -> None:
    with httpx.Client(base_url=address, timeout=20) as web:
        token = web.get("/sign-in").text.partition('name="csrf" value="')[2][:64]
        form = {"email": cast.agent.email, "csrf": token, "password": "x" * 10_000_000}
        assert web.post("/sign-in", data=form, headers={"Origin": address}).status_code in (413, 422)
        form["password"] = "x" * 100_000
        assert web.post("/sign-in", data=form, headers={"Origin": address}).status_code in (413, 422)


@pytest.mark.parametrize(
    "path",
    [
        "/docs", "/redoc", "/openapi.json", "/metrics", "/debug", "/admin", "/console", "/_debug_toolbar/",
        "/.git/config", "/.env", "/server-status", "/phpinfo.php", "/install", "/setup", "/static/",
        "/static/app.js.map",
        "/api/v1/debug", "/api/v1/metrics", "/api/v1/redoc", "/api/", "/actuator", "/trace",
    ],
)  # fmt: skip
def test_nothing_of_the_inside_lies_about(address: str, cast: Cast, path: str) -> None:
    """T91: no installer, no console, no figures for strangers."""
    for method in ("GET", "POST", "TRACE"):
        answer = httpx.request(method, address + path)
        assert answer.status_code in (303, 401, 403, 404, 405), (method, path, answer.status_code)
        assert not any(word in answer.text for word in INSIDE)


def test_no_address_leads_out_of_its_folder(address: str, cast: Cast) -> None:
    """T55: every address that names something, over the API and of pages, asked for a file of the machine."""
    routes = [f"/api/v1{path}" for path in _named(api.ROUTERS)] + _named(pages.ROUTERS) + ["/static/{file}"]
    assert len(routes) > 50
    token = {"Authorization": f"Bearer {cast.admin.token}"}
    with httpx.Client(base_url=address) as browser:
        csrf = browser.get("/sign-in").text.partition('name="csrf" value="')[2][:64]
        form = {"email": cast.admin.email, "password": cast.admin.password, "csrf": csrf}
        assert browser.post("/sign-in", data=form, headers={"Origin": address}).status_code == 303
        for route in routes:
            for outwards in OUTWARDS:
                path = re.sub(r"\{[^}]*\}", outwards, route)
                answer = browser.get(path, headers=token if route.startswith("/api") else {})
                is_door = route.startswith(
                    "/link/"
                )  # it takes any word along, and says on the next page what it is
                assert answer.status_code in {400, 404, 405, 422} or is_door, (route, answer.status_code)
                assert "root:" not in answer.text


def _named(routers: Iterable[APIRouter]) -> list[str]:
    """Return the addresses that show something and have a name in them."""
    found = [route for router in routers for route in router.routes if isinstance(route, APIRoute)]
    return [one.path for one in found if "GET" in (one.methods or ()) and "{" in one.path]


def test_there_is_no_debugging_to_switch_on(
    desk: Desk, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DEBUG", "OMBUD_DEBUG", "FASTAPI_DEBUG", "STARLETTE_DEBUG"):
        monkeypatch.setenv(name, "1")
    app = build_app(desk, Settings(**settings.model_dump()))
    parts = [getattr(route, "app", None) for route in app.routes]
    mounted = [app, *(part for part in parts if isinstance(part, FastAPI))]
    assert len(mounted) == 3
    assert not any(getattr(one, "debug", False) for one in mounted)
