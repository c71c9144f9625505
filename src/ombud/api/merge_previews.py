"""What merging would mean, before it is done. For the team."""

from typing import Annotated

from fastapi import Query
from pydantic import Field
from sqlalchemy.orm import Session

from ombud.api import lookup
from ombud.api.calls import CurrentCall
from ombud.api.routing import api_router
from ombud.api.schemas.base import PathId, QueryId, TicketNumber
from ombud.api.schemas.merging import PeopleMergePreview, TicketsMergePreview
from ombud.curation.preview import preview_people, preview_tickets

router = api_router("Curation")

Numbers = Annotated[
    list[Annotated[str, Field(min_length=1, max_length=50)]],
    Query(default_factory=list, max_length=50, description="The tickets that would end."),
]
Ids = Annotated[
    list[QueryId], Query(default_factory=list, max_length=20, description="Who would become this person.")
]


@router.get("/tickets/{number}/merge-preview")
async def preview_merge_of_tickets(
    number: TicketNumber, numbers: Numbers, call: CurrentCall
) -> TicketsMergePreview:
    """Show what merging other tickets into this one would move, and who would read it. Nothing is changed."""
    return await call.read(_tickets, number, numbers)


@router.get("/users/{user_id}/merge-preview")
async def preview_merge_of_users(user_id: PathId, user_ids: Ids, call: CurrentCall) -> PeopleMergePreview:
    """Show what making customers one with this one would move. Nothing is changed. For administrators."""
    return await call.read(_people, user_id, user_ids)


def _tickets(session: Session, number: str, numbers: list[str]) -> TicketsMergePreview:
    target = lookup.ticket_id(session, number)
    sources = [lookup.ticket_id(session, one) for one in numbers]
    return TicketsMergePreview.of(preview_tickets(session, sources, target))


def _people(session: Session, user_id: int, user_ids: list[int]) -> PeopleMergePreview:
    return PeopleMergePreview.of(preview_people(session, user_ids, user_id))
