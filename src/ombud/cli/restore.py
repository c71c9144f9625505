"""`ombud restore`: a backup back into an empty place, and the proof that all of it is there."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from ombud.backup import restore_backup
from ombud.backup.restore import Target
from ombud.cli.audit import check
from ombud.cli.common import DataDir, err, out, settings_with, watched
from ombud.cli.keys import STALE
from ombud.db import migrate
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.db.open import data_dir as data_dir_of
from ombud.db.open import database
from ombud.errors import OmbudError, Unavailable
from ombud.files import files_of, place_of
from ombud.kit.vault import KEY_BYTES, Key, Vault, has_ring
from ombud.worker.logs import keys_folder, seal_and_export

NO_LIMIT = 2**62
RESTORER = Actor.system("cli/restore")

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
        with _afterwards():
            if not migrate.is_current(admin_url):
                migrate.upgrade(admin_url, login=login)
            with Desk(url, settings) as desk:
                # Another server numbers its transactions anew: what came is sealed as it came, and a series begins.
                seal_and_export(desk, RESTORER)
                report = check(desk)
                closed = 0 if has_ring(keys_folder(place)) else _sealed_secrets(desk)
    out.print(
        f"Restored the backup of {head.made_at}: {sum(manifest.tables.values()):,} rows of "
        f"{len(manifest.tables)} tables and {manifest.files:,} files in {place_of(settings)}, all as they were.",
        highlight=False,
        soft_wrap=True,
    )
    if closed:
        err.print(
            f"{closed:,} stored secrets (of mail servers, providers, webhooks, authenticator apps) stay closed: their "
            f"keys were not in the backup. Put vault.keys of the old desk into {keys_folder(place)} before it starts.",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
    for problem in report.problems:
        err.print(problem.what, highlight=False, markup=False, soft_wrap=True)
    if not report.is_sound:
        err.print("The audit log that came with it is not as it was written.")
        raise typer.Exit(1)
    out.print(f"The audit log is sound: {report.sealed_rows:,} rows are sealed.", highlight=False)


@contextmanager
def _afterwards() -> Iterator[None]:
    """Say that the backup is back already: whoever restored again would be told that a desk is in the way."""
    try:
        yield
    except (OmbudError, OSError) as error:
        why = error.message if isinstance(error, OmbudError) else f"{error}."
        raise Unavailable(
            f"All of the backup is back, but what comes after was stopped: {why} See to that, then start the "
            "desk, which goes on from there, and run `ombud audit verify`."
        ) from error


def _sealed_secrets(desk: Desk) -> int:
    """Count all that is sealed: a key that sealed nothing is no one's newest."""
    nobodys = Vault([Key("none", bytes(KEY_BYTES))])
    return sum(desk.run(RESTORER, each, nobodys) for each in STALE)
