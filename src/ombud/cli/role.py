"""`ombud role`: custom roles, and who has them."""

from typing import Annotated

import typer
from sqlalchemy.orm import Session

from ombud.cli.common import DataDir, desk_for
from ombud.cli.people import CONSOLE, person, show_table
from ombud.db.permissions import Permission
from ombud.errors import NotFound
from ombud.models import CustomRole, UserRole
from ombud.people import queries, roles
from ombud.people.actions import change_user

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Name = Annotated[str, typer.Argument(help="The role's name.")]
Email = Annotated[str, typer.Argument(help="The address of a member of staff.")]
Rights = Annotated[
    list[Permission] | None, typer.Option("--may", help="A right; again for each. None: they only read.")
]


@app.command()
def create(
    name: Name,
    may: Rights = None,
    description: Annotated[str, typer.Option("--description", help="What it is for.")] = "",
    data_dir: DataDir = None,
) -> None:
    """Make a role for agents."""
    with desk_for(data_dir) as desk, desk.begin(CONSOLE) as session:
        role = roles.create_role(session, name=name, permissions=may or [], description=description)
    typer.echo(f"Role {role.name} has the number {role.id}.")


@app.command("list")
def list_roles(data_dir: DataDir = None) -> None:
    """List the roles that the desk made. Administrators, agents and light agents are always there."""
    with desk_for(data_dir) as desk, desk.read(CONSOLE) as session:
        found = session.scalars(queries.roles()).all()
    show_table(
        ("id", "name", "may"), [(one.id, one.name, ", ".join(one.permissions) or "read") for one in found]
    )


@app.command()
def change(name: Name, may: Rights = None, data_dir: DataDir = None) -> None:
    """Replace the rights of a role. It holds from the next request on, for everybody who has the role."""
    with desk_for(data_dir) as desk, desk.begin(CONSOLE) as session:
        role = roles.change_role(session, _role(session, name).id, {"permissions": may or []})
    typer.echo(f"Role {role.name} may: {', '.join(role.permissions) or 'read'}.")


@app.command()
def rename(
    name: Name,
    new_name: Annotated[str, typer.Argument(help="What it is called from now on.")],
    data_dir: DataDir = None,
) -> None:
    """Give a role another name. Its rights, and who has it, stay."""
    with desk_for(data_dir) as desk, desk.begin(CONSOLE) as session:
        role = roles.change_role(session, _role(session, name).id, {"name": new_name})
    typer.echo(f"The role is called {role.name} now.")


@app.command()
def delete(name: Name, data_dir: DataDir = None) -> None:
    """Delete a role that nobody has."""
    with desk_for(data_dir) as desk, desk.begin(CONSOLE) as session:
        roles.delete_role(session, _role(session, name).id)
    typer.echo(f"Role {name} is deleted.")


@app.command()
def give(
    email: Email,
    role: Annotated[
        str, typer.Argument(help="admin, agent, light_agent, customer, or a role that the desk made.")
    ],
    data_dir: DataDir = None,
) -> None:
    """Give somebody a role. Their web sessions end."""
    with desk_for(data_dir) as desk, desk.begin(CONSOLE) as session:
        user = person(session, email)
        if role in list(UserRole):
            change_user(session, user.id, {"role": UserRole(role), "custom_role_id": None})
        else:
            found = _role(session, role)
            change_user(session, user.id, {"role": UserRole.AGENT, "custom_role_id": found.id})
    typer.echo(f"{email} has the role {role}.")


def _role(session: Session, name: str) -> CustomRole:
    for role in session.scalars(queries.roles()):
        if role.name.lower() == name.strip().lower():
            return role
    raise NotFound(f"There is no role {name}.")
