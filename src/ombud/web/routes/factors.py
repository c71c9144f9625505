"""Me: the authenticator app, recovery codes, passkeys."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from ombud.errors import Conflict, Forbidden, Invalid, NotFound
from ombud.kit.otp import picture_of, totp_uri
from ombud.kit.passkeys import Site
from ombud.people.factors import (
    add_passkey,
    begin_totp,
    confirm_totp,
    make_recovery_codes,
    remove_passkey,
    remove_totp,
    rename_passkey,
    renew_session,
)
from ombud.web.answers import go_to, page
from ombud.web.auth import SignedIn, Visitor, set_cookie
from ombud.web.factors import second_door, session_binding, site_of
from ombud.web.forms import SignedForm, field_errors, text_of
from ombud.web.place import at
from ombud.web.routes.mail import _number

router = APIRouter(prefix="/me")

SECURITY = "/me/security"


@router.post("/app")
async def begin_app(request: Request, visitor: SignedIn, _signed: SignedForm) -> Response:
    """Make a secret for an authenticator app, and show it as a picture and in letters."""
    visitor.require_fresh()
    door = await second_door(visitor.parts)
    secret = await visitor.desk.arun(visitor.actor, begin_totp, vault=door.vault)
    return _app(request, visitor, secret)


@router.post("/app/confirmation")
async def confirm_app(request: Request, visitor: SignedIn, form: SignedForm) -> Response:
    """Let the app count, once a code shows that it has the secret."""
    visitor.require_fresh()
    door = await second_door(visitor.parts)
    secret = await door.pending_secret(visitor.principal.user_id)
    if secret is None:
        raise Conflict("There is no authenticator app to confirm. Begin again.")
    try:
        return await _changed(request, visitor, confirm_totp, secret, text_of(form, "code")[:100])
    except Invalid as error:
        return _app(request, visitor, secret, error)


@router.post("/app/removal")
async def remove_app(request: Request, visitor: SignedIn, _signed: SignedForm) -> Response:
    """Take the authenticator app away."""
    visitor.require_fresh()
    return await _changed(request, visitor, remove_totp)


@router.post("/recovery-codes")
async def new_codes(request: Request, visitor: SignedIn, _signed: SignedForm) -> Response:
    """Replace the recovery codes, and show the new ones, this once."""
    visitor.require_fresh()
    return await _changed(request, visitor, make_recovery_codes)


@router.post("/passkeys/options")
async def passkey_options(request: Request, visitor: SignedIn, _signed: SignedForm) -> Response:
    """Return what the browser needs to make a passkey for who is signed in."""
    visitor.require_fresh()
    who, site = visitor.principal, _site(request)
    door = await second_door(visitor.parts)
    text = await door.new_passkey_options(
        site, _binding(visitor), user_id=who.user_id, email=who.email, name=who.display_name
    )
    return Response(text, media_type="application/json")


@router.post("/passkeys")
async def new_passkey(request: Request, visitor: SignedIn, form: SignedForm) -> Response:
    """Keep a passkey that the browser made."""
    visitor.require_fresh()
    door = await second_door(visitor.parts)
    key = await door.new_passkey(
        _site(request),
        _binding(visitor),
        user_id=visitor.principal.user_id,
        answer=text_of(form, "credential"),
    )
    return await _changed(request, visitor, add_passkey, key, text_of(form, "name").strip() or "Passkey")


@router.post("/passkeys/{passkey_id}")
async def name_passkey(request: Request, visitor: SignedIn, form: SignedForm, passkey_id: str) -> Response:
    """Give a passkey another name."""
    await visitor.desk.arun(visitor.actor, rename_passkey, _number(passkey_id), text_of(form, "name"))
    return go_to(request, at(SECURITY))


@router.post("/passkeys/{passkey_id}/removal")
async def drop_passkey(request: Request, visitor: SignedIn, _signed: SignedForm, passkey_id: str) -> Response:
    """Take a passkey away."""
    visitor.require_fresh()
    return await _changed(request, visitor, remove_passkey, _number(passkey_id))


async def _changed(request: Request, visitor: Visitor, action: Any, *args: Any) -> Response:
    """Change a factor: other sessions end, this one gets a new secret, and new recovery codes are shown."""
    session_id = visitor.principal.session_id
    if session_id is None:
        raise Forbidden
    codes, secret, ended = await visitor.desk.arun(visitor.actor, _change, session_id, action, *args)
    for one in ended:
        visitor.parts.listeners.end(one)
    saved = go_to(request, at(f"{SECURITY}?changed=yes"))
    response = _codes(request, visitor, codes) if codes else saved
    set_cookie(response, request, secret)
    return response


def _change(session: Session, session_id: int, action: Any, *args: Any) -> tuple[list[str], str, list[int]]:
    codes = action(session, *args) or []
    secret, ended = renew_session(session, session_id)
    return codes, secret, ended


def _binding(visitor: Visitor) -> bytes:
    return session_binding(visitor.principal.session_id or 0)


def _site(request: Request) -> Site:
    site = site_of(request)
    if site is None:
        raise NotFound("There are no passkeys under this address.")
    return site


def _app(request: Request, visitor: Visitor, secret: str, error: Invalid | None = None) -> Response:
    host = request.url.hostname or ""
    address = totp_uri(secret, visitor.principal.email, f"Ombud ({host})" if host else "Ombud")
    errors = field_errors(error, {"code": "This code"}) if error is not None else {"code": ""}
    context = {
        "csrf": visitor.csrf,
        "picture": picture_of(address),
        "address": address,
        "secret": " ".join(secret[start : start + 4] for start in range(0, len(secret), 4)),
        "errors": errors,
    }
    return page(request, "pages/totp.html", context, status=422 if error is not None else 200, headers=_KEPT)


def _codes(request: Request, visitor: Visitor, codes: list[str]) -> Response:
    lines = ("Recovery codes of Ombud", visitor.principal.email, "", *codes, "")
    context = {
        "codes": codes,
        "email": visitor.principal.email,
        "file": f"data:text/plain;charset=utf-8,{quote(chr(10).join(lines))}",
    }
    return page(request, "pages/recovery_codes.html", context, headers=_KEPT)


# A page with a secret must not come back from a cache or by the back button.
_KEPT = {"Cache-Control": "no-store"}
