"""Who may see and keep which people. Row security in the database says the same a second time."""

from sqlalchemy import ColumnElement, exists, or_, true

from ombud.db.actor import Actor, ActorKind, Scope
from ombud.db.permissions import Permission
from ombud.errors import Forbidden
from ombud.models import Comment, Ticket, User, UserRole
from ombud.tickets.policy import comments_visible_to, visible_to


def people_visible_to(actor: Actor) -> ColumnElement[bool]:
    """Return the condition under which `actor` may know of a person.

    Customers know themselves, the staff, colleagues who share, and who asks and answers on what they see.
    """
    if actor.is_staff:
        return true()
    shared = (
        User.organization_id == actor.organization_id if actor.organization_id else User.id == actor.user_id
    )
    asks = exists().where(Ticket.requester_id == User.id, visible_to(actor))
    answers = exists().where(
        Comment.author_id == User.id,
        comments_visible_to(actor),
        Ticket.id == Comment.ticket_id,
        visible_to(actor),
    )
    return or_(User.id == actor.user_id, User.is_staff, shared, asks, answers)


def require_admin(actor: Actor) -> None:
    """Refuse everybody but administrators and the system."""
    if not actor.is_admin:
        raise Forbidden("Only an administrator can do that.")


def require_role_keeper(actor: Actor, *rights: str) -> None:
    """Refuse who may not keep roles, and who may but has not all of these rights: nobody gives what they have not."""
    if not actor.may(Permission.ROLES_KEEP):
        raise Forbidden("Only an administrator, or who has the right to keep roles, can do that.")
    if not (actor.is_admin or set(rights) <= actor.permissions):
        raise Forbidden("This role holds a right that you do not have yourself. Ask an administrator.")


def require_right_to_keep(actor: Actor, role: UserRole) -> None:
    """Agents keep customers; administrators keep everybody."""
    if actor.is_admin or (
        actor.kind is ActorKind.AGENT and role is UserRole.CUSTOMER and actor.may(Permission.PEOPLE_KEEP)
    ):
        return
    raise Forbidden("Only an administrator can do that.")


def sees_all(actor: Actor) -> bool:
    """Tell whether nothing that a customer sees is hidden from this member of staff."""
    return actor.scope is Scope.ALL


def require_sight_of_all(actor: Actor) -> None:
    """Refuse who sees some teams only: what opens tickets to a customer would open them to whoever says who that is.

    Of an existing person the address (a new password goes there) and the organization, of an organization that it
    shares and whose domains belong to it (ADR 0035).
    """
    if not sees_all(actor):
        raise Forbidden(
            "A customer's address and company decide which tickets they see. Ask somebody who sees all teams."
        )
