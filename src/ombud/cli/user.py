"""`ombud user`: people who sign in, and customers."""

from typing import Annotated

import typer

from ombud.cli.common import DataDir, desk_for
from ombud.cli.people import CONSOLE, new_password, person, show_table
from ombud.errors import Invalid
from ombud.kit.passwords import hash_password
from ombud.models import User, UserRole
from ombud.people import actions, queries

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

PAGE = 200

Email = Annotated[str, typer.Argument(help="Their address.")]
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from the first line of standard input.")
]


@app.command()
def create(
    email: Email,
    name: Annotated[str, typer.Option("--name", help="Their full name.")] = "",
    role: Annotated[UserRole, typer.Option("--role", help="What they are to the desk.")] = UserRole.CUSTOMER,
    password_stdin: PasswordStdin = False,
    data_dir: DataDir = None,
) -> None:
    """Create a person. Staff are asked for a password where there is a terminal; customers need none."""
    wants_one = password_stdin or role is not UserRole.CUSTOMER
    password = new_password(from_stdin=password_stdin) if wants_one else None
    hashed = hash_password(password, (email, name)) if password is not None else None
    with desk_for(data_dir) as desk, desk.begin(CONSOLE) as session:
        user = actions.create_user(session, email=email, full_name=name, role=role, password_hash=hashed)
    typer.echo(f"{user.role.value} {user.email} has the number {user.id}.")
    if hashed is None and role is not UserRole.CUSTOMER:
        typer.echo(f"They cannot sign in yet: ombud user password {user.email}")


@app.command("list")
def list_users(
    text: Annotated[str, typer.Argument(help="Part of a name or address.")] = "",
    staff: Annotated[bool, typer.Option("--staff", help="Only staff.")] = False,
    data_dir: DataDir = None,
) -> None:
    """List people by number."""
    found: list[User] = []
    after = 0
    with desk_for(data_dir) as desk, desk.read(CONSOLE) as session:
        while True:
            statement = queries.users(CONSOLE, text=text, staff=staff or None, after=after, limit=PAGE)
            page = session.scalars(statement).all()
            found += page
            if len(page) < PAGE:
                break
            after = page[-1].id
    show_table(
        ("id", "address", "name", "role", "organization", "active"),
        [
            (
                user.id,
                user.email,
                user.full_name,
                user.role.value,
                user.organization.name if user.organization is not None else "",
                "yes" if user.is_active else "no",
            )
            for user in found
        ],
    )


@app.command()
def password(email: Email, password_stdin: PasswordStdin = False, data_dir: DataDir = None) -> None:
    """Set somebody's password. Their web sessions end; tokens stay (see `ombud token revoke`)."""
    new = new_password(from_stdin=password_stdin)
    if new is None:
        raise Invalid("There is no terminal to ask at: give the password with --password-stdin.")
    hashed = hash_password(new, (email,))
    with desk_for(data_dir) as desk, desk.begin(CONSOLE) as session:
        actions.set_password(session, person(session, email).id, hashed)
    typer.echo(f"{email} has a new password.")


@app.command()
def deactivate(email: Email, data_dir: DataDir = None) -> None:
    """Keep somebody from signing in and from being assigned. Their tickets and words stay."""
    with desk_for(data_dir) as desk, desk.begin(CONSOLE) as session:
        actions.deactivate_user(session, person(session, email).id)
    typer.echo(f"{email} is deactivated.")


@app.command()
def reactivate(email: Email, data_dir: DataDir = None) -> None:
    """Let somebody in again who was deactivated. Their tokens stay revoked."""
    with desk_for(data_dir) as desk, desk.begin(CONSOLE) as session:
        actions.reactivate_user(session, person(session, email).id)
    typer.echo(f"{email} is active again.")
