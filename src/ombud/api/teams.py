"""Teams and their members. Staff see them, administrators keep them."""

import contextlib
from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import Query
from pydantic import Field
from sqlalchemy.orm import Session

from ombud.api.calls import CurrentCall
from ombud.api.created import Created
from ombud.api.paging import Link, PageQuery, cursor_at
from ombud.api.routing import api_router, problems
from ombud.api.schemas.base import Page, PathId, QueryId
from ombud.api.schemas.people import NewTeam, Person, Team, TeamDetails, TeamPatch, people
from ombud.curation import delete_team
from ombud.curation.handing_over import hand_all_over
from ombud.db.context import actor_of
from ombud.errors import NotFound
from ombud.models import Team as TeamRow
from ombud.people import queries
from ombud.people.accounts import require_fresh
from ombud.people.actions import add_team_member, change_team, create_team, remove_team_member
from ombud.people.policy import require_admin
from ombud.tickets.policy import require_staff

router = api_router("Teams")


Included = Annotated[list[Literal["members"]], Field(max_length=1, description="Also who is in it.")]


class TeamQuery(PageQuery):
    """Which teams."""

    include: Included | None = None


@router.get("/teams", response_model_exclude_unset=True)
async def list_teams(page: Annotated[TeamQuery, Query()], call: CurrentCall, link: Link) -> Page[Team]:
    """List teams by name."""
    rows = await call.read(_teams, page)
    show = _with_members if page.include else Team.of
    return link.page(rows, page.limit, show, lambda team: cursor_at("teams", team.name))


@router.post("/teams", status_code=201, responses=problems(409, 413, 415), response_model_exclude_unset=True)
async def create_new_team(body: NewTeam, call: CurrentCall, created: Created) -> Team:
    """Create a team."""
    team = await call.write(_create, body)
    created.at(f"/teams/{team.id}")
    return team


@router.get("/teams/{team_id}")
async def read_team(team_id: PathId, call: CurrentCall) -> TeamDetails:
    """Read a team with its members."""
    return await call.read(_details, team_id)


@router.patch("/teams/{team_id}", responses=problems(409, 413, 415))
async def update_team(team_id: PathId, body: TeamPatch, call: CurrentCall) -> TeamDetails:
    """Change a team's name or description."""
    return await call.write(_change, team_id, body)


@router.delete("/teams/{team_id}", status_code=204, responses=problems(409))
async def remove_team(
    team_id: PathId,
    call: CurrentCall,
    tickets_to: Annotated[
        QueryId | Literal["none"] | None,
        Query(
            description="The team that takes its tickets and mailboxes; `none`: every agent sees them then."
        ),
    ] = None,
) -> None:
    """Delete a team. Refused while it holds something and `tickets_to` does not say where that goes.

    At most 10,000 tickets go in one call: 409 `team_still_moving` says to repeat it. Taken back by `POST /undo`, but
    for members.
    """
    require_admin(call.actor)
    require_fresh(call.principal)
    if tickets_to is not None:
        heir_id = None if tickets_to == "none" else tickets_to
        # Where the team is gone, a repetition under an `Idempotency-Key` is answered as the first time.
        with contextlib.suppress(NotFound):
            await hand_all_over(call.runtime.desk, call.actor, team_id, heir_id)
    await call.write(_delete, team_id, tickets_to is not None)


@router.get("/teams/{team_id}/members")
async def list_members(team_id: PathId, call: CurrentCall) -> Page[Person]:
    """List a team's members by name."""
    team = await call.read(_team, team_id)
    return Page(items=people(team.members), next_cursor=None)


@router.put("/teams/{team_id}/members/{user_id}", status_code=204)
async def add_member(
    team_id: PathId,
    user_id: PathId,
    call: CurrentCall,
    reads_only: Annotated[bool, Query(description="They read the team's tickets and change none.")] = False,
) -> None:
    """Put a member of staff into a team. Doing so twice is harmless."""
    require_admin(call.actor)
    require_fresh(call.principal)
    await call.write(_add, team_id, user_id, reads_only)


@router.delete("/teams/{team_id}/members/{user_id}", status_code=204)
async def remove_member(team_id: PathId, user_id: PathId, call: CurrentCall) -> None:
    """Take somebody out of a team. Doing so twice is harmless."""
    require_admin(call.actor)
    require_fresh(call.principal)
    await call.write(_remove, team_id, user_id)


def _teams(session: Session, page: TeamQuery) -> Sequence[TeamRow]:
    require_staff(actor_of(session))
    statement = queries.teams_page(after=page.after_name("teams"), limit=page.limit + 1)
    if page.include:
        statement = queries.with_members(statement)
    return session.scalars(statement).all()


def _with_members(team: TeamRow) -> Team:
    return Team.of(team).model_copy(update={"members": people(team.members)})


def _team(session: Session, team_id: int) -> TeamRow:
    require_staff(actor_of(session))
    team = session.scalar(queries.team_by_id(team_id))
    if team is None:
        raise NotFound("There is no such team here.")
    return team


def _create(session: Session, body: NewTeam) -> Team:
    return Team.of(create_team(session, name=body.name, description=body.description))


def _details(session: Session, team_id: int) -> TeamDetails:
    return TeamDetails.of(_team(session, team_id), session.scalars(queries.readers_of(team_id)).all())


def _change(session: Session, team_id: int, body: TeamPatch) -> TeamDetails:
    require_admin(actor_of(session))
    change_team(session, team_id, body.given())  # type: ignore[arg-type] # has the fields of TeamChanges
    return _details(session, team_id)


def _delete(session: Session, team_id: int, handed_over: bool) -> None:
    delete_team(session, team_id, handed_over=handed_over)


def _add(session: Session, team_id: int, user_id: int, reads_only: bool) -> None:
    require_admin(actor_of(session))
    _team(session, team_id)
    add_team_member(session, team_id, user_id, reads_only=reads_only)


def _remove(session: Session, team_id: int, user_id: int) -> None:
    require_admin(actor_of(session))
    _team(session, team_id)
    remove_team_member(session, team_id, user_id)
