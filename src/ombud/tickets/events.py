"""What happened to tickets: frozen records that actions hand to the desk's reactions (`ombud.db.reactions`)."""

from dataclasses import dataclass
from datetime import datetime

from ombud.models import Comment, Ticket


@dataclass(frozen=True, slots=True)
class Delivery:
    """How a public reply is to reach people. `to` and `cc` are addresses; None: whom it reaches by itself.

    `not_before` holds it back: for a moment in which it can be taken back, or until a set time.
    """

    to: tuple[str, ...] | None = None
    cc: tuple[str, ...] | None = None
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class TicketOpened:
    """A ticket was opened by `open_ticket`: by somebody, by mail, or by a program; its tags are there."""

    ticket: Ticket


@dataclass(frozen=True, slots=True)
class TicketsCreated:
    """Many tickets came in at once (`bulk_create_tickets`), in the order in which they were given."""

    ticket_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CommentAdded:
    """Somebody said something, just now."""

    ticket: Ticket
    comment: Comment
    delivery: Delivery = Delivery()


@dataclass(frozen=True, slots=True)
class TicketsAssigned:
    """Tickets were given to an agent."""

    ticket_ids: tuple[int, ...]
    assignee_id: int
