"""Take back what one request did, from the toast that told of it."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from ombud.audit import undo_request
from ombud.web.answers import Toast, go_to, is_htmx, toasted
from ombud.web.auth import SignedIn
from ombud.web.forms import SignedForm, text_of
from ombud.web.place import at

router = APIRouter()


@router.post("/undo")
async def undo(request: Request, visitor: SignedIn, form: SignedForm) -> Response:
    """Undo the request named in the form, whole; what changed since is told and nothing is overwritten."""
    undone = await visitor.desk.arun(visitor.actor, undo_request, text_of(form, "request")[:64])
    if not is_htmx(request):
        return go_to(request, at("/"))
    way_back = {"request": undone.request_id}
    headers = {"HX-Trigger": "tickets-changed"}
    return toasted(request, visitor.csrf, Toast("It is as it was before.", at("/undo"), way_back), headers)
