"""The `ombud` command: its sub-commands, and errors as one line on stderr."""

import logging
import signal
import sys
from errno import ENOSPC
from importlib import import_module
from types import FrameType
from typing import Annotated

import typer

from ombud._version import __version__
from ombud.cli.collecting import imports_uncollected
from ombud.errors import Forbidden, Invalid, NotFound, OmbudError, Unauthenticated

EXIT_CODES: tuple[tuple[type[OmbudError], int], ...] = (
    (Invalid, 2),
    (NotFound, 3),
    (Forbidden, 4),
    (Unauthenticated, 4),
)

# Groups of commands, by the module that has them. A module is imported only when it is asked for or listed.
GROUPS = {
    "audit": "the audit log: read it, prove it",
    "curate": "tags in one way, forgetting people",
    "duplicates": "who and what is here twice: find, merge, keep apart",
    "export": "content for elsewhere",
    "db": "the database: schema, roles, plans, health",
    "files": "attached files: prove that all are there",
    "import": "tickets from files",
    "keys": "the keys that seal stored passwords",
    "mail": "mail: take it in, what came, read files as the desk would",
    "mailbox": "the desk's own addresses",
    "organization": "companies of customers",
    "ticket": "single tickets",
    "provider": "OpenID providers by which people sign in",
    "role": "custom roles of agents",
    "settings": "what administrators choose for the whole desk",
    "team": "teams and their members",
    "token": "API tokens",
    "user": "people who sign in",
}

app = typer.Typer(name="ombud", no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode=None)


@app.callback()
def ombud(
    version: Annotated[bool, typer.Option("--version", help="Print the version and leave.")] = False,
) -> None:
    """A customer-support desk to run, embed and trust."""
    if version:
        typer.echo(f"ombud {__version__}")
        raise typer.Exit


def run(arguments: list[str] | None = None) -> None:
    """Run a command line; end with an exit code and one clear line when something is wrong."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["--version"]:
        typer.echo(f"ombud {__version__}")
        return
    signal.signal(signal.SIGTERM, _end)
    logging.getLogger("psycopg").addHandler(
        logging.NullHandler()
    )  # what it warns of is told in our own words
    with imports_uncollected():
        _add_commands(arguments[0] if arguments else None)
    try:
        app(args=arguments, standalone_mode=True)
    except OmbudError as error:
        from ombud.cli.common import printable  # what failed has imported it

        typer.echo(f"ombud: {printable(error.message)}", err=True)
        sys.exit(next((code for kind, code in EXIT_CODES if isinstance(error, kind)), 1))
    except UnicodeEncodeError:
        if all(word.isprintable() or word.isascii() for word in arguments):
            raise
        typer.echo(
            "ombud: what was typed is not UTF-8.", err=True
        )  # names of files may be that, words may not
        sys.exit(2)
    except OSError as error:
        if error.filename is None and error.errno != ENOSPC:
            raise  # one of ours, or of the network's: not for who types commands to mend
        typer.echo(f"ombud: {error}", err=True)
        sys.exit(1)


def _add_commands(wanted: str | None) -> None:
    """Import what is asked for; everything when it is not known yet (help, a typing error)."""
    modules = {
        "serve": "serve",
        "demo": "demo",
        "undo": "undo",
        "doctor": "doctor",
        "backup": "backup",
        "restore": "restore",
        "bench": "bench",
        **{group: _module(group) for group in GROUPS},
    }
    for name in [wanted] if wanted in modules else list(modules):
        module = import_module(f"ombud.cli.{modules[name]}")
        if name in GROUPS:
            app.add_typer(module.app, name=name, help=f"Work with {GROUPS[name]}.")
        else:
            app.command(name)(module.command)


def _module(group: str) -> str:
    return "imports" if group == "import" else group


def _end(_signal: int, _frame: FrameType | None) -> None:
    """Leave like on Ctrl-C, so that a running server is stopped cleanly."""
    raise SystemExit(0)
