"""What visitors set for themselves: theme, sidebar, letters about new browsers."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from ombud.people.actions import set_theme
from ombud.people.browsers import set_new_browser_letters
from ombud.web.answers import back_of
from ombud.web.auth import SignedIn, cookie_path, is_secure
from ombud.web.forms import SignedForm, text_of

router = APIRouter()

YEAR = 365 * 86_400


@router.post("/me/preferences")
async def prefer(request: Request, visitor: SignedIn, form: SignedForm) -> Response:
    """Keep a preference and show the same page again."""
    response = RedirectResponse(back_of(request), 303)
    if theme := text_of(form, "theme"):
        await visitor.desk.arun(visitor.actor, set_theme, theme)
    if letters := text_of(form, "new_browser_letters"):
        await visitor.desk.arun(visitor.actor, set_new_browser_letters, letters == "on")
    if sidebar := text_of(form, "sidebar"):
        kept = "folded" if sidebar == "folded" else "open"
        response.set_cookie(
            "ombud_sidebar",
            kept,
            max_age=YEAR,
            path=cookie_path(),
            secure=is_secure(request),
            httponly=True,
            samesite="lax",
        )
    return response
