"""Who may see which mail, and keep the desk's addresses. Row security in the database says the same a second time."""

from sqlalchemy import ColumnElement, exists, false, or_, true

from ombud.db.actor import Actor, Scope
from ombud.errors import Forbidden
from ombud.models import InboundMail, Mailbox, Ticket
from ombud.tickets.policy import visible_to


def mail_visible_to(actor: Actor) -> ColumnElement[bool]:
    """Return the condition under which `actor` may see a message that came in: with its ticket, or its address."""
    if not actor.is_staff:
        return false()
    if actor.scope is Scope.ALL:
        return true()
    on_ticket = exists().where(Ticket.id == InboundMail.ticket_id, visible_to(actor))
    # Named, because `SELECT *` wants the right to read all columns, and of an address nobody has that to its secrets.
    at_address = exists(Mailbox.id).where(
        Mailbox.id == InboundMail.mailbox_id, Mailbox.team_id.in_(sorted(actor.team_ids))
    )
    return or_(on_ticket, InboundMail.ticket_id.is_(None) & at_address)


def require_right_to_keep_mailboxes(actor: Actor) -> None:
    """Refuse everybody but administrators: an address is where customers write, and holds a password."""
    if not actor.is_admin:
        raise Forbidden("Only an administrator sets up mail.")
