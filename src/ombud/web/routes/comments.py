"""Replies and notes: the composer's post, and its preview."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from fastapi import APIRouter, Request
from starlette.datastructures import FormData
from starlette.responses import Response

from ombud.errors import Conflict, Invalid, NotFound
from ombud.kit.html import render_markdown
from ombud.mail.outgoing.actions import not_before, take_back
from ombud.mail.outgoing.rules import addresses_of
from ombud.models import OutboundState, TicketStatus
from ombud.tickets import Delivery, add_comment, keep_draft
from ombud.tickets import mark_read as mark_ticket_read
from ombud.web.addresses import read_address, read_before
from ombud.web.answers import Toast, go_to, is_htmx, page, problem
from ombud.web.around import make_frame
from ombud.web.auth import SignedIn, Visitor
from ombud.web.deliveries import delivery_view
from ombud.web.forms import SignedForm, store_files, text_of
from ombud.web.listing import bare_list
from ombud.web.place import at
from ombud.web.ticket_view import LoadedTicket, find_ticket, load_ticket, make_ticket
from ombud.web.updates import changed_ticket

router = APIRouter()

PREVIEW_LIMIT = 100_000
LATER = ("1", "3", "12", "24", "72")
"""Hours by which a reply can be put off."""


@router.post("/tickets/{number}/comments")
async def write(request: Request, visitor: SignedIn, form: SignedForm, number: str) -> Response:
    """Add a reply or a note with its files; the status moves in the same breath."""
    text, is_note = text_of(form, "text"), text_of(form, "kind") == "note"
    try:
        status = _status(text_of(form, "then"))
        files = await store_files(form, visitor.parts.runtime.files)
        delivery = None if is_note or not visitor.can_write else _delivery(visitor, form)
        async with visitor.desk.abegin(visitor.actor) as session:
            ticket = await find_ticket(session, visitor, number)
            before = ticket.status
            comment = await session.run_sync(
                add_comment,
                ticket.id,
                text,
                is_internal=is_note,
                status=status,
                files=files,
                delivery=delivery,
            )
            after = ticket.status
            await session.run_sync(mark_ticket_read, ticket.id)
            await session.run_sync(keep_draft, ticket.id, "", is_internal=is_note)
    except (Invalid, Conflict) as error:
        return await _refused(request, visitor, number, form, _words(error))
    if is_htmx(request):
        async with visitor.desk.aread(visitor.actor) as session:
            loaded = await load_ticket(session, visitor, number, before=read_before(request.query_params))
        toast = _undo(request, number, comment.id, before, after) if delivery is not None else None
        if toast is not None:
            toast = _sent(toast, loaded, comment.id)
        return await changed_ticket(request, visitor, number, toast=toast, loaded=loaded)
    address = read_address(request.query_params)
    return go_to(request, address.here(f"/tickets/{number}") + f"#comment-{comment.id}")


@router.post("/tickets/{number}/comments/{comment_id}/retraction")
async def retract(
    request: Request, visitor: SignedIn, form: SignedForm, number: str, comment_id: str
) -> Response:
    """Take a reply back that has not gone out yet: its words are a draft again."""
    if not (comment_id.isascii() and comment_id.isdigit() and len(comment_id) < 19):
        raise NotFound("There is no such comment here.")
    status, seen = _status(text_of(form, "status")), _status(text_of(form, "seen"))
    await visitor.desk.arun(visitor.actor, take_back, int(comment_id), status=status, seen=seen)
    # The whole page: the words are in the composer again, which no other answer touches.
    return go_to(request, read_address(request.query_params).here(f"/tickets/{number}"))


@router.post("/tickets/{number}/draft")
async def draft(visitor: SignedIn, form: SignedForm, number: str) -> Response:
    """Keep what is being written, for this or another browser of the same person."""
    async with visitor.desk.abegin(visitor.actor) as session:
        ticket = await find_ticket(session, visitor, number)
        is_note = text_of(form, "kind") == "note"
        await session.run_sync(keep_draft, ticket.id, text_of(form, "text"), is_internal=is_note)
    return Response(status_code=204)


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


def _delivery(visitor: Visitor, form: FormData) -> Delivery:
    """Read whom the composer names and when it is to go: a moment later at the earliest, so that it can be undone."""
    hours = text_of(form, "later")
    if hours and hours not in LATER:
        raise Invalid(fields={"later": "is not one of the choices."})
    to, cc = text_of(form, "to").strip(), text_of(form, "cc").strip()
    seconds = float(hours) * 3600 if hours else visitor.parts.runtime.current.mail_undo_seconds
    return Delivery(
        to=addresses_of(to) if to else None,
        cc=addresses_of(cc) if to or cc else None,
        not_before=not_before(seconds),
    )


def _undo(request: Request, number: str, comment_id: int, before: TicketStatus, after: TicketStatus) -> Toast:
    query = f"?{request.url.query}" if request.url.query else ""
    href = at(f"/tickets/{number}/comments/{comment_id}/retraction{query}")
    return Toast("Your reply is on its way.", href, {"status": before.value, "seen": after.value})


def _sent(toast: Toast, loaded: LoadedTicket, comment_id: int) -> Toast:
    """Say so where no mail goes out with a reply: there is nothing to take back."""
    mail = next((delivery_view(one) for one in loaded.mails if one["comment_id"] == comment_id), None)
    if mail is None or mail.state != OutboundState.SKIPPED:
        return toast
    return Toast(f"Your reply is on the ticket. It was not mailed: {mail.text}.")


def _words(error: Invalid | Conflict) -> str:
    if isinstance(error, Conflict):
        return error.message
    rules = error.fields
    if "content" in rules:
        return f"The message {rules['content']}"
    for field, label in (("to", "To: "), ("cc", "Copy: "), ("files", "")):
        if field in rules:
            return label + rules[field]
    return error.message


def _status(text: str) -> TicketStatus | None:
    if not text:
        return None
    try:
        return TicketStatus(text)
    except ValueError:
        raise Invalid("That is not a status.") from None
