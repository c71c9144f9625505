"""`ombud export`: the desk's content as JSON lines, or its tickets as a spreadsheet. Memory stays flat."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated

import typer
from sqlalchemy.orm import Session

from ombud.audit.actions import record_access
from ombud.cli.common import DataDir, desk_that_is_there, err, settings_with
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.errors import Invalid
from ombud.files import files_of
from ombud.models import AccessKind
from ombud.transfer.export import csv_lines, json_lines

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

EXPORTER = Actor.system("cli/export")

Target = Annotated[
    Path | None,
    typer.Argument(help="The file to write; standard output without it, or by `-`.", show_default=False),
]
NoFiles = Annotated[bool, typer.Option("--no-files", help="Leave the bytes of attachments out.")]


@app.command()
def jsonl(file: Target = None, no_files: NoFiles = False, data_dir: DataDir = None) -> None:
    """Export everything as JSON lines, which `ombud import jsonl` brings in again."""
    settings = settings_with(data_dir)
    with desk_that_is_there(data_dir) as desk:
        store = None if no_files else files_of(settings)
        with _written(file) as lines, _noted(desk, "export:jsonl") as session:
            count = 0
            for line, is_ticket in json_lines(session, store.get if store is not None else None):
                lines.write(line)
                count += is_ticket
    err.print(f"{count:,} tickets.", highlight=False)


@app.command("csv")
def csv_command(file: Target = None, data_dir: DataDir = None) -> None:
    """Export a row for each ticket, for spreadsheets: no cell is taken for a formula."""
    with (
        desk_that_is_there(data_dir) as desk,
        _written(file) as lines,
        _noted(desk, "export:csv") as session,
    ):
        count = 0
        for line, is_ticket in csv_lines(session):
            lines.write(line)
            count += is_ticket
    err.print(f"{count:,} tickets.", highlight=False)


@contextmanager
def _noted(desk: Desk, what: str) -> Iterator[Session]:
    """Write the export down, committed before anything leaves (without the note nothing does); then read."""
    desk.run(EXPORTER, record_access, AccessKind.EXPORT, what)
    with desk.read(EXPORTER, snapshot=True) as session:
        yield session


@contextmanager
def _written(file: Path | None) -> Iterator[IO[str]]:
    """Open what is written to; a file is private to its owner, and not there unless it is whole."""
    if file is None or str(file) == "-":
        yield sys.stdout
        sys.stdout.flush()
        return
    if file.exists():
        raise Invalid(f"{file} is there already; name another file.")
    unfinished = file.with_name(f"{file.name}.unfinished")
    try:
        unfinished.touch(mode=0o600)
        with unfinished.open("w", encoding="utf-8", newline="") as lines:
            yield lines
        unfinished.rename(file)
    except OSError as error:
        raise Invalid(f"{file} cannot be written: {error.strerror}.") from error
    finally:
        unfinished.unlink(missing_ok=True)
