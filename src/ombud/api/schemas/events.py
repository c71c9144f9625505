"""Events: what happened to tickets."""

from datetime import datetime
from typing import Any, Self

from pydantic import Field

from ombud.api.schemas.base import Output
from ombud.models import WebhookEvent
from ombud.webhooks.reading import Happened


class Event(Output):
    """Something that happened to a ticket. What the ticket is like now is at `/tickets/{number}`."""

    type: WebhookEvent
    at: datetime
    ticket_id: int
    number: str
    comment_id: int | None = Field(description="The comment that was written.")
    actor: str = Field(description="`user:7` or `system:import`.", examples=["user:7"])
    changed: list[str]
    changes: dict[str, Any] = Field(
        description="Plain values by field: `[before, after]`. Texts are not in it."
    )

    @classmethod
    def of(cls, happened: Happened) -> Self:
        """Show what happened."""
        return cls(
            type=happened.event,
            at=happened.at,
            ticket_id=happened.ticket_id,
            number=happened.number,
            comment_id=happened.comment_id,
            actor=happened.actor,
            changed=sorted(happened.changes),
            changes={name: value for name, value in happened.changes.items() if value is not None},
        )


class Events(Output):
    """What happened, oldest first. `next_cursor` is where to go on, now if `is_more`, or later."""

    items: list[Event]
    next_cursor: str
    is_more: bool
