"""The application of the pages: routes, static files, and what errors look like. Mounted at the root."""

from __future__ import annotations

from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from ombud import clock
from ombud.db.translate import Lost
from ombud.errors import OmbudError, RateLimited, Unauthenticated, Unavailable
from ombud.files import NoSuchPart
from ombud.kit.logs import Log
from ombud.people.accounts import ConfirmationNeeded
from ombud.people.factors import SecondFactorNeeded
from ombud.runtime import Runtime
from ombud.web.answers import back_of, go_to, is_htmx, problem, status_of
from ombud.web.assets import PREFIX, Assets
from ombud.web.forms import MAX_FILES, MAX_TEXT
from ombud.web.parts import Parts
from ombud.web.place import at
from ombud.web.routes import (
    account,
    attachments,
    bulk,
    colleagues,
    comments,
    condition,
    customer_ends,
    customers,
    desk,
    duplicates,
    factors,
    health,
    identities,
    inbox,
    letters,
    live,
    mail,
    mailboxes,
    mailed_files,
    me,
    merges,
    new_ticket,
    notifications,
    openid,
    outbox,
    people,
    providers,
    roles,
    second_step,
    secure,
    sign_in,
    tags,
    teams,
    ticket,
    transfers,
    undo,
    webhooks,
)
from ombud.web.security import CONNECTION_LOST, Guard, Rules
from ombud.web.templates import environment

_log = Log(__name__)

# The order matters where a fixed word stands in the place of a ticket's number or a field's noun.
ROUTERS = (
    health.router,
    sign_in.router,
    letters.router,
    second_step.router,
    openid.router,
    inbox.router,
    new_ticket.router,
    merges.router,
    bulk.router,
    colleagues.router,
    comments.router,
    ticket.router,
    undo.router,
    attachments.router,
    mailed_files.router,
    outbox.router,
    notifications.router,
    live.router,
    me.router,
    secure.router,
    account.router,
    factors.router,
    identities.router,
    people.router,
    teams.router,
    customers.router,
    customer_ends.router,
    duplicates.router,
    roles.router,
    providers.router,
    mail.router,
    mailboxes.router,
    webhooks.router,
    transfers.router,
    condition.router,
    tags.router,
    desk.router,
)


def create_web(runtime: Runtime) -> FastAPI:
    """Return the pages of a desk."""
    assets = Assets()
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    templates = environment(assets, clock.now, lambda: runtime.current.desk_name)
    app.state.parts = Parts(runtime, templates, assets)
    app.mount(PREFIX, _Immutable(directory=assets.folder))
    for router in ROUTERS:
        app.include_router(router)
    app.add_exception_handler(OmbudError, _told)
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _misread)
    rules = Rules(runtime.settings.base_url, lambda: MAX_FILES * runtime.current.attachment_limit + MAX_TEXT)
    app.add_middleware(Guard, rules=rules, failed=_failed)
    return app


class _Immutable(StaticFiles):
    """Built files: their names change with their content, so a browser never asks again."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]  # passed on as they came
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response

    async def get_response(self, path: str, scope: Scope) -> Response:
        if path.endswith("manifest.json"):
            raise HTTPException(404)
        return await super().get_response(path, scope)


async def _told(request: Request, error: Exception) -> Response:
    if not isinstance(error, OmbudError):
        raise error
    if isinstance(error, Unauthenticated):
        return _to_sign_in(request)
    if isinstance(error, SecondFactorNeeded):
        return go_to(request, at("/me/security"))
    if isinstance(error, ConfirmationNeeded):
        return go_to(request, at(f"/me/confirmation?next={quote(back_of(request), safe='')}"))
    if isinstance(error, Lost):
        setattr(request.state, CONNECTION_LOST, True)
    headers = _headers_of(error)
    status = status_of(error)
    if status == 404:
        return problem(request, 404)
    if status == 500:  # of no kind that somebody could do something about: a fault, as any other
        return await _failed(request, error)
    return problem(request, status, _sentence(error.message), headers=headers)


def _headers_of(error: OmbudError) -> dict[str, str]:
    match error:
        case NoSuchPart():
            return error.part.headers
        case RateLimited():
            return {"Retry-After": str(error.retry_after)}
        case Unavailable():
            return {"Retry-After": "1"}
    return {}


async def _refused(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return problem(request, error.status_code, headers=error.headers)


async def _misread(request: Request, _error: Exception) -> Response:
    return problem(request, 422, "This address or form is not one that the desk understands.")


async def _failed(request: Request, error: Exception) -> Response:
    _log.error("request failed", error=error, request_id=getattr(request.state, "request_id", "?"))
    return problem(request, 500)


def _to_sign_in(request: Request) -> Response:
    """Send to the sign-in page, and from there back to where a page was asked for."""
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if is_htmx(request):
        current = request.headers.get("hx-current-url", "/")
        here = "/" + current.split("/", 3)[3] if current.count("/") >= 3 else at("/")
        return Response(status_code=401, headers={"HX-Redirect": at(f"/sign-in?next={quote(here, safe='')}")})
    if request.url.path == at("/live"):
        return Response(status_code=401)
    known = request.method == "GET" and here != at("/")
    return RedirectResponse(at(f"/sign-in?next={quote(here, safe='')}" if known else "/sign-in"), 303)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
