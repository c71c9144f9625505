"""What is one's own: sessions, tokens, and proving again who one is."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, ClassVar

from fastapi import Request
from sqlalchemy.orm import Session

from ombud import clock
from ombud.api.auth import require_whole_proof
from ombud.api.calls import Call, CurrentCall
from ombud.api.created import Created
from ombud.api.factors import second_door, site_for, token_binding
from ombud.api.routing import ApiRoute, api_router, problems
from ombud.api.schemas.base import Page, PathId
from ombud.api.schemas.factors import PasskeyRequest
from ombud.api.schemas.me import NewPassword, NewProof, NewToken, Token, TokenMade, WebSession
from ombud.db.context import actor_of
from ombud.errors import Conflict, Forbidden, Invalid
from ombud.kit.passkeys import BadPasskey
from ombud.kit.peers import address_of
from ombud.models import ApiToken
from ombud.models import WebSession as SessionRow
from ombud.people import accounts, queries
from ombud.people.actions import end_other_sessions, set_password
from ombud.people.factors import queries as factor_queries

router = api_router("Me")


class SecretRoute(ApiRoute):
    """A route whose answer holds a secret: repeated under an `Idempotency-Key`, it comes without."""

    secrets: ClassVar[tuple[str, ...]] = ("token",)


secret_router = api_router("Me", SecretRoute)


@router.post("/confirmation/options", responses=problems(404, 409))
async def confirmation_options(call: CurrentCall, request: Request) -> PasskeyRequest:
    """Return what signs with a passkey of one's own, with a challenge that counts once, for this token."""
    site, who = site_for(call, request), call.principal.user_id
    await call.read(_has_passkey, who)
    text = await (await second_door(call)).passkey_options(site, token_binding(call), user_id=who)
    return PasskeyRequest(options=json.loads(text))


@router.post("/confirmation", status_code=204, responses=problems(404, 413, 415, 429))
async def confirm(body: NewProof, call: CurrentCall, request: Request) -> None:
    """Prove again who owns this token, by the password, a code or a passkey. Opens sensitive calls for ten minutes."""
    ip, who = address_of(request.client), call.principal
    match body.password, body.code, body.credential:
        case str(password), None, None:
            found = await request.app.state.door.check(call.runtime.desk, who.email, password, ip)
            is_right, wrong = found is not None and found.user_id == who.user_id, "The password is not right."
        case None, str(code), None:
            door = await second_door(call)
            is_right, wrong = await door.check_code(who.user_id, code, ip), "The code is not right."
        case None, None, dict(credential):
            is_right, wrong = (
                await _signed(call, request, credential),
                "The passkey did not prove who you are.",
            )
        case _:
            raise Invalid(fields={"password": "or a code or a credential is needed, and one of them only."})
    await call.write(_confirm, who.token_id if is_right else None, wrong)


@router.put("/me/password", status_code=204, responses=problems(413, 415))
async def change_password(body: NewPassword, call: CurrentCall, request: Request) -> None:
    """Replace one's password. All web sessions end; tokens stay."""
    require_whole_proof(call.principal)
    who = call.principal
    hashed = await request.app.state.door.hash(body.password, (who.email, who.full_name))
    await call.write(set_password, who.user_id, hashed)


@router.get("/me/sessions")
async def list_sessions(call: CurrentCall) -> Page[WebSession]:
    """List one's web sessions, the one used last first."""
    rows = await call.read(_sessions)
    return Page(items=[WebSession.of(row) for row in rows], next_cursor=None)


@router.delete("/me/sessions/{session_id}", status_code=204)
async def end_session(session_id: PathId, call: CurrentCall) -> None:
    """End one of one's web sessions."""
    await call.write(accounts.revoke_session, session_id)


@router.delete("/me/sessions", status_code=204)
async def end_sessions(call: CurrentCall) -> None:
    """End all of one's web sessions."""
    await call.write(end_other_sessions, call.principal.user_id)


@router.get("/tokens")
async def list_tokens(call: CurrentCall) -> Page[Token]:
    """List one's tokens, newest first; never their secrets."""
    rows = await call.read(_tokens)
    return Page(items=[Token.of(row) for row in rows], next_cursor=None)


@secret_router.post("/tokens", status_code=201, responses=problems(413, 415))
async def create_token(body: NewToken, call: CurrentCall, created: Created) -> TokenMade:
    """Make a token for oneself, with no more scopes than the one that calls. It is shown this once."""
    accounts.require_fresh(call.principal)
    if (call.principal.scopes and not set(body.scopes) <= call.principal.scopes) or (
        call.principal.scopes and not body.scopes
    ):
        raise Forbidden("A token makes none that may do more than itself.")
    made = await call.write(_make, body)
    created.at(f"/tokens/{made.id}")
    return made


@router.delete("/tokens/{token_id}", status_code=204)
async def revoke_token(token_id: PathId, call: CurrentCall) -> None:
    """Make a token of one's own useless; administrators, anybody's."""
    await call.write(accounts.revoke_token, token_id)


async def _signed(call: Call, request: Request, credential: dict[str, Any]) -> bool:
    door, site = await second_door(call), site_for(call, request)
    try:
        await door.check_passkey(
            site, token_binding(call), json.dumps(credential), user_id=call.principal.user_id
        )
    except BadPasskey:
        return False
    return True


def _has_passkey(session: Session, user_id: int) -> None:
    if not session.scalars(factor_queries.passkeys_of(user_id)).all():
        raise Conflict("You have no passkey here. Send the password or a code.")


def _confirm(session: Session, token_id: int | None, wrong: str) -> None:
    """Refused here, so that a repetition under an `Idempotency-Key` is answered as the first time."""
    if token_id is None:
        raise Forbidden(wrong)
    accounts.confirm_token(session, token_id)


def _sessions(session: Session) -> Sequence[SessionRow]:
    return session.scalars(queries.sessions_of(actor_of(session).user_id or 0)).all()


def _tokens(session: Session) -> Sequence[ApiToken]:
    return session.scalars(queries.tokens_of(actor_of(session).user_id or 0)).all()


def _make(session: Session, body: NewToken) -> TokenMade:
    user_id = actor_of(session).user_id or 0
    token, record = accounts.create_token(session, user_id, body.name, scopes=tuple(body.scopes))
    if body.days is not None:
        record.expires_at = clock.now() + timedelta(days=body.days)
        session.flush()
    session.refresh(record)
    return TokenMade(**Token.of(record).model_dump(), token=token)
