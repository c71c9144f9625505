"""Settings: how the desk fares. For administrators."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from ombud.health import look_at
from ombud.web import queries
from ombud.web.answers import page
from ombud.web.around import make_frame, read_around
from ombud.web.auth import SignedIn
from ombud.web.settings import enter
from ombud.web.views.health import panel_views

router = APIRouter(prefix="/settings/health")


@router.get("")
async def show(request: Request, visitor: SignedIn) -> Response:
    """Show every part of the desk; what is dead is told as dead."""
    enter(visitor.actor, "health")
    runtime = visitor.parts.runtime
    health = await look_at(runtime.desk, visitor.actor, runtime.files)
    async with visitor.desk.aread(visitor.actor) as session:
        row = (await session.execute(queries.surroundings(visitor.actor))).one()
    context = {
        "frame": make_frame(request, visitor, read_around(row)),
        "panels": panel_views(health),
        "state": health.state.value,
    }
    return page(request, "pages/health.html", context)
