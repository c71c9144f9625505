"""Few search at once, people take turns, and a turn that nobody wants any more goes on."""

from __future__ import annotations

import asyncio
import threading
from contextlib import ExitStack

import pytest

from ombud.db.turns import QUEUED, SearchesBusy, TooManySearches, Turns
from ombud.errors import RateLimited, Unavailable

LONG = 30.0


async def _waits(turns: Turns, number: int) -> None:
    while turns.waiting() < number:  # noqa: ASYNC110 -- tasks that are about to begin, in this very loop
        await asyncio.sleep(0)


@pytest.mark.asyncio
async def test_so_many_run_and_people_take_turns() -> None:
    turns = Turns(2, LONG)
    order: list[str] = []
    most = 0

    async def search(who: str) -> None:
        nonlocal most
        async with turns.aturn(who):
            most = max(most, turns.running())
            order.append(who)
            await asyncio.sleep(0)

    async with turns.aturn("first"), turns.aturn("second"):
        eager = [asyncio.create_task(search("eager")) for _ in range(5)]
        await _waits(turns, 5)
        others = [asyncio.create_task(search(who)) for who in ("ann", "bob")]
        await _waits(turns, 7)
        assert order == []
    await asyncio.gather(*eager, *others)
    assert order[:3] == ["eager", "ann", "bob"], "who came later with one is not behind somebody's five"
    assert most == 2
    assert (turns.running(), turns.waiting()) == (0, 0)


@pytest.mark.asyncio
async def test_nobody_has_all_of_them() -> None:
    turns = Turns(2, LONG)
    async with turns.aturn("eager"):
        second = asyncio.create_task(turns.aturn("eager").__aenter__())
        await _waits(turns, 1)
        async with turns.aturn("ann"):
            assert turns.running() == 2
        assert turns.waiting() == 1, "the turn stays free for somebody else"
        second.cancel()
        await asyncio.gather(second, return_exceptions=True)
    with ExitStack() as stack:
        stack.enter_context(Turns(1, LONG).turn("eager"))


@pytest.mark.asyncio
async def test_who_waits_too_long_or_asks_too_much_is_told() -> None:
    turns = Turns(1, 0.001)
    async with turns.aturn("first"):
        with pytest.raises(SearchesBusy) as busy:
            async with turns.aturn("ann"):
                raise AssertionError("unreachable")
        assert isinstance(busy.value, Unavailable)
        with pytest.raises(SearchesBusy), turns.turn("ann"):
            raise AssertionError("unreachable")
    patient = Turns(1, LONG)
    async with patient.aturn("first"):
        waiting = [asyncio.create_task(patient.aturn("ann").__aenter__()) for _ in range(QUEUED)]
        await _waits(patient, QUEUED)
        with pytest.raises(TooManySearches) as told:
            async with patient.aturn("ann"):
                raise AssertionError("unreachable")
        assert isinstance(told.value, RateLimited)
        for one in waiting:
            one.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert patient.waiting() == 0
    assert (turns.running(), patient.running()) == (0, 0)
    async with turns.aturn("ann"), patient.aturn("ann"):
        pass


@pytest.mark.asyncio
async def test_a_turn_given_to_who_has_just_gone_is_given_on() -> None:
    turns = Turns(1, LONG)
    async with turns.aturn("first"):
        gone = asyncio.create_task(turns.aturn("gone").__aenter__())
        await _waits(turns, 1)
    assert turns.running() == 1, "handed over"
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    assert turns.running() == 0


def test_threads_and_errors_give_theirs_back() -> None:
    turns = Turns(2, LONG)
    most: list[int] = []
    start = threading.Barrier(8)

    def fail(who: str) -> None:
        with turns.turn(who):
            most.append(turns.running())
            raise LookupError

    def search(who: str) -> None:
        start.wait()
        for _ in range(50):
            with pytest.raises(LookupError):
                fail(who)

    threads = [threading.Thread(target=search, args=(f"user:{n % 4}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(most) == 400
    assert max(most) <= 2
    assert (turns.running(), turns.waiting()) == (0, 0)
