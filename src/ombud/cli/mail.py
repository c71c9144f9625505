"""`ombud mail`: look at mail as the desk reads it. One JSON object per line, for people and for measurement."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import Annotated, Any

import typer

from ombud.cli import mail_out

app = typer.Typer(help="Read mail as the desk does.", no_args_is_help=True)

# Mail that goes out has commands of its own, at the same place.
app.add_typer(mail_out.app)

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
