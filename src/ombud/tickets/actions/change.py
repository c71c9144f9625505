"""Change a ticket's fields: one locked row, one UPDATE, conflicts told and nothing overwritten."""

from collections.abc import Mapping
from typing import Any, TypedDict

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ombud.db.actor import Scope
from ombud.db.context import actor_of
from ombud.db.reactions import react
from ombud.db.types import one_of
from ombud.errors import Conflict, Forbidden, StaleVersion
from ombud.kit.text import clean_body, clean_title
from ombud.models import Ticket, TicketParticipant, TicketPriority, TicketStatus
from ombud.tickets.actions.find import get_assignee, get_person, get_team, get_ticket_for_change
from ombud.tickets.events import TicketsAssigned
from ombud.tickets.policy import require_own_verdict, require_writer
from ombud.tickets.rules import check_move


class TicketChanges(TypedDict, total=False):
    """The fields that people change; only those present are changed."""

    title: str
    description: str
    status: TicketStatus
    priority: TicketPriority
    assignee_id: int | None
    team_id: int | None
    requester_id: int


class FieldChanged(Conflict):
    """Somebody changed the very field that this actor is changing. `field` and `current` say what it is now."""

    code = "field_changed"


def change_ticket(
    session: Session,
    ticket_id: int,
    changes: TicketChanges,
    *,
    expected_version: int | None = None,
    seen: Mapping[str, Any] | None = None,
) -> Ticket:
    """Change some fields of a ticket and return it.

    `expected_version` refuses with StaleVersion when anything was edited since (an API's If-Match). `seen`
    holds the values that the actor saw of the fields being changed and refuses with FieldChanged only when
    one of those is different now, so that two people can work on different fields at once.
    """
    ticket = get_ticket_for_change(session, ticket_id)
    _check_right(session, ticket, changes)
    if expected_version is not None and ticket.version != expected_version:
        raise StaleVersion(current=ticket.version)
    _check_seen(ticket, seen or {})
    # Everything is checked before anything is set: a look-up would flush half of the changes on its own.
    values = {field: _checked(session, ticket, field, value) for field, value in changes.items()}
    if values.keys() & {"team_id", "assignee_id"}:
        _keep_in_sight(session, ticket)
    before = ticket.assignee_id
    for field, value in values.items():
        setattr(ticket, field, value)
    session.flush()
    if ticket.assignee_id is not None and ticket.assignee_id != before:
        react(session, TicketsAssigned((ticket.id,), ticket.assignee_id))
    return ticket


def set_status(
    session: Session,
    ticket_id: int,
    status: TicketStatus,
    *,
    expected_version: int | None = None,
    seen: Mapping[str, Any] | None = None,
) -> Ticket:
    """Move a ticket to another status; IllegalMove when the transition table says no."""
    return change_ticket(session, ticket_id, {"status": status}, expected_version=expected_version, seen=seen)


def set_priority(
    session: Session,
    ticket_id: int,
    priority: TicketPriority,
    *,
    expected_version: int | None = None,
    seen: Mapping[str, Any] | None = None,
) -> Ticket:
    """Change how urgent a ticket is."""
    return change_ticket(
        session, ticket_id, {"priority": priority}, expected_version=expected_version, seen=seen
    )


def assign(
    session: Session,
    ticket_id: int,
    assignee_id: int | None,
    *,
    expected_version: int | None = None,
    seen: Mapping[str, Any] | None = None,
) -> Ticket:
    """Give a ticket to an active agent, or to nobody."""
    return change_ticket(
        session, ticket_id, {"assignee_id": assignee_id}, expected_version=expected_version, seen=seen
    )


def move_to_team(
    session: Session,
    ticket_id: int,
    team_id: int | None,
    *,
    expected_version: int | None = None,
    seen: Mapping[str, Any] | None = None,
) -> Ticket:
    """Route a ticket to a team, or to none."""
    return change_ticket(
        session, ticket_id, {"team_id": team_id}, expected_version=expected_version, seen=seen
    )


def _keep_in_sight(session: Session, ticket: Ticket) -> None:
    """Let an agent of some teams follow what they hand over: nobody loses sight of it by giving it away."""
    actor = actor_of(session)
    if actor.scope is Scope.TEAMS:
        following = {"ticket_id": ticket.id, "user_id": actor.user_id}
        session.execute(insert(TicketParticipant).values(following).on_conflict_do_nothing())


def _check_right(session: Session, ticket: Ticket, changes: TicketChanges) -> None:
    """Staff change everything; a customer gives a verdict on their own ticket."""
    actor = actor_of(session)
    if actor.is_staff:
        require_writer(actor)
        return
    if not set(changes) <= {"status"}:
        raise Forbidden("Only the support team can change that.")
    require_own_verdict(actor, ticket.requester_id, changes.get("status"))


def _check_seen(ticket: Ticket, seen: Mapping[str, Any]) -> None:
    for field, value in seen.items():
        current = getattr(ticket, field)
        if current != value:
            raise FieldChanged(
                f"Somebody else changed the {field.removesuffix('_id')} in the meantime. Nothing was overwritten.",
                field=field,
                current=current,
            )


def _checked(session: Session, ticket: Ticket, field: str, value: Any) -> Any:
    match field:
        case "title":
            return clean_title("title", value, limit=500)
        case "description":
            return clean_body("description", value, required=False)
        case "status":
            status = one_of(TicketStatus, value)
            check_move(ticket.status, status)
            return status
        case "priority":
            return one_of(TicketPriority, value)
        case "assignee_id":
            return None if value is None else get_assignee(session, value).id
        case "team_id":
            return None if value is None else get_team(session, value).id
        case "requester_id":
            person = get_person(session, "requester", value)
            return person.merged_into_id or person.id  # one who was merged asks as who they are now
    raise TypeError(f"{field} is not a field that people change")
