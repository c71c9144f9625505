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
from ombud.kit.passwords import hash_password, needs_rehash, verify_password
from ombud.kit.passwords import rehash_password as rehash
from ombud.people import queries, throttle
from ombud.people.actions import rehash_password
from ombud.people.hashing import hashed_aside

DOOR = Actor.system("sign-in")
CHECKED = 2
"""Passwords looked at together: one is compared (`ombud.people.hashing`), one looked up meanwhile."""
AT_ONCE = 3
"""Forms of strangers that are looked at together, of one network one less."""
QUEUED = 30
"""Forms of one network that wait for that: an office at nine o'clock, and no flood."""
PATIENCE = 10.0
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


@dataclass(frozen=True, slots=True)
class Door:
    """The door of one process."""

    hashing: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(CHECKED))
    turns: Turns = field(default_factory=_turns)
    refused: OrderedDict[tuple[str, str], tuple[float, float]] = field(default_factory=OrderedDict)
    """By account and network: until when that is remembered, and when there is a turn, both by `time.monotonic`."""

    @asynccontextmanager
    async def turn(self, ip: str) -> AsyncIterator[None]:
        """Hold a turn to be looked at, from when a stranger's form was read until it is answered.

        Networks take turns: a flood from some stands in their queues, which have an end, and takes neither the
        database's connections nor the process's time from who is inside, nor the way in from who comes from
        elsewhere. Raises DoorCrowded and DoorBusy.
        """
        async with self.turns.aturn(throttle.network_of(ip)):
            yield

    def remind(self, email: str, ip: str) -> None:
        """Raise RateLimited for who was refused a moment ago: a flood costs no look, and stands in no queue."""
        remembered_until, free_at = self.refused.get(_place_of(email, ip), (0.0, 0.0))
        now = time.monotonic()
        if now < remembered_until:
            raise RateLimited(retry_after=max(1, math.ceil(free_at - now)))

    async def check(self, desk: Desk, email: str, password: str, ip: str) -> int | None:
        """Return whose credentials these are, None for nobody's; RateLimited after too many failures.

        A turn is taken before anything is compared, and given back when it was good: whatever the number of
        processes, no more are compared than there are turns.
        """
        async with self.hashing:
            try:
                await desk.arun(DOOR, throttle.take, throttle.SIGN_IN, account=email, ip=ip)
            except RateLimited as error:
                self._remember(_place_of(email, ip), error.retry_after)
                raise
            async with desk.aread(DOOR, fresh=True) as session:
                found = (await session.execute(queries.credentials(email))).one_or_none()
            stored = found.password_hash if found is not None and found.is_active else None
            right = await hashed_aside(verify_password, stored, password)
            if found is None or not right:
                return None
            await desk.arun(DOOR, throttle.succeed, throttle.SIGN_IN, account=email, ip=ip)
            self.refused.pop(_place_of(email, ip), None)
            if stored is not None and needs_rehash(stored):
                hashed = await hashed_aside(rehash, password)
                await desk.arun(Actor.customer(found.user_id), rehash_password, found.user_id, hashed)
        return int(found.user_id)

    async def hash(self, password: str, words: Iterable[str] = ()) -> str:
        """Return the hash of an acceptable password; Invalid for another. `words`: what is known of the person."""
        async with self.hashing:
            return await hashed_aside(hash_password, password, tuple(words))

    def _remember(self, place: tuple[str, str], seconds: int) -> None:
        now = time.monotonic()
        self.refused[place] = now + min(seconds, REMEMBERED_SECONDS), now + seconds
        self.refused.move_to_end(place)
        while len(self.refused) > REMEMBERED:
            self.refused.popitem(last=False)


def _place_of(email: str, ip: str) -> tuple[str, str]:
    return email.strip().lower()[:250], throttle.network_of(ip)
