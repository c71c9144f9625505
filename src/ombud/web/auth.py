"""Who is at the door: the session's cookie, the form's token, and the visitor that a route is given."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Concatenate, ParamSpec

from fastapi import Depends, Request
from starlette.responses import Response

from ombud import clock
from ombud.config import Settings
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.errors import Forbidden, Unauthenticated
from ombud.files import while_allowed
from ombud.kit.tokens import digest, new_secret
from ombud.models import UserRole
from ombud.people import accounts
from ombud.people import queries as people
from ombud.people.accounts import Principal
from ombud.people.factors import SecondFactorNeeded
from ombud.people.factors.queries import has_second_factor
from ombud.tickets import TicketFilter
from ombud.web import looks
from ombud.web.parts import Parts, parts_of
from ombud.web.place import root

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession
    from sqlalchemy.orm import Session

P = ParamSpec("P")
SET_UP_PATHS = frozenset(
    {"/me/security", "/me/confirmation", "/me/confirmation/options", "/me/preferences", "/sign-out"}
)
SET_UP_PREFIXES = ("/me/app", "/me/passkeys", "/me/recovery-codes")
"""What is open to staff who must set a second factor up, and to set it up with."""
SEEN_EVERY = timedelta(minutes=1)
CSRF_FIELD = "csrf"
CSRF_HEADER = "x-csrf-token"
GUEST_COOKIE = "ombud_guest"
BROWSER_LIFE = timedelta(days=400)
"""As long as browsers keep any cookie; each sign-in begins it anew."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is signed in, with what every route needs: the parts of the desk and the form's token."""

    principal: Principal
    csrf: str
    parts: Parts

    @property
    def actor(self) -> Actor:
        """The actor that this visitor is, in this request."""
        return self.principal.actor

    @property
    def desk(self) -> Desk:
        """The desk's database."""
        return self.parts.runtime.desk

    @asynccontextmanager
    async def listing(self, wanted: TicketFilter) -> AsyncIterator[AsyncSession]:
        """Open a transaction that reads a list; a search waits for its turn first (`ombud.db.turns`)."""
        async with AsyncExitStack() as stack:
            if wanted.is_search:
                await stack.enter_async_context(self.desk.searches.aturn(self.actor.label))
            yield await stack.enter_async_context(self.desk.aread(self.actor, by_key=True))

    @property
    def is_staff(self) -> bool:
        """True for everybody but customers."""
        return self.actor.is_staff

    @property
    def can_write(self) -> bool:
        """True for staff who may answer and change tickets (light agents may not)."""
        return self.actor.is_staff and not self.actor.read_only

    @property
    def is_fresh(self) -> bool:
        """True for who proved a short while ago who they are: sensitive changes are open to them."""
        return accounts.is_fresh(self.principal)

    def require_fresh(self) -> None:
        """Refuse who has not proved for a while who they are; the answer leads to where they can."""
        accounts.require_fresh(self.principal)

    def check_form(self, form: Mapping[str, object], request: Request) -> None:
        """Refuse a form without this session's token."""
        given = request.headers.get(CSRF_HEADER) or form.get(CSRF_FIELD) or ""
        if not hmac.compare_digest(str(given).encode(), self.csrf.encode()):
            raise Forbidden("This form is out of date. Load the page again and repeat what you did.")


async def visitor(request: Request) -> Visitor:
    """Return who is signed in; Unauthenticated when nobody is. One statement."""
    parts = parts_of(request)
    secret = request.cookies.get(cookie_name(request), "")
    principal = await find_principal(parts.runtime.desk, secret, request.state.request_id)
    if principal is None:
        raise Unauthenticated
    request.state.principal = principal
    await _require_second_factor(request, parts, principal)
    await _note_presence(parts.runtime.desk, principal)
    return Visitor(principal, form_token(secret), parts)


async def noted_visitor(request: Request) -> AsyncIterator[Visitor]:
    """Yield who is signed in, and note what they look at: as what it was, or as refused."""
    found = await visitor(request)
    with looks.noted(request, found.desk, found.actor):
        yield found


SignedIn = Annotated[Visitor, Depends(noted_visitor)]


async def find_principal(desk: Desk, secret: str, request_id: str) -> Principal | None:
    """Return whose living session a cookie's value is.

    Nobody acts yet, so no session can be opened: the function of the database that takes the hash answers.
    """
    if not 20 <= len(secret) <= 200:
        return None
    row = await desk.alook(people.session_principal(digest(secret)))
    return None if row is None else accounts.principal_of(row, request_id)


def handed_out(
    request: Request,
    visitor: Visitor,
    pieces: AsyncIterator[bytes],
    action: Callable[Concatenate[Session, P], object],
    *args: P.args,
    **kwargs: P.kwargs,
) -> AsyncIterator[bytes]:
    """Yield a file's pieces for as long as the visitor's session lives and `action` lets them read its record."""
    secret = request.cookies.get(cookie_name(request), "")

    async def look() -> None:
        principal = await find_principal(visitor.desk, secret, visitor.actor.request_id)
        if principal is None:
            raise Unauthenticated
        async with visitor.desk.aread(principal.actor, fresh=True) as session:
            await session.run_sync(action, *args, **kwargs)

    return while_allowed(pieces, look)


async def _require_second_factor(request: Request, parts: Parts, principal: Principal) -> None:
    """Keep staff at their security page until they have a second factor, where the desk wants one of them."""
    if not parts.runtime.current.staff_second_factor or principal.role is UserRole.CUSTOMER:
        return
    path = request.url.path.removeprefix(root())
    if path in SET_UP_PATHS or path.startswith(SET_UP_PREFIXES):
        return
    row = await parts.runtime.desk.alook(has_second_factor(principal.user_id))
    if row is None or not row.found:
        raise SecondFactorNeeded


async def _note_presence(desk: Desk, principal: Principal) -> None:
    """Move the end of the idle time, at most once a minute."""
    seen = principal.last_seen_at
    if principal.session_id is None or (seen is not None and clock.now() - seen < SEEN_EVERY):
        return
    await desk.arun(principal.actor, accounts.note_presence, principal.session_id)


def form_token(secret: str) -> str:
    """Return the token that forms of a session carry; it does not reveal the session."""
    return hashlib.sha256(b"ombud-form:" + secret.encode()).hexdigest()


def is_secure(request: Request) -> bool:
    """Tell whether the browser speaks TLS with the desk, directly or through a proxy."""
    base_url = parts_of(request).runtime.settings.base_url
    return request.url.scheme == "https" or (base_url or "").startswith("https://")


def cookie_name(request: Request) -> str:
    """Return the session cookie's name; `__Host-` binds it to this very host, and needs TLS.

    Two desks on one host lie below different prefixes and must not take each other's sessions.
    """
    return ("__Host-ombud" if is_secure(request) else "ombud_session") + root().replace("/", "-")


def cookie_path() -> str:
    """Return where the browser sends the desk's smaller cookies: to the desk, not to the rest of its host."""
    return root() or "/"


def set_cookie(response: Response, request: Request, secret: str) -> None:
    """Give the browser its session."""
    response.set_cookie(
        cookie_name(request),
        secret,
        max_age=int(_longest_session(parts_of(request).runtime.current).total_seconds()),
        path=_session_path(request),
        secure=is_secure(request),
        httponly=True,
        samesite="lax",
    )


def browser_secret(request: Request) -> str:
    """Return what this browser is known by, made if there is nothing yet. It opens nothing."""
    found = request.cookies.get(_browser_cookie(request), "")
    return found if 20 <= len(found) <= 200 else new_secret()


def set_browser_cookie(response: Response, request: Request, secret: str) -> None:
    """Let the browser be known at its next sign-in, whoever signs in."""
    response.set_cookie(
        _browser_cookie(request),
        secret,
        max_age=int(BROWSER_LIFE.total_seconds()),
        path=_session_path(request),
        secure=is_secure(request),
        httponly=True,
        samesite="lax",
    )


def _browser_cookie(request: Request) -> str:
    return f"{cookie_name(request)}-browser"


def _longest_session(settings: Settings) -> timedelta:
    return max(accounts.session_limits(settings, role)[1] for role in UserRole)


def drop_cookie(response: Response, request: Request) -> None:
    """Take the session from the browser."""
    response.delete_cookie(
        cookie_name(request), path=_session_path(request), secure=is_secure(request), httponly=True
    )


def _session_path(request: Request) -> str:
    return "/" if is_secure(request) else cookie_path()  # browsers take `__Host-` for the whole host only


def guest_secret(request: Request) -> str:
    """Return the value that ties a sign-in form to its browser, made if there is none yet."""
    found = request.cookies.get(GUEST_COOKIE, "")
    return found if 20 <= len(found) <= 200 else new_secret()


def set_guest_cookie(response: Response, request: Request, secret: str) -> None:
    """Give the browser the value that its sign-in form is tied to.

    Not to a script that is sent to the form (a draft that a page keeps when it is left, after the session's end):
    nobody sees that form, and the one that somebody sees at the same moment would be out of date.
    """
    if request.headers.get("sec-fetch-mode", "navigate") != "navigate":
        return
    response.set_cookie(
        GUEST_COOKIE,
        secret,
        path=cookie_path(),
        secure=is_secure(request),
        httponly=True,
        samesite="strict",
    )


def check_guest_form(form: Mapping[str, object], request: Request) -> None:
    """Refuse a sign-in form that another site filled in."""
    expected = form_token(request.cookies.get(GUEST_COOKIE, ""))
    if not hmac.compare_digest(str(form.get(CSRF_FIELD, "")).encode(), expected.encode()):
        raise Forbidden("This form is out of date. Load the page again and repeat what you did.")
