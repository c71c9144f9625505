"""`ombud undo`: take one request back."""

from typing import Annotated

import typer

from ombud.audit import undo_request
from ombud.cli.common import DataDir, desk_that_is_there, out
from ombud.db.actor import Actor

UNDOER = Actor.system("cli/undo")


def command(
    request_id: Annotated[
        str, typer.Argument(help="The request's id, see `ombud audit log`.", show_default=False)
    ],
    data_dir: DataDir = None,
) -> None:
    """Take back what one request did to tickets, or say what has changed since and do nothing."""
    with desk_that_is_there(data_dir) as desk:
        undone = desk.run(UNDOER, undo_request, request_id)
    out.print(
        f"Taken back: {undone.tickets:,} tickets, {undone.links:,} tags and participants"
        f"{f', {undone.messages:,} messages' if undone.messages else ''}"
        f"{f', {undone.files:,} files' if undone.files else ''}.",
        highlight=False,
    )
    for reason in undone.skipped:
        out.print(f"  {reason}", highlight=False)
    if undone.files:
        return
    out.print(f"To have it all again: ombud undo {undone.request_id}", highlight=False, soft_wrap=True)
