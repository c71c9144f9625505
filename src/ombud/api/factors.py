"""Second factors: one's own, with a fresh proof of who one is; and somebody's, for an administrator to take away.

A change ends all of the person's web sessions: the token that made it goes on, and no browser does.
"""

import asyncio
import json
from collections.abc import Callable
from typing import ClassVar

from fastapi import Request
from sqlalchemy.orm import Session

from ombud.api.auth import require_whole_proof
from ombud.api.calls import Call, CurrentCall
from ombud.api.created import Created
from ombud.api.routing import ApiRoute, api_router, problems
from ombud.api.schemas.base import PathId
from ombud.api.schemas.factors import (
    FactorAdded,
    Factors,
    NewCode,
    NewPasskey,
    Passkey,
    PasskeyAdded,
    PasskeyName,
    PasskeyOptions,
    RecoveryCodes,
    TotpBegun,
)
from ombud.db.context import actor_of
from ombud.errors import Conflict, NotFound
from ombud.kit.otp import totp_uri
from ombud.kit.passkeys import BadPasskey, NewKey, Site
from ombud.kit.tokens import digest
from ombud.people import factors
from ombud.people.accounts import require_fresh
from ombud.people.actions import end_other_sessions, get_user
from ombud.people.factors import SecondDoor, queries
from ombud.people.policy import require_admin
from ombud.worker.intake import vault_of

router = api_router("Signing in")


class SecretRoute(ApiRoute):
    """Routes whose answers hold secrets: repeated under an `Idempotency-Key`, they come without."""

    secrets: ClassVar[tuple[str, ...]] = ("secret", "uri")


class CodesRoute(ApiRoute):
    """Routes whose answers hold recovery codes."""

    secrets: ClassVar[tuple[str, ...]] = ("recovery_codes",)


secret_router = api_router("Signing in", SecretRoute)
codes_router = api_router("Signing in", CodesRoute)


@router.get("/me/factors")
async def list_factors(call: CurrentCall) -> Factors:
    """Show what one has besides the password."""
    return await call.read(_factors, call.principal.user_id)


@secret_router.post("/me/factors/totp", responses=problems(409))
async def begin_totp(call: CurrentCall, request: Request) -> TotpBegun:
    """Make a secret for an authenticator app. A code of it makes it count: `POST /me/factors/totp/confirmation`."""
    require_whole_proof(call.principal)
    door = await second_door(call)
    secret = await call.write(factors.begin_totp, vault=door.vault)
    host = request.url.hostname
    return TotpBegun(
        secret=secret, uri=totp_uri(secret, call.principal.email, f"Ombud ({host})" if host else "Ombud")
    )


@codes_router.post("/me/factors/totp/confirmation", responses=problems(404, 409, 413, 415))
async def confirm_totp(body: NewCode, call: CurrentCall) -> FactorAdded:
    """Let the app count, by a code that it shows. With one's first factor come recovery codes."""
    require_whole_proof(call.principal)
    secret = await (await second_door(call)).pending_secret(call.principal.user_id)
    return FactorAdded(recovery_codes=await call.write(_confirm, secret, body.code))


@router.delete("/me/factors/totp", status_code=204, responses=problems(404))
async def remove_totp(call: CurrentCall) -> None:
    """Take one's authenticator app away."""
    require_whole_proof(call.principal)
    await call.write(_changed, factors.remove_totp)


@codes_router.post("/me/factors/recovery-codes", responses=problems(409))
async def make_recovery_codes(call: CurrentCall) -> RecoveryCodes:
    """Replace one's recovery codes; the old ones are void."""
    require_whole_proof(call.principal)
    return RecoveryCodes(recovery_codes=await call.write(_changed, factors.make_recovery_codes))


@router.post("/me/factors/passkeys/options", responses=problems(404))
async def passkey_options(call: CurrentCall, request: Request) -> PasskeyOptions:
    """Return what makes a passkey of this desk, with a challenge that counts once, for this token."""
    require_whole_proof(call.principal)
    who = call.principal
    text = await (await second_door(call)).new_passkey_options(
        site_for(call, request),
        token_binding(call),
        user_id=who.user_id,
        email=who.email,
        name=who.display_name,
    )
    return PasskeyOptions(options=json.loads(text))


@codes_router.post("/me/factors/passkeys", status_code=201, responses=problems(404, 409, 413, 415))
async def add_passkey(
    body: NewPasskey, call: CurrentCall, request: Request, created: Created
) -> PasskeyAdded:
    """Keep a passkey that was made from the options. It must be of the desk's own address."""
    require_whole_proof(call.principal)
    door, site, who = await second_door(call), site_for(call, request), call.principal.user_id
    try:
        answer = json.dumps(body.credential)
        key = await door.new_passkey(site, token_binding(call), user_id=who, answer=answer)
    except BadPasskey:
        key = None
    added = await call.write(_add_passkey, key, body.name)
    created.at(f"/me/factors/passkeys/{added.passkey.id}")
    return added


@router.patch("/me/factors/passkeys/{passkey_id}", responses=problems(413, 415))
async def rename_passkey(passkey_id: PathId, body: PasskeyName, call: CurrentCall) -> Factors:
    """Give a passkey another name."""
    return await call.write(_rename, passkey_id, body.name)


@router.delete("/me/factors/passkeys/{passkey_id}", status_code=204)
async def remove_passkey(passkey_id: PathId, call: CurrentCall) -> None:
    """Let a passkey open nothing any more."""
    require_whole_proof(call.principal)
    await call.write(_changed, factors.remove_passkey, passkey_id)


@router.get("/users/{user_id}/factors")
async def list_factors_of(user_id: PathId, call: CurrentCall) -> Factors:
    """Show what somebody has besides the password. For administrators."""
    require_admin(call.actor)
    return await call.read(_factors, user_id)


@router.delete("/users/{user_id}/factors", status_code=204)
async def reset_factors(user_id: PathId, call: CurrentCall) -> None:
    """Take all of somebody's factors away, for who lost them. They are signed out, and told. For administrators."""
    require_admin(call.actor)
    require_fresh(call.principal)
    await call.write(factors.reset_factors, user_id)


@router.delete("/users/{user_id}/factors/passkeys/{passkey_id}", status_code=204)
async def take_passkey(user_id: PathId, passkey_id: PathId, call: CurrentCall) -> None:
    """Take one of somebody's passkeys away, as a lost one. They are signed out, and told. For administrators."""
    require_admin(call.actor)
    require_fresh(call.principal)
    await call.write(factors.take_passkey, user_id, passkey_id)


async def second_door(call: Call) -> SecondDoor:
    """Return the door for codes and passkeys."""
    return SecondDoor(call.runtime.desk, await asyncio.to_thread(vault_of, call.runtime.settings))


def token_binding(call: Call) -> bytes:
    """Return what a challenge is bound to: the token that asked for it."""
    return digest(f"token:{call.principal.token_id}")


def site_for(call: Call, request: Request) -> Site:
    """Return the site that passkeys are bound to: the desk's own address; NotFound where there can be none."""
    address = call.runtime.settings.base_url or f"{request.url.scheme}://{request.url.netloc}"
    site = Site.of(address)
    if site is None:
        raise NotFound("There are no passkeys under this address.")
    return site


def _factors(session: Session, user_id: int) -> Factors:
    get_user(session, user_id)
    totp = session.scalar(queries.totp_of(user_id))
    return Factors(
        totp_since=totp.confirmed_at if totp is not None else None,
        recovery_codes_left=session.scalar(queries.codes_left(user_id)) or 0,
        passkeys=[Passkey.of(row) for row in session.scalars(queries.passkeys_of(user_id))],
    )


def _changed(session: Session, action: Callable[..., list[str] | None], *args: object) -> list[str]:
    """Change a factor of the actor's, and end their web sessions."""
    codes = action(session, *args) or []
    end_other_sessions(session, actor_of(session).user_id or 0)
    return codes


# What is wrong is said inside the write: a repetition under an `Idempotency-Key` is answered before, as the first time.


def _confirm(session: Session, secret: str | None, code: str) -> list[str]:
    if secret is None:
        raise Conflict("There is no authenticator app to confirm. Begin again.")
    return _changed(session, factors.confirm_totp, secret, code)


def _add_passkey(session: Session, key: NewKey | None, name: str) -> PasskeyAdded:
    if key is None:
        raise BadPasskey
    codes = _changed(session, factors.add_passkey, key, name)
    newest = session.scalars(queries.passkeys_of(actor_of(session).user_id or 0)).all()[-1]
    session.refresh(newest)
    return PasskeyAdded(recovery_codes=codes, passkey=Passkey.of(newest))


def _rename(session: Session, passkey_id: int, name: str) -> Factors:
    factors.rename_passkey(session, passkey_id, name)
    return _factors(session, actor_of(session).user_id or 0)
