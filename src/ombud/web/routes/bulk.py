"""Change several tickets at once: all of them, or none with the reason."""

from __future__ import annotations

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from ombud.db.context import actor_of
from ombud.errors import Conflict, Invalid
from ombud.models import TicketStatus
from ombud.tickets import TicketChanges, change_ticket
from ombud.tickets.queries import tickets_by_number
from ombud.web.answers import Toast, go_to, is_htmx, page
from ombud.web.auth import SignedIn
from ombud.web.forms import SignedForm, id_of, text_of
from ombud.web.place import at

router = APIRouter()

LIMIT = 100


@router.post("/tickets/bulk")
async def change_many(request: Request, visitor: SignedIn, form: SignedForm) -> Response:
    """Set the status or the assignee of the selected tickets."""
    numbers = [value for value in form.getlist("ticket") if isinstance(value, str)]
    if not 0 < len(numbers) <= LIMIT:
        raise Invalid(f"Select between 1 and {LIMIT} tickets.")
    changes: TicketChanges
    if text_of(form, "status"):
        try:
            changes = {"status": TicketStatus(text_of(form, "status"))}
        except ValueError:
            raise Invalid("That is not a status.") from None
    elif text_of(form, "assignee") == "none":
        changes = {"assignee_id": None}
    else:
        changes = {"assignee_id": id_of(form, "assignee")}
    count = await visitor.desk.arun(visitor.actor, _change, numbers, changes)
    if not is_htmx(request):
        return go_to(request, at("/"))
    toast = Toast("1 ticket changed." if count == 1 else f"{count} tickets changed.")
    headers = {"HX-Trigger": "tickets-changed"}
    return page(request, "partials/toast.html", {"text": toast.text}, headers=headers)


def _change(session: Session, numbers: list[str], changes: TicketChanges) -> int:
    found = session.execute(tickets_by_number(actor_of(session), numbers)).all()
    for ticket_id, number in found:
        try:
            change_ticket(session, ticket_id, changes)
        except Conflict as error:
            raise Conflict(f"{number}: {error.message} Nothing was changed.") from error
    return len(found)
