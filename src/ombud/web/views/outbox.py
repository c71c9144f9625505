"""Mail and notifications: the outbox, one message of it, what an agent was told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ombud.web.views.lists import Empty
from ombud.web.views.people import PersonView
from ombud.web.views.tickets import Delivery


@dataclass(frozen=True, slots=True)
class OutboundView:
    """One message of the outbox. `verbs` are (address below the message's own, label) of what may be done to it."""

    href: str
    subject: str
    kind: str
    delivery: Delivery
    queued_at: datetime
    mailbox: str
    message_id: str
    attempts: int
    ticket: str = ""
    ticket_href: str = ""
    verbs: tuple[tuple[str, str], ...] = ()
    source_href: str = ""


@dataclass(frozen=True, slots=True)
class OutboxView:
    """A page of the outbox with its filters."""

    rows: tuple[OutboundView, ...]
    states: tuple[tuple[str, str, bool], ...]
    """(value, label, chosen) of the filter."""
    empty: Empty
    query: str = ""
    next_href: str = ""


@dataclass(frozen=True, slots=True)
class NotificationView:
    """One word to an agent; following it marks it as read."""

    href: str
    text: str
    ticket: str
    title: str
    at: datetime
    who: PersonView | None = None
    excerpt: str = ""
    unread: bool = False


@dataclass(frozen=True, slots=True)
class TellingView:
    """How an agent wants to be told of one kind."""

    kind: str
    label: str
    in_page: bool
    by_mail: bool
