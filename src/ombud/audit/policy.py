"""Who may read the log. Row security says the same a second time."""

from sqlalchemy import ColumnElement, and_, false, or_, select, true

from ombud.db.actor import Actor, Scope
from ombud.models import AuditLog, Ticket
from ombud.tickets.policy import visible_to


def log_visible_to(actor: Actor) -> ColumnElement[bool]:
    """Administrators read all of it, agents what belongs to tickets that they see, and what tags were called."""
    if actor.is_admin:
        return true()
    if not actor.is_staff:
        return false()
    of_ticket: ColumnElement[bool] = AuditLog.ticket_id.is_not(None)
    if actor.scope is not Scope.ALL:
        of_ticket = and_(of_ticket, AuditLog.ticket_id.in_(select(Ticket.id).where(visible_to(actor))))
    return or_(of_ticket, AuditLog.table_name == "tags")


def looks_visible_to(actor: Actor) -> ColumnElement[bool]:
    """Administrators read who looked at what; nobody else does."""
    return true() if actor.is_admin else false()
