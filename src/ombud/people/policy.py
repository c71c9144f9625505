"""Who may see and keep which people. Row security in the database says the same a second time."""

from sqlalchemy import ColumnElement, or_, true

from ombud.db.actor import Actor, ActorKind
from ombud.errors import Forbidden
from ombud.models import User, UserRole


def people_visible_to(actor: Actor) -> ColumnElement[bool]:
    """Return the condition under which `actor` may know of a person."""
    if actor.is_staff:
        return true()
    shared = (
        User.organization_id == actor.organization_id if actor.organization_id else User.id == actor.user_id
    )
    return or_(User.id == actor.user_id, User.is_staff, shared)


def require_admin(actor: Actor) -> None:
    """Refuse everybody but administrators and the system."""
    if not actor.is_admin:
        raise Forbidden("Only an administrator can do that.")


def require_right_to_keep(actor: Actor, role: UserRole) -> None:
    """Agents keep customers; administrators keep everybody."""
    if actor.is_admin or (
        actor.kind is ActorKind.AGENT and not actor.read_only and role is UserRole.CUSTOMER
    ):
        return
    raise Forbidden("Only an administrator can do that.")
