"""The asynchronous client: `Client` with `await`."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Self, TypeVar

import httpx

from ombud.client import sending
from ombud.client.calls import Call, Listing
from ombud.client.errors import Unreachable

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

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.aclose()
