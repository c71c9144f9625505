"""Sign in: the second step, and passkeys, which need none."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from ombud.errors import NotFound, RateLimited
from ombud.kit.passkeys import BadPasskey
from ombud.kit.tokens import digest
from ombud.people.accounts import Proof
from ombud.people.door import DOOR
from ombud.people.factors import ProofOver, end_step
from ombud.web.answers import page
from ombud.web.auth import check_guest_form, form_token, guest_secret, set_guest_cookie
from ombud.web.factors import STEP_COOKIE, drop_step_cookie, guest_binding, second_door, site_of
from ombud.web.forms import read_form, text_of
from ombud.web.parts import parts_of
from ombud.web.place import at, safe_next
from ombud.web.routes.sign_in import ip_of, let_in, minutes, sign_in_form

router = APIRouter(prefix="/sign-in")

WRONG = "That code is not right, or it was used before. Take the next one that the app shows."


@router.get("/code")
async def code_page(request: Request, next: str = "/") -> Response:  # noqa: A002  # the field's name in the URL
    """Ask who is half signed in for a code; nobody else."""
    door = await second_door(parts_of(request))
    if await door.waiting(request.cookies.get(STEP_COOKIE, "")) is None:
        return _begin_again(safe_next(next))
    return _ask(request, safe_next(next))


@router.post("/code")
async def code(request: Request) -> Response:
    """Compare a code; only now a session begins, under a value of its own."""
    form = await read_form(request)
    check_guest_form(form, request)
    async with parts_of(request).door.turn(ip_of(request)):
        return await _judge(request, text_of(form, "code")[:100], safe_next(text_of(form, "next")))


async def _judge(request: Request, code: str, next_href: str) -> Response:
    secret = request.cookies.get(STEP_COOKIE, "")
    door = await second_door(parts_of(request))
    user_id = await door.waiting(secret)
    if user_id is None:
        return _begin_again(next_href)
    try:
        right = await door.check_code(user_id, code, ip_of(request))
    except RateLimited as error:
        said = f"Too many attempts. Try again in {minutes(error.retry_after)}."
        return _ask(request, next_href, said, status=429, retry_after=error.retry_after)
    if not right:
        return _ask(request, next_href, WRONG, status=422)
    proof = await parts_of(request).runtime.desk.arun(DOOR, end_step, user_id, digest(secret))
    return _begin_again(next_href) if proof is None else await _in(request, proof, next_href)


@router.post("/passkey/options")
async def options(request: Request) -> Response:
    """Return what the browser needs to sign with a passkey of this desk, whosever it is."""
    form = await read_form(request)
    check_guest_form(form, request)
    site = site_of(request)
    if site is None:
        raise NotFound("There are no passkeys under this address.")
    door = await second_door(parts_of(request))
    text = await door.passkey_options(site, guest_binding(request))
    return Response(text, media_type="application/json")


@router.post("/passkey")
async def passkey(request: Request) -> Response:
    """Sign in by a passkey: it is something one has, and it made sure of who one is."""
    form = await read_form(request)
    check_guest_form(form, request)
    next_href, site = safe_next(text_of(form, "next")), site_of(request)
    door = await second_door(parts_of(request))
    async with parts_of(request).door.turn(ip_of(request)):
        try:
            proof = await door.check_passkey(site, guest_binding(request), text_of(form, "credential"))
        except BadPasskey as error:
            return await sign_in_form(request, next_href, failure=error.message, status=422)
        return await _in(request, proof, next_href)


async def _in(request: Request, proof: Proof, next_href: str) -> Response:
    try:
        response = await let_in(request, proof, next_href)
    except ProofOver:
        return _begin_again(next_href)
    drop_step_cookie(response)
    return response


def _begin_again(next_href: str) -> Response:
    return RedirectResponse(at(f"/sign-in?next={quote(next_href, safe='')}"), 303)


def _ask(
    request: Request, next_href: str, failure: str = "", *, status: int = 200, retry_after: int = 0
) -> Response:
    secret = guest_secret(request)
    context = {
        "csrf": form_token(secret),
        "next_href": next_href,
        "failure": failure,
        "has_passkeys": site_of(request) is not None,
    }
    headers = {"Retry-After": str(retry_after)} if retry_after else None
    response = page(request, "pages/code.html", context, status=status, headers=headers)
    set_guest_cookie(response, request, secret)
    return response
