"""`ombud files`: whether every attached file is where it belongs, as it was stored."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from ombud.backup.catalogue import referenced_files
from ombud.cli.common import DataDir, err, out, settings_with, watched
from ombud.db import migrate
from ombud.db.open import database
from ombud.db.roles import Role
from ombud.files import files_of, place_of
from ombud.files.check import FileReport, check_files

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

NAMED = 20
"""How many of a kind are named; `--json` names all."""


@app.callback()
def files() -> None:
    """Keep a group even while it has one command."""


@app.command()
def check(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Read every file and compare it with its checksum; exit 1 when one is missing or damaged."""
    settings = settings_with(data_dir)
    with database(settings) as (_url, admin_url, _login), migrate.connected(admin_url) as connection:
        with connection.transaction():
            connection.execute("SELECT set_config('role', %s, true)", [Role.BACKUP])
            referred = list(referenced_files(connection))
        with watched("Checking") as progress:
            report = check_files(files_of(settings), referred, told=progress)
    if as_json:
        typer.echo(json.dumps(asdict(report) | {"place": place_of(settings)}))
    else:
        _print(report, place_of(settings))
    if not report.is_sound:
        raise typer.Exit(1)


def _print(report: FileReport, place: str) -> None:
    for word, keys in (("missing", report.missing), ("damaged", report.damaged), ("orphan", report.orphans)):
        for key in keys[:NAMED]:
            err.print(f"{word}: {key}", highlight=False, markup=False, soft_wrap=True)
        if len(keys) > NAMED:
            err.print(f"{word}: {len(keys) - NAMED:,} more", highlight=False)
    out.print(
        f"{report.files:,} files ({report.file_bytes:,} bytes) in {place}: {len(report.missing):,} missing, "
        f"{len(report.damaged):,} damaged, {len(report.orphans):,} that nobody refers to.",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
