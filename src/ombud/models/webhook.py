"""Webhooks: where programs are told of what happens on tickets, and one row for each message to each of them."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    false,
    func,
    text,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from ombud.db.base import Base, HasId, HasTimes
from ombud.db.types import TextEnum, allowed

if TYPE_CHECKING:
    from ombud.models.people import User


class WebhookEvent(StrEnum):
    """What programs are told of."""

    TICKET_CREATED = "ticket.created"
    TICKET_UPDATED = "ticket.updated"
    """Title, description, priority, requester, organization or tags changed, or it was merged or restored."""
    TICKET_STATUS_CHANGED = "ticket.status_changed"
    TICKET_ASSIGNED = "ticket.assigned"
    """Its assignee or its team changed."""
    TICKET_COMMENTED = "ticket.commented"
    TICKET_DELETED = "ticket.deleted"
    TEST = "webhook.test"
    """Somebody tries the endpoint out."""


class DeliveryState(StrEnum):
    """Where a message to an endpoint is."""

    WAITING = "waiting"
    SENDING = "sending"
    """A process holds it, until `lease_until`."""
    DELIVERED = "delivered"
    """The endpoint answered 2xx."""
    FAILED = "failed"
    """Every attempt failed, or the endpoint was switched off."""
    SKIPPED = "skipped"
    """It never was to go: the endpoint's owner may not see it, or it is gone."""


class WebhookEndpoint(HasId, HasTimes, Base):
    """An address that is told. What it is told its owner may see, whoever set it up.

    The secret is sealed; while `old_secret_until` is ahead, messages are signed with the former one, too.
    `held_until` is how long the endpoint asked to be left alone, `failing_since` the first failure after the last
    success, `problem` why it was switched off.
    """

    __tablename__ = "webhook_endpoints"

    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    url: Mapped[str] = mapped_column(String(2000))
    description: Mapped[str] = mapped_column(String(200), server_default="")
    events: Mapped[list[str]] = mapped_column(ARRAY(String(40)), server_default="{}")
    includes_notes: Mapped[bool] = mapped_column(server_default=false())
    is_active: Mapped[bool] = mapped_column(server_default=true())
    secret: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True, deferred_raiseload=True)
    old_secret: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True, deferred_raiseload=True)
    old_secret_until: Mapped[datetime | None]
    held_until: Mapped[datetime | None]
    failing_since: Mapped[datetime | None]
    problem: Mapped[str] = mapped_column(String(200), server_default="")

    owner: Mapped["User"] = relationship(lazy="raise")

    __table_args__ = (
        CheckConstraint("url ~ '^https?://[^[:space:]]+$'", name="url"),
        # the endpoints of one person
        Index("ix_webhook_endpoints_owner_id", "owner_id"),
    )


class WebhookDelivery(HasId, Base):
    """One message to one endpoint. It holds no words of a ticket: the body is made at each attempt, from what is there.

    `message_id` is the `webhook-id`: the same at every attempt and replay. `attempt` fences: only the process that
    holds it may say how the attempt went. `changes` are the fields that changed: plain values as `[before, after]`,
    words as null.
    """

    __tablename__ = "webhook_deliveries"

    endpoint_id: Mapped[int] = mapped_column(ForeignKey("webhook_endpoints.id", ondelete="CASCADE"))
    message_id: Mapped[str] = mapped_column(
        String(64), unique=True, server_default=text("('msg_' || replace(gen_random_uuid()::text, '-', ''))")
    )
    event: Mapped[WebhookEvent] = mapped_column(TextEnum(WebhookEvent))
    # No foreign keys: what happened is told of even where the ticket is gone meanwhile.
    ticket_id: Mapped[int | None]
    comment_id: Mapped[int | None]
    changes: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    actor: Mapped[str] = mapped_column(String(100), server_default="")
    happened_at: Mapped[datetime] = mapped_column(server_default=func.now())
    state: Mapped[DeliveryState] = mapped_column(
        TextEnum(DeliveryState), server_default=DeliveryState.WAITING.value
    )
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    due_at: Mapped[datetime] = mapped_column(server_default=func.now())
    attempt: Mapped[str] = mapped_column(String(32), server_default="")
    lease_until: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    log: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    """Each attempt: when, which status came back (none: nothing did), and how many milliseconds it took."""

    endpoint: Mapped[WebhookEndpoint] = relationship(lazy="raise")

    __table_args__ = (
        CheckConstraint(allowed("event", WebhookEvent), name="event"),
        CheckConstraint(allowed("state", DeliveryState), name="state"),
        CheckConstraint("(state = 'sending') = (lease_until IS NOT NULL)", name="leased"),
        # what an endpoint is sent now; what a dead process held
        Index(
            "ix_webhook_deliveries_due",
            "endpoint_id",
            "due_at",
            "id",
            postgresql_where=text("state = 'waiting'"),
        ),
        Index("ix_webhook_deliveries_leased", "lease_until", postgresql_where=text("state = 'sending'")),
        # an endpoint's log, newest first
        Index("ix_webhook_deliveries_endpoint_id", "endpoint_id", "id"),
        # what is removed after a month
        Index(
            "ix_webhook_deliveries_settled_at", "settled_at", postgresql_where=text("settled_at IS NOT NULL")
        ),
    )


class WebhookPosition(Base):
    """How far the audit log was turned into deliveries: everything that the snapshot `since` sees.

    While there is much, `until` is the snapshot of the part at hand and `after_id` the last row of it that is done.
    """

    __tablename__ = "webhook_position"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    since: Mapped[str]
    until: Mapped[str | None]
    after_id: Mapped[int] = mapped_column(server_default="0")

    __table_args__ = (CheckConstraint("id = 1", name="one"),)
