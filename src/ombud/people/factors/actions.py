"""Keep second factors: authenticator app, recovery codes, passkeys; and the steps of signing in.

A person keeps their own; an administrator takes somebody's away. What is compared at the door (`door.py`) is read
by the system. Whatever changes a factor leaves a notice and ends the person's other sessions.
"""

from datetime import timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from ombud import clock
from ombud.db.context import actor_of
from ombud.errors import Conflict, Forbidden, Invalid, NotFound, Unauthenticated
from ombud.kit.ids import is_id
from ombud.kit.otp import clean_recovery_code, new_recovery_codes, new_totp_secret, step_of
from ombud.kit.passkeys import NewKey
from ombud.kit.text import clean_title
from ombud.kit.tokens import digest, new_secret
from ombud.kit.vault import Vault
from ombud.models import (
    AccountNotice,
    NoticeKind,
    Passkey,
    RecoveryCode,
    SignInStep,
    StepKind,
    TotpFactor,
)
from ombud.people import whence
from ombud.people.accounts import ByProvider, Proof, confirm, start_session
from ombud.people.actions import end_other_sessions, get_user
from ombud.people.factors import queries
from ombud.people.locks import queries as locks
from ombud.people.policy import require_admin

TABLE = "totp_factors"
MAX_PASSKEYS = 20
STEP_LIFE = timedelta(minutes=10)
"""How long somebody may look for their telephone."""
CHALLENGE_LIFE = timedelta(minutes=5)


class SecondFactorNeeded(Forbidden):
    """Staff of this desk must have a second factor, and this one has none yet."""

    code = "second_factor_needed"
    default_message = "Set up an authenticator app or a passkey first."


class ProofOver(Unauthenticated):
    """What somebody signs in with was changed, or taken away, while they did."""

    code = "proof_over"
    default_message = "What you signed in with was changed just now. Sign in again."


class TotpInUse(Conflict):
    """There is a confirmed authenticator app; another one takes its place only after it was removed."""

    code = "totp_in_use"
    default_message = "An authenticator app is set up already. Remove it first."


def begin_totp(session: Session, *, vault: Vault) -> str:
    """Make a secret for the actor's authenticator app and return it. It counts for nothing until it is confirmed."""
    user_id = _self(session)
    lock_account(session, user_id)  # of two at once the later one's secret is the one that counts
    present = session.scalar(queries.totp_of(user_id))
    if present is not None and present.confirmed_at is not None:
        raise TotpInUse
    session.execute(
        delete(TotpFactor).where(TotpFactor.user_id == user_id, TotpFactor.confirmed_at.is_(None))
    )
    secret = new_totp_secret()
    session.add(TotpFactor(user_id=user_id, secret=vault.seal(secret, (TABLE, "secret", user_id))))
    session.flush()
    return secret


def confirm_totp(session: Session, secret: str, code: str) -> list[str]:
    """Let the actor's authenticator app count from now on, by a code of it; Invalid for another.

    Returns recovery codes when these are the account's first second factor. `secret` was read by the system.
    """
    user_id = _self(session)
    lock_account(session, user_id)
    step = step_of(secret, code, clock.now())
    if step is None:
        raise Invalid(fields={"code": "is not the one that the app shows now."})
    factor = session.scalar(queries.totp_of(user_id))
    if factor is None:
        raise NotFound("There is no authenticator app to confirm. Begin again.")
    if factor.confirmed_at is not None:
        raise TotpInUse
    first = not session.scalar(queries.has_second_factor(user_id))
    factor.confirmed_at, factor.last_step = clock.now(), step
    session.flush()
    return _changed(session, user_id, NoticeKind.TOTP_ADDED, codes=first)


def remove_totp(session: Session) -> None:
    """Take the actor's authenticator app away."""
    user_id = _self(session)
    lock_account(session, user_id)
    gone = session.scalar(
        delete(TotpFactor).where(TotpFactor.user_id == user_id).returning(TotpFactor.user_id)
    )
    if gone is None:
        raise NotFound("There is no authenticator app here.")
    _without(session, user_id, NoticeKind.TOTP_REMOVED)


def make_recovery_codes(session: Session) -> list[str]:
    """Replace the actor's recovery codes and return the new ones, this once; Conflict without a second factor."""
    user_id = _self(session)
    lock_account(session, user_id)  # two at once would leave both sets
    if not session.scalar(queries.has_second_factor(user_id)):
        raise Conflict("Set up an authenticator app or a passkey first.")
    return _changed(session, user_id, NoticeKind.CODES_MADE, codes=True)


def add_passkey(session: Session, key: NewKey, name: str) -> list[str]:
    """Let the actor sign in with a new passkey, whose answer was checked before.

    Returns recovery codes when this is the account's first second factor.
    """
    user_id = _self(session)
    lock_account(session, user_id)
    label = clean_title("name", name, limit=100)
    if len(session.scalars(queries.passkeys_of(user_id)).all()) >= MAX_PASSKEYS:
        raise Conflict(f"There are {MAX_PASSKEYS} passkeys. Remove one first.")
    first = not session.scalar(queries.has_second_factor(user_id))
    session.add(
        Passkey(
            user_id=user_id,
            name=label,
            credential_id=key.credential_id,
            public_key=key.public_key,
            sign_count=key.sign_count,
            transports=list(key.transports),
            is_synced=key.is_synced,
        )
    )
    session.flush()
    return _changed(session, user_id, NoticeKind.PASSKEY_ADDED, label, codes=first)


def rename_passkey(session: Session, passkey_id: int, name: str) -> None:
    """Give one of the actor's passkeys another name."""
    _own_passkey(session, passkey_id).name = clean_title("name", name, limit=100)
    session.flush()


def remove_passkey(session: Session, passkey_id: int) -> None:
    """Let one of the actor's passkeys open nothing any more."""
    lock_account(session, _self(session))
    found = _own_passkey(session, passkey_id)
    label = found.name
    session.delete(found)
    session.flush()
    _without(session, _self(session), NoticeKind.PASSKEY_REMOVED, label)


def take_passkey(session: Session, user_id: int, passkey_id: int) -> list[int]:
    """Let one of somebody's passkeys open nothing any more, as a lost one; returns the web sessions that ended.

    By an administrator or the system; they are told. The last way in goes, too.
    """
    require_admin(actor_of(session))
    lock_account(session, user_id)
    found = session.get(Passkey, passkey_id) if is_id(passkey_id) else None
    if found is None or found.user_id != user_id:
        raise NotFound("There is no such passkey here.")
    label = found.name
    session.delete(found)
    session.flush()
    _without(session, user_id, NoticeKind.PASSKEY_REMOVED, label)
    return end_other_sessions(session, user_id)


def reset_factors(session: Session, user_id: int) -> list[int]:
    """Take all of somebody's second factors away, for who lost them; returns the web sessions that ended.

    By an administrator or the system. Their password alone opens the account then; they are told.
    """
    require_admin(actor_of(session))
    user = get_user(session, user_id)
    lock_account(session, user.id)
    for statement in queries.factors_of(user.id):
        session.execute(statement)
    _tell(session, user.id, NoticeKind.FACTORS_RESET)
    return end_other_sessions(session, user.id)


def begin_step(
    session: Session,
    kind: StepKind,
    token: bytes,
    *,
    user_id: int | None = None,
    bound_to: bytes | None = None,
    by: ByProvider | None = None,
) -> None:
    """Remember a step of the door, by the hash of what the browser must bring. For the system."""
    life = STEP_LIFE if kind is StepKind.CODE else CHALLENGE_LIFE
    session.add(
        SignInStep(
            token_hash=token,
            kind=kind,
            user_id=user_id,
            bound_to=bound_to,
            identity_id=by.identity_id if by is not None else None,
            provider_sid=by.sid if by is not None else None,
            id_token=by.id_token if by is not None else None,
            expires_at=clock.now() + life,
        )
    )
    session.flush()


def sign_in(
    session: Session, proof: Proof, *, ip: str = "", user_agent: str = "", browser: str = ""
) -> str | None:
    """Open a web session of the actor's own as `start_session` does; None where a second factor is asked for first.

    Whoever changes what opens an account locks it, and ends its sessions: so does this, and so the session is one of
    those, or begins afterwards with what holds then. Raises ProofOver.
    """
    _check_still_holds(session, proof)
    if not proof.is_whole and session.scalar(queries.has_second_factor(proof.user_id)):
        return None
    return start_session(session, proof.user_id, ip=ip, user_agent=user_agent, browser=browser, by=proof.by)


def begin_second_step(session: Session, proof: Proof) -> str:
    """Return the secret of a half-signed-in state. It ends when the password is changed. For the system."""
    _check_still_holds(session, proof)
    user_id, by = proof.user_id, proof.by
    secret = new_secret()
    begin_step(session, StepKind.CODE, digest(secret), user_id=user_id, by=by)
    return secret


def end_step(session: Session, user_id: int, token: bytes) -> Proof | None:
    """End somebody's step and return their whole proof, None where there was none any more. For the system.

    Of any number at once, one ends it. The proof is of the password that they have now, and of the provider's word that
    its first half was, unless that was taken back meanwhile.
    """
    # Who changes the password meanwhile has ended the step, or will see this proof fail.
    lock_account(session, user_id)
    kept = SignInStep.identity_id, SignInStep.provider_sid, SignInStep.id_token
    over = delete(SignInStep).where(SignInStep.token_hash == token).returning(*kept)
    row = session.execute(over).one_or_none()
    if row is None:
        return None
    by = ByProvider(row.identity_id, row.provider_sid, row.id_token) if row.identity_id is not None else None
    known = session.scalar(locks.password_of(user_id))
    return Proof(user_id, password_hash=known, by=by, is_whole=True)


def use_recovery_code(session: Session, user_id: int, code: str) -> bool:
    """Tell whether this is one of somebody's recovery codes, and use it up. For the system."""
    plain = clean_recovery_code(code)
    if plain is None:
        return False
    done = session.execute(queries.take_code(user_id, digest(plain), clock.now()))
    if done.rowcount != 1:  # type: ignore[attr-defined]  # a CursorResult, as DML gives
        return False
    _tell(session, user_id, NoticeKind.CODE_USED)
    return True


def use_window(session: Session, user_id: int, number: int) -> bool:
    """Tell whether a half minute's code is taken for the first time. For the system."""
    done = session.execute(queries.take_window(user_id, number))
    return done.rowcount == 1  # type: ignore[attr-defined,no-any-return]  # a CursorResult, as DML gives


def use_passkey(session: Session, passkey_id: int, sign_count: int) -> bool:
    """Keep that a passkey was used; False when a later use of it is known: it was copied. For the system."""
    done = session.execute(queries.count_use(passkey_id, sign_count, clock.now()))
    return done.rowcount == 1  # type: ignore[attr-defined,no-any-return]  # a CursorResult, as DML gives


def drop_expired_steps(session: Session) -> int:
    """Remove the steps that are over and return how many there were. For the system."""
    over = delete(SignInStep).where(SignInStep.expires_at < clock.now()).returning(SignInStep.token_hash)
    return len(session.scalars(over).all())


def reseal(session: Session, vault: Vault) -> int:
    """Seal with the newest key what older ones sealed; returns how many secrets that were. For the system."""
    done = 0
    for factor in session.scalars(queries.sealed_totps()):
        if not vault.is_current(factor.secret):
            place = (TABLE, "secret", factor.user_id)
            factor.secret = vault.seal(vault.open(factor.secret, place), place)
            done += 1
    session.flush()
    return done


def count_stale(session: Session, vault: Vault) -> int:
    """Return how many secrets another key than the newest sealed. For the system."""
    return sum(not vault.is_current(one.secret) for one in session.scalars(queries.sealed_totps()))


def lock_account(session: Session, user_id: int) -> bool:
    """Lock an account against whoever signs in to it, or changes what opens it; returns whether it is active."""
    return bool(session.scalar(locks.locked_account(user_id)))


def _check_still_holds(session: Session, proof: Proof) -> None:
    if not lock_account(session, proof.user_id):
        raise ProofOver
    known = proof.password_hash
    if known is not None and session.scalar(locks.password_of(proof.user_id)) != known:
        raise ProofOver
    if proof.passkey_id is not None and session.get(Passkey, proof.passkey_id) is None:
        raise ProofOver
    if proof.by is not None and not session.scalar(locks.opens(proof.by.identity_id)):
        raise ProofOver


def _self(session: Session) -> int:
    user_id = actor_of(session).user_id
    if user_id is None:
        raise NotFound("There is no such person here.")
    return user_id


def _own_passkey(session: Session, passkey_id: int) -> Passkey:
    found = session.get(Passkey, passkey_id) if is_id(passkey_id) else None
    if found is None or found.user_id != _self(session):
        raise NotFound("There is no such passkey here.")
    return found


def _changed(
    session: Session, user_id: int, kind: NoticeKind, detail: str = "", *, codes: bool = False
) -> list[str]:
    """Leave a notice of a change, and replace the recovery codes where there are to be new ones."""
    _tell(session, user_id, kind, detail)
    if not codes:
        return []
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    fresh = new_recovery_codes()
    session.add_all(
        RecoveryCode(user_id=user_id, code_hash=digest(clean_recovery_code(code) or "")) for code in fresh
    )
    session.flush()
    return fresh


def _without(session: Session, user_id: int, kind: NoticeKind, detail: str = "") -> None:
    """Leave a notice that a factor is gone; with the last one go the recovery codes."""
    _tell(session, user_id, kind, detail)
    if not session.scalar(queries.has_second_factor(user_id)):
        session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))


_BY_OTHERS = (NoticeKind.FACTORS_RESET, NoticeKind.PASSKEY_REMOVED)


def _tell(session: Session, user_id: int, kind: NoticeKind, detail: str = "") -> None:
    actor = actor_of(session)
    by_other = kind in _BY_OTHERS and actor.user_id != user_id
    whence.tell(session)
    session.add(AccountNotice(user_id=user_id, kind=kind, detail=detail, by_other=by_other))
    session.flush()


def renew_session(session: Session, session_id: int) -> tuple[str, list[int]]:
    """End the actor's other web sessions, and give this one a new secret: returns it, and which ended."""
    ended = end_other_sessions(session, _self(session), but=session_id)
    return confirm(session, session_id), ended
