"""Open a ticket: for a customer by staff, or by a customer for themselves."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.responses import Response

from ombud.errors import Invalid
from ombud.models import TicketPriority
from ombud.people import queries as people
from ombud.people.actions import find_or_create_customer
from ombud.tickets import StoredFile, open_ticket
from ombud.web import queries
from ombud.web.answers import go_to, page
from ombud.web.around import Around, make_frame, read_around
from ombud.web.auth import SignedIn, Visitor
from ombud.web.forms import SignedForm, field_errors, id_of, store_files, text_of
from ombud.web.place import at
from ombud.web.views.menus import Option
from ombud.web.views.people import PersonView
from ombud.web.wording import PRIORITY_LABELS

router = APIRouter()

_FIELDS = {"email": "The email", "full_name": "The name", "title": "The title", "description": "The text"}
SUGGESTIONS = 8


@router.get("/tickets/new")
async def new_ticket_page(request: Request, visitor: SignedIn) -> Response:
    """Show the form."""
    return await _form(request, visitor, {}, {})


@router.post("/tickets")
async def create(request: Request, visitor: SignedIn, form: SignedForm) -> Response:
    """Open the ticket and go to it; a customer who is new to the desk is made on the way."""
    values = {name: text_of(form, name) for name in (*_FIELDS, "priority", "assignee", "team")}
    try:
        files = await store_files(form, visitor.parts.runtime.files)
        choices = _choices(form) if visitor.can_write else {}
        number = await visitor.desk.arun(visitor.actor, _open, visitor.is_staff, values, choices, files)
    except Invalid as error:
        errors = field_errors(error, _FIELDS)
        return await _form(request, visitor, values, errors, "" if any(errors.values()) else error.message)
    return go_to(request, at(f"/tickets/{number}#opened"))  # kept.js forgets what was typed


@router.get("/people")
async def suggestions(request: Request, visitor: SignedIn, email: str = "") -> Response:
    """Show customers whose name or address contains the text, as choices of the email field."""
    found: list[PersonView] = []
    if visitor.is_staff and len(email.strip()) > 1:
        async with visitor.desk.aread(visitor.actor) as session:
            rows = await session.scalars(people.customers(email[:100], limit=SUGGESTIONS))
            found = [PersonView.of(user.full_name, user.email) for user in rows]
    return page(request, "partials/suggestions.html", {"people": found})


def _open(
    session: Session,
    for_others: bool,
    values: dict[str, str],
    choices: dict[str, Any],
    files: list[StoredFile],
) -> str:
    requester_id = None
    if for_others:
        email, name = values["email"], values["full_name"]
        requester_id = find_or_create_customer(session, email=email, full_name=name).id
    ticket = open_ticket(
        session,
        title=values["title"],
        description=values["description"],
        requester_id=requester_id,
        files=files,
        **choices,
    )
    return ticket.ticket_number


def _choices(form: FormData) -> dict[str, Any]:
    try:
        priority = TicketPriority(text_of(form, "priority") or "medium")
    except ValueError:
        raise Invalid("That is not a priority.") from None
    return {"priority": priority, "assignee_id": id_of(form, "assignee"), "team_id": id_of(form, "team")}


async def _form(
    request: Request, visitor: Visitor, values: dict[str, str], errors: dict[str, str], failure: str = ""
) -> Response:
    async with visitor.desk.aread(visitor.actor) as session:
        row = (await session.execute(queries.surroundings(visitor.actor))).one()
    around = read_around(row)
    none = dict.fromkeys(_FIELDS, "")
    context = {
        "frame": make_frame(request, visitor, around, "new"),
        "values": none | values,
        "errors": none | errors,
        "failure": failure,
        "options": _options(around, values),
    }
    return page(request, "pages/new_ticket.html", context, status=422 if errors or failure else 200)


def _options(around: Around, values: dict[str, str]) -> dict[str, list[Option]]:
    def options(name: str, default: str, pairs: list[tuple[str, str]]) -> list[Option]:
        chosen = values.get(name, default)
        return [Option(value, label, value == chosen) for value, label in pairs]

    staff = [(str(key), who.name) for key, who in around.staff.items() if who.active]
    teams = [(str(key), name) for key, name in around.teams.items()]
    return {
        "priority": options("priority", "medium", list(PRIORITY_LABELS.items())),
        "assignee": options("assignee", "", [("", "Nobody"), *staff]),
        "team": options("team", "", [("", "None"), *teams]),
    }
