"""The asynchronous client: `Client` with `await`."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Self, TypeVar

import httpx

from ombud.client import sending
from ombud.client.calls import Call, Listing
from ombud.client.calls.making import chosen
from ombud.client.errors import Unreachable
from ombud.client.streaming import Ear, Heard, is_stream, require_later

T = TypeVar("T")


class AsyncClient:
    """A desk, as the owner of `token` sees it; see `Client`."""

    def __init__(
        self,
        desk: str,
        token: str,
        *,
        timeout: float = 30.0,
        transport: httpx.AsyncBaseTransport | None = None,
        wait: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self._http = httpx.AsyncClient(
            base_url=sending.address(desk), headers=headers, timeout=timeout, transport=transport
        )
        self._wait = wait

    async def send(self, call: Call[T]) -> T:
        """Send a call and return what it answers; see `Client.send`."""
        key = sending.key_for(call)
        answer = None
        for attempt in range(sending.TRIES):
            if attempt:
                await self._wait(sending.wait_before(attempt - 1, answer))
            try:
                answer = await self._http.send(sending.request_of(self._http, call, key))
            except httpx.TransportError:
                answer = None
                continue
            if not sending.should_try_again(answer):
                break
        if answer is None:
            raise Unreachable(key)
        return sending.read(answer, call)

    async def each(self, listing: Listing[T]) -> AsyncIterator[T]:
        """Yield all items of a list, page by page as they are wanted."""
        following: Listing[T] | None = listing
        while following is not None:
            page: dict[str, Any] = await self.send(following.page())
            for item in page["items"]:
                yield item
            following = sending.next_page(following, page)

    async def listen(
        self,
        after: str | None = None,
        *,
        types: Sequence[str] | None = None,
        tickets: Sequence[str] | None = None,
        tries: int | None = None,
    ) -> AsyncGenerator[Heard, None]:
        """Yield what happens to tickets as it happens; see `Client.listen`. Close it (`contextlib.aclosing`)."""
        ear = Ear(after, tries, chosen(types, tickets))
        while True:
            refusal = None
            try:
                sent = await self._http.send(ear.request(self._http), stream=True)
                async with contextlib.aclosing(sent) as answer:
                    if is_stream(answer):
                        async for chunk in answer.aiter_bytes():
                            for heard in ear.hear(chunk):
                                yield heard
                    else:
                        await answer.aread()
                        require_later(answer)
                        refusal = answer
            except httpx.TransportError:
                refusal = None
            await self._wait(ear.pause(refusal))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.aclose()
