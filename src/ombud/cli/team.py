"""`ombud team`: teams and who is in them."""

from typing import Annotated

import typer
from sqlalchemy.orm import Session

from ombud.cli.common import DataDir, desk_for
from ombud.cli.people import CONSOLE, person, show_table
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


def _team(session: Session, name: str) -> Team:
    for team in session.scalars(queries.teams()):
        if team.name.lower() == name.strip().lower():
            return team
    raise NotFound(f"There is no team {name}.")
