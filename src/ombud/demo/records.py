"""The records of the sample desk: frozen, complete, free of any database.

People, teams and tags are referred to by their natural keys (mail address, name), so that a loader can
map them to rows of its own. The wording and the dice live in the modules beside this one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Status = Literal["open", "in_progress", "waiting_on_customer", "resolved", "closed"]
Priority = Literal["low", "medium", "high", "urgent"]
Channel = Literal["web", "email", "api", "phone", "chat", "social"]
TeamKey = Literal["care", "billing", "devices"]


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """When an agent answers: local hours `start` to `end` (exclusive) on `weekdays` (Monday is 0)."""

    zone: str
    start: int
    end: int
    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4)


@dataclass(frozen=True, slots=True)
class DemoTeam:
    """A team; `name` is what people see, `key` what scenarios say."""

    key: TeamKey
    name: str
    description: str


@dataclass(frozen=True, slots=True)
class DemoAgent:
    """Somebody who answers, with the turns of phrase that are theirs."""

    full_name: str
    email: str
    is_admin: bool
    teams: tuple[str, ...]
    """Names of the teams."""
    hours: WorkingHours
    greetings: tuple[str, ...]
    closings: tuple[str, ...]

    @property
    def first_name(self) -> str:
        return self.full_name.split()[0]


@dataclass(frozen=True, slots=True)
class DemoOrganization:
    """A customer's company."""

    name: str
    domains: tuple[str, ...]
    city: str
    culture: str
    shares_tickets: bool


@dataclass(frozen=True, slots=True)
class DemoCustomer:
    """Somebody who writes to the desk."""

    full_name: str
    """Empty for the one customer of whom only a mail address is known."""
    email: str
    organization: str | None
    language: str
    city: str
    manner: Literal["formal", "friendly", "terse"]


@dataclass(frozen=True, slots=True)
class DemoTag:
    """A tag; `color` is #rrggbb."""

    name: str
    color: str
    description: str


@dataclass(frozen=True, slots=True)
class DemoAttachment:
    """A small file, whole in memory."""

    file_name: str
    content_type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Commented:
    """A message. `author` is the mail address of a customer or an agent; `body` is Markdown."""

    at: datetime
    author: str
    body: str
    is_internal: bool = False
    attachments: tuple[DemoAttachment, ...] = ()


@dataclass(frozen=True, slots=True)
class StatusChanged:
    """A step of the ticket; `actor` None means the desk itself (closing what was long resolved)."""

    at: datetime
    actor: str | None
    old: Status
    new: Status


@dataclass(frozen=True, slots=True)
class PriorityChanged:
    """The ticket became more or less pressing."""

    at: datetime
    actor: str | None
    old: Priority
    new: Priority


@dataclass(frozen=True, slots=True)
class AssigneeChanged:
    """The ticket got another assignee (a mail address)."""

    at: datetime
    actor: str | None
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class TeamChanged:
    """The ticket went to another team (by name); `actor` None means a rule."""

    at: datetime
    actor: str | None
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Tagged:
    """Tags were added; none of them was there before."""

    at: datetime
    actor: str | None
    tags: tuple[str, ...]


Event = Commented | StatusChanged | PriorityChanged | AssigneeChanged | TeamChanged | Tagged


@dataclass(frozen=True, slots=True)
class DemoTicket:
    """A ticket as it was opened (`opened_*`), what happened since, and what it has become.

    `events` are in order of time, and replaying them over the opened state gives the final one.
    """

    index: int
    title: str
    description: str
    requester: str
    channel: Channel
    created_at: datetime
    opened_priority: Priority
    opened_team: str | None
    attachments: tuple[DemoAttachment, ...]
    events: tuple[Event, ...]
    status: Status
    priority: Priority
    team: str | None
    assignee: str | None
    tags: tuple[str, ...]
    resolved_at: datetime | None
    closed_at: datetime | None
