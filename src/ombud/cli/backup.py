"""`ombud backup`: the database and its files, as one folder or one tar file."""

from pathlib import Path
from typing import Annotated

import typer

from ombud.backup import make_backup
from ombud.backup.make import Source
from ombud.cli.common import DataDir, err, out, settings_with, watched
from ombud.db import migrate
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.db.open import data_dir as data_dir_of
from ombud.db.open import open_desk
from ombud.errors import NotFound
from ombud.files import files_of
from ombud.worker.logs import seal_and_export

Target = Annotated[
    Path, typer.Argument(help="A new folder, or a new file that ends with .tar.", show_default=False)
]
WithKeys = Annotated[
    bool, typer.Option("--with-keys", help="Take the private keys along. Keep such a backup as safe as them.")
]
SkipMissing = Annotated[
    bool, typer.Option("--skip-missing", help="Go on without files that are not in the store any more.")
]


def command(
    target: Target,
    *,
    with_keys: WithKeys = False,
    skip_missing: SkipMissing = False,
    data_dir: DataDir = None,
) -> None:
    """Back the desk up, while it runs. Nothing is written over, and an error leaves nothing."""
    settings = settings_with(data_dir)
    place = data_dir_of(settings)
    with open_desk(settings, upgrade=False) as desk:
        _seal(desk)
        source = Source(desk.engine.url, files_of(settings), place)
        with watched("Backing up") as progress:
            manifest = make_backup(
                source, target.absolute(), with_keys=with_keys, skip_missing=skip_missing, progress=progress
            )
    out.print(
        f"{target} holds {sum(manifest.tables.values()):,} rows of {len(manifest.tables)} tables and "
        f"{manifest.files:,} files.",
        highlight=False,
        soft_wrap=True,
    )
    if manifest.missing:
        err.print(f"{len(manifest.missing):,} files were missing and are not in it.", highlight=False)
    if not with_keys:
        out.print("The private keys are not in it: keep a copy of `keys/` elsewhere.", highlight=False)


def _seal(desk: Desk) -> None:
    """Seal the audit log first, so that next to nothing in the backup is unsealed."""
    revision = migrate.current(desk.engine.url)
    if revision is None:
        raise NotFound("There is no desk in this database yet, so there is nothing to back up.")
    if revision == migrate.head():
        seal_and_export(desk, Actor.system("cli/backup"))
