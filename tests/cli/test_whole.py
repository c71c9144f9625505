"""Answers of a known length leave in one write, streams at once; and what goes wrong on the way is told as ever."""

from __future__ import annotations

import asyncio
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from starlette.types import Receive, Scope, Send

from tests.web.chromium import serving

LENGTH = (b"content-length", b"6")
LIMIT = 20.0


class Told:
    """An application that says when it has told its head, and waits before it goes on."""

    def __init__(self) -> None:
        self.head = threading.Event()
        self.go = threading.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        status = int(path[1:]) if path[1:].isdigit() else 200
        headers = [] if path == "/stream" or status != 200 else [LENGTH]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        self.head.set()
        await asyncio.to_thread(self.go.wait, LIMIT)
        if path == "/broken":
            raise RuntimeError("before the body")
        body = b"" if status != 200 else b"abc"
        await send({"type": "http.response.body", "body": body, "more_body": bool(body)})
        if path == "/cut":
            raise RuntimeError("within the body")
        if body:
            await send({"type": "http.response.body", "body": b"def"})


@pytest.fixture(scope="module")
def app() -> Told:
    """The application."""
    return Told()


@pytest.fixture(scope="module")
def address(app: Told) -> Iterator[tuple[str, int]]:
    """Where it is served, as `ombud serve` does it."""
    with serving(app) as found:
        parts = urlsplit(found)
        yield parts.hostname or "", parts.port or 0


@contextmanager
def asked(app: Told, address: tuple[str, int], *requests: str) -> Iterator[socket.socket]:
    """Ask, and yield the connection when the application has told its first head."""
    app.head.clear()
    app.go.clear()
    with socket.create_connection(address, LIMIT) as link:
        lines = [f"{one} HTTP/1.1\r\nHost: desk.example\r\n\r\n" for one in requests]
        link.sendall("".join(lines).encode())
        assert app.head.wait(LIMIT)
        yield link


def told(link: socket.socket, until: bytes = b"") -> bytes:
    """Return what comes until it ends with something, or the server hangs up."""
    answer = b""
    while got := link.recv(65536):
        answer += got
        if until and answer.endswith(until):
            break
    return answer


def is_silent(link: socket.socket) -> bool:
    """Tell whether nothing has come yet."""
    return not select.select([link], [], [], 0)[0]


def test_a_whole_answer_waits_for_its_body(app: Told, address: tuple[str, int]) -> None:
    with asked(app, address, "GET /whole") as link:
        assert is_silent(link)
        app.go.set()
        answer = told(link, b"\r\n\r\nabcdef")
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.count(b"content-length: 6\r\n") == 1


def test_a_stream_begins_at_once(app: Told, address: tuple[str, int]) -> None:
    with asked(app, address, "GET /stream") as link:
        assert b"transfer-encoding: chunked" in told(link, b"\r\n\r\n")
        app.go.set()
        assert told(link, b"0\r\n\r\n") == b"3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n"


def test_heads_alone_are_answers_too(app: Told, address: tuple[str, int]) -> None:
    for one in ("HEAD /whole", "GET /204", "GET /304"):
        with asked(app, address, one) as link:
            app.go.set()
            head = told(link, b"\r\n\r\n")
            assert (b"content-length: 6" in head) == one.startswith("HEAD"), one
            link.sendall(b"GET /whole HTTP/1.1\r\nHost: desk.example\r\n\r\n")
            assert told(link, b"abcdef").startswith(b"HTTP/1.1 200 OK\r\n"), one


def test_requests_in_one_packet_are_answered_in_turn(app: Told, address: tuple[str, int]) -> None:
    with asked(app, address, "GET /whole", "HEAD /whole", "GET /stream", "GET /whole") as link:
        app.go.set()
        answer = told(link, b"\r\n\r\nabcdef")
        while answer.count(b"abcdef") < 2:
            answer += told(link, b"\r\n\r\nabcdef")
    assert [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]] == [b"200"] * 4
    assert answer.index(b"abcdef") < answer.index(b"3\r\nabc\r\n") < answer.rindex(b"abcdef")


def test_what_fails_before_its_body_is_an_error(app: Told, address: tuple[str, int]) -> None:
    with asked(app, address, "GET /broken") as link:
        app.go.set()
        answer = told(link)
    assert answer.startswith(b"HTTP/1.1 500 Internal Server Error\r\n")
    assert b"content-length: 6" not in answer


def test_what_fails_within_its_body_is_cut(app: Told, address: tuple[str, int]) -> None:
    with asked(app, address, "GET /cut") as link:
        app.go.set()
        answer = told(link)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert answer.endswith(b"\r\n\r\nabc")
