"""How the desk fares, for an administrator's programs."""

from pydantic import BaseModel, Field

from ombud.api.calls import CurrentCall
from ombud.api.routing import api_router
from ombud.health import look_at
from ombud.health.look import State

router = api_router("Figures")


class HealthPanel(BaseModel):
    """A part of the desk. What `items` hold depends on the part."""

    name: str
    state: State
    words: str = Field(description="What is to be said of it, for people.")
    items: list[dict[str, str | int | float | bool | None]]


class HealthReport(BaseModel):
    """Every part; `state` is the worst of theirs."""

    state: State
    panels: list[HealthPanel]


@router.get("/health")
async def read_health(call: CurrentCall) -> HealthReport:
    """Look at the database, queues, mailboxes, files, the worker. For administrators; `/readyz` is for everybody."""
    found = await look_at(call.runtime.desk, call.actor, call.runtime.files)
    panels = [
        HealthPanel(name=one.name, state=one.state, words=one.words, items=list(one.items))
        for one in found.panels
    ]
    return HealthReport(state=found.state, panels=panels)
