"""Comparing codes and signatures with what is stored, at any door: each try is counted before it is compared.

No transaction is open while something is compared; what must happen once (a half minute's code, a recovery code, a
challenge, a counter) is decided by one statement on one row.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from ombud import clock
from ombud.db.desk import Desk
from ombud.kit import passkeys
from ombud.kit.otp import step_of
from ombud.kit.passkeys import BadPasskey, Site
from ombud.kit.tokens import digest
from ombud.kit.vault import Vault
from ombud.models import StepKind
from ombud.people import throttle
from ombud.people.accounts import Proof
from ombud.people.door import DOOR
from ombud.people.factors import actions, queries


@dataclass(frozen=True, slots=True)
class SecondDoor:
    """The door for codes and passkeys of one desk."""

    desk: Desk
    vault: Vault

    async def waiting(self, secret: str) -> int | None:
        """Return who is half signed in with that secret, None when nobody is any more."""
        if not 20 <= len(secret) <= 200:
            return None
        async with self.desk.aread(DOOR, fresh=True) as session:
            found = await session.scalar(queries.step(digest(secret), clock.now()))
        return None if found is None else found.user_id

    async def check_code(self, user_id: int, code: str, ip: str) -> bool:
        """Tell whether this is a code of somebody's app or a recovery code, and use it up.

        RateLimited when too many were tried: then this one is not looked at, right or wrong.
        """
        await self.desk.arun(DOOR, throttle.take, throttle.CODES, account=str(user_id), ip=ip)
        right = await self._is_code(user_id, code)
        if right:
            await self.desk.arun(DOOR, throttle.succeed, throttle.CODES, account=str(user_id), ip=ip)
        return right

    async def pending_secret(self, user_id: int) -> str | None:
        """Return the secret of an authenticator app that is not confirmed yet, to show it once more."""
        async with self.desk.aread(DOOR, fresh=True) as session:
            factor = await session.scalar(queries.sealed_totp_of(user_id))
        if factor is None or factor.confirmed_at is not None:
            return None
        return await self._open(factor.secret, user_id)

    async def new_passkey_options(
        self, site: Site, bound_to: bytes, *, user_id: int, email: str, name: str
    ) -> str:
        """Return what a browser needs to make a passkey for somebody, with a challenge that counts once."""
        known = await self._known(user_id)
        challenge = await self._challenge(StepKind.NEW_PASSKEY, bound_to, user_id)
        return passkeys.creation_options(
            site, challenge, user_id=user_id, email=email, name=name, known=known
        )

    async def new_passkey(self, site: Site, bound_to: bytes, *, user_id: int, answer: str) -> passkeys.NewKey:
        """Return the passkey that a browser made; BadPasskey when the answer is not to our challenge."""
        claim = passkeys.claim_of(answer)
        if await self._answered(StepKind.NEW_PASSKEY, claim.challenge, bound_to) != (user_id,):
            raise BadPasskey
        return await asyncio.to_thread(passkeys.check_new_key, site, claim)

    async def passkey_options(self, site: Site, bound_to: bytes, *, user_id: int | None = None) -> str:
        """Return what a browser needs to sign in with any passkey, or to confirm with one of `user_id`."""
        known = await self._known(user_id) if user_id is not None else []
        kind = StepKind.PASSKEY if user_id is None else StepKind.CONFIRMATION
        challenge = await self._challenge(kind, bound_to, user_id)
        return passkeys.request_options(site, challenge, known=known)

    async def check_passkey(
        self, site: Site | None, bound_to: bytes, answer: str, *, user_id: int | None = None
    ) -> Proof:
        """Return whose passkey signed our challenge; BadPasskey in the same words whatever is wrong."""
        if site is None:
            raise BadPasskey
        claim = passkeys.claim_of(answer)
        kind = StepKind.PASSKEY if user_id is None else StepKind.CONFIRMATION
        if await self._answered(kind, claim.challenge, bound_to) != (user_id,):
            raise BadPasskey
        async with self.desk.aread(DOOR, fresh=True) as session:
            key = await session.scalar(queries.passkey_by_credential(claim.credential_id))
        if key is None or (user_id is not None and key.user_id != user_id):
            raise BadPasskey
        count = await asyncio.to_thread(passkeys.check_signature, site, claim, key.public_key, key.sign_count)
        if not await self.desk.arun(DOOR, actions.use_passkey, key.id, count):
            raise BadPasskey
        return Proof(key.user_id, passkey_id=key.id, is_whole=True)

    async def _is_code(self, user_id: int, code: str) -> bool:
        async with self.desk.aread(DOOR, fresh=True) as session:
            factor = await session.scalar(queries.sealed_totp_of(user_id))
        if factor is not None and factor.confirmed_at is not None:
            number = step_of(await self._open(factor.secret, user_id), code, clock.now())
            if number is not None:
                return await self.desk.arun(DOOR, actions.use_window, user_id, number)
        return await self.desk.arun(DOOR, actions.use_recovery_code, user_id, code)

    async def _open(self, sealed: bytes, user_id: int) -> str:
        return await asyncio.to_thread(self.vault.open, sealed, (actions.TABLE, "secret", user_id))

    async def _known(self, user_id: int) -> Sequence[bytes]:
        async with self.desk.aread(DOOR, fresh=True) as session:
            return [one.credential_id for one in await session.scalars(queries.passkeys_of(user_id))]

    async def _challenge(self, kind: StepKind, bound_to: bytes, user_id: int | None) -> bytes:
        challenge = passkeys.new_challenge()
        await self.desk.arun(
            DOOR, actions.begin_step, kind, digest(challenge.hex()), user_id=user_id, bound_to=bound_to
        )
        return challenge

    async def _answered(self, kind: StepKind, challenge: bytes, bound_to: bytes) -> tuple[int | None] | None:
        return await self.desk.arun(DOOR, _take_step, kind, digest(challenge.hex()), bound_to)


def _take_step(session: Session, kind: StepKind, token: bytes, bound_to: bytes) -> tuple[int | None] | None:
    row = session.execute(queries.take_step(kind, token, bound_to, clock.now())).one_or_none()
    return None if row is None else (row.user_id,)
