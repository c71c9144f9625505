"""How routes answer: a page, a part of one for htmx, a way to go on, an error that says what to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from fastapi import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ombud.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    OmbudError,
    RateLimited,
    Unauthenticated,
    Unavailable,
)
from ombud.files import NoSuchPart
from ombud.web.parts import parts_of
from ombud.web.place import at, safe_next

_STATUS: tuple[tuple[type[OmbudError], int], ...] = (
    (NotFound, 404),
    (Forbidden, 403),
    (Unauthenticated, 401),
    (NoSuchPart, 416),
    (Invalid, 422),
    (Conflict, 409),
    (RateLimited, 429),
    (Unavailable, 503),
)
_TITLES = {
    403: "You may not do that",
    404: "This page is not here",
    405: "That cannot be done here",
    409: "Something else happened first",
    413: "That is too large",
    415: "That is not a form",
    416: "That part is not there",
    422: "Something is not right yet",
    429: "Too many attempts",
    500: "That went wrong on our side",
    503: "The desk cannot answer right now",
}
_TEXTS = {
    404: "It may have been deleted, or it is not yours to see.",
    415: "Forms come in UTF-8, as browsers send them, and not packed. Nothing was done.",
    500: "It is noted. What you had saved is safe; try again, and tell us if it stays.",
    503: "Nothing that was saved is lost. Wait a moment, then try again.",
}


@dataclass(frozen=True, slots=True)
class Toast:
    """A word about what was done, with the form that takes it back."""

    text: str
    undo_href: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


def is_htmx(request: Request) -> bool:
    """Tell whether htmx asks for a part; going back in history wants the whole page."""
    return "hx-request" in request.headers and "hx-history-restore-request" not in request.headers


def wants(request: Request, target: str) -> bool:
    """Tell whether htmx asks for the part with this id."""
    return is_htmx(request) and request.headers.get("hx-target") == target


def page(
    request: Request,
    template: str,
    context: dict[str, Any],
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> HTMLResponse:
    """Render a template."""
    html = parts_of(request).templates.get_template(template).render(context)
    return HTMLResponse(html, status, headers=dict(headers or {}))


def go_to(request: Request, target: str) -> Response:
    """Send the browser to another page after a form (303), or tell htmx to."""
    if is_htmx(request):
        return Response(status_code=204, headers={"HX-Redirect": target})
    return RedirectResponse(target, 303)


def toasted(request: Request, csrf: str, toast: Toast, headers: Mapping[str, str]) -> HTMLResponse:
    """Answer with nothing but a toast, for changes whose parts of the page refresh themselves."""
    return page(request, "partials/toast.html", {"toast": toast, "csrf": csrf}, headers=headers)


def back_of(request: Request) -> str:
    """Return the page that a form stood on, when it is one of ours (the referrer policy tells only us)."""
    referrer = request.headers.get("referer", "")
    own = f"{request.url.scheme}://{request.url.netloc}"
    return safe_next(referrer.removeprefix(own)) if referrer.startswith(f"{own}/") else at("/")


def status_of(error: OmbudError) -> int:
    """Return the HTTP status of a kind of error."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def problem(
    request: Request, status: int, text: str = "", *, headers: Mapping[str, str] | None = None
) -> Response:
    """Answer with an error page; for htmx with one line that a toast shows."""
    said = text or _TEXTS.get(status, HTTPStatus(status).description)
    more = dict(headers or {})
    if is_htmx(request):
        template, context = "partials/toast.html", {"toast": Toast(said), "csrf": ""}
        # Only the toast is swapped in, whatever the request was for.
        more |= {"HX-Reswap": "none", "X-Problem": _header_safe(said)}
        return page(request, template, context, status=status, headers=more)
    again = status in (429, 500, 503)
    context = {
        "title": _TITLES.get(status, HTTPStatus(status).phrase),
        "text": said,
        "action": "Try again" if again else "To the inbox",
        "action_href": request.url.path if again and request.method == "GET" else at("/"),
        "request_id": getattr(request.state, "request_id", "") if status >= 500 else "",
    }
    return page(request, "pages/error.html", context, status=status, headers=more)


def _header_safe(text: str) -> str:
    return text.encode("latin-1", "replace").decode("latin-1").replace("\n", " ")[:300]
