"""Delete a team: its tickets go to another one or to none first, in pieces; nothing else of them changes."""

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from ombud.audit.queries import set_curating
from ombud.db.context import actor_of
from ombud.errors import Conflict, Invalid, NotFound
from ombud.kit.ids import is_id
from ombud.models import INCLUDE_DELETED, Mailbox, MailRule, Team, Ticket
from ombud.people import queries
from ombud.people.policy import require_admin

PIECE = 500
"""Tickets that change hands in one transaction."""


class TeamInUse(Conflict):
    """The team has tickets, members or mailboxes, and nobody said what becomes of them."""

    code = "team_in_use"
    default_message = (
        "This team has tickets, members or mailboxes. Say which team takes its tickets, or none."
    )


def hand_over(session: Session, team_id: int, heir_id: int | None, *, limit: int = PIECE) -> int:
    """Give a piece of a team's tickets, deleted ones too, to another team or to none; returns how many went.

    Its mailboxes and mail rules go there first, so that nothing new comes in; without an heir the rules go with the
    team. Tickets of no team are seen by every agent. Times do not move. Goes back by undo, of the same request.
    """
    require_admin(actor_of(session))
    _team(session, team_id)
    if heir_id is not None and (
        heir_id == team_id or not is_id(heir_id) or session.get(Team, heir_id) is None
    ):
        raise Invalid(fields={"tickets_to": "must be another team."})
    quiet = {"synchronize_session": False}
    session.execute(
        update(Mailbox).where(Mailbox.team_id == team_id).values(team_id=heir_id), execution_options=quiet
    )
    if heir_id is not None:
        session.execute(
            update(MailRule).where(MailRule.team_id == team_id).values(team_id=heir_id),
            execution_options=quiet,
        )
    ids = session.scalars(queries.tickets_of_team(team_id, limit)).all()
    session.scalar(set_curating(on=True))
    session.execute(
        update(Ticket).where(Ticket.id.in_(ids)).values(team_id=heir_id),
        execution_options={**quiet, INCLUDE_DELETED: True},
    )
    session.scalar(set_curating(on=False))
    return len(ids)


def delete_team(session: Session, team_id: int, *, handed_over: bool = False) -> None:
    """Delete a team that holds nothing, or whose tickets were handed over; TeamInUse otherwise.

    Its members stop being members. Goes back by undo, but for members.
    """
    require_admin(actor_of(session))
    _team(session, team_id)
    session.execute(queries.lock_team(team_id))  # nobody puts a ticket into it meanwhile
    holds = session.execute(queries.held_by_team(team_id)).one()
    if holds.tickets or (not handed_over and (holds.members or holds.mailboxes)):
        raise TeamInUse
    session.execute(delete(Team).where(Team.id == team_id), execution_options={"synchronize_session": False})
    session.expire_all()


def _team(session: Session, team_id: int) -> Team:
    team = session.get(Team, team_id) if is_id(team_id) else None
    if team is None:
        raise NotFound("There is no such team here.")
    return team
