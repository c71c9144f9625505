"""Handing a team's tickets over piece by piece: each a transaction of its own, all of them one request of the log."""

from ombud.curation.actions.teams import hand_over
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.errors import Conflict

PIECES = 20
"""What is done while somebody waits for an answer."""


class TeamStillMoving(Conflict):
    """The team has more tickets than one call moves; those that were moved stay so."""

    code = "team_still_moving"
    default_message = "Many of its tickets were moved, and there are more. Do it again to go on."


async def hand_all_over(desk: Desk, actor: Actor, team_id: int, heir_id: int | None) -> None:
    """Give a team's tickets to another team or to none; TeamStillMoving when there are more than `PIECES` pieces."""
    for _ in range(PIECES):
        if not await desk.arun(actor, hand_over, team_id, heir_id):
            return
    raise TeamStillMoving
