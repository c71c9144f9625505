"""`ombud audit`: read the audit log and the log of looks, prove that nothing was tampered with."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

import typer
from rich.table import Table
from sqlalchemy import Select

from ombud.audit import AccessFilter, LogFilter, queries, record_access
from ombud.audit.keys import trusted_keys
from ombud.audit.verify import Report, verify
from ombud.cli.common import DataDir, desk_that_is_there, err, in_cell, json_line, out
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.db.open import data_dir as data_dir_of
from ombud.errors import Invalid, NotFound
from ombud.models import AccessKind, AccessLog, AuditLog
from ombud.worker.logs import exported_checkpoints, keys_folder, seal_and_export

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

AUDITOR = Actor.system("cli/audit")
PAGE = 500
Row = TypeVar("Row", AuditLog, AccessLog)

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


@app.command("verify")
def verify_command(as_json: Json = False, data_dir: DataDir = None) -> None:
    """Prove that nothing was changed, removed, inserted or cut off; exit 1 and a list when something was."""
    with desk_that_is_there(data_dir) as desk:
        report = check(desk)
    if as_json:
        typer.echo(json.dumps(_plain(report)))
    else:
        _print_report(report)
    if not report.is_sound:
        raise typer.Exit(1)


@app.command()
def seal(data_dir: DataDir = None) -> None:
    """Seal what is finished now, instead of within a minute."""
    with desk_that_is_there(data_dir) as desk:
        sealed = seal_and_export(desk, AUDITOR)
    out.print(f"Sealed {sealed:,} rows.", highlight=False)


@app.command()
def log(
    *,
    ticket: Annotated[str | None, typer.Option(help="A ticket's number.")] = None,
    table: Annotated[str | None, typer.Option(help="A table, such as tickets.")] = None,
    record: Annotated[int | None, typer.Option(help="A record's id.")] = None,
    actor: Annotated[str | None, typer.Option(help="Who: user:7, system:import.")] = None,
    request: Annotated[str | None, typer.Option(help="A request's id.")] = None,
    start: Annotated[str | None, typer.Option("--from", help="An ISO time, UTC unless it says so.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="An ISO time, not included.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many rows, newest first.")] = 50,
    before: Annotated[int | None, typer.Option(help="Go on below this row: the last id of a page.")] = None,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Show who changed what, newest first. With --json one row a line, streamed."""
    times = {"start": parsed_time("from", start), "end": parsed_time("to", end)}
    with desk_that_is_there(data_dir) as desk:
        wanted = LogFilter(
            ticket_id=_ticket_id(desk, ticket) if ticket is not None else None,
            table=table,
            record_id=record,
            actor=actor,
            request_id=request,
            **times,
        )
        look = (
            (AccessKind.VIEW, f"ticket:{ticket}/history")
            if ticket is not None
            else (AccessKind.LIST, "audit")
        )
        desk.run(AUDITOR, record_access, *look)
        rows = _paged(
            desk, lambda *place: queries.log(AUDITOR, wanted, before=place[0], limit=place[1]), before, limit
        )
        if as_json:
            for row in rows:
                typer.echo(json_line(_row(row)))
        else:
            _print_rows(rows, limit)


@app.command()
def access(
    *,
    kind: Annotated[AccessKind | None, typer.Option(help="How it was read, or `denied`.")] = None,
    actor: Annotated[str | None, typer.Option(help="Who: user:7, system:export.")] = None,
    thing: Annotated[
        str | None, typer.Option("--object", help="What: ticket:1042 (and what is below it), attachment:4.")
    ] = None,
    request: Annotated[str | None, typer.Option(help="A request's id.")] = None,
    start: Annotated[str | None, typer.Option("--from", help="An ISO time, UTC unless it says so.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="An ISO time, not included.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many rows, newest first.")] = 50,
    before: Annotated[int | None, typer.Option(help="Go on below this row: the last id of a page.")] = None,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Show who looked at what, newest first. With --json one row a line, streamed."""
    wanted = AccessFilter(
        kind=kind,
        principal=actor,
        thing=thing,
        request_id=request,
        start=parsed_time("from", start),
        end=parsed_time("to", end),
    )
    with desk_that_is_there(data_dir) as desk:
        rows = _paged(
            desk,
            lambda *place: queries.looks(AUDITOR, wanted, before=place[0], limit=place[1]),
            before,
            limit,
        )
        if as_json:
            for row in rows:
                typer.echo(json_line(_look(row)))
        else:
            _print_looks(rows, limit)


def check(desk: Desk) -> Report:
    """Verify a desk's log against the keys and the exported file of its data folder."""
    folder = data_dir_of(desk.settings)
    lines = exported_checkpoints(folder).lines()
    with desk.read(AUDITOR, snapshot=True, fresh=True) as session:
        return verify(session, trusted_keys(keys_folder(folder)), lines)


def parsed_time(name: str, text: str | None) -> datetime | None:
    """Return a time given on the command line, in UTC unless it says otherwise; Invalid for other texts."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(fields={name: "is not an ISO time, such as 2026-11-23T09:00."}) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _ticket_id(desk: Desk, number: str) -> int:
    with desk.read(AUDITOR, fresh=True) as session:
        ticket = session.scalar(queries.ticket_of(AUDITOR, number))
    if ticket is None:
        raise NotFound(f"There is no ticket {number} here.")
    return ticket.id


def _paged(
    desk: Desk, page_of: Callable[[int | None, int], Select[Row]], before: int | None, limit: int
) -> Iterator[Row]:
    """Yield rows page by page, each in a short transaction of its own."""
    while limit > 0:
        with desk.read(AUDITOR, fresh=True) as session:
            page = session.scalars(page_of(before, min(PAGE, limit))).all()
        yield from page
        if len(page) < min(PAGE, limit):
            return
        limit, before = limit - len(page), page[-1].id


def _print_rows(rows: Iterator[AuditLog], limit: int) -> None:
    table = Table("Id", "Time (UTC)", "Who", "What", "Request", "Changes", box=None, pad_edge=False)
    last = None
    for last in rows:
        who = last.user.full_name or last.user.email if last.user is not None else last.actor
        key = ",".join(str(value) for value in last.record_key.values())
        what = f"{last.action.value.lower()} {last.table_name} {key}"
        cells = (who, what, last.request_id, _told(last.changes))
        table.add_row(str(last.id), f"{last.created_at:%Y-%m-%d %H:%M:%S}", *map(in_cell, cells))
    if last is None:
        out.print("Nothing was changed that fits.")
        return
    out.print(table)
    if table.row_count == limit:
        out.print(f"More with --before {last.id}.", highlight=False)


def _print_looks(rows: Iterator[AccessLog], limit: int) -> None:
    table = Table("Id", "Time (UTC)", "Who", "Kind", "Object", "Request", box=None, pad_edge=False)
    last = None
    for last in rows:
        cells = (last.principal, last.kind.value, last.object, last.request_id)
        table.add_row(str(last.id), f"{last.at:%Y-%m-%d %H:%M:%S}", *map(in_cell, cells))
    if last is None:
        out.print("Nobody looked at anything that fits.")
        return
    out.print(table)
    if table.row_count == limit:
        out.print(f"More with --before {last.id}.", highlight=False)


def _told(changes: dict[str, list[Any]]) -> str:
    parts = (f"{column}: {_short(before)} → {_short(after)}" for column, (before, after) in changes.items())
    return "; ".join(parts)


def _short(value: Any) -> str:
    text = "-" if value is None else str(value)
    return text if len(text) <= 40 else f"{text[:39]}…"


def _row(row: AuditLog) -> dict[str, Any]:
    return {
        "id": row.id,
        "at": row.created_at.isoformat(),
        "actor": row.actor,
        "user_id": row.user_id,
        "request_id": row.request_id,
        "action": row.action.value,
        "table": row.table_name,
        "key": row.record_key,
        "ticket_id": row.ticket_id,
        "changes": row.changes,
    }


def _look(row: AccessLog) -> dict[str, Any]:
    return {
        "id": row.id,
        "at": row.at.isoformat(),
        "principal": row.principal,
        "user_id": row.user_id,
        "kind": row.kind.value,
        "object": row.object,
        "request_id": row.request_id,
    }


def _plain(report: Report) -> dict[str, Any]:
    problems = [
        {"kind": one.kind, "what": one.what, "checkpoint": one.checkpoint, "row": one.row}
        for one in report.problems
    ]
    return {
        "sound": report.is_sound,
        "checkpoints": report.checkpoints,
        "sealed_rows": report.sealed_rows,
        "unsealed_rows": report.unsealed_rows,
        "counts": report.counts,
        "problems": problems,
    }


def _print_report(report: Report) -> None:
    table = Table("What", "Count", box=None, pad_edge=False)
    table.add_row("Checkpoints", f"{report.checkpoints:,}")
    table.add_row("Sealed rows", f"{report.sealed_rows:,}")
    table.add_row("Rows not sealed yet", f"{report.unsealed_rows:,}")
    for kind, count in sorted(report.counts.items()):
        table.add_row(f"Problem: {kind.replace('_', ' ')}", f"{count:,}")
    out.print(table)
    for problem in report.problems:
        err.print(problem.what, highlight=False, markup=False, soft_wrap=True)
    if report.is_sound:
        out.print("The log is as it was written.")
        if report.unsealed_rows:
            out.print("What is not sealed yet could be changed by the database's superuser without a trace.")
