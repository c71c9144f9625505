"""Take back what one request did, from the toast that told of it."""

from __future__ import annotations

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
        back, _, query = back_of(request).partition("?")
        # The page that a merge led to tells of it by its address: it would tell of that again.
        return go_to(request, back if "merged=" in query or not query else f"{back}?{query}")
    headers = {"HX-Trigger": "tickets-changed"}
    again = {"request": undone.request_id}
    toast = Toast("It is as it was before.", at("/undo"), again)
    if undone.files:  # to take a file off again is a decision of its own, with its own way back
        what = "The file is back" if undone.files == 1 else "The files are back"
        toast = Toast(f"{what}. To remove it again, press the cross beside it.")
    return toasted(request, visitor.csrf, toast, headers)
