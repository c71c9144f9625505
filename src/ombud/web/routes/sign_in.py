"""Sign in, sign out, and the first start."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from ombud.db.actor import Actor
from ombud.errors import Conflict, Forbidden, Invalid, RateLimited
from ombud.kit.peers import address_of
from ombud.kit.text import clean_title
from ombud.kit.tokens import new_secret
from ombud.people import accounts
from ombud.people.accounts import Proof
from ombud.people.actions import create_first_administrator
from ombud.people.door import DOOR
from ombud.people.factors import ProofOver, begin_second_step
from ombud.people.factors import sign_in as begin_session
from ombud.people.factors.actions import STEP_LIFE
from ombud.people.locks import queries as locks
from ombud.web.answers import page
from ombud.web.auth import (
    GUEST_COOKIE,
    SignedIn,
    browser_secret,
    check_guest_form,
    cookie_name,
    cookie_path,
    drop_cookie,
    find_principal,
    form_token,
    guest_secret,
    set_browser_cookie,
    set_cookie,
    set_guest_cookie,
)
from ombud.web.factors import set_step_cookie, site_of
from ombud.web.forms import SignedForm, field_errors, read_form, text_of
from ombud.web.openid import (
    base_of,
    drop_farewell,
    is_farewell,
    onward,
    open_id_door,
    read_buttons,
    set_farewell,
)
from ombud.web.parts import Parts, parts_of
from ombud.web.place import at, safe_next

router = APIRouter()

MISMATCH = "Email and password do not match."
OUT_OF_DATE = "This form was out of date, and nothing was done with it. Type the password once more."
_SET_UP_FIELDS = {"full_name": "Your name", "email": "The email", "password": "The password"}


@router.get("/sign-in")
async def sign_in_page(
    request: Request,
    next: str = "/",  # noqa: A002  # the field's name in the URL
    state: str = "",
) -> Response:
    """Show the form; a new desk is set up first, and who is signed in goes on.

    With the `state` that this browser took along, it comes back from signing out at a provider.
    """
    parts = parts_of(request)
    if not await is_set_up(parts):
        return RedirectResponse(at("/set-up"), 303)
    secret = request.cookies.get(cookie_name(request), "")
    if await find_principal(parts.runtime.desk, secret, request.state.request_id):
        return RedirectResponse(safe_next(next), 303)
    if not is_farewell(request, state):
        return await sign_in_form(request, safe_next(next))
    response = await sign_in_form(request, at("/"), done="You are signed out, here and at the provider.")
    drop_farewell(response)
    return response


@router.post("/sign-in")
async def sign_in(request: Request) -> Response:
    """Open a session; the same words and the same time for a wrong password and an unknown address."""
    form = await read_form(request)
    email, next_href = text_of(form, "email").strip()[:255], safe_next(text_of(form, "next"))
    try:
        check_guest_form(form, request)
    except Forbidden:  # another tab was opened after it, or has signed in meanwhile
        return await _out_of_date(request, email, next_href)
    door = parts_of(request).door
    door.remind(email, ip_of(request))
    async with door.turn(ip_of(request)):
        # Who stood before them in the queue may have used up the last try: the database need not say so again.
        door.remind(email, ip_of(request))
        return await _judge(request, email, text_of(form, "password"), next_href)


async def _out_of_date(request: Request, email: str, next_href: str) -> Response:
    """Do nothing with the form: go on where this browser is signed in, or show a form that holds."""
    secret = request.cookies.get(cookie_name(request), "")
    if await find_principal(parts_of(request).runtime.desk, secret, request.state.request_id):
        return RedirectResponse(next_href, 303)
    return await sign_in_form(request, next_href, email, OUT_OF_DATE, status=403)


async def _judge(request: Request, email: str, password: str, next_href: str) -> Response:
    parts = parts_of(request)
    try:
        proof = await parts.door.check(parts.runtime.desk, email, password, ip_of(request))
    except RateLimited as error:
        said = f"Too many attempts. Try again in {minutes(error.retry_after)}."
        headers = {"Retry-After": str(error.retry_after)}
        return await sign_in_form(request, next_href, email, said, status=429, headers=headers)
    if proof is None:
        return await sign_in_form(request, next_href, email, MISMATCH, status=422)
    try:
        return await let_in(request, proof, next_href)
    except ProofOver:
        return await sign_in_form(request, next_href, email, MISMATCH, status=422)


@router.post("/sign-out")
async def sign_out(request: Request, visitor: SignedIn, _form: SignedForm) -> Response:
    """End the session, and with it the live streams of this browser; at the provider too, where it is set up so."""
    session_id = visitor.principal.session_id
    farewell, state = "", new_secret()
    if session_id is not None:
        door = await open_id_door(visitor.parts)
        leaving = await door.leaving(session_id)
        await visitor.desk.arun(visitor.actor, accounts.end_session, session_id)
        visitor.parts.listeners.end(session_id)
        if leaving is not None:  # asked only now: being out must wait for nobody
            farewell = await door.farewell(leaving, base_of(request) + at("/sign-in"), state)
    response: Response = RedirectResponse(at("/sign-in"), 303)
    if farewell:
        response = onward(
            request, farewell, "You are signed out here, and go on to sign out at the provider."
        )
        set_farewell(response, request, state)
    drop_cookie(response, request)
    return response


@router.get("/set-up")
async def set_up_page(request: Request) -> Response:
    """Show the form that makes the administrator, as long as the desk is new."""
    if await is_set_up(parts_of(request)):
        return RedirectResponse(at("/sign-in"), 303)
    return _set_up_form(request, {}, {})


@router.post("/set-up")
async def set_up(request: Request) -> Response:
    """Make the administrator and sign them in."""
    parts = parts_of(request)
    form = await read_form(request)
    check_guest_form(form, request)
    values = {name: text_of(form, name) for name in ("full_name", "email")}
    try:
        clean_title("full_name", values["full_name"], limit=255)
        hashed = await parts.door.hash(text_of(form, "password"), values.values())
        user = await parts.runtime.desk.arun(
            Actor.system("set-up"), create_first_administrator, password_hash=hashed, **values
        )
    except Invalid as error:
        return _set_up_form(request, values, field_errors(error, _SET_UP_FIELDS), status=422)
    except Conflict:
        return RedirectResponse(at("/sign-in"), 303)
    return await let_in(request, Proof(user.id), at("/"))


async def is_set_up(parts: Parts) -> bool:
    """Tell whether the desk is set up. One whose administrators are all gone still is."""
    async with parts.runtime.desk.aread(DOOR, fresh=True) as session:
        return bool(await session.scalar(locks.is_set_up()))


async def let_in(request: Request, proof: Proof, next_href: str) -> Response:
    """Start a fresh session (never one that the browser brought) and go on; ProofOver when the proof holds no more.

    Where the account has a second factor, the proof must be whole: until then there is no session at all.
    """
    desk, browser = parts_of(request).runtime.desk, browser_secret(request)
    # A person's least: enough to open a session of their own, whatever their role.
    actor = Actor.customer(proof.user_id).for_request(request.state.request_id)
    agent = request.headers.get("user-agent", "")
    secret = await desk.arun(
        actor, begin_session, proof, ip=ip_of(request), user_agent=agent, browser=browser
    )
    if secret is None:
        step = await desk.arun(DOOR, begin_second_step, proof)
        response = RedirectResponse(at(f"/sign-in/code?next={quote(next_href, safe='')}"), 303)
        set_step_cookie(response, request, step, int(STEP_LIFE.total_seconds()))
        return response
    response = RedirectResponse(next_href, 303)
    set_cookie(response, request, secret)
    set_browser_cookie(response, request, browser)
    response.delete_cookie(GUEST_COOKIE, path=cookie_path())
    return response


async def sign_in_form(
    request: Request,
    next_href: str,
    email: str = "",
    failure: str = "",
    *,
    done: str = "",
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> Response:
    """Show the form, with what went wrong, or what was done."""
    secret = guest_secret(request)
    async with parts_of(request).runtime.desk.aread(DOOR) as session:
        providers = await session.run_sync(read_buttons)
    context: dict[str, Any] = {
        "providers": providers,
        "csrf": form_token(secret),
        "next_href": next_href,
        "email": email,
        "failure": failure,
        "done": done,
        "sign_in_links": parts_of(request).runtime.current.sign_in_links,
        "has_passkeys": site_of(request) is not None,
    }
    response = page(request, "pages/sign_in.html", context, status=status, headers=headers)
    set_guest_cookie(response, request, secret)
    return response


def _set_up_form(
    request: Request, values: dict[str, str], errors: dict[str, str], *, status: int = 200
) -> Response:
    secret = guest_secret(request)
    none = dict.fromkeys(_SET_UP_FIELDS, "")
    context = {"csrf": form_token(secret), "failure": "", "values": none | values, "errors": none | errors}
    response = page(request, "pages/set_up.html", context, status=status)
    set_guest_cookie(response, request, secret)
    return response


def ip_of(request: Request) -> str:
    """Return where a request comes from, as far as the server is sure."""
    return address_of(request.client)


def minutes(seconds: int) -> str:
    """Return a wait in words."""
    minutes = max(1, -(-seconds // 60))
    return "a minute" if minutes == 1 else f"{minutes} minutes"
