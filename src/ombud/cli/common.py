"""What commands share: settings from the common options, an open desk, errors as one line and an exit code."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape

from ombud.config import Settings
from ombud.db import migrate
from ombud.db.desk import Desk
from ombud.db.open import data_dir as data_dir_of
from ombud.db.open import database, open_desk
from ombud.errors import Invalid, NotFound
from ombud.settings import look

DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir", help="Where the desk's data is (instead of OMBUD_DATA_DIR).", show_default=False
    ),
]

# What goes into a file or another program is not cut to a window that nobody looks at.
PIPED_WIDTH = 200

out = Console(width=None if sys.stdout.isatty() else PIPED_WIDTH)
err = Console(stderr=True)


def settings_with(data_dir: Path | None = None, **overrides: Any) -> Settings:
    """Return the environment's settings with what the command line says on top; None changes nothing, Invalid."""
    given = {key: value for key, value in {"data_dir": data_dir, **overrides}.items() if value is not None}
    try:
        return Settings().model_copy(update=given)
    except ValidationError as error:  # told by name and rule, without the value
        wrong = (f"OMBUD_{one['loc'][0]}".upper() + f": {one['msg']}" for one in error.errors())
        raise Invalid("; ".join(wrong)) from None


@contextmanager
def desk_for(data_dir: Path | None = None) -> Iterator[Desk]:
    """Open the desk that a command works on, with what administrators chose there."""
    with open_desk(settings_with(data_dir)) as desk:
        look(desk)
        yield desk


@contextmanager
def desk_that_is_there(data_dir: Path | None = None) -> Iterator[Desk]:
    """Open a desk as `desk_for` does, but make none: NotFound where there is none, or a restore did not finish.

    What is asked of an empty new desk would look as if all were well.
    """
    settings = settings_with(data_dir)
    place = data_dir_of(settings)
    if settings.database_url is None and not (place / "postgres").exists():
        raise NotFound(f"There is no desk in {place}.")
    with database(settings) as (_, admin_url, _login):
        if migrate.current(admin_url) is None:
            raise NotFound(
                "There is no desk in this database. If a restore was under way, it did not finish: empty the data "
                "directory, and restore again."
            )
        with desk_for(data_dir) as desk:
            yield desk


@contextmanager
def watched(doing: str) -> Iterator[Callable[[str, int], None]]:
    """Yield who is told what is being done and how far; somebody at a terminal sees it on one line."""
    with err.status(f"{doing} ...") as status:

        def tell(what: str, done: int) -> None:
            status.update(f"{doing}: {what} {done:,}")

        yield tell


def printable(text: str) -> str:
    """Return somebody's text without what would steer a terminal, turn its lines around or be drawn as nothing."""
    return "".join(char if char.isprintable() or char in "\n\t" else "�" for char in text)


def json_line(value: object, default: Callable[[object], object] | None = None) -> str:
    """Return a value as JSON on one line that steers no terminal: what `printable` hides is escaped, and not lost."""
    text = json.dumps(value, default=default, ensure_ascii=False)
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else json.dumps(char)[1:-1] for char in text)


def in_cell(text: str) -> str:
    """Return somebody's text for a table: on one line, without what steers a terminal or is markup to Rich."""
    return escape(printable(" ".join(text.split())))


def is_terminal() -> bool:
    """True when somebody watches: progress bars and colours make sense."""
    return sys.stdout.isatty()
