"""Who may see and do what to tickets. Row security in the database says the same a second time."""

from sqlalchemy import ColumnElement, and_, any_, false, func, or_, select, true

from ombud.db.actor import Actor, Scope
from ombud.errors import Forbidden
from ombud.models import Comment, Ticket, TicketParticipant


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """Return the condition under which `actor` may know of a ticket."""
    if actor.scope is Scope.ALL:
        return true()
    # An array, computed once: unlike EXISTS it lets the planner combine the indexes of the three conditions.
    followed = select(TicketParticipant.ticket_id).where(TicketParticipant.user_id == actor.user_id)
    follows = Ticket.id == any_(func.array(followed.scalar_subquery()))
    if actor.scope is Scope.TEAMS:
        return or_(
            Ticket.team_id.is_(None),
            Ticket.team_id.in_(sorted(actor.team_ids)),
            Ticket.assignee_id == actor.user_id,
            follows,
        )
    shared = Ticket.organization_id == actor.organization_id if actor.organization_id else false()
    return and_(Ticket.deleted_at.is_(None), or_(Ticket.requester_id == actor.user_id, shared, follows))


def comments_visible_to(actor: Actor) -> ColumnElement[bool]:
    """Return the condition under which `actor` may read a comment of a ticket that they see."""
    return true() if actor.is_staff else Comment.is_internal.is_(False)


def require_staff(actor: Actor) -> None:
    """Refuse customers: triage is the desk's work."""
    if not actor.is_staff:
        raise Forbidden("Only the support team can do that.")


def require_writer(actor: Actor) -> None:
    """Refuse customers and light agents, who read and write notes only."""
    require_staff(actor)
    if actor.read_only:
        raise Forbidden("A light agent reads and writes internal notes only.")
