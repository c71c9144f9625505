"""Sign in by an OpenID provider: the way there, and the way back for all who went."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from ombud.errors import Invalid, OmbudError
from ombud.models import FlowKind
from ombud.people.accounts import Proof
from ombud.people.openid import Arrival, OpenIdDoor, confirm_by
from ombud.people.openid.door import ANSWER, FlowOver
from ombud.web.auth import (
    Visitor,
    check_guest_form,
    cookie_name,
    find_principal,
    form_token,
    set_cookie,
)
from ombud.web.forms import read_form, text_of
from ombud.web.openid import (
    FLOW_COOKIE,
    REFUSED,
    drop_flow_cookie,
    go_there,
    note_refusal,
    onward,
    open_id_door,
    return_uri,
    said_of,
)
from ombud.web.parts import parts_of
from ombud.web.place import at, safe_next
from ombud.web.routes.secure import show_security
from ombud.web.routes.sign_in import ip_of, let_in, sign_in_form

router = APIRouter(prefix="/sign-in/with")


@router.post("/{slug}")
async def depart(request: Request, slug: str) -> Response:
    """Go to a provider to sign in."""
    form = await read_form(request)
    check_guest_form(form, request)
    next_href = safe_next(text_of(form, "next"))
    door = await open_id_door(parts_of(request))
    try:
        departure = await door.depart(
            FlowKind.SIGN_IN,
            slug,
            redirect_uri=return_uri(request, slug),
            next_href=next_href,
            ip=ip_of(request),
        )
    except REFUSED as error:
        status, said = said_of(request, slug, error)
        return await sign_in_form(request, next_href, failure=said, status=status)
    return go_there(request, departure)


@router.get("/{slug}/return")
async def arrive(request: Request, slug: str) -> Response:
    """Take what a provider says of who came back: to sign in, to connect an account, or to confirm who one is."""
    answer = {name: request.query_params[name] for name in ANSWER if name in request.query_params}
    visitor = await _visitor(request)
    door = await open_id_door(parts_of(request))
    try:
        if any(len(request.query_params.getlist(name)) > 1 for name in ANSWER):
            raise FlowOver
        arrival = await door.arrive(
            slug,
            answer,
            cookie=request.cookies.get(FLOW_COOKIE, ""),
            session_id=visitor.principal.session_id if visitor else None,
        )
        if arrival.flow.kind is FlowKind.SIGN_IN:
            user_id, by = await door.admit(arrival)
            is_whole = arrival.provider.asks_second_factor
            response = await _let_in(request, arrival, Proof(user_id, by=by, is_whole=is_whole))
        else:
            response = await _for_visitor(request, door, visitor, arrival)
    except REFUSED as error:
        response = await _refused(request, slug, visitor, error)
    drop_flow_cookie(response)
    return response


@router.post("/{slug}/logout")
async def end_sessions(request: Request, slug: str) -> Response:
    """End the sessions that a provider says are over there (OpenID Connect Back-Channel Logout 1.0).

    It is the provider's server that comes, with no cookie and no form of ours: its signature is what counts.
    """
    parts, headers = parts_of(request), {"Cache-Control": "no-store"}
    door = await open_id_door(parts)
    try:
        form = await read_form(request)
        ended = await door.end(slug, text_of(form, "logout_token"))
    except (Invalid, *REFUSED) as error:
        note_refusal(request, slug, error, "a provider's word that somebody signed out was refused")
        return JSONResponse({"error": "invalid_request"}, 400, headers)
    for one in ended:
        parts.listeners.end(one)
    return Response(status_code=200, headers=headers)


async def _let_in(request: Request, arrival: Arrival, proof: Proof) -> Response:
    next_href = safe_next(arrival.flow.next_href)
    response = await let_in(request, proof, next_href)
    if response.headers["location"] == next_href:
        return response
    # The browser comes from another site, which withholds the strict cookie of the half sign-in from a redirect.
    page = onward(request, response.headers["location"], "One more step: your second factor.")
    for name, value in response.raw_headers:
        if name == b"set-cookie":
            page.raw_headers.append((name, value))
    return page


async def _for_visitor(
    request: Request, door: OpenIdDoor, visitor: Visitor | None, arrival: Arrival
) -> Response:
    if visitor is None:
        raise FlowOver
    next_href = safe_next(arrival.flow.next_href)
    response = RedirectResponse(next_href, 303)
    if arrival.flow.kind is FlowKind.LINK:
        await door.connect(visitor.actor, arrival)
    else:
        secret = await visitor.desk.arun(visitor.actor, confirm_by, arrival.flow, arrival.claims)
        set_cookie(response, request, secret)
    return response


async def _visitor(request: Request) -> Visitor | None:
    """Return who is signed in, where somebody is."""
    parts, secret = parts_of(request), request.cookies.get(cookie_name(request), "")
    principal = await find_principal(parts.runtime.desk, secret, request.state.request_id)
    return None if principal is None else Visitor(principal, form_token(secret), parts)


async def _refused(request: Request, slug: str, visitor: Visitor | None, error: OmbudError) -> Response:
    status, said = said_of(request, slug, error)
    if visitor is not None:
        return await show_security(request, visitor, failure=said, status=status)
    return await sign_in_form(request, at("/"), failure=said, status=status)
