"""Comparing a password with what is stored, at any door: counted, a few at a time, and alike for who is not there.

Asynchronous, because edges that take passwords are; no transaction is open while one is compared.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.kit.passwords import hash_password, needs_rehash, verify_password
from ombud.kit.passwords import rehash_password as rehash
from ombud.people import queries, throttle
from ombud.people.actions import rehash_password

DOOR = Actor.system("sign-in")
HASHERS = 2
"""Passwords compared at once: each takes a core for a while."""


@dataclass(frozen=True, slots=True)
class Door:
    """The door of one process."""

    hashing: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(HASHERS))

    async def check(self, desk: Desk, email: str, password: str, ip: str) -> int | None:
        """Return whose credentials these are, None for nobody's; RateLimited after too many failures.

        A turn is taken before anything is compared, and given back when it was good: whatever the number of
        processes, no more are compared than there are turns.
        """
        async with self.hashing:
            await desk.arun(DOOR, throttle.take, throttle.SIGN_IN, account=email, ip=ip)
            async with desk.aread(DOOR, fresh=True) as session:
                found = (await session.execute(queries.credentials(email))).one_or_none()
            stored = found.password_hash if found is not None and found.is_active else None
            right = await asyncio.to_thread(verify_password, stored, password)
            if found is None or not right:
                return None
            await desk.arun(DOOR, throttle.succeed, throttle.SIGN_IN, account=email, ip=ip)
            if stored is not None and needs_rehash(stored):
                hashed = await asyncio.to_thread(rehash, password)
                await desk.arun(Actor.customer(found.user_id), rehash_password, found.user_id, hashed)
        return int(found.user_id)

    async def hash(self, password: str, words: Iterable[str] = ()) -> str:
        """Return the hash of an acceptable password; Invalid for another. `words`: what is known of the person."""
        async with self.hashing:
            return await asyncio.to_thread(hash_password, password, tuple(words))
