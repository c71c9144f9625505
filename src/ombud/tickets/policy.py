"""Who may see and do what to tickets. Row security in the database says the same a second time."""

from sqlalchemy import ColumnElement, and_, any_, false, func, or_, select, true

from ombud.db.actor import Actor, Scope
from ombud.db.permissions import Permission
from ombud.errors import Forbidden
from ombud.models import Comment, Ticket, TicketParticipant, TicketStatus
from ombud.tickets.filters import TicketFilter

# What a customer must not even find out by filtering, by parameter or by a term typed.
DESK_ONLY = (
    "assignees",
    "assignee_names",
    "team_ids",
    "team_names",
    "tags",
    "organization_id",
    "organization_names",
    "requester_names",
    "updated_from",
    "updated_to",
    "overdue",
    "deleted",
)


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


def require_askable(actor: Actor, wanted: TicketFilter) -> None:
    """Refuse a customer who asks about the desk's own work: what they do not see they must not find out.

    `wanted` is without terms in its text (`ombud.tickets.grammar.understand`).
    """
    if not actor.is_staff and any(getattr(one, field) for one in wanted.all for field in DESK_ONLY):
        raise Forbidden("Only the support team can filter by that.")


def require_staff(actor: Actor) -> None:
    """Refuse customers: triage is the desk's work."""
    if not actor.is_staff:
        raise Forbidden("Only the support team can do that.")


# How a refusal names what somebody may not do.
_DOING = {
    Permission.TICKETS_OPEN: "open tickets",
    Permission.TICKETS_REPLY: "answer customers",
    Permission.TICKETS_CHANGE: "change tickets",
    Permission.TICKETS_DELETE: "delete or restore tickets",
    Permission.NOTES_WRITE: "write notes",
    Permission.TAGS_KEEP: "make tags",
    Permission.PEOPLE_KEEP: "keep customers and organizations",
    Permission.EXPORTS_MAKE: "make exports",
    Permission.IMPORTS_MAKE: "bring files in",
}


def require_permission(actor: Actor, permission: Permission) -> None:
    """Refuse customers, and staff whose role lacks a right."""
    require_staff(actor)
    if not actor.may(permission):
        raise Forbidden(f"Your role does not let you {_DOING[permission]}.")


def require_writer(actor: Actor) -> None:
    """Refuse customers, light agents and others of the staff who change no ticket."""
    require_permission(actor, Permission.TICKETS_CHANGE)


def require_own_verdict(actor: Actor, requester_id: int, status: object) -> None:
    """Let a customer declare their own ticket resolved, or open again, and refuse every other move."""
    if status not in (TicketStatus.RESOLVED, TicketStatus.OPEN) or requester_id != actor.user_id:
        raise Forbidden("Only the support team can change that.")


def require_right_in_team(actor: Actor, team_id: int | None) -> None:
    """Refuse who only reads the tickets of this team."""
    if actor.only_reads(team_id):
        raise Forbidden("You read the tickets of this team and change none.")
