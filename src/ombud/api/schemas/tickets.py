"""Tickets: rows of lists, whole tickets, what is sent to make and change them."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import ConfigDict, Field

from ombud import models
from ombud.api.schemas.base import Body, Email, Id, Input, Output, Page, Whole, line, optional
from ombud.api.schemas.conversation import Attachment, Comment
from ombud.api.schemas.people import Name, Person, PublicPerson, name_of
from ombud.api.schemas.tags import Tag, TagName
from ombud.models import TicketChannel, TicketPriority, TicketStatus
from ombud.tickets.listing import TicketPage as Listed
from ombud.tickets.queries import COUNTER_CAP

R = TypeVar("R")

# How the search marks what it found: characters that no text has.
HIT_START, HIT_END = "\ue000", "\ue001"


class Snippet(Output):
    """Where a search found its words. `marks` are the `[start, end)` of each, in characters."""

    text: str
    marks: list[tuple[int, int]]

    @classmethod
    def of(cls, marked: str | None) -> Self | None:
        """Read the marks of a snippet of the search."""
        if marked is None:
            return None
        text, marks = "", []
        for number, part in enumerate(marked.split(HIT_START)):
            found, _, rest = part.partition(HIT_END) if number else ("", "", part)
            if number:
                marks.append((len(text), len(text) + len(found)))
            text += found + rest
        return cls(text=text, marks=marks)


class CustomerTicketRow(Output):
    """A ticket in a customer's list."""

    id: int
    number: str
    title: str
    status: TicketStatus
    priority: TicketPriority
    channel: TicketChannel
    created_at: datetime
    last_message: str = Field(description="The beginning of the last public message.")
    snippet: Snippet | None = Field(
        description="Where the search found its words; null without `q` or `substring`."
    )
    version: int

    @classmethod
    def of(cls, row: Any) -> Self:
        """Show a row of `ombud.tickets.queries.inbox`."""
        return cls(**_common_row(row))


class TicketRow(CustomerTicketRow):
    """A ticket in the team's list."""

    requester: Person
    assignee: PublicPerson | None
    team: Name | None
    organization: Name | None
    tags: list[Tag]
    last_activity_at: datetime
    last_is_internal: bool = Field(description="Whether the last message is an internal note.")
    unread: bool = Field(description="Whether something happened since the caller last read it.")

    @classmethod
    def of(cls, row: Any) -> Self:
        """Show a row of `ombud.tickets.queries.inbox`."""
        return cls(
            **_common_row(row),
            requester=Person(
                id=row.requester_id,
                name=_shown(row.requester_name, row.requester_email),
                email=row.requester_email,
                is_staff=row.requester_is_staff,
            ),
            assignee=_assignee(row),
            team=_named(row.team_id, row.team_name),
            organization=_named(row.organization_id, row.organization_name),
            tags=[Tag(**tag) for tag in row.tags],
            last_activity_at=row.last_activity_at,
            last_is_internal=row.last_is_internal,
            unread=row.unread,
        )


class CustomerTicket(Output):
    """A ticket as its customer sees it."""

    id: int
    number: str = Field(examples=["1042"])
    title: str
    description: str
    status: TicketStatus
    priority: TicketPriority
    channel: TicketChannel
    requester: PublicPerson
    created_at: datetime
    resolved_at: datetime | None
    merged_into: str | None = Field(
        default=None,
        description="The number of the ticket in which it goes on; null also where the caller does not see that.",
    )
    version: int = Field(description="Counts edits; also the `ETag`.")
    comments: list[Comment] = Field(
        default_factory=list,
        description="The first 50, with `include=comments` only; `/comments` has them all.",
    )
    attachments: list[Attachment] = Field(
        default_factory=list, description="The ticket's own files, with `include=attachments` only."
    )

    @classmethod
    def of(cls, ticket: models.Ticket, merged_into: str | None = None) -> Self:
        """Show a ticket whose people are loaded."""
        return cls(**_common(ticket), merged_into=merged_into, requester=PublicPerson.of(ticket.requester))


class Ticket(CustomerTicket):
    """A ticket as the team sees it."""

    requester: Person
    creator: PublicPerson
    assignee: PublicPerson | None
    team: Name | None
    organization: Name | None
    tags: list[Tag]
    updated_at: datetime
    last_activity_at: datetime
    first_response_at: datetime | None
    deleted_at: datetime | None

    @classmethod
    def of(cls, ticket: models.Ticket, merged_into: str | None = None) -> Self:
        """Show a ticket whose people, team, organization and tags are loaded."""
        return cls(
            **_common(ticket),
            merged_into=merged_into,
            requester=Person.of(ticket.requester),
            creator=PublicPerson.of(ticket.creator),
            assignee=PublicPerson.of(ticket.assignee) if ticket.assignee is not None else None,
            team=name_of(ticket.team),
            organization=name_of(ticket.organization),
            tags=[Tag(id=tag.id, name=tag.name, color=tag.color) for tag in ticket.tags],
            updated_at=ticket.updated_at,
            last_activity_at=ticket.last_activity_at,
            first_response_at=ticket.first_response_at,
            deleted_at=ticket.deleted_at,
        )


class NewRequester(Input):
    """Who asks, by address; made as a customer where nobody has that address."""

    email: Email
    full_name: Annotated[str, line(255, blank=True)] = ""


Title = Annotated[str, line(500)]
TagNames = Annotated[list[TagName], Field(max_length=50)]


class NewTicket(Input):
    """A ticket to open. Without `requester` or `requester_id`, the caller asks.

    Customers open tickets for themselves: they send title, description and a priority up to high.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "title": "The invoice of October is missing",
                    "description": "I only find those until September.",
                    "requester": {"email": "ann@example.com", "full_name": "Ann Lee"},
                    "priority": "high",
                    "tags": ["billing"],
                }
            ]
        }
    )

    title: Title
    description: Body = ""
    requester_id: Id | None = None
    requester: NewRequester | None = Field(default=None, description="Instead of `requester_id`.")
    priority: TicketPriority = TicketPriority.MEDIUM
    status: TicketStatus = TicketStatus.OPEN
    channel: TicketChannel = TicketChannel.API
    assignee_id: Id | None = None
    team_id: Id | None = None
    tags: TagNames = Field(default_factory=list)


class TicketPatch(Input):
    """What to change of a ticket; what is absent stays. Customers change `status` to resolved or open only."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"status": "resolved", "assignee_id": 7}]})

    title: Title = optional()
    description: Body = optional()
    status: TicketStatus = optional()
    priority: TicketPriority = optional()
    assignee_id: Id | None = None
    team_id: Id | None = None
    requester_id: Id = optional()


class TicketPage(Page[R]):
    """Part of a list of tickets. `total` and `is_more` are there when `count` was asked for."""

    total: int | None = Field(default=None, description="How many there are; counting stops at 1,000.")
    is_more: bool | None = Field(default=None, description="Whether there are more than `total`.")

    @classmethod
    def of(cls, page: Page[R], found: Listed) -> Self:
        """Add the count to a page."""
        total = found.total
        return cls(
            items=page.items,
            next_cursor=page.next_cursor,
            total=None if total is None else min(total, COUNTER_CAP),
            is_more=None if total is None else total > COUNTER_CAP,
        )


class Suggestions(Whole[str]):
    """What to type instead; each text finds at least one ticket. Empty when nothing near finds any."""


Sort = Literal["activity", "-activity", "created", "-created", "priority", "-priority", "rank", "-rank"]


def _common(ticket: models.Ticket) -> dict[str, Any]:
    return {
        "id": ticket.id,
        "number": ticket.ticket_number,
        "title": ticket.title,
        "description": ticket.description,
        "status": ticket.status,
        "priority": ticket.priority,
        "channel": ticket.channel,
        "created_at": ticket.created_at,
        "resolved_at": ticket.resolved_at,
        "version": ticket.version,
    }


def _common_row(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "number": row.ticket_number,
        "title": row.title,
        "status": row.status,
        "priority": row.priority,
        "channel": row.channel,
        "created_at": row.created_at,
        "last_message": row.last_message,
        "snippet": Snippet.of(row.snippet),
        "version": row.version,
    }


def _assignee(row: Any) -> PublicPerson | None:
    if row.assignee_id is None:
        return None
    name = _shown(row.assignee_name, row.assignee_email)
    return PublicPerson(id=row.assignee_id, name=name, is_staff=True)


def _shown(name: str, email: str) -> str:
    return name.strip() or email.partition("@")[0]


def _named(thing_id: int | None, name: str | None) -> Name | None:
    return None if thing_id is None or name is None else Name(id=thing_id, name=name)
