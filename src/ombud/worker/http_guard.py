"""The one HTTP client for what leaves the desk: webhooks, and whatever comes later.

It stands on the guard: a name is resolved once, every address is checked, and the connection goes to a checked one
under the name's own certificate. No redirect is followed, no proxy of the environment is believed, no cookie is kept;
time and size are limited. What goes wrong is said in one way, whatever answered or did not. Tokens of OAuth 2 are asked
for by `kit.guard.post_form`, on the same guard.
"""

import asyncio
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import httpx

from ombud.kit.guard import ANSWER_LIMIT, TIMEOUT, Guard, Unreachable, tls_context
from ombud.kit.public_urls import FAILED, host_and_port


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back: at most the first 64 KB of it."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class GuardedTransport(httpx.BaseTransport):
    """Connects to checked addresses only; a connection for each request."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._inner = httpx.HTTPTransport(verify=_tls(), limits=_NO_REUSE, trust_env=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        host, port = _place(request, self._guard)
        for at in _numbers(self._guard, host, port):
            try:
                return self._inner.handle_request(_moved(request, host, at))
            except httpx.ConnectError:
                continue
        raise Unreachable(FAILED)

    def close(self) -> None:
        self._inner.close()


class AsyncGuardedTransport(httpx.AsyncBaseTransport):
    """The asynchronous twin."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._inner = httpx.AsyncHTTPTransport(verify=_tls(), limits=_NO_REUSE, trust_env=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host, port = _place(request, self._guard)
        for at in await asyncio.to_thread(_numbers, self._guard, host, port):
            try:
                return await self._inner.handle_async_request(_moved(request, host, at))
            except httpx.ConnectError:
                continue
        raise Unreachable(FAILED)

    async def aclose(self) -> None:
        await self._inner.aclose()


def send(
    guard: Guard,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    content: bytes = b"",
    seconds: float = TIMEOUT,
) -> Answered:
    """Send one request and return the answer, whatever its status; Unreachable for everything else.

    `seconds` are for all of it: who drips a byte a second is hung up on.
    """
    until, body = time.monotonic() + seconds, b""
    try:
        with (
            httpx.Client(transport=GuardedTransport(guard), timeout=seconds, trust_env=False) as client,
            client.stream(method, url, headers=_sent(headers), content=content) as response,
        ):
            for piece in response.iter_raw():
                body += piece
                if len(body) >= ANSWER_LIMIT:
                    break
                if time.monotonic() >= until:
                    raise Unreachable(FAILED)
            return Answered(response.status_code, dict(response.headers), body[:ANSWER_LIMIT])
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError):
        raise Unreachable(FAILED) from None


async def asend(
    guard: Guard,
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    content: bytes = b"",
    seconds: float = TIMEOUT,
) -> Answered:
    """The asynchronous twin of `send`."""
    body = b""
    try:
        async with (
            asyncio.timeout(seconds),
            httpx.AsyncClient(
                transport=AsyncGuardedTransport(guard), timeout=seconds, trust_env=False
            ) as client,
            client.stream(method, url, headers=_sent(headers), content=content) as response,
        ):
            async for piece in response.aiter_raw():
                body += piece
                if len(body) >= ANSWER_LIMIT:
                    break
            return Answered(response.status_code, dict(response.headers), body[:ANSWER_LIMIT])
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError):
        raise Unreachable(FAILED) from None


_NO_REUSE = httpx.Limits(max_keepalive_connections=0)
# A pool knows connections by address; one made under another name's certificate must not be taken for this one's.


@cache
def _tls() -> ssl.SSLContext:
    return tls_context()  # reads all authorities' certificates: once, not for each request


def _sent(headers: Mapping[str, str] | None) -> dict[str, str]:
    return {"User-Agent": "Ombud", "Accept": "*/*", "Accept-Encoding": "identity", **(headers or {})}


def _place(request: httpx.Request, guard: Guard) -> tuple[str, int]:
    return host_and_port(str(request.url), guard)


def _numbers(guard: Guard, host: str, port: int) -> list[str]:
    try:
        return [str(address[0]) for _, address in guard.addresses(host, port)]
    except Unreachable:
        raise Unreachable(FAILED) from None  # not a word about what the name means in here


def _moved(request: httpx.Request, host: str, number: str) -> httpx.Request:
    """Return the request for the checked address, with the name kept for `Host` and the certificate."""
    return httpx.Request(
        request.method,
        request.url.copy_with(host=number),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": host},
    )
