"""Delete tickets so that they can come back."""

from sqlalchemy import func
from sqlalchemy.orm import Session

from ombud.db.context import actor_of
from ombud.db.permissions import Permission
from ombud.tickets.actions.find import get_ticket_for_change
from ombud.tickets.policy import require_permission


def soft_delete_ticket(session: Session, ticket_id: int) -> bool:
    """Hide a ticket from every list and search. Returns False when it was deleted already."""
    require_permission(actor_of(session), Permission.TICKETS_DELETE)
    ticket = get_ticket_for_change(session, ticket_id, deleted=True)
    if ticket.deleted_at is not None:
        return False
    ticket.deleted_at = func.now()
    session.flush()
    return True


def restore_ticket(session: Session, ticket_id: int) -> bool:
    """Bring a deleted ticket back as it was. Returns False when it was not deleted."""
    require_permission(actor_of(session), Permission.TICKETS_DELETE)
    ticket = get_ticket_for_change(session, ticket_id, deleted=True)
    if ticket.deleted_at is None:
        return False
    ticket.deleted_at = None
    session.flush()
    return True
