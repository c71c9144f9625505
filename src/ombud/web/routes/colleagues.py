"""Who works here, for whoever mentions them in a note."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from ombud.people import queries
from ombud.tickets.policy import require_staff
from ombud.web.answers import page
from ombud.web.auth import SignedIn
from ombud.web.views.people import PersonView

router = APIRouter()

MOST = 6


@router.get("/colleagues")
async def colleagues(request: Request, visitor: SignedIn, name: str = "") -> Response:
    """Show colleagues whose name contains the text, as choices."""
    require_staff(visitor.actor)
    async with visitor.desk.aread(visitor.actor) as session:
        rows = await session.scalars(queries.assignable(name[:100].replace("\0", ""), limit=MOST))
        found = [PersonView.of(user.full_name, user.email) for user in rows]
    return page(request, "partials/names.html", {"people": found})
