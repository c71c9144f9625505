"""What is the caller's alone: how their desk looks, what they have read, what they are writing."""

from sqlalchemy.orm import Session

from ombud.api import lookup
from ombud.api.calls import CurrentCall
from ombud.api.routing import api_router, problems
from ombud.api.schemas.base import TicketNumber
from ombud.api.schemas.personal import Draft, NewDraft, Preferences, PreferencesPatch
from ombud.db.context import actor_of
from ombud.models import Draft as DraftRow
from ombud.notifications import mark_ticket_read
from ombud.people.actions import get_user, set_theme
from ombud.people.browsers import set_new_browser_letters
from ombud.tickets import discard_draft, keep_draft, mark_read, queries

router = api_router("Me")


@router.get("/me/preferences")
async def read_preferences(call: CurrentCall) -> Preferences:
    """Read how the caller's pages look."""
    return await call.read(_preferences)


@router.patch("/me/preferences", responses=problems(413, 415))
async def change_preferences(body: PreferencesPatch, call: CurrentCall) -> Preferences:
    """Change how the caller's pages look, in every browser they sign in with, and what they are written to about."""
    return await call.write(_prefer, body)


@router.post("/tickets/{number}/reading", status_code=204)
async def read_all_of_ticket(number: TicketNumber, call: CurrentCall) -> None:
    """Remember that the caller has seen a ticket as it is now, and what they were told about it."""
    await call.write(_read, number)


@router.get("/tickets/{number}/draft")
async def read_draft(number: TicketNumber, call: CurrentCall) -> Draft:
    """Read what the caller has begun to write about a ticket, here or in a browser; empty when that is nothing."""
    return await call.read(_draft, number)


@router.put("/tickets/{number}/draft", responses=problems(413, 415))
async def save_draft(number: TicketNumber, body: NewDraft, call: CurrentCall) -> Draft:
    """Keep words that are not sent yet: a reply, or a note. There is one draft a ticket and person."""
    return await call.write(_keep, number, body)


@router.delete("/tickets/{number}/draft", status_code=204)
async def throw_draft_away(number: TicketNumber, call: CurrentCall) -> None:
    """Throw away what the caller has begun to write; also when there is nothing."""
    await call.write(_discard, number)


def _preferences(session: Session) -> Preferences:
    return Preferences.of(get_user(session, actor_of(session).user_id or 0))


def _prefer(session: Session, body: PreferencesPatch) -> Preferences:
    if "theme" in body.model_fields_set:
        set_theme(session, body.theme)
    if "new_browser_letters" in body.model_fields_set:
        set_new_browser_letters(session, body.new_browser_letters)
    return _preferences(session)


def _read(session: Session, number: str) -> None:
    ticket_id = lookup.ticket_id(session, number)
    mark_read(session, ticket_id)
    if actor_of(session).is_staff:
        mark_ticket_read(session, ticket_id)


def _draft(session: Session, number: str) -> Draft:
    return _shown(session, lookup.ticket_id(session, number))


def _shown(session: Session, ticket_id: int) -> Draft:
    """Show the newer one: a reply that was taken back can lie beside a note."""
    drafts = queries.drafts_of(actor_of(session), ticket_id).order_by(DraftRow.updated_at.desc())
    return Draft.of(session.scalar(drafts.limit(1)))


def _keep(session: Session, number: str, body: NewDraft) -> Draft:
    ticket_id = lookup.ticket_id(session, number)
    keep_draft(session, ticket_id, body.content, is_internal=body.is_internal)
    return _shown(session, ticket_id)


def _discard(session: Session, number: str) -> None:
    ticket_id = lookup.ticket_id(session, number)
    for is_internal in (False, True):
        discard_draft(session, ticket_id, is_internal=is_internal)
