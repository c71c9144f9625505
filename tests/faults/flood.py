"""Many tries at a door of the pages at once, over plain sockets from any address of this machine.

The client must cost less than the server that it floods: a request is bytes, made beforehand, and of an answer only
the head is read.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

HOME = "127.0.0.1"
ROOM = 400
"""Connections at once: a process may have 1024 files open by default, here and in the server."""


@dataclass(frozen=True)
class Form:
    """A form that is posted from an address; `who` is the flood's own name for it."""

    who: str
    path: str
    fields: Mapping[str, str]
    cookies: Mapping[str, str]
    source: str = HOME


@dataclass(frozen=True)
class Answer:
    """What became of a form; status 0: nothing."""

    who: str
    status: int
    headers: Mapping[str, str]
    seconds: float


def flood(port: int, forms: Sequence[Form]) -> list[Answer]:
    """Post all of them at once, and return what each was answered."""
    return asyncio.run(_flood(port, forms))


async def _flood(port: int, forms: Sequence[Form]) -> list[Answer]:
    room = asyncio.Semaphore(ROOM)
    return list(await asyncio.gather(*(_post(room, port, form) for form in forms)))


async def _post(room: asyncio.Semaphore, port: int, form: Form) -> Answer:
    body = urlencode(form.fields).encode()
    head = [
        f"POST {form.path} HTTP/1.1",
        f"Host: {HOME}:{port}",
        f"Origin: http://{HOME}:{port}",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(body)}",
        "Cookie: " + "; ".join(f"{name}={value}" for name, value in form.cookies.items()),
        "Connection: close",
    ]
    async with room:
        begun = time.monotonic()
        reader, writer = await asyncio.open_connection(HOME, port, local_addr=(form.source, 0))
        try:
            writer.write("\r\n".join([*head, "", ""]).encode() + body)
            said = await reader.readuntil(b"\r\n\r\n")
            await reader.read()
        except (ConnectionError, asyncio.IncompleteReadError):
            said = b""
        finally:
            writer.close()
            await asyncio.gather(writer.wait_closed(), return_exceptions=True)
        seconds = time.monotonic() - begun
    first, *lines = said.decode("latin-1").split("\r\n")
    pairs = (line.partition(": ") for line in lines if line)
    headers = {name.lower(): value for name, _, value in pairs}
    return Answer(form.who, int(first.split()[1]) if first else 0, headers, seconds)
