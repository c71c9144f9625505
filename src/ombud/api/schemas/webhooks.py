"""Webhooks: endpoints and what became of each message to them."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from ombud import models
from ombud.api.schemas.base import Flag, Input, Output, line, optional
from ombud.api.schemas.people import PublicPerson
from ombud.models import DeliveryState, WebhookEvent

Address = Annotated[str, Field(min_length=1, max_length=2_000, examples=["https://example.com/hooks"])]
Event = Literal[
    "ticket.created",
    "ticket.updated",
    "ticket.status_changed",
    "ticket.assigned",
    "ticket.commented",
    "ticket.deleted",
]
Events = Annotated[list[Event], Field(max_length=20, description="What it is told of; empty: everything.")]


class Webhook(Output):
    """An address that is told of what happens, as far as its owner may see it."""

    id: int
    owner: PublicPerson
    url: str
    description: str
    events: list[str]
    includes_notes: bool = Field(description="Whether internal notes are told, too.")
    is_active: bool
    problem: str = Field(description="Why it was switched off; empty when nobody did.")
    failing_since: datetime | None = Field(description="The first failure after the last success.")
    held_until: datetime | None = Field(description="How long it asked to be left alone.")
    old_secret_until: datetime | None = Field(
        description="How long messages are signed with the former secret, too."
    )
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, endpoint: models.WebhookEndpoint) -> Self:
        """Show an endpoint whose owner is loaded."""
        fields = {name: getattr(endpoint, name) for name in Webhook.model_fields if name != "owner"}
        return cls(owner=PublicPerson.of(endpoint.owner), **fields)


class WebhookWithSecret(Webhook):
    """A webhook with its new secret. This answer is the only one that ever shows it."""

    secret: str | None = Field(
        default=None, description="`whsec_...`; null when the call is repeated with its `Idempotency-Key`."
    )

    @classmethod
    def told(cls, endpoint: models.WebhookEndpoint, secret: str) -> Self:
        """Show an endpoint with its secret."""
        return cls(**Webhook.of(endpoint).model_dump(), secret=secret)


class WebhookFields(Input):
    """What a webhook has besides its address; what is absent stays."""

    description: Annotated[str, line(200, blank=True)] = optional()
    events: Events = optional()
    includes_notes: Flag = optional()
    is_active: Flag = optional()


class NewWebhook(WebhookFields):
    """A webhook to set up."""

    url: Address


class WebhookPatch(WebhookFields):
    """What to change of a webhook; what is absent stays."""

    url: Address = optional()


class WebhookAttempt(Output):
    """One attempt: which status came back (null: nothing did), and how long it took."""

    at: datetime
    status: int | None
    milliseconds: int


class WebhookDelivery(Output):
    """A message to an endpoint. Its words are not kept: they are made at each attempt."""

    id: int
    message_id: str = Field(description="The `webhook-id`: the same at every attempt.")
    event: WebhookEvent
    ticket_id: int | None
    state: DeliveryState
    happened_at: datetime
    due_at: datetime
    settled_at: datetime | None
    attempts: list[WebhookAttempt]

    @classmethod
    def of(cls, delivery: models.WebhookDelivery) -> Self:
        """Show a message."""
        plain: dict[str, Any] = {
            name: getattr(delivery, name) for name in cls.model_fields if name != "attempts"
        }
        return cls(attempts=[WebhookAttempt(**one) for one in delivery.log], **plain)
