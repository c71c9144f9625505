"""Reading second factors, and the statements on one row that let one go first. Builders only."""

from datetime import datetime
from typing import Any

from sqlalchemy import Delete, Select, Update, delete, func, or_, select, update
from sqlalchemy.orm import undefer

from ombud.models import AccountNotice, Passkey, RecoveryCode, SignInStep, StepKind, TotpFactor, User

NOTICES = 10


def totp_of(user_id: int) -> Select[TotpFactor]:
    """Return somebody's authenticator app, confirmed or not, without its secret."""
    return select(TotpFactor).where(TotpFactor.user_id == user_id)


def sealed_totp_of(user_id: int) -> Select[TotpFactor]:
    """Return somebody's authenticator app with its sealed secret. For the system."""
    return totp_of(user_id).options(undefer(TotpFactor.secret))


def sealed_totps() -> Select[TotpFactor]:
    """Return all authenticator apps with their sealed secrets, locked, for another key. For the system."""
    return (
        select(TotpFactor).options(undefer(TotpFactor.secret)).order_by(TotpFactor.user_id).with_for_update()
    )


def passkeys_of(user_id: int) -> Select[Passkey]:
    """Return somebody's passkeys, oldest first."""
    return select(Passkey).where(Passkey.user_id == user_id).order_by(Passkey.id)


def passkey_by_credential(credential_id: bytes) -> Select[Passkey]:
    """Return the passkey with that id and its public key, where its owner is active. For the system."""
    return (
        select(Passkey)
        .join(User, User.id == Passkey.user_id)
        .options(undefer(Passkey.public_key))
        .where(Passkey.credential_id == credential_id, User.is_active)
    )


def codes_left(user_id: int) -> Select[int]:
    """Return how many recovery codes somebody has that are not used."""
    return (
        select(func.count())
        .select_from(RecoveryCode)
        .where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
    )


def notices_of(user_id: int) -> Select[AccountNotice]:
    """Return what happened to somebody's account lately, newest first."""
    return (
        select(AccountNotice)
        .where(AccountNotice.user_id == user_id)
        .order_by(AccountNotice.id.desc())
        .limit(NOTICES)
    )


def has_second_factor(user_id: int) -> Select[bool]:
    """Return whether a password alone does not open this account."""
    return select(func.ombud.has_second_factor(user_id).label("found"))


def step(token_hash: bytes, now: datetime) -> Select[SignInStep]:
    """Return a living half-signed-in state. For the system."""
    return select(SignInStep).where(
        SignInStep.token_hash == token_hash, SignInStep.kind == StepKind.CODE, SignInStep.expires_at > now
    )


def take_step(
    kind: StepKind, token_hash: bytes, bound_to: bytes | None, now: datetime
) -> Select[*tuple[Any, ...]]:
    """Remove a living step and return whose it is: of any number at once, one gets it. For the system."""
    taken = (
        delete(SignInStep)
        .where(
            SignInStep.token_hash == token_hash,
            SignInStep.kind == kind,
            SignInStep.bound_to.is_not_distinct_from(bound_to),
            SignInStep.expires_at > now,
        )
        .returning(SignInStep.token_hash, SignInStep.user_id)
        .cte("taken")
    )
    return select(taken.c.token_hash, taken.c.user_id)


def take_window(user_id: int, number: int) -> Update:
    """Mark a half minute as used, unless it or a later one was: of any number at once, one updates a row."""
    return (
        update(TotpFactor)
        .where(
            TotpFactor.user_id == user_id,
            TotpFactor.confirmed_at.is_not(None),
            TotpFactor.last_step < number,
        )
        .values(last_step=number)
        .execution_options(synchronize_session=False)
    )


def take_code(user_id: int, code_hash: bytes, now: datetime) -> Update:
    """Mark a recovery code as used, unless it was: of any number at once, one updates a row."""
    return (
        update(RecoveryCode)
        .where(
            RecoveryCode.user_id == user_id,
            RecoveryCode.code_hash == code_hash,
            RecoveryCode.used_at.is_(None),
        )
        .values(used_at=now)
        .execution_options(synchronize_session=False)
    )


def count_use(passkey_id: int, sign_count: int, now: datetime) -> Update:
    """Keep a passkey's new counter, unless a later one was kept; authenticators without a counter always say 0."""
    return (
        update(Passkey)
        .where(Passkey.id == passkey_id)
        .where(or_(Passkey.sign_count < sign_count, Passkey.sign_count + sign_count == 0))
        .values(sign_count=sign_count, last_used_at=now)
        .execution_options(synchronize_session=False)
    )


def factors_of(user_id: int) -> tuple[Delete, ...]:
    """Return what removes all of somebody's second factors, and the steps that were begun with them."""
    return (
        delete(TotpFactor).where(TotpFactor.user_id == user_id),
        delete(Passkey).where(Passkey.user_id == user_id),
        delete(RecoveryCode).where(RecoveryCode.user_id == user_id),
    )
