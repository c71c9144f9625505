"""What merging would mean, before it is done: both sides with what belongs to them. Nothing is changed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

from ombud.curation.preview import queries
from ombud.curation.preview.queries import COUNTED
from ombud.db.context import actor_of
from ombud.models import TicketStatus
from ombud.tickets.policy import require_staff

__all__ = ["COUNTED", "PersonSide", "TicketSide", "person_sides", "ticket_sides"]


@dataclass(frozen=True, slots=True)
class TicketSide:
    """A ticket with what would move. Counts stop at `COUNTED`; `followers` are customers by name or address."""

    id: int
    number: str
    title: str
    status: TicketStatus
    created_at: datetime
    is_merged: bool
    requester_id: int
    requester_name: str
    requester_email: str
    messages: int
    notes: int
    files: int
    followers: Sequence[str]

    @property
    def requester(self) -> str:
        """Who asks, by name or address."""
        return self.requester_name.strip() or self.requester_email


@dataclass(frozen=True, slots=True)
class PersonSide:
    """A customer with what would become another's. Counts stop at `COUNTED`; of tickets, those the actor sees."""

    id: int
    full_name: str
    email: str
    organization: str
    created_at: datetime
    last_login: datetime | None
    is_active: bool
    is_staff: bool
    is_merged: bool
    is_anonymised: bool
    tickets: int
    comments: int
    followed: int
    has_second_factor: bool
    """A password alone does not open the account."""

    @property
    def name(self) -> str:
        """Their name, or else their address."""
        return self.full_name.strip() or self.email


def ticket_sides(session: Session, ticket_ids: Collection[int]) -> dict[int, TicketSide]:
    """Return tickets by id, those that the actor sees, in one statement."""
    actor = actor_of(session)
    require_staff(actor)
    rows = session.execute(queries.ticket_sides(actor, ticket_ids))
    return {row.id: TicketSide(*row) for row in rows}


def person_sides(session: Session, person_ids: Collection[int]) -> dict[int, PersonSide]:
    """Return people by id, in one statement."""
    actor = actor_of(session)
    require_staff(actor)
    return {row.id: PersonSide(*row) for row in session.execute(queries.person_sides(actor, person_ids))}
