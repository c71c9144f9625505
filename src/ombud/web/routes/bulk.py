"""Change several tickets at once: those that can be, with a word about the others and a way back for all."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.responses import Response

from ombud.db.context import actor_of
from ombud.errors import Conflict, Invalid
from ombud.models import TicketStatus
from ombud.tickets import BulkOutcome, SkipReason, bulk_assign_tickets, bulk_update_ticket_status
from ombud.tickets.queries import tickets_by_number
from ombud.web.answers import Toast, go_to, is_htmx, toasted
from ombud.web.auth import SignedIn
from ombud.web.forms import SignedForm, id_of, text_of
from ombud.web.place import at

router = APIRouter()

LIMIT = 100
Change = Callable[[Session, list[int]], BulkOutcome]

_LEFT = {
    SkipReason.NOT_FOUND: "not there any more",
    SkipReason.DELETED: "deleted",
    SkipReason.ILLEGAL_MOVE: "closed, and can only be reopened",
    SkipReason.DONE: "resolved or closed",
    SkipReason.READ_ONLY: "of a team whose tickets you only read",
    SkipReason.UNCHANGED: "so already",
}


@router.post("/tickets/bulk")
async def change_many(request: Request, visitor: SignedIn, form: SignedForm) -> Response:
    """Set the status or the assignee of the selected tickets, or go to where they are merged."""
    numbers = [value for value in form.getlist("ticket") if isinstance(value, str)]
    if not 0 < len(numbers) <= LIMIT:
        raise Invalid(f"Select between 1 and {LIMIT} tickets.")
    if text_of(form, "merge"):
        return go_to(request, at(f"/tickets/merge?{urlencode([('ticket', number) for number in numbers])}"))
    outcome = await visitor.desk.arun(visitor.actor, _change, numbers, _wanted(form))
    if not is_htmx(request):
        return go_to(request, at("/"))
    way_back = {"request": visitor.actor.request_id}
    headers = {"HX-Trigger": "tickets-changed"}
    return toasted(request, visitor.csrf, Toast(_said(outcome), at("/undo"), way_back), headers)


def _wanted(form: FormData) -> Change:
    if text_of(form, "status"):
        try:
            status = TicketStatus(text_of(form, "status"))
        except ValueError:
            raise Invalid("That is not a status.") from None
        return lambda session, ids: bulk_update_ticket_status(session, ids, status)
    assignee = None if text_of(form, "assignee") == "none" else id_of(form, "assignee")
    return lambda session, ids: bulk_assign_tickets(session, ids, assignee)


def _change(session: Session, numbers: list[str], change: Change) -> BulkOutcome:
    found = session.execute(tickets_by_number(actor_of(session), numbers)).all()
    outcome = change(session, [ticket_id for ticket_id, _number in found])
    if not outcome.changed:
        raise Conflict(f"Nothing was changed: {_left(outcome) or 'the tickets are not there any more'}.")
    return outcome


def _said(outcome: BulkOutcome) -> str:
    count = "1 ticket changed" if outcome.count == 1 else f"{outcome.count} tickets changed"
    return f"{count}; as before: {_left(outcome)}." if outcome.skipped else f"{count}."


def _left(outcome: BulkOutcome) -> str:
    """Say how many tickets were left alone, by reason."""
    counts = ((len(outcome.skipped_for(reason)), words) for reason, words in _LEFT.items())
    return ", ".join(f"{count} {words}" for count, words in counts if count)
