"""What actions look up before they change something: always through what the actor may see."""

from sqlalchemy.orm import Session

from ombud.db.actor import Actor
from ombud.db.context import actor_of
from ombud.errors import Invalid, NotFound
from ombud.kit.ids import is_id
from ombud.models import Team, Ticket, User
from ombud.tickets import queries
from ombud.tickets.policy import require_right_in_team
from ombud.tickets.rules import TicketDeleted


def get_ticket_for_change(
    session: Session, ticket_id: int | str, *, deleted: bool = False, for_note: bool = False
) -> Ticket:
    """Return a ticket by its id, or by its number (a text), locked until the end of the transaction.

    Raises NotFound when it is missing or invisible, TicketDeleted when it is deleted and `deleted` is false,
    Forbidden for who only reads its team's tickets, but for a note.
    """
    ticket, actor = None, actor_of(session)
    if isinstance(ticket_id, str) or is_id(ticket_id):
        ticket = session.scalar(queries.ticket_for_change(actor, ticket_id))
    if ticket is None:
        raise NotFound("There is no such ticket here.")
    check_change(actor, ticket, deleted=deleted, for_note=for_note)
    return ticket


def check_change(actor: Actor, ticket: Ticket, *, deleted: bool = False, for_note: bool = False) -> None:
    """Refuse a change of a ticket as `get_ticket_for_change` does."""
    if not for_note:
        require_right_in_team(actor, ticket.team_id)
    if ticket.deleted_at is not None and not deleted:
        raise TicketDeleted


def get_assignee(session: Session, user_id: int) -> User:
    """Return an active member of staff; Invalid for anybody else."""
    user = session.get(User, user_id) if is_id(user_id) else None
    if user is None or not user.is_staff or not user.is_active:
        raise Invalid(fields={"assignee": "must be an active agent."})
    return user


def get_team(session: Session, team_id: int) -> Team:
    """Return a team; Invalid when there is none."""
    team = session.get(Team, team_id) if is_id(team_id) else None
    if team is None:
        raise Invalid(fields={"team": "does not exist."})
    return team


def get_person(session: Session, field: str, user_id: int) -> User:
    """Return a person whom the actor may see; Invalid when there is none."""
    user = session.get(User, user_id) if is_id(user_id) else None
    if user is None:
        raise Invalid(fields={field: "does not exist."})
    return user
