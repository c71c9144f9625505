"""`ombud doctor`: weak keys and secrets, and doors without a lock. `ombud db doctor` looks at the database."""

import json
from dataclasses import asdict
from datetime import timedelta
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from ombud.cli.common import DataDir, out, settings_with
from ombud.cli.people import CONSOLE
from ombud.config import Settings
from ombud.db import migrate
from ombud.db.desk import Desk
from ombud.db.doctor import Finding, Severity
from ombud.db.open import data_dir as folder_of
from ombud.db.open import database
from ombud.errors import OmbudError
from ombud.health.doctor import CHECKS, examine_files, examine_settings, examine_stored
from ombud.kit.vault import Vault, open_vault


def command(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
    max_age: Annotated[
        int, typer.Option("--max-age", min=1, max=36_500, help="Days from which on a key is old.")
    ] = 365,
    data_dir: DataDir = None,
) -> None:
    """Look for weak keys and secrets, and for connections without TLS; exit 1 when something is bad.

    Nothing is changed, and no secret is shown. What ails the database itself: ombud db doctor.
    """
    settings, age = settings_with(data_dir), timedelta(days=max_age)
    found = [
        *examine_files(folder_of(settings) / "keys", age),
        *examine_settings(settings),
        *_stored(settings, age),
    ]
    found.sort(key=lambda one: one.severity is not Severity.BAD)
    bad = any(one.severity is Severity.BAD for one in found)
    if as_json:
        told = {"sound": not bad, "checks": CHECKS, "findings": [asdict(one) for one in found]}
        typer.echo(json.dumps(told))
    elif found:
        table = Table("", "Check", "What", "Do", box=None, pad_edge=False)
        for one in found:
            table.add_row(one.severity.value, one.check, escape(one.what), escape(one.advice))
        out.print(table)
    else:
        out.print(f"{len(CHECKS)} checks, nothing wrong.", highlight=False)
    if bad:
        raise typer.Exit(1)


def _stored(settings: Settings, age: timedelta) -> list[Finding]:
    """Look at the database, where it can be had; that it cannot be hides nothing of the rest."""
    advice = "What is stored was not looked at. Make it reachable, and look again."
    if settings.database_url is None and not (folder_of(settings) / "postgres").exists():
        return [Finding("database", Severity.BAD, f"there is no desk in {folder_of(settings)}", advice)]
    try:
        with database(settings) as (url, admin_url, _login):
            if not migrate.is_current(admin_url):
                what = f"the schema is not that of this Ombud ({migrate.head()})"
                return [Finding("database", Severity.BAD, what, "Run `ombud db upgrade`, and look again.")]
            with Desk(url, settings) as desk:
                return desk.run(CONSOLE, examine_stored, _vault(settings), age)
    except OmbudError as error:
        return [Finding("database", Severity.BAD, error.message, advice)]


def _vault(settings: Settings) -> Vault | None:
    """Open the ring where there is one; to look makes none."""
    folder = folder_of(settings) / "keys"
    try:
        return open_vault(folder) if (folder / "vault.keys").exists() else None
    except OmbudError:
        return None  # the files' checks say why
