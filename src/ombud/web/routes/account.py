"""Letters about accounts, for who is signed in: another address of one's own, and inviting others."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from ombud.errors import Invalid
from ombud.people import letters
from ombud.people.policy import require_admin
from ombud.web.answers import go_to
from ombud.web.auth import SignedIn, Visitor
from ombud.web.forms import SignedForm, text_of
from ombud.web.place import at
from ombud.web.routes.mail import _number
from ombud.web.routes.secure import show_security

router = APIRouter()


@router.post("/me/address")
async def change_address(request: Request, visitor: SignedIn, form: SignedForm) -> Response:
    """Ask for the letter that confirms another address; the old one counts until then."""
    visitor.require_fresh()
    try:
        await visitor.desk.arun(visitor.actor, letters.ask_for_address, text_of(form, "email").strip())
    except Invalid as error:
        return await show_security(request, visitor, error=error)
    return go_to(request, at("/me/security?asked=yes"))


@router.post("/settings/people/{user_id}/invitation")
async def invite(request: Request, visitor: SignedIn, _signed: SignedForm, user_id: str) -> Response:
    """Send somebody the letter with which they set their password; again, if they lost it."""
    number = _checked(visitor, user_id)
    await visitor.desk.arun(visitor.actor, letters.invite, number)
    return go_to(request, at(f"/settings/people/{number}"))


@router.post("/settings/people/{user_id}/invitation/revocation")
async def revoke(request: Request, visitor: SignedIn, _signed: SignedForm, user_id: str) -> Response:
    """Make an invitation void."""
    number = _checked(visitor, user_id)
    await visitor.desk.arun(visitor.actor, letters.revoke_invitation, number)
    return go_to(request, at(f"/settings/people/{number}"))


@router.post("/settings/people/{user_id}/reset")
async def send_reset(request: Request, visitor: SignedIn, _signed: SignedForm, user_id: str) -> Response:
    """Send somebody the letter with which they choose a new password."""
    number = _checked(visitor, user_id)
    await visitor.desk.arun(visitor.actor, letters.send_reset, number)
    return go_to(request, at(f"/settings/people/{number}"))


def _checked(visitor: Visitor, user_id: str) -> int:
    require_admin(visitor.actor)
    visitor.require_fresh()
    return _number(user_id)
