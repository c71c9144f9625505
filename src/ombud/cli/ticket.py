"""`ombud ticket`: look at single tickets, as they are or as they were."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.table import Table

from ombud.audit import TicketAsOf, as_of, queries, record_access
from ombud.cli.audit import Json, parsed_time
from ombud.cli.common import DataDir, desk_that_is_there, in_cell, json_line, out, printable
from ombud.clock import now
from ombud.db.actor import Actor
from ombud.models import AccessKind

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

READER = Actor.system("cli/ticket")


@app.callback()
def ticket() -> None:
    """Look at single tickets."""


@app.command()
def show(
    number: Annotated[str, typer.Argument(help="The ticket's number.", show_default=False)],
    at: Annotated[
        str | None, typer.Option("--at", help="As it was at this time (ISO, UTC unless it says so).")
    ] = None,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Show a ticket, its tags and what was said on it; with --at exactly as they were. The look is written down."""
    moment = parsed_time("at", at) or now()
    with desk_that_is_there(data_dir) as desk:
        with desk.read(READER, snapshot=True) as session:
            found = as_of(session, number, moment)
            names: dict[int, str] = {}
            if not as_json:
                names = dict(session.execute(queries.names_of(_people(found))).all())
        # Committed before anything is shown, as an export is: this process is gone before any chore runs.
        desk.run(READER, record_access, AccessKind.VIEW, f"ticket:{found.ticket_number}")
    if as_json:
        typer.echo(json_line(asdict(found), _plain))
    else:
        _print(found, names)


def _people(found: TicketAsOf) -> set[int]:
    people = {
        found.requester_id,
        found.creator_id,
        *found.participant_ids,
        *(c.author_id for c in found.comments),
    }
    return people | ({found.assignee_id} if found.assignee_id is not None else set())


def _print(found: TicketAsOf, names: dict[int, str]) -> None:
    def name(person: int | None) -> str:
        return "nobody" if person is None else names.get(person, f"person {person}")

    table = Table(f"Ticket {in_cell(found.ticket_number)}", in_cell(found.title), box=None, pad_edge=False)
    for label, value in (
        ("Status", f"{found.status.value}{' (deleted)' if found.deleted_at else ''}"),
        ("Priority", found.priority.value),
        ("Requester", name(found.requester_id)),
        ("Assignee", name(found.assignee_id)),
        ("Tags", ", ".join(found.tags) or "none"),
        ("Opened", _time(found.created_at)),
        ("Last activity", _time(found.last_activity_at)),
    ):
        table.add_row(label, in_cell(value))
    out.print(table)
    _say(found.description)
    for comment in found.comments:
        kind = "noted" if comment.is_internal else "wrote"
        _say(f"\n{name(comment.author_id)} {kind}, {_time(comment.created_at)}:")
        _say(comment.content)


def _say(text: str) -> None:
    if text:
        out.print(printable(text), highlight=False, markup=False, soft_wrap=True)


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
