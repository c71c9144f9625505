"""What merging would mean, before it is done: both sides with what belongs to them. Nothing is changed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sqlalchemy.orm import Session

from ombud.curation.preview import queries
from ombud.curation.preview.queries import COUNTED
from ombud.db.context import actor_of
from ombud.errors import Invalid, NotFound
from ombud.models import TicketStatus
from ombud.people.policy import require_admin
from ombud.tickets.policy import require_staff

__all__ = [
    "COUNTED",
    "PeopleMerge",
    "PersonSide",
    "TicketSide",
    "TicketsMerge",
    "person_sides",
    "preview_people",
    "preview_tickets",
    "problem_of_people",
    "problem_of_tickets",
    "strangers",
    "ticket_sides",
]

S = TypeVar("S")
_FIELDS = {"ticket": "numbers", "person": "user_ids"}


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


@dataclass(frozen=True, slots=True)
class TicketsMerge:
    """Tickets that would go on in `target`; `problem` says why they cannot, empty when they can.

    `strangers` are those of the sources that somebody else asked, who has to be thought of.
    """

    target: TicketSide
    sources: tuple[TicketSide, ...]
    problem: str
    strangers: tuple[TicketSide, ...]


@dataclass(frozen=True, slots=True)
class PeopleMerge:
    """Customers who would become `target`; `problem` says why they cannot, empty when they can."""

    target: PersonSide
    sources: tuple[PersonSide, ...]
    problem: str


def preview_tickets(session: Session, source_ids: Sequence[int], target_id: int) -> TicketsMerge:
    """Show the team what `merge_tickets` would do. Raises what that raises for what is not to be seen."""
    target, sources = _sides(ticket_sides(session, {*source_ids, target_id}), source_ids, target_id, "ticket")
    others = tuple(strangers(sources, target))
    return TicketsMerge(target, sources, problem_of_tickets([*sources, target]), others)


def preview_people(session: Session, source_ids: Sequence[int], target_id: int) -> PeopleMerge:
    """Show what `merge_people` would do, to who may do it. Raises what that raises for who is not there."""
    require_admin(actor_of(session))
    target, sources = _sides(person_sides(session, {*source_ids, target_id}), source_ids, target_id, "person")
    return PeopleMerge(target, sources, problem_of_people([*sources, target]))


def problem_of_tickets(sides: Collection[TicketSide]) -> str:
    """Say why these cannot be merged; empty when they can."""
    return next((f"{side.number} was merged already." for side in sides if side.is_merged), "")


def problem_of_people(sides: Collection[PersonSide]) -> str:
    """Say why these cannot be made one; empty when they can."""
    for side in sides:
        if side.is_staff:
            return f"{side.name} is one of the team: what agents did is kept apart."
        if side.is_merged:
            return f"{side.name} was merged already."
        if side.is_anonymised:
            return "Who was anonymised is not known any more."
    return ""


def strangers(sources: Collection[TicketSide], target: TicketSide) -> list[TicketSide]:
    """Return the tickets that somebody else asked than who asked `target`."""
    return [side for side in sources if side.requester_id != target.requester_id]


def _sides(
    found: dict[int, S], source_ids: Sequence[int], target_id: int, noun: str
) -> tuple[S, tuple[S, ...]]:
    sources = tuple(dict.fromkeys(source_ids))
    if not sources:
        raise Invalid(fields={_FIELDS[noun]: "must be given."})
    if target_id in sources:
        raise Invalid(fields={"target": f"must be another {noun}."})
    if len(found) < len(sources) + 1:
        raise NotFound(f"There is no such {noun} here.")
    return found[target_id], tuple(found[one] for one in sources)
