"""Keep webhooks: set them up, give them another secret, try them, send again what failed.

Secrets are sealed here. A fresh one is returned once, to who made it, and never comes back out of here.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, TypedDict

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from ombud import clock
from ombud.db.context import actor_of
from ombud.errors import Conflict, Invalid, NotFound
from ombud.kit.guard import Guard
from ombud.kit.ids import is_id
from ombud.kit.public_urls import checked_url
from ombud.kit.text import clean_line
from ombud.kit.vault import Vault
from ombud.models import DeliveryState, WebhookDelivery, WebhookEndpoint, WebhookEvent
from ombud.tickets.policy import require_staff
from ombud.webhooks import queries
from ombud.webhooks.policy import require_owner, require_right_to_keep_webhooks
from ombud.webhooks.rules import OVERLAP, new_secret

MOST = 50
"""Endpoints that a desk has at most, whoever keeps them."""
MOST_EACH = 10
"""Endpoints of one agent: nobody uses up what the desk has. Administrators, who answer for all, keep what there is."""
KEPT = timedelta(days=30)
TABLE = "webhook_endpoints"
SECRETS = ("secret", "old_secret")
TOLD = ("url", "events", "includes_notes")
"""What an endpoint tells, and where: its owner's to say."""
CHOICES = tuple(event.value for event in WebhookEvent if event is not WebhookEvent.TEST)


class TooManyWebhooks(Conflict):
    """An agent keeps as many webhooks as one may."""

    code = "too_many_webhooks"
    default_message = (
        f"You keep {MOST_EACH} webhooks already, as many as one agent may. Delete one of yours first."
    )


class EndpointChanges(TypedDict, total=False):
    """The fields of an endpoint that its owner sets; only those present are changed."""

    url: str
    description: str
    events: Sequence[str]
    includes_notes: bool
    is_active: bool


def create_endpoint(
    session: Session, changes: EndpointChanges, *, vault: Vault, guard: Guard
) -> tuple[WebhookEndpoint, str]:
    """Set up an endpoint that the actor owns and return it with its secret, which is told only now."""
    actor = actor_of(session)
    require_right_to_keep_webhooks(actor)
    if actor.user_id is None:
        raise Invalid(fields={"owner_id": "must be a person."})
    if (session.scalar(queries.endpoint_count()) or 0) >= MOST:
        raise Conflict(f"This desk has {MOST} webhooks already. Somebody must delete one first.")
    if not actor.is_admin and (session.scalar(queries.count_of(actor.user_id)) or 0) >= MOST_EACH:
        raise TooManyWebhooks
    endpoint = WebhookEndpoint(owner_id=actor.user_id, url="")
    _apply(endpoint, {"url": "", **changes}, guard)
    session.add(endpoint)
    session.flush()
    secret = new_secret()
    _seal(session, endpoint, vault, {"secret": secret})
    return get_endpoint(session, endpoint.id), secret


def change_endpoint(
    session: Session, endpoint_id: int, changes: EndpointChanges, *, guard: Guard
) -> WebhookEndpoint:
    """Change some fields of an endpoint and return it. Switched on again, it starts with a clean record."""
    endpoint = _own(session, endpoint_id)
    checked = {field: _checked(field, value, guard) for field, value in changes.items()}
    if any(field in TOLD and getattr(endpoint, field) != value for field, value in checked.items()):
        require_owner(actor_of(session), endpoint)
    for field, value in checked.items():
        setattr(endpoint, field, value)
    if changes.get("is_active"):
        endpoint.problem, endpoint.failing_since, endpoint.held_until = "", None, None
    session.flush()
    return endpoint


def delete_endpoint(session: Session, endpoint_id: int) -> None:
    """Delete an endpoint with its messages."""
    session.delete(_own(session, endpoint_id))
    session.flush()


def rotate_secret(session: Session, endpoint_id: int, *, vault: Vault) -> tuple[WebhookEndpoint, str]:
    """Give an endpoint another secret and return it, once. For a day messages are signed with both."""
    endpoint = _own(session, endpoint_id)
    require_owner(actor_of(session), endpoint)
    secret = new_secret()
    # With the time a trigger keeps the former one: who asks for another secret cannot read the present one.
    _seal(session, endpoint, vault, {"secret": secret}, old_until=clock.now() + OVERLAP)
    return endpoint, secret


def send_test(session: Session, endpoint_id: int) -> WebhookDelivery:
    """Queue a message of the type `webhook.test`; Conflict when the endpoint is switched off."""
    endpoint = _own(session, endpoint_id)
    if not endpoint.is_active:
        raise Conflict("This webhook is switched off.")
    made = WebhookDelivery(
        endpoint_id=endpoint.id, event=WebhookEvent.TEST, actor=actor_of(session).label, happened_at=clock.now(),
        due_at=clock.now(),
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made


def send_again(session: Session, endpoint_id: int, delivery_id: int) -> WebhookDelivery:
    """Send a message again now, under the same id, with all attempts before it; Conflict while it is under way."""
    endpoint = _own(session, endpoint_id)
    found = session.scalar(queries.delivery(actor_of(session), endpoint_id, delivery_id))
    if found is None:
        raise NotFound("There is no such message here.")
    if not endpoint.is_active:
        raise Conflict("This webhook is switched off.")
    if found.state is DeliveryState.SENDING:
        raise Conflict("This message is being sent.")
    found.state, found.attempts, found.due_at, found.settled_at = DeliveryState.WAITING, 0, clock.now(), None
    session.flush()
    return found


def get_endpoint(session: Session, endpoint_id: int) -> WebhookEndpoint:
    """Return an endpoint that the actor keeps; NotFound when there is none."""
    require_staff(actor_of(session))
    found = session.scalar(queries.endpoint(actor_of(session), endpoint_id)) if is_id(endpoint_id) else None
    if found is None:
        raise NotFound("There is no such webhook here.")
    return found


def reseal(session: Session, vault: Vault) -> int:
    """Seal with the newest key what older ones sealed; returns how many secrets that were. For the system."""
    done = 0
    for endpoint in session.scalars(queries.sealed_endpoints()):
        stale = {
            column: vault.open(sealed, (TABLE, "secret", endpoint.id))
            for column in SECRETS
            if (sealed := getattr(endpoint, column)) is not None and not vault.is_current(sealed)
        }
        _seal(session, endpoint, vault, stale)
        done += len(stale)
    return done


def count_stale(session: Session, vault: Vault) -> int:
    """Return how many secrets another key than the newest sealed. For the system."""
    found = [
        getattr(one, column) for one in session.scalars(queries.sealed_endpoints()) for column in SECRETS
    ]
    return sum(sealed is not None and not vault.is_current(sealed) for sealed in found)


def forget_old_deliveries(session: Session) -> int:
    """Remove what was settled a month ago; returns how many messages. For the system."""
    settled = WebhookDelivery.settled_at < clock.now() - KEPT
    done = session.execute(
        delete(WebhookDelivery).where(settled), execution_options={"synchronize_session": False}
    )
    return done.rowcount  # type: ignore[attr-defined,no-any-return]  # a CursorResult, as DML gives


def _own(session: Session, endpoint_id: int) -> WebhookEndpoint:
    require_right_to_keep_webhooks(actor_of(session))
    return get_endpoint(session, endpoint_id)


def _seal(
    session: Session,
    endpoint: WebhookEndpoint,
    vault: Vault,
    values: dict[str, str],
    *,
    old_until: datetime | None = None,
) -> None:
    """Set secrets by a statement of its own: they are no part of the object, and who sets them cannot read them.

    Both are sealed for the place of the first, so that the present one can become the former one unread.
    """
    if not values:
        return
    sealed: dict[str, Any] = {
        column: vault.seal(text, (TABLE, "secret", endpoint.id)) for column, text in values.items()
    }
    if old_until is not None:
        sealed["old_secret_until"] = old_until
    session.execute(
        update(WebhookEndpoint).where(WebhookEndpoint.id == endpoint.id).values(sealed),
        execution_options={"synchronize_session": False},
    )
    session.expire(endpoint, ["updated_at", "old_secret_until"])
    session.refresh(endpoint, ["updated_at", "old_secret_until"])


def _apply(endpoint: WebhookEndpoint, changes: EndpointChanges | dict[str, Any], guard: Guard) -> None:
    for field, value in changes.items():
        setattr(endpoint, field, _checked(field, value, guard))


def _checked(field: str, value: Any, guard: Guard) -> Any:
    match field:
        case "url":
            return checked_url(field, value, guard)
        case "description":
            return clean_line(field, value, limit=200, required=False)
        case "events":
            if any(event not in CHOICES for event in value):
                raise Invalid(fields={field: f"must be among {', '.join(CHOICES)}."})
            return sorted(set(value))
        case "includes_notes" | "is_active":
            return bool(value)
        case _:
            raise Invalid(fields={field: "is not a field of a webhook."})
