"""Replies and notes: the composer's post, and its preview."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.responses import Response

from ombud.errors import Conflict, Invalid
from ombud.kit.html import render_markdown
from ombud.models import TicketStatus
from ombud.tickets import add_comment, discard_draft, save_draft
from ombud.tickets import mark_read as mark_ticket_read
from ombud.web.addresses import read_address
from ombud.web.answers import go_to, is_htmx, page, problem
from ombud.web.around import make_frame
from ombud.web.auth import SignedIn, Visitor
from ombud.web.forms import SignedForm, store_files, text_of
from ombud.web.listing import bare_list
from ombud.web.ticket_view import find_ticket, load_ticket, make_ticket
from ombud.web.updates import changed_ticket

router = APIRouter()

PREVIEW_LIMIT = 100_000


@router.post("/tickets/{number}/comments")
async def write(request: Request, visitor: SignedIn, form: SignedForm, number: str) -> Response:
    """Add a reply or a note with its files; the status moves in the same breath."""
    text, is_note = text_of(form, "text"), text_of(form, "kind") == "note"
    try:
        status = _status(text_of(form, "then"))
        files = await store_files(form, visitor.parts.runtime.files)
        async with visitor.desk.abegin(visitor.actor) as session:
            ticket = await find_ticket(session, visitor, number)
            comment = await session.run_sync(
                add_comment, ticket.id, text, is_internal=is_note, status=status, files=files
            )
            await session.run_sync(mark_ticket_read, ticket.id)
            await session.run_sync(keep_draft, ticket.id, "", is_note)
    except (Invalid, Conflict) as error:
        return await _refused(request, visitor, number, form, _words(error))
    if is_htmx(request):
        return await changed_ticket(request, visitor, number)
    address = read_address(request.query_params)
    return go_to(request, address.here(f"/tickets/{number}") + f"#comment-{comment.id}")


@router.post("/tickets/{number}/draft")
async def draft(visitor: SignedIn, form: SignedForm, number: str) -> Response:
    """Keep what is being written, for this or another browser of the same person."""
    async with visitor.desk.abegin(visitor.actor) as session:
        ticket = await find_ticket(session, visitor, number)
        await session.run_sync(keep_draft, ticket.id, text_of(form, "text"), text_of(form, "kind") == "note")
    return Response(status_code=204)


def keep_draft(session: Session, ticket_id: int, text: str, is_note: bool) -> None:
    """Keep one draft a ticket: the composer is one box, whichever tab is chosen."""
    save_draft(session, ticket_id, text, is_internal=is_note)
    discard_draft(session, ticket_id, is_internal=not is_note)


@router.post("/preview")
async def preview(request: Request, _visitor: SignedIn, form: SignedForm) -> Response:
    """Show a text as it would look."""
    text = text_of(form, "text")[:PREVIEW_LIMIT]
    return page(request, "partials/preview.html", {"body": render_markdown(text) if text.strip() else ""})


async def _refused(request: Request, visitor: Visitor, number: str, form: FormData, words: str) -> Response:
    """Say why, and give back what was typed: htmx leaves it where it is, a plain form gets the page again."""
    if is_htmx(request):
        return problem(request, 422, words)
    address = read_address(request.query_params)
    async with visitor.desk.aread(visitor.actor) as session:
        loaded = await load_ticket(session, visitor, number)
    view = make_ticket(visitor, loaded, address)
    kind: Literal["reply", "note"] = "note" if text_of(form, "kind") == "note" else "reply"
    composer = replace(view.composer, text=text_of(form, "text"), kind=kind, error=words)
    frame = make_frame(request, visitor, loaded.around, address.view.value)
    context = {"frame": frame, "ticket": replace(view, composer=composer), "list": bare_list(address)}
    return page(request, "pages/inbox.html", context, status=422)


def _words(error: Invalid | Conflict) -> str:
    if isinstance(error, Conflict):
        return error.message
    rules = error.fields
    if "content" in rules:
        return f"The message {rules['content']}"
    return rules.get("files") or error.message


def _status(text: str) -> TicketStatus | None:
    if not text:
        return None
    try:
        return TicketStatus(text)
    except ValueError:
        raise Invalid("That is not a status.") from None
