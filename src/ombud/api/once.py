"""Calls with an `Idempotency-Key`: done once, however often they are sent, and answered alike each time.

The route class sends every unsafe call through here, and `Call.write` writes through here, so no route can
forget it. The transaction of the first `write` stays open until the answer is made and keeps it: effect and
answer are there together or not at all. What is refused is rolled back, and so never kept. A call whose commit lost
its connection is made again at once, as its caller would: it is done, and answered from what was kept, or it was not.
"""

import hashlib
import json
import re
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Concatenate, Literal, ParamSpec, Self, TypeVar

from fastapi import Request, Response
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session
from starlette.datastructures import UploadFile

from ombud.db.actor import Actor
from ombud.db.desk import ATTEMPTS, Desk
from ombud.db.translate import Lost, Retryable
from ombud.errors import Invalid
from ombud.idempotency import Answer, Keyed, claim, keep

P = ParamSpec("P")
T = TypeVar("T")
Body = Literal["none", "json", "form"]
"""What a route takes."""

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
KEY_LIMIT = 255
KEY_PATTERN = rf"^[!-~]{{1,{KEY_LIMIT}}}$"
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
KEPT_HEADERS = ("content-type", "location", "etag")
CHUNK = 2**20


class Replayed(Exception):
    """The call was answered before; this is how. Never leaves this module."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__("answered before")


class Once:
    """One call under a key, or under `If-Match`: the transaction of its effect and of its answer."""

    def __init__(self, desk: Desk, actor: Actor, call: Keyed | None, *, reads: bool = False) -> None:
        """`reads` says that reading, too, is done in the transaction that writes, of one snapshot."""
        self._desk, self._actor, self._call, self.reads = desk, actor, call, reads
        self._open = AsyncExitStack()
        self._session: AsyncSession | None = None

    @property
    def has_written(self) -> bool:
        """True from the first `write` that went well."""
        return self._session is not None

    async def write(
        self, action: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Claim the key, run `action` and leave the transaction open; whole again when it lost a race."""
        if self._session is not None:
            return await self._session.run_sync(action, *args, **kwargs)
        for attempt in range(1, ATTEMPTS + 1):
            try:
                async with AsyncExitStack() as stack:
                    begun = self._desk.abegin(self._actor, snapshot=self.reads)
                    session = await stack.enter_async_context(begun)
                    before = await session.run_sync(claim, self._call) if self._call is not None else None
                    if before is not None:
                        raise Replayed(before)
                    result = await session.run_sync(action, *args, **kwargs)
                    self._session, self._open = session, stack.pop_all()
                    return result
            except (Lost, Retryable):  # not committed yet, so nothing can be done twice
                if attempt == ATTEMPTS:
                    raise
        raise AssertionError("unreachable")

    async def keep(self, response: Response, secrets: Sequence[str] = ()) -> None:
        """Keep the answer beside the effect, without `secrets`. A call that wrote nothing has no effect to repeat."""
        if self._session is not None and self._call is not None:
            headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
            answer = Answer(response.status_code, headers, _without(bytes(response.body), secrets))
            await self._session.run_sync(keep, self._call, answer)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Commit, or roll back after an error."""
        await self._open.__aexit__(kind, error, trace)


async def answer(
    request: Request,
    route: str,
    body: Body,
    handle: Callable[[Request], Awaitable[Response]],
    secrets: Sequence[str] = (),
    *,
    reads: bool = False,
) -> Response:
    """Answer a call: as it was answered before, where its key says that this is a repetition.

    The fields of the answer that `secrets` names are not kept: a repetition has null in their place. `reads` keeps one
    transaction for all that the call reads and writes, under a key or not.
    """
    key = _key(request) if request.method in UNSAFE else None
    if key is None and not reads:
        return await handle(request)
    call = Keyed(f"{request.method} {route}", key, await _hash(request, body)) if key is not None else None
    actor = request.state.principal.actor
    for attempt in range(1, ATTEMPTS + 1):
        once = Once(request.app.state.runtime.desk, actor, call, reads=reads)
        try:
            async with once:
                request.state.once = once
                response = await handle(request)
                await once.keep(response, secrets)
            return response  # noqa: TRY300 - reads as the end of the try that it is
        except Replayed as replayed:
            before = replayed.answer
            return Response(before.body, before.status, {**before.headers, REPLAYED: "true"})
        except (Lost, Retryable):
            # After the writing, and so perhaps in the commit: the key knows whether that got through. The files of
            # a form are gone by now.
            if attempt == ATTEMPTS or body == "form" or not once.has_written:
                raise
    raise AssertionError("unreachable")


def _without(body: bytes, secrets: Sequence[str]) -> bytes:
    if not secrets or not body:
        return body
    shown = json.loads(body)
    return json.dumps({**shown, **dict.fromkeys(secrets)}, separators=(",", ":"), ensure_ascii=False).encode()


def _key(request: Request) -> str | None:
    match request.headers.getlist(HEADER):
        case []:
            return None
        case [key] if re.fullmatch(KEY_PATTERN, key):
            return key
        case _:
            rule = f"is given once, with 1 to {KEY_LIMIT} visible ASCII characters."
            raise Invalid(fields={f"header:{HEADER}": rule})


async def _hash(request: Request, body: Body) -> bytes:
    """Return the SHA-256 of what was sent; of forms by their parts, whose boundary differs at each try."""
    sent = hashlib.sha256()
    for part in (request.url.path, request.url.query, request.headers.get("if-match", "")):
        _add(sent, part.encode())
    if body == "json":
        _add(sent, await request.body())
    for name, value in (await request.form()).multi_items() if body == "form" else ():
        _add(sent, name.encode())
        if isinstance(value, UploadFile):
            _add(sent, f"{value.filename}\n{value.content_type}\n{value.size}".encode())
            while chunk := await value.read(CHUNK):
                sent.update(chunk)
            await value.seek(0)
        else:
            _add(sent, value.encode())
    return sent.digest()


def _add(sent: "hashlib._Hash", part: bytes) -> None:
    """Add a part behind its length, so that no two lists of parts look alike."""
    sent.update(len(part).to_bytes(8))
    sent.update(part)
