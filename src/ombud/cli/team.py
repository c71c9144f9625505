"""`ombud team`: teams and who is in them."""

from typing import Annotated

import typer
from sqlalchemy.orm import Session

from ombud.cli.common import DataDir, desk_for
from ombud.cli.people import CONSOLE, person, show_table
from ombud.curation import delete_team, hand_over
from ombud.errors import NotFound
from ombud.models import Team
from ombud.people import actions, queries

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Name = Annotated[str, typer.Argument(help="The team's name.")]
Email = Annotated[str, typer.Argument(help="The address of a member of staff.")]


@app.command()
def create(
    name: Name,
    description: Annotated[str, typer.Option("--description", help="What it is for.")] = "",
    data_dir: DataDir = None,
) -> None:
    """Create a team."""
    with desk_for(data_dir) as desk, desk.begin(CONSOLE) as session:
        team = actions.create_team(session, name=name, description=description)
    typer.echo(f"Team {team.name} has the number {team.id}.")


@app.command("list")
def list_teams(data_dir: DataDir = None) -> None:
    """List teams with their members."""
    with desk_for(data_dir) as desk, desk.read(CONSOLE) as session:
        teams = session.scalars(queries.teams_with_members()).all()
    show_table(
        ("id", "name", "members"),
        [(team.id, team.name, ", ".join(sorted(one.email for one in team.members))) for team in teams],
    )


@app.command()
def add(
    name: Name,
    email: Email,
    reads_only: Annotated[
        bool, typer.Option("--reads-only", help="They read the team's tickets and change none.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Put a member of staff into a team. Doing so twice is harmless."""
    with desk_for(data_dir) as desk, desk.begin(CONSOLE) as session:
        team_id, user_id = _team(session, name).id, person(session, email).id
        actions.add_team_member(session, team_id, user_id, reads_only=reads_only)
    typer.echo(f"{email} is in the team {name}.")


@app.command()
def remove(name: Name, email: Email, data_dir: DataDir = None) -> None:
    """Take somebody out of a team. Doing so twice is harmless."""
    with desk_for(data_dir) as desk, desk.begin(CONSOLE) as session:
        actions.remove_team_member(session, _team(session, name).id, person(session, email).id)
    typer.echo(f"{email} is not in the team {name}.")


@app.command()
def rename(
    name: Name,
    new_name: Annotated[str, typer.Argument(help="What it is called from now on.")],
    data_dir: DataDir = None,
) -> None:
    """Give a team another name. Its members, tickets and mailboxes stay."""
    with desk_for(data_dir) as desk, desk.begin(CONSOLE) as session:
        team = actions.change_team(session, _team(session, name).id, {"name": new_name})
    typer.echo(f"The team is called {team.name} now.")


@app.command()
def describe(
    name: Name,
    description: Annotated[str, typer.Argument(help="What it is for; an empty text takes that away.")],
    data_dir: DataDir = None,
) -> None:
    """Say what a team is for."""
    with desk_for(data_dir) as desk, desk.begin(CONSOLE) as session:
        team = actions.change_team(session, _team(session, name).id, {"description": description})
    typer.echo(f"{team.name}: {team.description or 'no description'}")


@app.command()
def delete(
    name: Name,
    tickets_to: Annotated[
        str, typer.Option("--tickets-to", help="The team that takes its tickets and mailboxes.")
    ] = "",
    no_team: Annotated[
        bool, typer.Option("--no-team", help="Its tickets go to no team: every agent sees them.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Delete a team. What it holds goes where you say; its members stop being members."""
    if tickets_to and no_team:
        raise typer.BadParameter("Give --tickets-to or --no-team, not both.")
    moved = 0
    with desk_for(data_dir) as desk:
        with desk.read(CONSOLE) as session:
            team_id = _team(session, name).id
            heir_id = _team(session, tickets_to).id if tickets_to else None
        while heir_id is not None or no_team:
            piece = desk.run(CONSOLE, hand_over, team_id, heir_id)
            moved += piece
            if not piece:
                break
        desk.run(CONSOLE, delete_team, team_id, handed_over=heir_id is not None or no_team)
    typer.echo(
        f"The team {name} is gone; {moved} tickets changed hands. Back: ombud undo {CONSOLE.request_id}"
    )


def _team(session: Session, name: str) -> Team:
    for team in session.scalars(queries.teams()):
        if team.name.lower() == name.strip().lower():
            return team
    raise NotFound(f"There is no team {name}.")
