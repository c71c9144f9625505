"""The one HTTP client for what leaves the desk: webhooks, tokens of mail servers, OpenID providers.

It stands on the guard: a name is resolved once, every address is checked, and the connection goes to a checked one
under the name's own certificate. No redirect is followed, no proxy of the environment is believed, no cookie is kept;
time and size are limited. What goes wrong is said in one way, whatever answered or did not.
"""

import asyncio
import json
import ssl
import time
from collections.abc import Mapping
from contextlib import aclosing, closing
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from ombud.kit.guard import ANSWER_LIMIT, TIMEOUT, Guard, Unreachable, tls_context
from ombud.kit.public_urls import FAILED, checked_url, host_and_port

if TYPE_CHECKING:
    import httpx


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back: at most the first 64 KB of it."""

    status: int
    headers: Mapping[str, str]
    body: bytes


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
    import httpx

    until, body = time.monotonic() + seconds, b""
    try:
        transport = httpx.HTTPTransport(verify=_tls(), limits=_no_reuse(), trust_env=False)
        host, port = host_and_port(url, guard)
        with httpx.Client(transport=transport, timeout=seconds, trust_env=False) as client:
            for at in _numbers(guard, host, port):
                request = client.build_request(method, **_moved(url, host, at, headers, content))
                try:
                    response = client.send(request, stream=True)
                except httpx.ConnectError:
                    continue
                with closing(response):
                    for piece in response.iter_raw():
                        body += piece
                        if len(body) >= ANSWER_LIMIT:
                            break
                        if time.monotonic() >= until:
                            raise Unreachable(FAILED)
                return Answered(response.status_code, dict(response.headers), body[:ANSWER_LIMIT])
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError):
        pass
    raise Unreachable(FAILED)


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
    import httpx

    body = b""
    try:
        transport = httpx.AsyncHTTPTransport(verify=_tls(), limits=_no_reuse(), trust_env=False)
        host, port = host_and_port(url, guard)
        async with (
            asyncio.timeout(seconds),
            httpx.AsyncClient(transport=transport, timeout=seconds, trust_env=False) as client,
        ):
            for at in await asyncio.to_thread(_numbers, guard, host, port):
                request = client.build_request(method, **_moved(url, host, at, headers, content))
                try:
                    response = await client.send(request, stream=True)
                except httpx.ConnectError:
                    continue
                async with aclosing(response):
                    async for piece in response.aiter_raw():
                        body += piece
                        if len(body) >= ANSWER_LIMIT:
                            break
                return Answered(response.status_code, dict(response.headers), body[:ANSWER_LIMIT])
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError):
        pass
    raise Unreachable(FAILED)


def post_form(guard: Guard, field: str, url: str, form: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
    """Post a form and return status and JSON answer, empty for anything else; `field` is whose address it is.

    Raises Unreachable, and Invalid for an address that may not be asked.
    """
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    answer = send(
        guard, "POST", checked_url(field, url, guard), headers=headers, content=urlencode(form).encode()
    )
    return answer.status, json_of(answer)


def json_of(answer: Answered) -> dict[str, Any]:
    """Return the object that an answer holds; empty for another one, and for one that was cut."""
    try:
        found = json.loads(answer.body) if len(answer.body) < ANSWER_LIMIT else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _no_reuse() -> "httpx.Limits":
    # A pool knows connections by address; one made under another name's certificate must not be taken for this one's.
    import httpx

    return httpx.Limits(max_keepalive_connections=0)


@cache
def _tls() -> ssl.SSLContext:
    return tls_context()  # reads all authorities' certificates: once, not for each request


def _numbers(guard: Guard, host: str, port: int) -> list[str]:
    try:
        return [str(address[0]) for _, address in guard.addresses(host, port)]
    except Unreachable:
        raise Unreachable(FAILED) from None  # not a word about what the name means in here


def _moved(
    url: str, host: str, number: str, headers: Mapping[str, str] | None, content: bytes
) -> dict[str, Any]:
    """Return the request for the checked address, with the name kept for `Host` and the certificate."""
    import httpx

    place = httpx.URL(url)
    sent = {"User-Agent": "Ombud", "Accept": "*/*", "Accept-Encoding": "identity", **(headers or {})}
    return {
        "url": place.copy_with(host=number),
        "headers": {"Host": place.netloc.decode(), **sent},
        "content": content,
        "extensions": {"sni_hostname": host},
    }
