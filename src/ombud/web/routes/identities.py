"""Me: the providers that one's account is connected with, and confirming by one of them who one is."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from ombud.errors import Conflict
from ombud.models import FlowKind
from ombud.people.openid import unlink
from ombud.web.answers import go_to
from ombud.web.auth import SignedIn, Visitor
from ombud.web.forms import SignedForm, text_of
from ombud.web.openid import REFUSED, go_there, open_id_door, return_uri, said_of
from ombud.web.place import at, safe_next
from ombud.web.routes.mail import _number
from ombud.web.routes.secure import show_security
from ombud.web.routes.sign_in import ip_of

router = APIRouter(prefix="/me")

SECURITY = "/me/security"


@router.post("/identities/{slug}")
async def connect(request: Request, visitor: SignedIn, _signed: SignedForm, slug: str) -> Response:
    """Go to a provider to connect one's account with it."""
    visitor.require_fresh()
    return await _depart(request, visitor, FlowKind.LINK, slug, at(f"{SECURITY}?changed=yes"))


@router.post("/identities/{identity_id}/removal")
async def disconnect(request: Request, visitor: SignedIn, _signed: SignedForm, identity_id: str) -> Response:
    """Remove a connection; browsers that signed in by it are out, this one goes on."""
    visitor.require_fresh()
    number, session_id = _number(identity_id), visitor.principal.session_id
    try:
        ended = await visitor.desk.arun(visitor.actor, unlink, number, session_id=session_id)
    except Conflict as error:
        return await show_security(request, visitor, failure=error.message, status=409)
    for one in ended:
        visitor.parts.listeners.end(one)
    return go_to(request, at(f"{SECURITY}?changed=yes"))


@router.post("/confirmation/with/{slug}")
async def confirm_with(request: Request, visitor: SignedIn, form: SignedForm, slug: str) -> Response:
    """Go to a provider to prove again who one is."""
    return await _depart(request, visitor, FlowKind.CONFIRMATION, slug, safe_next(text_of(form, "next")))


async def _depart(request: Request, visitor: Visitor, kind: FlowKind, slug: str, next_href: str) -> Response:
    door = await open_id_door(visitor.parts)
    try:
        departure = await door.depart(
            kind,
            slug,
            redirect_uri=return_uri(request, slug),
            next_href=next_href,
            ip=ip_of(request),
            session_id=visitor.principal.session_id,
        )
    except REFUSED as error:
        status, said = said_of(request, slug, error)
        return await show_security(request, visitor, failure=said, status=status)
    return go_there(request, departure)
