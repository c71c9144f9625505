"""A download ends with the right to it, and with nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from ombud.errors import Forbidden, NotFound, OmbudError, Unauthenticated, Unavailable
from ombud.files import watched, while_allowed

pytestmark = pytest.mark.asyncio


async def pieces() -> AsyncIterator[bytes]:
    for one in (b"a", b"b", b"c", b"d"):
        yield one


async def handed(refusals: list[OmbudError | None]) -> bytes:
    async def look() -> None:
        refusal = refusals.pop(0)
        if refusal is not None:
            raise refusal

    return b"".join([one async for one in while_allowed(pieces(), look)])


async def test_it_breaks_off_before_the_next_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watched, "LOOK_EVERY", 0.0)
    assert await handed([None] * 4) == b"abcd"
    for refusal in (Forbidden(), NotFound(), Unauthenticated()):
        assert await handed([None, None, refusal]) == b"ab"


async def test_what_cannot_be_found_out_is_no_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watched, "LOOK_EVERY", 0.0)
    assert await handed([None, Unavailable(), None, None]) == b"abcd"


async def test_what_is_sent_at_once_is_looked_at_no_second_time() -> None:
    assert watched.LOOK_EVERY < 1
    assert await handed([]) == b"abcd"
