"""`ombud restore`: a backup back into an empty place, and the proof that all of it is there."""

from pathlib import Path
from typing import Annotated

import typer

from ombud.backup import restore_backup
from ombud.backup.restore import Target
from ombud.cli.audit import check
from ombud.cli.common import DataDir, err, out, settings_with, watched
from ombud.db import migrate
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.db.open import data_dir as data_dir_of
from ombud.db.open import database
from ombud.files import files_of, place_of
from ombud.worker.logs import seal_and_export

NO_LIMIT = 2**62

Source = Annotated[Path, typer.Argument(help="A backup: its folder or file.", show_default=False)]


ReuseFiles = Annotated[
    bool,
    typer.Option(
        "--reuse-files",
        help="The store (OMBUD_FILES_URL) holds files already: keep those that are whole, put only the others.",
    ),
]


def command(source: Source, *, reuse_files: ReuseFiles = False, data_dir: DataDir = None) -> None:
    """Restore a backup into an empty database and data directory; exit 1 when its audit log is not sound.

    Files go where OMBUD_FILES_URL says, a bucket too, and each is read back.
    """
    settings = settings_with(data_dir)
    place = data_dir_of(settings)
    with database(settings) as (url, admin_url, login):
        target = Target(admin_url, login, files_of(settings, limit=NO_LIMIT), place, reuse_files)
        with watched("Restoring") as progress:
            head, manifest = restore_backup(source.absolute(), target, progress=progress)
        if not migrate.is_current(admin_url):
            migrate.upgrade(admin_url, login=login)
        with Desk(url, settings) as desk:
            # Another server numbers its transactions anew: what came is sealed as it came, and a series begins.
            seal_and_export(desk, Actor.system("cli/restore"))
            report = check(desk)
    out.print(
        f"Restored the backup of {head.made_at}: {sum(manifest.tables.values()):,} rows of "
        f"{len(manifest.tables)} tables and {manifest.files:,} files in {place_of(settings)}, all as they were.",
        highlight=False,
        soft_wrap=True,
    )
    for problem in report.problems:
        err.print(problem.what, highlight=False, markup=False, soft_wrap=True)
    if not report.is_sound:
        err.print("The audit log that came with it is not as it was written.")
        raise typer.Exit(1)
    out.print(f"The audit log is sound: {report.sealed_rows:,} rows are sealed.", highlight=False)
