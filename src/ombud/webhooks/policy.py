"""Who keeps which webhooks. Row security in the database says the same a second time."""

from sqlalchemy import ColumnElement, exists, false, or_, true

from ombud.db.actor import Actor, Scope
from ombud.db.permissions import Permission
from ombud.errors import Forbidden
from ombud.models import Ticket, WebhookDelivery, WebhookEndpoint
from ombud.tickets.policy import visible_to


def endpoints_visible_to(actor: Actor) -> ColumnElement[bool]:
    """Return the condition under which `actor` keeps an endpoint: staff their own, all with the right to."""
    if actor.may(Permission.WEBHOOKS_KEEP):
        return true()
    return WebhookEndpoint.owner_id == actor.user_id if actor.is_staff else false()


def deliveries_visible_to(actor: Actor) -> ColumnElement[bool]:
    """Return the condition under which a message of a visible endpoint is seen: with its ticket."""
    if actor.scope is Scope.ALL:
        return true()
    seen = exists().where(Ticket.id == WebhookDelivery.ticket_id, visible_to(actor))
    return or_(WebhookDelivery.ticket_id.is_(None), seen)


def require_right_to_keep_webhooks(actor: Actor) -> None:
    """Refuse customers and light agents: who keeps a webhook carries words out of the desk."""
    if actor.may(Permission.WEBHOOKS_KEEP):
        return
    if not actor.is_staff or actor.read_only:
        raise Forbidden("Only agents and administrators keep webhooks.")


def require_owner(actor: Actor, endpoint: WebhookEndpoint) -> None:
    """Refuse who keeps another's webhook to say what it tells, and where: it tells what its owner sees."""
    if not actor.is_admin and endpoint.owner_id != actor.user_id:
        raise Forbidden("Only its owner, or an administrator, changes what this webhook tells, and where.")
