"""Figures: statistics for the team, views with their counters for everybody."""

from datetime import datetime
from typing import Annotated, Any, TypedDict

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from ombud.analytics import get_ticket_statistics
from ombud.api.calls import CurrentCall
from ombud.api.routing import api_router
from ombud.api.schemas.base import Moment
from ombud.api.schemas.statistics import Statistics, Views
from ombud.api.selecting import FieldNames
from ombud.db.context import actor_of
from ombud.tickets import TicketFilter, View, queries

router = api_router("Figures")


class Span(TypedDict):
    """The same, as statistics take it."""

    start: datetime | None
    end: datetime | None
    time_zone: str


class Range(BaseModel):
    """Which tickets: those created from `start` on and before `end`."""

    model_config = ConfigDict(extra="forbid")

    start: Moment | None = None
    end: Moment | None = Field(default=None, description="Exclusive.")
    time_zone: Annotated[str, Field(max_length=100, description="Cuts the days.")] = "UTC"
    fields: FieldNames | None = None


@router.get("/statistics")
async def read_statistics(wanted: Annotated[Range, Query()], call: CurrentCall) -> Statistics:
    """Read what tickets add up to. For the team only; each sees the figures of the tickets that they see."""
    span: Span = {"start": wanted.start, "end": wanted.end, "time_zone": wanted.time_zone}
    figures = call.runtime.figures
    found = (
        await figures.astatistics(call.actor, **span)
        if figures is not None
        else await call.read(get_ticket_statistics, **span)
    )
    return Statistics.model_validate(found)


@router.get("/views")
async def list_views(call: CurrentCall) -> Views:
    """List the views of the sidebar, each with how many tickets it holds."""
    row = await call.read(_counters)
    # Whose a ticket is, is the desk's own work: customers have no view of it.
    names = [view for view in View if call.actor.is_staff or not view.narrowed(TicketFilter()).assignees]
    return Views.of(row, names)


def _counters(session: Session) -> Any:
    return session.execute(queries.view_counters(actor_of(session))).one()
