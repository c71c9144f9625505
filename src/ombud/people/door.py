"""Comparing a password with what is stored, at any door: counted, a few at a time, and alike for who is not there.

Asynchronous, because edges that take passwords are; no transaction is open while one is compared.
"""

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.db.turns import Turns
from ombud.errors import RateLimited, Unavailable
from ombud.kit.passwords import check_password_rules, needs_rehash
from ombud.people import queries, throttle
from ombud.people.accounts import Proof, rehash_password
from ombud.people.hashing import hashed_aside, verified_aside

DOOR = Actor.system("sign-in")
CHECKED = 2
"""Passwords looked at together: one is compared (`ombud.people.hashing`), one looked up meanwhile."""
AT_ONCE = 3
"""Forms of strangers that are looked at together, of one network one less."""
QUEUED = 30
"""Forms of one network that wait for that: an office at nine o'clock, and no flood."""
PATIENCE = 10.0
APART = 0.02
"""Seconds between two forms of strangers: twice as many as hashing keeps up with, and no burst (measured: 0.01 makes
others wait 1.8 times as long as usual while a flood lasts, 0.02 makes it 1.4 times)."""
REMEMBERED_SECONDS = 5
"""How long a process refuses by itself what the database has just refused; the count is the database's all the same."""
REMEMBERED = 10_000


class DoorCrowded(RateLimited):
    """So many of one network stand at the door already."""

    code = "door_crowded"
    default_message = "Too many people are signing in from where you are. Try again in a moment."


class DoorBusy(Unavailable):
    """No turn came in time."""

    code = "door_busy"
    default_message = "Many people are signing in right now. Try again in a moment."


def _turns() -> Turns:
    return Turns(AT_ONCE, PATIENCE, queued=QUEUED, full=DoorCrowded, busy=DoorBusy)


@dataclass(slots=True)
class Door:
    """The door of one process."""

    hashing: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(CHECKED))
    turns: Turns = field(default_factory=_turns)
    refused: OrderedDict[tuple[str | None, str], tuple[float, float]] = field(default_factory=OrderedDict)
    """By account and network, or network alone: until when that is remembered, and when there is a turn, both by
    `time.monotonic`."""
    _free_at: float = 0.0
    """When the next form may be looked at, by the event loop's clock."""

    @asynccontextmanager
    async def turn(self, ip: str) -> AsyncIterator[None]:
        """Hold a turn to be looked at, from when a stranger's form was read until it is answered.

        Networks take turns: a flood from some stands in their queues, which have an end, and takes neither the
        database's connections nor the process's time from who is inside, nor the way in from who comes from
        elsewhere. Between two forms the process does what others ask of it. Raises DoorCrowded and DoorBusy.
        """
        async with self.turns.aturn(throttle.network_of(ip)):
            now = asyncio.get_running_loop().time()
            wait = self._free_at - now
            self._free_at = max(self._free_at, now) + APART
            if wait > 0:
                await asyncio.sleep(wait)
            yield

    def remind(self, email: str, ip: str) -> None:
        """Raise RateLimited for who was refused a moment ago: a flood costs no look, and stands in no queue."""
        now = time.monotonic()
        for account in (None, email):
            remembered_until, free_at = self.refused.get(_place_of(account, ip), (0.0, 0.0))
            if now < remembered_until:
                raise RateLimited(retry_after=max(1, math.ceil(free_at - now)))

    async def check(self, desk: Desk, email: str, password: str, ip: str) -> Proof | None:
        """Return whose credentials these are, None for nobody's; RateLimited after too many failures.

        A turn is taken before anything is compared, and given back when it was good: whatever the number of
        processes, no more are compared than there are turns.
        """
        async with self.hashing:
            try:
                await desk.arun(DOOR, throttle.take, throttle.SIGN_IN, account=email, ip=ip)
            except RateLimited as error:
                whose = None if isinstance(error, throttle.NetworkLimited) else email
                self._remember(_place_of(whose, ip), error.retry_after)
                raise
            async with desk.aread(DOOR, fresh=True) as session:
                found = (await session.execute(queries.credentials(email))).one_or_none()
            stored = found.password_hash if found is not None and found.is_active else None
            right = await verified_aside(stored, password)
            if found is None or not right:
                return None
            await desk.arun(DOOR, throttle.succeed, throttle.SIGN_IN, account=email, ip=ip)
            self.refused.pop(_place_of(email, ip), None)
            if stored is not None and needs_rehash(stored):
                hashed, own = await hashed_aside(password), Actor.customer(found.user_id)
                if await desk.arun(own, rehash_password, found.user_id, hashed, known=stored):
                    stored = hashed
        return Proof(int(found.user_id), password_hash=stored)

    async def hash(self, password: str, words: Iterable[str] = ()) -> str:
        """Return the hash of an acceptable password; Invalid for another. `words`: what is known of the person."""
        async with self.hashing:
            await asyncio.to_thread(check_password_rules, password, tuple(words))
            return await hashed_aside(password)

    def _remember(self, place: tuple[str | None, str], seconds: int) -> None:
        now = time.monotonic()
        self.refused[place] = now + min(seconds, REMEMBERED_SECONDS), now + seconds
        self.refused.move_to_end(place)
        while len(self.refused) > REMEMBERED:
            self.refused.popitem(last=False)


def _place_of(email: str | None, ip: str) -> tuple[str | None, str]:
    return throttle.account_of(email) if email is not None else None, throttle.network_of(ip)
