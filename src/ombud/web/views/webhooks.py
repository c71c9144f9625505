"""Webhooks: an endpoint, a message to it, and what both are called on pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ombud.models import DeliveryState, WebhookDelivery, WebhookEndpoint, WebhookEvent
from ombud.web.place import at

EVENT_LABELS = {
    WebhookEvent.TICKET_CREATED: "A ticket is opened",
    WebhookEvent.TICKET_UPDATED: "Its title, text, priority, customer or tags change",
    WebhookEvent.TICKET_STATUS_CHANGED: "Its status changes",
    WebhookEvent.TICKET_ASSIGNED: "Its assignee or team changes",
    WebhookEvent.TICKET_COMMENTED: "Somebody writes on it",
    WebhookEvent.TICKET_DELETED: "It is deleted",
}
STATE_WORDS = {
    DeliveryState.WAITING: ("clock", "Waiting"),
    DeliveryState.SENDING: ("send", "Sending"),
    DeliveryState.DELIVERED: ("check", "Delivered"),
    DeliveryState.FAILED: ("circle-alert", "Failed"),
    DeliveryState.SKIPPED: ("minus", "Not for it"),
}


@dataclass(frozen=True, slots=True)
class WebhookRow:
    """An endpoint as a row, and as the head of its page."""

    href: str
    url: str
    description: str
    owner: str
    state: str
    good: bool
    told: str
    failing_since: datetime | None
    old_secret_until: datetime | None


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A message: `answers` are its attempts, in words."""

    message_id: str
    event: str
    icon: str
    state: str
    at: datetime
    due_at: datetime | None
    answers: tuple[str, ...]
    again_href: str = ""


def webhook_row(endpoint: WebhookEndpoint) -> WebhookRow:
    """Put an endpoint whose owner is loaded into words."""
    state = "Told" if endpoint.is_active else endpoint.problem or "Switched off"
    if endpoint.is_active and endpoint.failing_since is not None:
        state = "Failing"
    return WebhookRow(
        href=at(f"/settings/webhooks/{endpoint.id}"),
        url=endpoint.url,
        description=endpoint.description,
        owner=endpoint.owner.display_name,
        state=state,
        good=endpoint.is_active and endpoint.failing_since is None,
        told=", ".join(endpoint.events) or "everything",
        failing_since=endpoint.failing_since,
        old_secret_until=endpoint.old_secret_until,
    )


def delivery_row(delivery: WebhookDelivery, endpoint: WebhookEndpoint) -> DeliveryRow:
    """Put a message into words."""
    icon, word = STATE_WORDS[delivery.state]
    is_settled = delivery.settled_at is not None
    again = at(f"/settings/webhooks/{endpoint.id}/deliveries/{delivery.id}/attempt")
    return DeliveryRow(
        message_id=delivery.message_id,
        event=delivery.event.value,
        icon=icon,
        state=word,
        at=delivery.happened_at,
        due_at=None if is_settled else delivery.due_at,
        answers=tuple(
            f"{one['status'] or 'no answer'} in {one['milliseconds']:,} ms" for one in delivery.log[-10:]
        ),
        again_href=again if endpoint.is_active and delivery.state is not DeliveryState.SENDING else "",
    )


def event_choices(chosen: Sequence[str]) -> list[tuple[str, str, bool]]:
    """Return value, label and whether it is chosen, of each event."""
    return [(event.value, label, event.value in chosen) for event, label in EVENT_LABELS.items()]
