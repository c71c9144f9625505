"""Letters about accounts, at the door: asking for one, and using the link in it.

A link's secret leaves the address at once: it becomes a short-lived cookie, and the page behind it has a form. So it
is in no history, in no Referer, and programs that follow the links of mails use nothing up.
"""

from __future__ import annotations

import re

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from ombud.db.actor import Actor
from ombud.errors import Conflict, Invalid, NotFound, RateLimited
from ombud.kit.text import clean_title
from ombud.kit.tokens import digest
from ombud.models import LetterKind, LinkPurpose
from ombud.people import letters, queries, throttle
from ombud.people.addresses import clean_email
from ombud.people.door import DOOR
from ombud.people.factors import ProofOver
from ombud.people.letters import Link, LinkVoid
from ombud.web.answers import page
from ombud.web.auth import (
    check_guest_form,
    cookie_path,
    form_token,
    guest_secret,
    is_secure,
    set_guest_cookie,
)
from ombud.web.forms import field_errors, read_form, text_of
from ombud.web.parts import parts_of
from ombud.web.place import at
from ombud.web.routes.sign_in import ip_of, let_in, minutes

router = APIRouter()

LINK_COOKIE = "ombud_link"
COOKIE_LIFE = 3600
_SECRET = re.compile(r"[A-Za-z0-9_-]{43}")
_FIELDS = {"full_name": "Your name", "password": "The password"}
_PRIVATE = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


@router.get("/forgot")
async def forgot(request: Request) -> Response:
    """Show the form that asks for a new password."""
    return _ask(request, LetterKind.RESET)


@router.post("/forgot")
async def ask_for_reset(request: Request) -> Response:
    """Ask for the letter; the same answer whoever has the address, and whether or not a letter went just now."""
    return await _asked(request, LetterKind.RESET)


@router.get("/sign-in/link")
async def sign_in_link(request: Request) -> Response:
    """Show the form that asks for a link that signs in, where the desk has them."""
    _require_links(request)
    return _ask(request, LetterKind.SIGN_IN)


@router.post("/sign-in/link")
async def ask_for_sign_in(request: Request) -> Response:
    """Ask for the letter; the same answer whoever has the address."""
    _require_links(request)
    return await _asked(request, LetterKind.SIGN_IN)


@router.get("/link/{secret}")
async def open_link(request: Request, secret: str) -> Response:
    """Take the secret out of the address. Nothing is used up, nothing is looked up."""
    response = RedirectResponse(at("/link"), 303, headers=_PRIVATE)
    if _SECRET.fullmatch(secret):
        response.set_cookie(
            LINK_COOKIE,
            secret,
            max_age=COOKIE_LIFE,
            path=cookie_path(),
            secure=is_secure(request),
            httponly=True,
            samesite="lax",  # the browser comes from a mail: strict would withhold it
        )
    return response


@router.get("/link")
async def show_link(request: Request) -> Response:
    """Show what the link is for, with the form that uses it."""
    link = await _find(request)
    return _void(request) if link is None else _form(request, link)


@router.post("/link")
async def use_link(request: Request) -> Response:
    """Use the link: set a password, confirm an address, sign in."""
    form = await read_form(request)
    check_guest_form(form, request)
    async with parts_of(request).door.turn(ip_of(request)):
        return await _judge(request, form)


async def _judge(request: Request, form: FormData) -> Response:
    secret, parts = request.cookies.get(LINK_COOKIE, ""), parts_of(request)
    try:
        await parts.runtime.desk.arun(
            DOOR, throttle.take, throttle.LINKS, account=digest(secret).hex(), ip=ip_of(request)
        )
    except RateLimited as error:
        return _void(request, f"Too many attempts. Try again in {minutes(error.retry_after)}.", error)
    link = await _find(request)
    if link is None:
        return _void(request)
    try:
        response = await _use(request, link, secret, form)
    except Invalid as error:
        return _form(request, link, error, text_of(form, "full_name"))
    except (LinkVoid, ProofOver):
        return _void(request)
    except Conflict:
        return _void(request, "This address cannot be used: another account has it.")
    response.delete_cookie(LINK_COOKIE, path=cookie_path())
    return response


async def _use(request: Request, link: Link, secret: str, form: FormData) -> Response:
    parts = parts_of(request)
    desk = parts.runtime.desk
    # A person's least: enough to change what is their own, whatever their role.
    actor = Actor.customer(link.user_id).for_request(request.state.request_id)
    match link.purpose:
        case LinkPurpose.INVITE | LinkPurpose.RESET:
            name = None
            if link.purpose is LinkPurpose.INVITE:
                name = clean_title("full_name", text_of(form, "full_name"), limit=255)
            words = (link.email, name or link.full_name)
            hashed = await parts.door.hash(text_of(form, "password"), words)
            await desk.arun(actor, letters.accept, secret, link.purpose, hashed, name)
            return _done(request, "Your password is set", "Sign in with it now.", link.email)
        case LinkPurpose.VERIFY:
            email = await desk.arun(actor, letters.take_address, secret)
            return _done(request, "Your address is confirmed", "Your account has it from now on.", email)
        case LinkPurpose.SIGN_IN:
            if not parts.runtime.current.sign_in_links:
                raise LinkVoid
            proof = await desk.arun(actor, letters.come_in, secret)
            return await let_in(request, proof, at("/"))


async def _find(request: Request) -> Link | None:
    secret = request.cookies.get(LINK_COOKIE, "")
    if not _SECRET.fullmatch(secret):
        return None
    desk = parts_of(request).runtime.desk
    return letters.link_of(await desk.alook(queries.account_token(digest(secret))))


async def _asked(request: Request, kind: LetterKind) -> Response:
    form = await read_form(request)
    check_guest_form(form, request)
    email = text_of(form, "email").strip()[:255]
    try:
        clean_email(email)
    except Invalid as error:
        return _ask(request, kind, email, error)
    parts = parts_of(request)
    async with parts.door.turn(ip_of(request)):
        try:
            await parts.runtime.desk.arun(DOOR, _take_and_ask, kind, email, ip_of(request))
        except RateLimited:
            pass  # the letter that went a moment ago holds: to say so would tell that there was one
    context = {"email": email, "kind": kind.value}
    return page(request, "pages/letter_sent.html", context, headers=_PRIVATE)


def _take_and_ask(session: Session, kind: LetterKind, email: str, ip: str) -> None:
    throttle.take(session, throttle.LETTERS, account=f"{kind.value} {email}", ip=ip)
    letters.ask_for_letter(session, kind, email)


def _require_links(request: Request) -> None:
    if not parts_of(request).runtime.current.sign_in_links:
        raise NotFound


def _ask(request: Request, kind: LetterKind, email: str = "", error: Invalid | None = None) -> Response:
    errors = field_errors(error, {"email": "The email"}) if error is not None else {"email": ""}
    context: dict[str, object] = {"email": email, "errors": errors, "kind": kind.value}
    return _guest_page(request, "pages/forgot.html", context, 422 if error is not None else 200)


def _form(request: Request, link: Link, error: Invalid | None = None, name: str | None = None) -> Response:
    errors = field_errors(error, _FIELDS) if error is not None else dict.fromkeys(_FIELDS, "")
    context: dict[str, object] = {
        "link": link,
        "errors": errors,
        "name": link.full_name if name is None else name,
    }
    return _guest_page(request, "pages/link.html", context, 422 if error is not None else 200)


def _guest_page(request: Request, template: str, context: dict[str, object], status: int) -> Response:
    secret = guest_secret(request)
    response = page(
        request, template, {"csrf": form_token(secret), **context}, status=status, headers=_PRIVATE
    )
    set_guest_cookie(response, request, secret)
    return response


def _done(request: Request, title: str, said: str, email: str) -> Response:
    context = {"title": title, "said": said, "email": email}
    return page(request, "pages/link_done.html", context, headers=_PRIVATE)


def _void(request: Request, said: str = "", error: RateLimited | None = None) -> Response:
    headers = _PRIVATE | ({"Retry-After": str(error.retry_after)} if error is not None else {})
    links = parts_of(request).runtime.current.sign_in_links
    context = {"said": said or LinkVoid.default_message, "sign_in_links": links}
    return page(
        request, "pages/link_void.html", context, status=429 if error is not None else 410, headers=headers
    )
