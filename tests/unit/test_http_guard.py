"""What leaves the desk goes to public addresses only, however the others are spelled (TRUST.md T50 to T52, R23)."""

from __future__ import annotations

import asyncio
import gzip
import http.server
import io
import socket
import threading
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest

from ombud.errors import Invalid
from ombud.kit.guard import Guard, Unreachable
from ombud.kit.http_guard import asend, json_of, send
from ombud.kit.public_urls import FAILED, checked_url

LOCAL_NAMES = {
    "localtest.example": "127.0.0.1",
    "127.0.0.1.nip.example": "127.0.0.1",
    "metadata.google.internal": "169.254.169.254",
    "intranet": "10.1.2.3",
    "v6.example": "::1",
}
# Every spelling and every network that leads inside; what is no name is resolved by the system itself.
HOSTS = """
127.0.0.1 127.0.0.2 127.1 127.0.1 127.255.255.254 0.0.0.0 0 0x7f000001 0x7f.0.0.1 0x7f.1 2130706433 017700000001
0177.0.0.1 0177.1 127.0.0.1. 0xa9fea9fe 2852039166 169.254.169.254 169.254.170.2 169.254.0.1 100.100.100.200
10.0.0.1 10.255.255.255 0x0a000001 167772161 172.16.0.1 172.31.255.255 192.168.0.1 192.168.255.255 0xc0a80001
100.64.0.1 192.0.0.1 192.0.2.1 198.18.0.1 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1
255.255.255.255 [::1] [::] [::ffff:127.0.0.1] [::ffff:7f00:1] [::ffff:10.0.0.1] [::ffff:169.254.169.254]
[::127.0.0.1] [::7f00:1] [0:0:0:0:0:0:0:1] [fd00::1] [fd00:ec2::254] [fc00::1] [fe80::1] [fec0::1] [ff02::1]
[64:ff9b::127.0.0.1] [64:ff9b::a9fe:a9fe] [64:ff9b:1::7f00:1] [2002:7f00:1::] [2002:a9fe:a9fe::1] [2002:0a00:1::]
[2001:0:7f00:1::1] [2001:db8::1] [100::1] localhost LOCALHOST localhost. ip6-localhost localtest.example
127.0.0.1.nip.example metadata.google.internal intranet v6.example
""".split()
FORMS = ["http://{}/", "https://{}/", "https://{}:443/x?y=z"]
ODD = [
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_x",
    "ftp://example.com/",
    "dict://127.0.0.1:11211/",
    "https://user:secret@example.com/",
    "https://example.com@127.0.0.1/",
    "https://example.com:22/",
    "https://example.com:6379/",
    "http://example.com/",
    "https://example.com/#fragment",
    "https://ⓔⓧⓐⓜⓟⓛⓔ.com/",
    "https://127。0。0。1/",
    "https://exa mple.com/",
    "https://example.com\\@127.0.0.1/",
    "https://example.com/\r\nHost: x",
    "https:///path",
    "https://",
    "//example.com/",
    "example.com",
    "",
    "https://example.com:99999/",
    "https://[::1",
    "https://" + "a" * 2000,
]


def resolve(host: str, port: int, **given: Any) -> Any:
    """Answer for the names of these tests, and by the system's own rules for everything else."""
    return socket.getaddrinfo(
        LOCAL_NAMES.get(host, host), port, flags=0 if host in LOCAL_NAMES else FLAGS, **given
    )


FLAGS = socket.AI_NUMERICHOST  # no name of the outside is ever asked for here


def _bomb() -> bytes:
    packed = io.BytesIO()
    with gzip.open(packed, "wb") as file:
        for _ in range(2**8):
            file.write(bytes(2**20))
    return gzip.compress(packed.getvalue())


BOMB = _bomb()
"""256 MB of nothing, packed twice."""
PACKED = {"/bomb": ("gzip, gzip", BOMB), "/packed": ("gzip", gzip.compress(b'{"issuer": "x"}'))}


class Inside:
    """A server that nobody from outside may reach: it counts who came."""

    def __init__(self) -> None:
        self.came: list[str] = []
        inside = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                inside.came.append(self.path)
                match self.path:
                    case "/redirect":
                        self.send_response(302)
                        self.send_header("Location", "/secret")
                        self.send_header("Content-Length", "0")
                        self.end_headers()
                    case "/endless":
                        self.send_response(200)
                        self.end_headers()
                        while not inside.over.is_set():
                            try:
                                self.wfile.write(b"x" * 65_536)
                            except OSError:
                                return
                    case "/drip":
                        self.send_response(200)
                        self.end_headers()
                        while not inside.over.wait(0.05):
                            try:
                                self.wfile.write(b"x")
                            except OSError:
                                return
                    case _:
                        coding, body = PACKED.get(self.path, ("identity", b"ok"))
                        self.send_response(200)
                        self.send_header("Content-Encoding", coding)
                        self.send_header("Content-Length", str(len(body)))
                        self.end_headers()
                        self.wfile.write(body)

            do_GET = do_POST  # noqa: N815 - the library's name

            def log_message(self, *_args: object) -> None:
                """Be quiet."""

        self.over = threading.Event()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port: int = self.server.server_address[1]
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        self.thread.start()

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def close(self) -> None:
        self.over.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def inside() -> Iterator[Inside]:
    server = Inside()
    yield server
    server.close()


def test_there_are_enough_of_them() -> None:
    assert len(set(HOSTS)) >= 60


@pytest.mark.parametrize("host", HOSTS)
def test_no_spelling_leads_inside(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused before a socket is made, by both clients, with the same words."""

    def connect(*_args: Any) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket.socket, "connect_ex", connect)
    guard = Guard(resolve=resolve)
    for form in FORMS:
        with pytest.raises(Unreachable) as refused:
            send(guard, "POST", form.format(host), content=b"{}")
        assert refused.value.message == FAILED
    with pytest.raises(Unreachable):
        guard.connect(host.strip("[]"), 443)


def test_the_asynchronous_client_refuses_them_all(inside: Inside) -> None:
    async def try_all() -> None:
        guard = Guard(resolve=resolve)
        for host in HOSTS:
            for url in (f"https://{host}:{inside.port}/", f"http://{host}/", f"https://{host}/"):
                with pytest.raises(Unreachable) as refused:
                    await asend(guard, "POST", url, content=b"{}")
                assert refused.value.message == FAILED

    asyncio.run(try_all())
    assert inside.came == []


@pytest.mark.parametrize("url", ODD)
def test_what_is_no_address_of_a_public_server(url: str) -> None:
    guard = Guard(resolve=resolve)
    with pytest.raises(Invalid) as refused:
        checked_url("url", url, guard)
    assert set(refused.value.fields) == {"url"}
    with pytest.raises(Unreachable):
        send(guard, "GET", url)


def test_a_name_that_means_something_else_a_moment_later_changes_nothing(inside: Inside) -> None:
    """DNS rebinding: the connection goes to the address that was checked, and the name is asked once."""
    asked: list[str] = []

    def rebinding(host: str, port: int, **given: Any) -> Any:
        asked.append(host)
        # The first answer may be talked to (nobody listens there), every later one is the server inside.
        number = "127.0.0.2" if len(asked) == 1 else "127.0.0.1"
        return socket.getaddrinfo(number, inside.port, **given)

    with pytest.raises(Unreachable):
        send(Guard(["127.0.0.2"], resolve=rebinding), "POST", "https://rebind.example/")
    assert asked == ["rebind.example"]
    assert inside.came == []


def test_one_address_inside_among_public_ones_is_enough(inside: Inside) -> None:
    def both(_host: str, port: int, **given: Any) -> Any:
        return [
            *socket.getaddrinfo("8.8.8.8", port, **given),
            *socket.getaddrinfo("127.0.0.1", port, **given),
        ]

    with pytest.raises(Unreachable):
        send(Guard(resolve=both), "POST", "https://both.example/")
    assert inside.came == []


def test_what_the_operator_allows_is_reached_by_name_or_network(inside: Inside) -> None:
    for allowed, host in (("127.0.0.0/8", "127.0.0.1"), ("localtest.example", "localtest.example")):
        guard = Guard([allowed], resolve=resolve)
        answer = send(guard, "POST", inside.url("/", host), content=b"{}")
        assert (answer.status, answer.body) == (200, b"ok")
    with pytest.raises(Unreachable):
        send(Guard(["10.0.0.0/8"], resolve=resolve), "POST", inside.url("/"))


def test_redirects_are_answers_and_are_not_followed(inside: Inside) -> None:
    answer = send(Guard(["127.0.0.1"]), "POST", inside.url("/redirect"))
    assert answer.status == 302
    assert inside.came == ["/redirect"]


def test_no_more_than_64_kb_are_read_and_no_longer_than_allowed(inside: Inside) -> None:
    guard = Guard(["127.0.0.1"])
    assert len(send(guard, "POST", inside.url("/endless")).body) == 65_536
    with pytest.raises(Unreachable):
        send(guard, "POST", inside.url("/drip"), seconds=0.3)

    async def both() -> int:
        with pytest.raises(Unreachable):
            await asend(guard, "POST", inside.url("/drip"), seconds=0.3)
        return len((await asend(guard, "POST", inside.url("/endless"))).body)

    assert asyncio.run(both()) == 65_536


def test_nothing_that_comes_back_is_unpacked(inside: Inside) -> None:
    """Answers of webhooks, documents and keys of providers, tokens: a bomb stays as small as it came (TRUST.md T56)."""
    guard = Guard(["127.0.0.1"])
    tracemalloc.start()
    try:
        came = [
            send(guard, "GET", inside.url("/bomb")),
            asyncio.run(asend(guard, "GET", inside.url("/bomb"))),
        ]
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [one.body for one in came] == [BOMB, BOMB]
    assert len(gzip.decompress(BOMB)) > 2**16
    assert most < 2**24, "unpacked it would be sixteen times as much"
    packed = send(guard, "GET", inside.url("/packed"))
    assert [json_of(one) for one in (*came, packed)] == [{}, {}, {}], "and it is no document"


def test_a_proxy_of_the_environment_is_not_believed(inside: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    assert send(Guard(["127.0.0.1"]), "POST", inside.url("/")).status == 200
