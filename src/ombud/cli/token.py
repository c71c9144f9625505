"""`ombud token`: keys for programs that use the API."""

from datetime import timedelta
from typing import Annotated

import typer

from ombud import clock
from ombud.cli.common import DataDir, desk_that_is_there, err
from ombud.cli.people import CONSOLE, person, show_table
from ombud.people import accounts, queries

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Email = Annotated[str, typer.Argument(help="Whose token; it may do what they may.")]


@app.command()
def create(
    email: Email,
    *,
    name: Annotated[str, typer.Option("--name", help="What it is for.")],
    read_only: Annotated[bool, typer.Option("--read-only", help="It may read and change nothing.")] = False,
    mail: Annotated[bool, typer.Option("--mail", help="It may bring mail and do nothing else.")] = False,
    days: Annotated[
        int | None, typer.Option("--days", min=1, max=3650, help="Days until it expires.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Make a token and print it. It is shown this once; the desk keeps a hash."""
    with desk_that_is_there(data_dir) as desk, desk.begin(CONSOLE) as session:
        scopes = ("mail",) if mail else ("read",) if read_only else ()
        token, record = accounts.create_token(session, person(session, email).id, name, scopes=scopes)
        record.expires_at = clock.now() + timedelta(days=days) if days is not None else None
    typer.echo(token)
    err.print(
        f"Token {record.id} for {email}. Keep it: it is not shown again.", highlight=False, markup=False
    )


@app.command("list")
def list_tokens(email: Email, data_dir: DataDir = None) -> None:
    """List somebody's tokens, newest first."""
    with desk_that_is_there(data_dir) as desk, desk.read(CONSOLE) as session:
        tokens = session.scalars(queries.tokens_of(person(session, email).id)).all()
    show_table(
        ("id", "name", "may", "created", "last used", "state"),
        [
            (
                token.id,
                token.name,
                ", ".join(token.scopes) or "everything",
                f"{token.created_at:%Y-%m-%d %H:%M}",
                f"{token.last_used_at:%Y-%m-%d %H:%M}" if token.last_used_at else "never",
                _state(
                    token.revoked_at is not None,
                    token.expires_at is not None and token.expires_at <= clock.now(),
                ),
            )
            for token in tokens
        ],
    )


@app.command()
def revoke(
    token_id: Annotated[int, typer.Argument(metavar="ID", help="The token's number, from `list`.", min=1)],
    data_dir: DataDir = None,
) -> None:
    """Make a token useless from now on."""
    with desk_that_is_there(data_dir) as desk, desk.begin(CONSOLE) as session:
        accounts.revoke_token(session, token_id)
    typer.echo(f"Token {token_id} is revoked.")


def _state(is_revoked: bool, is_expired: bool) -> str:
    return "revoked" if is_revoked else "expired" if is_expired else "good"
