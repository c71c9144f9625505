"""One ticket: its page, its history, and the changes of its fields."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from ombud.errors import Invalid
from ombud.models import Ticket, TicketPriority, TicketStatus
from ombud.notifications import mark_ticket_read as mark_notifications_read
from ombud.tickets import (
    FieldChanged,
    TicketChanges,
    add_tags,
    change_ticket,
    remove_tag,
    restore_ticket,
    soft_delete_ticket,
)
from ombud.tickets import mark_read as mark_ticket_read
from ombud.tickets.queries import history as history_of
from ombud.web import queries
from ombud.web.addresses import read_address
from ombud.web.answers import Toast, go_to, is_htmx, page
from ombud.web.around import make_frame, read_around
from ombud.web.auth import SignedIn, Visitor
from ombud.web.forms import SignedForm, id_of, text_of
from ombud.web.history import make_history
from ombud.web.place import at
from ombud.web.routes.inbox import ticket_page
from ombud.web.ticket_view import HISTORY_LIMIT, find_ticket, load_ticket, make_ticket
from ombud.web.updates import Change, changed_ticket, conflict_view

router = APIRouter(prefix="/tickets/{number}")

# The noun in the address, the field of a ticket.
FIELDS = {
    "status": "status",
    "priority": "priority",
    "assignee": "assignee_id",
    "team": "team_id",
    "title": "title",
}


@router.get("")
async def show(request: Request, visitor: SignedIn, number: str) -> Response:
    """Show a ticket."""
    return await ticket_page(request, visitor, number)


@router.get("/live")
async def live(request: Request, visitor: SignedIn, number: str) -> Response:
    """Show the parts of a ticket that change, for the open page's refresh; never the composer."""
    return await changed_ticket(request, visitor, number)


@router.get("/history")
async def history(request: Request, visitor: SignedIn, number: str) -> Response:
    """Show who changed what."""
    async with visitor.desk.aread(visitor.actor) as session:
        ticket = await find_ticket(session, visitor, number)
        log = list(await session.scalars(history_of(visitor.actor, ticket.id, limit=HISTORY_LIMIT)))
        row = (await session.execute(queries.surroundings(visitor.actor))).one()
    around = read_around(row)
    context = {
        "frame": make_frame(request, visitor, around),
        "number": number,
        "entries": make_history(log, around),
        "ticket_href": read_address(request.query_params).here(f"/tickets/{number}"),
        "next_href": None,
    }
    return page(request, "pages/history.html", context)


@router.post("/reading")
async def mark_read(visitor: SignedIn, _form: SignedForm, number: str) -> Response:
    """Remember that the visitor has seen the ticket as it is now."""
    async with visitor.desk.abegin(visitor.actor) as session:
        ticket = await find_ticket(session, visitor, number)
        await session.run_sync(mark_ticket_read, ticket.id)
        if visitor.is_staff:
            await session.run_sync(mark_notifications_read, ticket.id)
    return Response(status_code=204)


@router.post("/tags")
async def change_tags(request: Request, visitor: SignedIn, form: SignedForm, number: str) -> Response:
    """Put a tag on, take one off, or make a new one."""
    verb, _, value = text_of(form, "tag").partition(":")
    fresh = text_of(form, "fresh")
    async with visitor.desk.abegin(visitor.actor) as session:
        ticket = await find_ticket(session, visitor, number)
        if fresh or verb == "add":
            await session.run_sync(add_tags, ticket.id, [fresh or value])
        elif verb == "remove" and value.isascii() and value.isdigit():
            await session.run_sync(remove_tag, ticket.id, int(value))
        else:
            raise Invalid(fields={"tag": "is not one of the choices."})
    return await _answer(request, visitor, number)


@router.post("/deletion")
async def delete(request: Request, visitor: SignedIn, _form: SignedForm, number: str) -> Response:
    """Hide the ticket; the toast brings it back."""
    async with visitor.desk.abegin(visitor.actor) as session:
        ticket = await find_ticket(session, visitor, number)
        await session.run_sync(soft_delete_ticket, ticket.id)
    toast = Toast(f"{number} is deleted.", at(f"/tickets/{number}/restoration{_query(request)}"))
    return await _answer(request, visitor, number, toast)


@router.post("/restoration")
async def restore(request: Request, visitor: SignedIn, _form: SignedForm, number: str) -> Response:
    """Bring a deleted ticket back."""
    async with visitor.desk.abegin(visitor.actor) as session:
        ticket = await find_ticket(session, visitor, number)
        await session.run_sync(restore_ticket, ticket.id)
    return await _answer(request, visitor, number, Toast(f"{number} is back."))


@router.post("/{noun}")
async def change_field(
    request: Request, visitor: SignedIn, form: SignedForm, number: str, noun: str
) -> Response:
    """Change one field, unless somebody else changed that very field since this page showed it."""
    if noun not in FIELDS:
        raise Invalid("That is not a field of a ticket.")
    field = FIELDS[noun]
    value = _value(field, text_of(form, noun), id_of(form, noun) if field.endswith("_id") else None)
    seen_text = form.get("seen")
    seen: dict[str, Any] = {}
    if isinstance(seen_text, str):
        seen[field] = _value(field, seen_text, id_of(form, "seen") if field.endswith("_id") else None)
    try:
        change = await _change(visitor, number, field, value, seen)
    except FieldChanged:
        if noun == "title":  # edited where it stands: the page shows what it is now
            raise
        return await _conflict(request, visitor, number, noun, text_of(form, noun))
    return await _answer(request, visitor, number, change.toast(noun, number, _query(request)))


async def _change(visitor: Visitor, number: str, field: str, value: Any, seen: dict[str, Any]) -> Change:
    changes: TicketChanges = {field: value}  # type: ignore[misc]  # one of FIELDS
    async with visitor.desk.abegin(visitor.actor) as session:
        ticket = await find_ticket(session, visitor, number)
        before = getattr(ticket, field)
        changed: Ticket = await session.run_sync(change_ticket, ticket.id, changes, seen=seen)
        await session.run_sync(mark_ticket_read, ticket.id)
        return Change(field, before, getattr(changed, field))


async def _conflict(request: Request, visitor: Visitor, number: str, noun: str, wanted: str) -> Response:
    async with visitor.desk.aread(visitor.actor, fresh=True) as session:
        loaded = await load_ticket(session, visitor, number)
    address = read_address(request.query_params)
    view = make_ticket(visitor, loaded, address)
    told = conflict_view(loaded, view, noun, FIELDS[noun], wanted)
    return await changed_ticket(request, visitor, number, conflict=told, loaded=loaded, status=409)


async def _answer(request: Request, visitor: Visitor, number: str, toast: Toast | None = None) -> Response:
    if not is_htmx(request):
        return go_to(request, read_address(request.query_params).here(f"/tickets/{number}"))
    return await changed_ticket(request, visitor, number, toast=toast)


def _value(field: str, text: str, number: int | None) -> Any:
    match field:
        case "status":
            return _choice(TicketStatus, field, text)
        case "priority":
            return _choice(TicketPriority, field, text)
        case "assignee_id" | "team_id":
            return number
    return text


def _choice(kind: Any, field: str, text: str) -> Any:
    try:
        return kind(text)
    except ValueError:
        raise Invalid(fields={field: "is not one of the choices."}) from None


def _query(request: Request) -> str:
    return f"?{request.url.query}" if request.url.query else ""
