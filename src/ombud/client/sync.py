"""The synchronous client."""

import contextlib
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any, Self, TypeVar

import httpx

from ombud.client import sending
from ombud.client.calls import Call, Listing
from ombud.client.calls.making import chosen
from ombud.client.errors import Unreachable
from ombud.client.streaming import Ear, Heard, is_stream, require_later

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

    def listen(
        self,
        after: str | None = None,
        *,
        types: Sequence[str] | None = None,
        tickets: Sequence[str] | None = None,
        tries: int | None = None,
    ) -> Generator[Heard, None, None]:
        """Yield what happens to tickets as it happens, from now on, or from what was heard last (its `id`).

        Only events of these `types`, and of the `tickets` with these numbers, where they are given.

        A connection that is lost is made again, and begins where it broke off: nothing is missed, and of a transaction
        that was heard in part some may come again. Raises Problem for what is refused (the token is gone, say), and
        Unreachable after so many `tries` in a row without a word; with None it never gives up. Ends when it is closed.
        """
        ear = Ear(after, tries, chosen(types, tickets))
        while True:
            refusal = None
            try:
                with contextlib.closing(self._http.send(ear.request(self._http), stream=True)) as answer:
                    if is_stream(answer):
                        for chunk in answer.iter_bytes():
                            yield from ear.hear(chunk)
                    else:
                        answer.read()
                        require_later(answer)
                        refusal = answer
            except httpx.TransportError:
                refusal = None
            self._wait(ear.pause(refusal))

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()
