"""What the pages about a customer show: who they are, their tickets, what they wrote last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ombud.kit.text import excerpt
from ombud.models import User
from ombud.web.place import at
from ombud.web.views.curation import counted
from ombud.web.views.people import PersonView
from ombud.web.wording import STATUS_LABELS, plain_line

SNIPPET = 160


@dataclass(frozen=True, slots=True)
class CustomerView:
    """A person. `state` is why they take part no more, empty for most; `survivor` (name, address) leads on."""

    id: int
    href: str
    person: PersonView
    email: str
    full_name: str
    organization: str
    organization_href: str
    organization_notes: str
    since: datetime
    last_login: datetime | None
    state: str
    survivor: tuple[str, str] | None
    stubs: tuple[str, ...]
    bounces: bool
    is_staff: bool
    is_active: bool
    is_person: bool
    """False for a stub and for who was anonymised: nothing is changed about them."""
    open_count: str
    tickets: str
    said: str
    followed: str
    list_href: str

    @classmethod
    def of(cls, row: Any) -> CustomerView:
        """Make it of a row of `queries.customer`."""
        user: User = row[0]
        organization = user.organization
        return cls(
            id=user.id,
            href=at(f"/customers/{user.id}"),
            person=PersonView.of(user.full_name, user.email, active=user.is_active),
            email=user.email,
            full_name=user.full_name,
            organization=organization.name if organization is not None else "",
            organization_href=at(f"/tickets?view=all&organization={user.organization_id}"),
            organization_notes=organization.notes if organization is not None else "",
            since=user.created_at,
            last_login=user.last_login,
            state=_state(user),
            survivor=(row.survivor, at(f"/customers/{user.merged_into_id}")) if row.survivor else None,
            stubs=tuple(row.stubs),
            bounces=row.bounces,
            is_staff=user.is_staff,
            is_active=user.is_active,
            is_person=user.merged_into_id is None and user.anonymised_at is None,
            open_count=counted(row.open, "open ticket"),
            tickets=counted(row.tickets, "ticket"),
            said=counted(row.said, "message"),
            followed=counted(row.followed, "ticket"),
            list_href=at(f"/tickets?view=all&requester={user.id}"),
        )


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """One customer in the list."""

    href: str
    person: PersonView
    organization: str
    since: datetime
    state: str

    @classmethod
    def of(cls, user: User) -> CustomerRow:
        """Show a person whose organization is loaded."""
        organization = user.organization.name if user.organization is not None else ""
        person = PersonView.of(user.full_name, user.email, active=user.is_active)
        return cls(at(f"/customers/{user.id}"), person, organization, user.created_at, _state(user))


@dataclass(frozen=True, slots=True)
class TicketLine:
    """One of their tickets."""

    number: str
    href: str
    title: str
    status: str
    status_label: str
    active_at: datetime


@dataclass(frozen=True, slots=True)
class Said:
    """Something they wrote."""

    href: str
    number: str
    title: str
    text: str
    at: datetime
    is_internal: bool


def ticket_lines(rows: Sequence[Any]) -> list[TicketLine]:
    """Show rows of the list of tickets."""
    return [
        TicketLine(
            row.ticket_number,
            at(f"/tickets/{row.ticket_number}"),
            row.title,
            row.status.value,
            STATUS_LABELS[row.status.value],
            row.last_activity_at,
        )
        for row in rows
    ]


def said_lines(rows: Sequence[Any]) -> list[Said]:
    """Show rows of `queries.last_words`."""
    return [
        Said(
            at(f"/tickets/{row.ticket_number}#comment-{row.id}"),
            row.ticket_number,
            row.title,
            excerpt(plain_line(row.content), SNIPPET),
            row.created_at,
            row.is_internal,
        )
        for row in rows
    ]


def _state(user: User) -> str:
    if user.anonymised_at is not None:
        return "anonymised"
    if user.merged_into_id is not None:
        return "merged"
    return "" if user.is_active else "deactivated"
