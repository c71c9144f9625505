"""Settings: deleting a team. For administrators. What else there is about teams: `routes/people.py`."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from ombud.curation import delete_team
from ombud.curation.handing_over import hand_all_over
from ombud.errors import Conflict, Invalid
from ombud.people.policy import require_admin
from ombud.web.answers import go_to
from ombud.web.auth import SignedIn
from ombud.web.forms import SignedForm, text_of
from ombud.web.place import at
from ombud.web.routes.mail import _number
from ombud.web.routes.people import show_teams

router = APIRouter(prefix="/settings/teams")


@router.post("/{team_id}/deletion")
async def delete(request: Request, visitor: SignedIn, form: SignedForm, team_id: str) -> Response:
    """Delete a team; what it holds goes where the form says, and without that it is refused."""
    require_admin(visitor.actor)
    visitor.require_fresh()
    number, heir = _number(team_id), text_of(form, "tickets_to")
    try:
        if heir:
            heir_id = None if heir == "none" else _number(heir)
            await hand_all_over(visitor.desk, visitor.actor, number, heir_id)
        await visitor.desk.arun(visitor.actor, delete_team, number, handed_over=bool(heir))
    except (Invalid, Conflict) as error:
        return await show_teams(request, visitor, None, error)
    return go_to(request, at("/settings/teams"))
