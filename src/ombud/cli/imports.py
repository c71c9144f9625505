"""`ombud import`: bring tickets in from CSV files and mailboxes. What rows mean is in `ombud.transfer`."""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, BinaryIO, TypeVar

import typer

from ombud.cli.common import DataDir, desk_for, err, settings_with
from ombud.cli.loading import IMPORTER, Tally, load, progress_bar, tell
from ombud.cli.stopping import insisting
from ombud.db.desk import Desk
from ombud.db.open import open_desk
from ombud.errors import Invalid
from ombud.files import StoredBytes, files_of
from ombud.models import TicketStatus
from ombud.transfer import (
    LeftOut,
    Loaded,
    load_messages,
    load_tickets,
    queries,
    read_csv,
    read_mapping,
    read_mbox,
)
from ombud.transfer.restore import load_export, read_export
from ombud.transfer.restore.records import Loadable

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
R = TypeVar("R")

File = Annotated[Path, typer.Argument(help="The file to read.", show_default=False)]
MappingFile = Annotated[
    Path, typer.Option("--mapping", help="TOML file that says what the columns mean.", show_default=False)
]
Report = Annotated[
    Path | None,
    typer.Option("--report", help="Write every row left out as JSON lines.", show_default=False),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only read and check; change nothing.")]
NewStatus = Annotated[TicketStatus, typer.Option("--status", help="What new tickets are.")]
Strict = Annotated[bool, typer.Option("--strict", help="Stop at the first line that does not come in.")]
Source = Annotated[
    str, typer.Option("--source", help="Name of the mailbox's system; mails are known by it and their id.")
]


@app.command("csv")
def csv_command(
    file: File, mapping: MappingFile, report: Report = None, dry_run: DryRun = False, data_dir: DataDir = None
) -> None:
    """Import tickets from a CSV file. A second run adds what is new and changes nothing else."""
    settings = settings_with(data_dir)
    plan = read_mapping(mapping)
    with _opened(file) as stream, _tally(report) as tally:
        if dry_run:
            load_nothing(read_csv(stream, plan), tally, stream, file)
        else:
            with open_desk(settings) as desk:
                since = _database_time(desk)
                _load(
                    desk,
                    _watched(read_csv(stream, plan), tally, stream, file),
                    lambda batch: desk.run(IMPORTER, load_tickets, plan.source, batch, since),
                    tally,
                )
    tell(tally, report)


@app.command("mbox")
def mbox_command(
    file: File,
    *,
    source: Source = "mbox",
    status: NewStatus = TicketStatus.OPEN,
    report: Report = None,
    dry_run: DryRun = False,
    data_dir: DataDir = None,
) -> None:
    """Import mails from a mailbox. Answers join the ticket of the mail that they answer."""
    with _opened(file) as stream, _tally(report) as tally:
        if dry_run:
            load_nothing(read_mbox(stream, _keep_nothing), tally, stream, file)
        else:
            with desk_for(data_dir) as desk:
                files = files_of(desk.current)
                _load(
                    desk,
                    _watched(read_mbox(stream, lambda data: files.put([data])), tally, stream, file),
                    lambda batch: desk.run(IMPORTER, load_messages, source, batch, status),
                    tally,
                )
    tell(tally, report)


@app.command("jsonl")
def jsonl_command(
    file: File,
    report: Report = None,
    dry_run: DryRun = False,
    strict: Strict = False,
    data_dir: DataDir = None,
) -> None:
    """Import what `ombud export jsonl` wrote: with its numbers, times and files. A second run changes nothing."""
    settings = settings_with(data_dir)
    limit = settings.attachment_limit
    with _opened(file) as stream, _tally(report) as tally:
        if dry_run:
            load_nothing(
                read_export(stream, lambda chunks: _keep_nothing(b"".join(chunks)), limit),
                tally,
                stream,
                file,
            )
        else:
            with desk_for(data_dir) as desk:
                limit = desk.current.attachment_limit
                files = files_of(desk.current)
                entries = _watched(read_export(stream, files.put, limit), tally, stream, file)

                def write(batch: list[tuple[int, Loadable]]) -> Loaded:
                    return _unless_bad(desk.run(IMPORTER, load_export, batch), strict=strict)

                _load(desk, _unless_left_out(entries, strict=strict), write, tally)
    tell(tally, report)


def _unless_bad(loaded: Loaded, *, strict: bool) -> Loaded:
    for _ in _unless_left_out(loaded.left_out, strict=strict):
        pass
    return loaded


def _unless_left_out(entries: Iterable[R | LeftOut], *, strict: bool) -> Iterator[R | LeftOut]:
    """Yield the entries; with `strict` stop at the first that does not come in."""
    for entry in entries:
        if strict and isinstance(entry, LeftOut):
            told = "; ".join(f"{name} {rule}" for name, rule in entry.problems.items())
            raise Invalid(f"Line {entry.line} {entry.key}: {told} Nothing after it was imported.")
        yield entry


def load_nothing(entries: Iterable[R | LeftOut], tally: Tally, stream: BinaryIO, file: Path) -> None:
    """Read all and count; the desk is not even opened."""
    for entry in _watched(entries, tally, stream, file):
        tally.read += 1
        if isinstance(entry, LeftOut):
            tally.leave_out(entry)


def _load(
    desk: Desk, entries: Iterable[R | LeftOut], write: Callable[[list[R]], Loaded], tally: Tally
) -> None:
    try:
        with insisting():
            load(desk, entries, write, tally)
    except KeyboardInterrupt:
        err.print(
            f"Stopped. What came in so far ({tally.loaded.tickets:,} tickets) is whole and stays;"
            " run the same command again to go on.",
            highlight=False,
            soft_wrap=True,
        )
        raise typer.Exit(130) from None


def _watched(
    entries: Iterable[R | LeftOut], tally: Tally, stream: BinaryIO, file: Path
) -> Iterator[R | LeftOut]:
    """Yield the entries while a bar shows how much of the file is read."""
    with progress_bar() as bar:
        task = bar.add_task(file.name, total=file.stat().st_size, rows=0, rate=0.0)
        for entry in entries:
            yield entry
            if tally.read % 100 == 0:
                bar.update(task, completed=stream.tell(), rows=tally.read, rate=tally.rate)
        bar.update(task, completed=file.stat().st_size, rows=tally.read, rate=tally.rate)


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[BinaryIO]:
    try:
        stream = file.open("rb")
    except OSError as error:
        raise Invalid(f"{file} cannot be read: {error.strerror}.") from error
    with stream:
        yield stream


@contextlib.contextmanager
def _tally(report: Path | None) -> Iterator[Tally]:
    if report is None:
        yield Tally()
        return
    try:
        lines = report.open("w", encoding="utf-8")
    except OSError as error:
        raise Invalid(f"{report} cannot be written: {error.strerror}.") from error
    with lines:
        yield Tally(report=lines)


def _database_time(desk: Desk) -> datetime:
    with desk.read(IMPORTER) as session:
        return session.scalars(queries.database_time()).one()


def _keep_nothing(data: bytes) -> StoredBytes:
    return StoredBytes(size=len(data), checksum="", storage_key="")
