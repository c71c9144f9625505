"""What routes about OpenID providers share: the door, the way there and back, what went wrong in words."""

from __future__ import annotations

import asyncio
import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from ombud.errors import (
    Conflict,
    Forbidden,
    NotFound,
    OmbudError,
    RateLimited,
    Unauthenticated,
    Unavailable,
)
from ombud.kit.logs import Log
from ombud.people.openid import Departure, OpenIdDoor, ProviderProblem, queries
from ombud.people.openid.tokens import BadToken
from ombud.web.answers import page
from ombud.web.auth import cookie_path, is_secure
from ombud.web.parts import Parts, parts_of
from ombud.web.place import at
from ombud.worker.intake import vault_of

FLOW_COOKIE = "ombud_flow"
FAREWELL_COOKIE = "ombud_farewell"
NO_ANSWER = "The provider cannot be asked right now. Try again in a moment, or sign in another way."
NO_PROOF = (
    "The provider's answer does not prove who you are. Begin again; if it stays, tell whoever runs this desk."
)
REFUSED = (Unauthenticated, Forbidden, NotFound, Conflict, Unavailable, RateLimited)
"""What may come of a way to a provider, in words that `said_of` knows."""

_log = Log(__name__)


@dataclass(frozen=True, slots=True)
class ProviderButton:
    """A way to sign in, as a button."""

    id: int
    slug: str
    label: str
    for_staff: bool
    for_customers: bool

    def is_for(self, is_staff: bool) -> bool:
        """True where staff, or customers, may go there."""
        return self.for_staff if is_staff else self.for_customers


@dataclass(frozen=True, slots=True)
class IdentityRow:
    """One of somebody's links; `slug` is empty where its provider is switched off."""

    id: int
    slug: str
    label: str
    email: str
    since: datetime
    used: datetime | None


async def open_id_door(parts: Parts) -> OpenIdDoor:
    """Return the door to the desk's providers."""
    vault = await asyncio.to_thread(vault_of, parts.runtime.settings)
    return OpenIdDoor(parts.runtime.desk, vault, parts.book)


def read_buttons(session: Session) -> list[ProviderButton]:
    """Return the providers that one may go to."""
    return [_button(one) for one in session.execute(queries.labels()) if one.is_active]


def read_identities(session: Session, user_id: int) -> tuple[list[IdentityRow], list[ProviderButton]]:
    """Return somebody's links, and the providers that one may go to; one statement."""
    rows = session.execute(queries.connections(user_id)).all()
    links = [
        IdentityRow(
            id=one.identity_id,
            slug=one.slug if one.is_active else "",
            label=one.label,
            email=one.email,
            since=one.created_at,
            used=one.last_used_at,
        )
        for one in rows
        if one.identity_id is not None
    ]
    return links, list({one.id: _button(one) for one in rows if one.is_active}.values())


def _button(row: Any) -> ProviderButton:
    return ProviderButton(row.id, row.slug, row.label, row.for_staff, row.for_customers)


def base_of(request: Request) -> str:
    """Return the desk's address for who comes back: the configured one, or the one that it was asked under."""
    base_url = parts_of(request).runtime.settings.base_url
    return base_url or f"{request.url.scheme}://{request.url.netloc}"


def return_uri(request: Request, slug: str) -> str:
    """Return where a provider sends browsers back to: one address for each, so that no answer is another's."""
    return base_of(request) + at(f"/sign-in/with/{slug}/return")


def logout_uri(request: Request, slug: str) -> str:
    """Return where a provider says that somebody signed out there (its back channel)."""
    return base_of(request) + at(f"/sign-in/with/{slug}/logout")


def go_there(request: Request, departure: Departure) -> Response:
    """Send a browser to a provider, by a page of ours.

    A redirect would not do: what a form may lead to is kept to this site by the content security policy.
    """
    response = onward(
        request, departure.url, "You go on to the provider, and come back when you have signed in."
    )
    response.set_cookie(
        FLOW_COOKIE,
        departure.cookie,
        max_age=600,
        path=cookie_path(),
        secure=is_secure(request),
        httponly=True,
        samesite="lax",  # the browser comes back from another site: strict would withhold it
    )
    return response


def onward(request: Request, url: str, said: str) -> Response:
    """Answer with a page that goes on by itself, and by a link."""
    context = {"url": url, "said": said}
    return page(request, "pages/onward.html", context, headers={"Refresh": f"0; url={url}"})


def set_farewell(response: Response, request: Request, state: str) -> None:
    """Let the browser know what it takes along to a provider, to sign out there."""
    response.set_cookie(
        FAREWELL_COOKIE,
        state,
        max_age=600,
        path=cookie_path(),
        secure=is_secure(request),
        httponly=True,
        samesite="lax",  # as above
    )


def is_farewell(request: Request, state: str) -> bool:
    """Tell whether this browser comes back from signing out at a provider, with what it took along."""
    kept = request.cookies.get(FAREWELL_COOKIE, "")
    return bool(kept) and hmac.compare_digest(kept.encode(), state.encode())


def drop_farewell(response: Response) -> None:
    """Take from the browser what it took along."""
    response.delete_cookie(FAREWELL_COOKIE, path=cookie_path())


def drop_flow_cookie(response: Response) -> None:
    """Take the way to a provider from the browser."""
    response.delete_cookie(FLOW_COOKIE, path=cookie_path())


def said_of(request: Request, slug: str, error: OmbudError) -> tuple[int, str]:
    """Return status and words for what went wrong, and log what administrators need to know. No word of a provider."""
    status, said = 422, error.message
    match error:
        case BadToken():
            said = NO_PROOF
        case RateLimited():
            status = 429
        case Unavailable():
            status, said = 503, NO_ANSWER
    note_refusal(request, slug, error, "sign-in by a provider was refused")
    return status, said


def note_refusal(request: Request, slug: str, error: OmbudError, what: str) -> None:
    """Log what administrators need to know. No word of a provider."""
    reason: str = error.code
    match error:
        case ProviderProblem():
            reason = f"{error.step}: {error.message}"
        case BadToken():
            reason = f"token: {error.reason}"
    request_id = getattr(request.state, "request_id", "")
    _log.warning(what, provider=slug[:40], reason=reason, request_id=request_id)
