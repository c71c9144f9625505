"""`ombud mail`: take mail in, look after what came, and read mail files as the desk does."""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Iterable
from typing import Annotated, Any

import typer

from ombud.cli import mail_out
from ombud.cli.common import DataDir, desk_for, err, out, printable, settings_with

app = typer.Typer(help="Take mail in and send it, and read it as the desk does.", no_args_is_help=True)

# Mail that goes out has commands of its own, at the same place.
app.add_typer(mail_out.app)

EX_DATAERR, EX_NOUSER, EX_TEMPFAIL = 65, 67, 75
"""Exit codes by which mail servers know what to do with a message (sysexits.h)."""
PIECE = 1 << 20

Address = Annotated[
    str | None, typer.Option("--mailbox", help="Which mailbox, by its address.", show_default=False)
]
Files = Annotated[list[str], typer.Argument(metavar="FILE...", help="Files to read, in order.")]


@app.command()
def parse(files: Files) -> None:
    """Print what each message says: sender, subject, text, reply, attachments, kind."""
    from ombud.mail.parse.commands import parse_file

    _print(parse_file(file) for file in files)


@app.command()
def cut(
    files: Files, html: Annotated[bool, typer.Option("--html", help="The bodies are HTML.")] = False
) -> None:
    """Split bare bodies into reply, quoted text and signature."""
    from ombud.mail.parse.commands import cut_body

    _print(cut_body(file, is_html=html) for file in files)


@app.command()
def thread(files: Files) -> None:
    """Print to which ticket each message of the mailboxes or message files belongs."""
    from ombud.mail.parse.commands import thread_files

    _print(thread_files(files))


@app.command()
def ingest(mailbox: Address = None, data_dir: DataDir = None) -> None:
    """Take one message from standard input, as a mail server's pipe gives it.

    Ends with the exit codes that mail servers know: 0 it is ours, 65 it cannot be taken, 67 no such mailbox,
    75 try again later. The message is on the disk and committed before 0 is returned.
    """
    try:
        code = _ingest(mailbox, data_dir)
    except Exception as error:  # noqa: BLE001 - whatever it is, the server must keep the message
        code = _refused(str(error) or type(error).__name__, EX_TEMPFAIL)
    raise typer.Exit(code)


def _ingest(address: str | None, data_dir: Any) -> int:
    from ombud.errors import OmbudError, TooLarge
    from ombud.models import MailSource
    from ombud.worker.intake import UnknownMailbox, open_intake

    pieces = iter(lambda: sys.stdin.buffer.read(PIECE), b"")
    first = next(pieces, b"")
    if not first.strip():
        err.print("ombud: there is no message on standard input.")
        return EX_DATAERR
    settings = settings_with(data_dir)
    with desk_for(data_dir) as desk:
        intake = open_intake(desk, settings)
        try:
            mailbox_id = intake.mailboxes_at([address]).get(address) if address else None
            if address and mailbox_id is None:
                return _refused(f"No mailbox of this desk has the address {address}.", EX_NOUSER)
            intake.receive(itertools.chain([first], pieces), MailSource.PIPE, mailbox_id=mailbox_id)
        except UnknownMailbox as error:
            return _refused(error.message, EX_NOUSER)
        except TooLarge as error:
            return _refused(error.message, EX_DATAERR)
        except OmbudError as error:
            return _refused(error.message, EX_TEMPFAIL)
    return 0


def _refused(words: str, code: int) -> int:
    err.print(f"ombud: {words}", highlight=False, markup=False, soft_wrap=True)
    return code


@app.command()
def fetch(mailbox: Address = None, data_dir: DataDir = None) -> None:
    """Fetch what is new by IMAP, once, and decide about it."""
    from ombud.db.actor import Actor
    from ombud.errors import NotFound, OmbudError
    from ombud.mail import queries
    from ombud.worker.fetch import open_fetcher
    from ombud.worker.intake import open_intake

    settings, failed = settings_with(data_dir), False
    with desk_for(data_dir) as desk:
        with desk.read(Actor.system("cli/mail")) as session:
            wanted = [
                row for row in session.execute(queries.fetched_mailboxes()) if mailbox in (None, row.address)
            ]
        if mailbox and not wanted:
            raise NotFound(f"No mailbox that is fetched by IMAP has the address {mailbox}.")
        for row in wanted:
            try:
                count = open_fetcher(desk, settings, row.id).fetch()
                out.print(f"{row.address}: {count:,} new", highlight=False)
            except OmbudError as error:
                failed = True
                err.print(printable(f"{row.address}: {error.message}"), highlight=False, markup=False)
        intake = open_intake(desk, settings)
        while intake.decide_waiting():
            pass
    if failed:
        raise typer.Exit(1)


@app.command()
def status(data_dir: DataDir = None) -> None:
    """Show how fetching goes, and how many messages wait or are in quarantine."""
    from ombud.cli.people import show_table
    from ombud.db.actor import Actor
    from ombud.mail import queries

    actor = Actor.system("cli/mail")
    with desk_for(data_dir) as desk, desk.read(actor) as session:
        boxes = session.scalars(queries.mailboxes()).all()
        places = {place.mailbox_id: place for place in session.scalars(queries.mail_positions())}
        counts = session.execute(queries.inbound_counts(actor)).one()
    rows = []
    for box in boxes:
        place = places.get(box.id)
        looked = f"{place.fetched_at:%Y-%m-%d %H:%M}" if place and place.fetched_at else "never"
        way = f"IMAP {box.imap_host}" if box.imap_host else "brought to us"
        state = (place.problem if place else "") or ("good" if box.is_active else "off")
        rows.append((box.id, box.address, way, looked if box.imap_host else "", state))
    show_table(("id", "address", "comes by", "last fetched", "state"), rows)
    out.print(f"Waiting: {counts.waiting:,}. In quarantine: {counts.quarantined:,}.", highlight=False)


@app.command()
def requeue(
    mail_id: Annotated[int, typer.Argument(metavar="ID", help="The message's number in the log.", min=1)],
    data_dir: DataDir = None,
) -> None:
    """Decide anew about a message that came to nothing, after what stopped it was changed."""
    from ombud.db.actor import Actor
    from ombud.mail.actions import requeue as again
    from ombud.worker.intake import open_intake

    settings = settings_with(data_dir)
    with desk_for(data_dir) as desk:
        desk.run(Actor.system("cli/mail"), again, mail_id)
        decision = open_intake(desk, settings).decide(mail_id)
    out.print(f"{mail_id}: {decision.code if decision else 'still waiting'}", highlight=False)
    for step in decision.steps if decision else ():
        out.print(printable(f"  {step.step}: {step.result}"), highlight=False, markup=False)


def _print(rows: Iterable[dict[str, Any]]) -> None:
    out = sys.stdout.buffer
    for row in rows:
        # surrogates cannot be written; file names may hold them
        out.write(json.dumps(row, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n")
    out.flush()


if __name__ == "__main__":
    root = typer.Typer()
    root.add_typer(app, name="mail")
    # both `python -m ombud.cli.mail parse` and the whole command line `mail parse` are understood
    (root if sys.argv[1:2] == ["mail"] else app)()
