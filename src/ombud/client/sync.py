"""The synchronous client."""

import time
from collections.abc import Callable, Iterator
from typing import Any, Self, TypeVar

import httpx

from ombud.client import sending
from ombud.client.calls import Call, Listing
from ombud.client.errors import Unreachable

T = TypeVar("T")


class Client:
    """A desk, as the owner of `token` sees it. Close it, or use it as a context.

    `timeout` is in seconds for each try. `transport` and `wait` are for those who bring their own.
    """

    def __init__(
        self,
        desk: str,
        token: str,
        *,
        timeout: float = 30.0,
        transport: httpx.BaseTransport | None = None,
        wait: Callable[[float], object] = time.sleep,
    ) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self._http = httpx.Client(
            base_url=sending.address(desk), headers=headers, timeout=timeout, transport=transport
        )
        self._wait = wait

    def send(self, call: Call[T]) -> T:
        """Send a call and return what it answers. What got lost is sent again under the same key.

        Raises Problem for what is refused, Unreachable after five tries without an answer.
        """
        key = sending.key_for(call)
        answer = None
        for attempt in range(sending.TRIES):
            if attempt:
                self._wait(sending.wait_before(attempt - 1, answer))
            try:
                answer = self._http.send(sending.request_of(self._http, call, key))
            except httpx.TransportError:
                answer = None
                continue
            if not sending.should_try_again(answer):
                break
        if answer is None:
            raise Unreachable(key)
        return sending.read(answer, call)

    def each(self, listing: Listing[T]) -> Iterator[T]:
        """Yield all items of a list, page by page as they are wanted."""
        following: Listing[T] | None = listing
        while following is not None:
            page: dict[str, Any] = self.send(following.page())
            yield from page["items"]
            following = sending.next_page(following, page)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()
