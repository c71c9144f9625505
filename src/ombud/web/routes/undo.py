"""Take back what one request did, from the toast that told of it."""

from __future__ import annotations

from dataclasses import replace

from fastapi import APIRouter, Request
from starlette.responses import Response

from ombud.audit import undo_request
from ombud.web.answers import Toast, back_of, go_to, is_htmx, toasted
from ombud.web.auth import SignedIn
from ombud.web.forms import SignedForm, text_of
from ombud.web.place import at

router = APIRouter()


@router.post("/undo")
async def undo(request: Request, visitor: SignedIn, form: SignedForm) -> Response:
    """Undo the request named in the form, whole; what changed since is told and nothing is overwritten."""
    undone = await visitor.desk.arun(visitor.actor, undo_request, text_of(form, "request")[:64])
    if not is_htmx(request):
        # Where something was merged its page would tell of that again; a file is on its ticket again.
        return go_to(request, back_of(request) if undone.files else at("/"))
    headers = {"HX-Trigger": "tickets-changed"}
    toast = Toast("It is as it was before.")
    if not undone.files:  # to take a file off again is a decision of its own
        toast = replace(toast, undo_href=at("/undo"), fields={"request": undone.request_id})
    return toasted(request, visitor.csrf, toast, headers)
