"""What the commands about people share: finding somebody by address, tables, passwords."""

import sys
from collections.abc import Iterable, Sequence

import typer
from rich.table import Table
from sqlalchemy.orm import Session

from ombud.cli.common import in_cell, is_terminal, out, printable
from ombud.db.actor import Actor
from ombud.errors import NotFound
from ombud.models import User
from ombud.people import queries

CONSOLE = Actor.system("cli")


def person(session: Session, email: str) -> User:
    """Return the person with that address; NotFound when there is none."""
    found = session.scalar(queries.user_by_email(email))
    if found is None:
        raise NotFound(f"Nobody here has the address {email}.")
    return found


def new_password(*, from_stdin: bool) -> str | None:
    """Return a password from the first line of standard input, or asked for twice; None when nobody can be asked."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        return None
    answer: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    return answer


def show_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table for people, or lines with tabs for programs."""
    if not is_terminal():
        for row in rows:
            typer.echo("\t".join(printable(" ".join(str(cell).split())) for cell in row))
        return
    table = Table(*columns)
    for row in rows:
        table.add_row(*(in_cell(str(cell)) for cell in row))
    out.print(table)
