"""Me: proving again who one is, the password, sessions and API tokens. Second factors: `routes/factors.py`."""

from __future__ import annotations

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.responses import Response

from ombud.db.context import actor_of
from ombud.errors import Invalid, NotFound, RateLimited
from ombud.kit.passkeys import BadPasskey
from ombud.people import accounts, queries
from ombud.people.actions import end_other_sessions, set_password
from ombud.people.browsers import queries as browsers
from ombud.web import queries as web_queries
from ombud.web.answers import go_to, page
from ombud.web.around import make_frame, read_around
from ombud.web.auth import SignedIn, Visitor, set_cookie
from ombud.web.factors import read_factors, second_door, session_binding, site_of
from ombud.web.forms import SignedForm, field_errors, text_of
from ombud.web.openid import read_identities
from ombud.web.place import at, safe_next
from ombud.web.routes.mail import _number
from ombud.web.routes.second_step import WRONG
from ombud.web.routes.sign_in import ip_of, minutes
from ombud.web.views.accounts import SessionRow, TokenRow

router = APIRouter(prefix="/me")

_FIELDS = {"password": "The new password", "name": "The name", "email": "The new address"}
_SCOPES = {"everything": (), "read": ("read",)}


@router.get("/confirmation")
async def confirmation(request: Request, visitor: SignedIn, next: str = "/") -> Response:  # noqa: A002  # in the URL
    """Ask once more who one is, before something sensitive: by whatever the account has."""
    return await _ask(request, visitor, safe_next(next))


@router.post("/confirmation/options")
async def confirmation_options(request: Request, visitor: SignedIn, _signed: SignedForm) -> Response:
    """Return what the browser needs to sign with one of one's passkeys."""
    site, who = site_of(request), visitor.principal
    if site is None:
        raise NotFound("There are no passkeys under this address.")
    door = await second_door(visitor.parts)
    text = await door.passkey_options(site, session_binding(who.session_id or 0), user_id=who.user_id)
    return Response(text, media_type="application/json")


@router.post("/confirmation")
async def confirm(request: Request, visitor: SignedIn, form: SignedForm) -> Response:
    """Compare a password, a code or a passkey's signature, and give the session a new secret."""
    next_href, who = safe_next(text_of(form, "next")), visitor.principal
    try:
        failure = await _disproved(request, visitor, form)
    except RateLimited as error:
        said = f"Too many attempts. Try again in {minutes(error.retry_after)}."
        return await _ask(request, visitor, next_href, said, status=429, retry_after=error.retry_after)
    if failure or who.session_id is None:
        return await _ask(request, visitor, next_href, failure, status=422)
    secret = await visitor.desk.arun(visitor.actor, accounts.confirm, who.session_id)
    response = go_to(request, next_href)
    set_cookie(response, request, secret)
    return response


@router.get("/security")
async def security(request: Request, visitor: SignedIn) -> Response:
    """Show the password's form, where one is signed in, and one's tokens."""
    return await show_security(request, visitor)


@router.post("/password")
async def change_password(request: Request, visitor: SignedIn, form: SignedForm) -> Response:
    """Replace the password; everybody else who is signed in with it is out."""
    visitor.require_fresh()
    session_id = visitor.principal.session_id
    try:
        hashed = await visitor.parts.door.hash(
            text_of(form, "password"), (visitor.principal.email, visitor.principal.full_name)
        )
    except Invalid as error:
        return await show_security(request, visitor, error=error)
    user_id = visitor.principal.user_id
    secret = await visitor.desk.arun(visitor.actor, _renew, user_id, hashed, session_id)
    response = go_to(request, at("/me/security?saved=yes"))
    if secret is not None:
        set_cookie(response, request, secret)
    return response


@router.post("/sessions/{session_id}/end")
async def end_session(request: Request, visitor: SignedIn, _signed: SignedForm, session_id: str) -> Response:
    """Sign one of one's browsers out."""
    await visitor.desk.arun(visitor.actor, accounts.revoke_session, _number(session_id))
    visitor.parts.listeners.end(_number(session_id))
    return go_to(request, at("/me/security"))


@router.post("/sessions/end")
async def end_sessions(request: Request, visitor: SignedIn, _signed: SignedForm) -> Response:
    """Sign all of one's other browsers out."""
    ended = await visitor.desk.arun(
        visitor.actor, end_other_sessions, visitor.principal.user_id, but=visitor.principal.session_id
    )
    for one in ended:
        visitor.parts.listeners.end(one)
    return go_to(request, at("/me/security"))


@router.post("/tokens")
async def create_token(request: Request, visitor: SignedIn, form: SignedForm) -> Response:
    """Make an API token and show it, this once."""
    visitor.require_fresh()
    scopes = _SCOPES.get(text_of(form, "may"), ("read",))
    try:
        token = await visitor.desk.arun(
            visitor.actor, _make_token, visitor.principal.user_id, text_of(form, "name"), scopes
        )
    except Invalid as error:
        return await show_security(request, visitor, error=error)
    return await show_security(request, visitor, token=token)


@router.post("/tokens/{token_id}/revocation")
async def revoke_token(request: Request, visitor: SignedIn, _signed: SignedForm, token_id: str) -> Response:
    """Make one of one's tokens useless."""
    own = visitor.principal.user_id
    await visitor.desk.arun(visitor.actor, accounts.revoke_token, _number(token_id), owner=own)
    return go_to(request, at("/me/security"))


def _renew(session: Session, user_id: int, hashed: str, session_id: int | None) -> str | None:
    """Set the password, and give the session that did it a new secret: only who set it goes on."""
    set_password(session, user_id, hashed, keep_session=session_id)
    return None if session_id is None else accounts.confirm(session, session_id)


def _make_token(session: Session, user_id: int, name: str, scopes: tuple[str, ...]) -> str:
    token, _record = accounts.create_token(session, user_id, name, scopes=scopes)
    return token


def _rows(session: Session, this: int | None) -> tuple[list[SessionRow], list[TokenRow]]:
    who = actor_of(session).user_id or 0
    sessions = [SessionRow.of(row, this) for row in session.scalars(queries.sessions_of(who))]
    return sessions, [TokenRow.of(row) for row in session.scalars(queries.tokens_of(who))]


async def _disproved(request: Request, visitor: Visitor, form: FormData) -> str:
    """Return what is wrong with a proof, empty for a good one."""
    who, ip = visitor.principal, ip_of(request)
    if answer := text_of(form, "credential"):
        door, site = await second_door(visitor.parts), site_of(request)
        binding = session_binding(who.session_id or 0)
        try:
            await door.check_passkey(site, binding, answer, user_id=who.user_id)
        except BadPasskey as error:
            return error.message
        return ""
    if code := text_of(form, "code").strip():
        door = await second_door(visitor.parts)
        return "" if await door.check_code(who.user_id, code[:100], ip) else WRONG
    found = await visitor.parts.door.check(visitor.desk, who.email, text_of(form, "password"), ip)
    return "" if found is not None and found.user_id == who.user_id else "That is not your password."


async def _ask(
    request: Request,
    visitor: Visitor,
    next_href: str,
    failure: str = "",
    *,
    status: int = 200,
    retry_after: int = 0,
) -> Response:
    async with visitor.desk.aread(visitor.actor) as session:
        factors = await session.run_sync(read_factors, visitor.principal.user_id)
        identities, _providers = await session.run_sync(read_identities, visitor.principal.user_id)
    context = {
        "csrf": visitor.csrf,
        "next_href": next_href,
        "email": visitor.principal.email,
        "failure": failure,
        "providers": [one for one in identities if one.slug],
        "has_app": factors.totp_since is not None,
        "has_passkeys": bool(factors.passkeys) and site_of(request) is not None,
    }
    headers = {"Retry-After": str(retry_after)} if retry_after else None
    return page(request, "pages/confirmation.html", context, status=status, headers=headers)


async def show_security(
    request: Request,
    visitor: Visitor,
    *,
    error: Invalid | None = None,
    token: str = "",
    failure: str = "",
    status: int = 200,
) -> Response:
    """Show the page; with what is wrong beside its field or above all, or a new token, this once."""
    async with visitor.desk.aread(visitor.actor, fresh=True) as session:
        around = read_around((await session.execute(web_queries.surroundings(visitor.actor))).one())
        sessions, tokens = await session.run_sync(_rows, visitor.principal.session_id)
        factors = await session.run_sync(read_factors, visitor.principal.user_id)
        identities, providers = await session.run_sync(read_identities, visitor.principal.user_id)
        letters = await session.scalar(browsers.wants_letters(visitor.principal.user_id))
    errors = field_errors(error, _FIELDS) if error is not None else dict.fromkeys(_FIELDS, "")
    context = {
        "frame": make_frame(request, visitor, around, "me"),
        "email": visitor.principal.email,
        "sessions": sessions,
        "tokens": tokens,
        "browser_letters": letters,
        "token": token,
        "errors": errors,
        "factors": factors,
        "providers": [one for one in providers if one.is_for(visitor.is_staff)],
        "identities": identities,
        "began_with": {one.id: one.label for one in identities},
        "failure": failure,
        "has_passkeys": site_of(request) is not None,
        "must_set_up": visitor.parts.runtime.current.staff_second_factor
        and visitor.is_staff
        and not factors.has_any,
        "changed": request.query_params.get("changed") == "yes",
        "is_fresh": visitor.is_fresh,
        "asked": request.query_params.get("asked") == "yes",
        "saved": request.query_params.get("saved") == "yes",
    }
    # A page with a secret must not come back from a cache or by the back button.
    headers = {"Cache-Control": "no-store"}
    return page(
        request, "pages/security.html", context, status=422 if error is not None else status, headers=headers
    )
