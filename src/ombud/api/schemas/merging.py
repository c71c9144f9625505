"""What merging would mean: both sides with what belongs to them."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field

from ombud.api.schemas.base import Output
from ombud.curation.preview import PeopleMerge, PersonSide, TicketSide, TicketsMerge
from ombud.models import TicketStatus

Count = Annotated[int, Field(description="Counting stops at 1,000.")]
Problem = Annotated[str, Field(description="Why they cannot be merged; empty when they can.")]


class MergedRequester(Output):
    """Who asked a ticket of a merge."""

    id: int
    name: str
    email: str


class MergedTicket(Output):
    """A ticket of a merge, with what would move."""

    id: int
    number: str
    title: str
    status: TicketStatus
    created_at: datetime
    requester: MergedRequester
    messages: Count
    notes: Count
    files: Count
    followers: list[str] = Field(description="Customers who follow it, by name or address.")

    @classmethod
    def of(cls, side: TicketSide) -> Self:
        """Show a side."""
        requester = MergedRequester(id=side.requester_id, name=side.requester, email=side.requester_email)
        given = {
            name: getattr(side, name) for name in cls.model_fields if name not in ("requester", "followers")
        }
        return cls(**given, requester=requester, followers=list(side.followers))


class MergedPerson(Output):
    """A customer of a merge, with what would become the other's."""

    id: int
    full_name: str
    email: str
    organization: str
    created_at: datetime
    is_active: bool
    tickets: Count
    comments: Count
    followed: Count

    @classmethod
    def of(cls, side: PersonSide) -> Self:
        """Show a side."""
        return cls(**{name: getattr(side, name) for name in cls.model_fields})


class TicketsMergePreview(Output):
    """What `POST /tickets/{number}/merges` would do."""

    target: MergedTicket
    sources: list[MergedTicket]
    problem: Problem
    strangers: list[str] = Field(
        description="Numbers of those that somebody else asked: `across_requesters` is needed."
    )

    @classmethod
    def of(cls, merge: TicketsMerge) -> Self:
        """Show a preview."""
        return cls(
            target=MergedTicket.of(merge.target),
            sources=[MergedTicket.of(one) for one in merge.sources],
            problem=merge.problem,
            strangers=[one.number for one in merge.strangers],
        )


class PeopleMergePreview(Output):
    """What `POST /users/{user_id}/merges` would do."""

    target: MergedPerson
    sources: list[MergedPerson]
    problem: Problem

    @classmethod
    def of(cls, merge: PeopleMerge) -> Self:
        """Show a preview."""
        return cls(
            target=MergedPerson.of(merge.target),
            sources=[MergedPerson.of(one) for one in merge.sources],
            problem=merge.problem,
        )
