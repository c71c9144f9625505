"""`ombud db`: the schema and the roles of the desk's database."""

from typing import Annotated

import typer

import ombud.models  # noqa: F401 - fills the metadata that `check` compares
from ombud.cli.common import DataDir, err, out, settings_with
from ombud.db import migrate
from ombud.db.base import Base
from ombud.db.open import database

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Revision = Annotated[str, typer.Argument(help="A revision, `head`, `base`, or a step such as `-1`.")]


@app.command()
def upgrade(revision: Revision = "head", data_dir: DataDir = None) -> None:
    """Migrate up to REVISION; makes roles and schema where they are missing."""
    with database(settings_with(data_dir)) as (_url, admin_url, login):
        migrate.upgrade(admin_url, revision, login=login)
        out.print(f"The database is at revision {migrate.current(admin_url)}.", highlight=False)


@app.command(context_settings={"ignore_unknown_options": True})
def downgrade(revision: Revision, data_dir: DataDir = None) -> None:
    """Migrate down to REVISION. What newer versions stored is lost."""
    with database(settings_with(data_dir)) as (_url, admin_url, _login):
        migrate.downgrade(admin_url, revision)
        out.print(f"The database is at revision {migrate.current(admin_url) or 'base'}.", highlight=False)


@app.command()
def current(data_dir: DataDir = None) -> None:
    """Print the database's revision and the newest one that this Ombud knows."""
    with database(settings_with(data_dir)) as (_url, admin_url, _login):
        found, newest = migrate.current(admin_url), migrate.head()
    out.print(f"{found or 'no desk yet'} (newest: {newest})", highlight=False)


@app.command()
def check(data_dir: DataDir = None) -> None:
    """Compare the database with the models; exit 1 and a list when they differ."""
    with database(settings_with(data_dir)) as (_url, admin_url, _login):
        found = migrate.differences(admin_url, Base.metadata)
    for line in found:
        err.print(line, highlight=False)
    if found:
        raise typer.Exit(1)
    out.print("Database and models agree.")


@app.command("init-roles")
def init_roles(
    login: Annotated[str | None, typer.Option(help="The user that the desk will sign in as.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Create roles and schema, for a desk whose own user may not. Run it with an administrator's URL."""
    with (
        database(settings_with(data_dir)) as (_url, admin_url, default_login),
        migrate.prepared(admin_url, login or default_login),
    ):
        out.print("Roles and schema are in place.")
