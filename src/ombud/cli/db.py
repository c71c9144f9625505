"""`ombud db`: the schema, the roles, the plans and the health of the desk's database."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer
from psycopg import Connection
from rich.markup import escape
from rich.table import Table
from sqlalchemy import URL

import ombud.models  # noqa: F401 - fills the metadata that `check` compares
from ombud.cli.common import DataDir, desk_that_is_there, err, in_cell, out, printable, settings_with
from ombud.cli.hot_queries import HOT_QUERIES, examples_of
from ombud.config import Settings
from ombud.db import migrate
from ombud.db.actor import Actor
from ombud.db.base import Base
from ombud.db.doctor import CHECKS, Finding, Limits, Severity, examine
from ombud.db.explain import plan_json, plan_lines
from ombud.db.open import data_dir as folder_of
from ombud.db.open import database
from ombud.db.slow import By, Statement, slowest, unavailable_because
from ombud.errors import NotFound

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Revision = Annotated[str, typer.Argument(help="A revision, `head`, `base`, or a step such as `-1`.")]

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


class Who(StrEnum):
    """As whom a statement is planned."""

    ADMIN = "admin"
    AGENT = "agent"
    TEAM_AGENT = "team-agent"
    CUSTOMER = "customer"
    SYSTEM = "system"


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
    with _place_there(settings_with(data_dir)) as admin_url:
        found, newest = migrate.current(admin_url), migrate.head()
    out.print(f"{found or 'no desk yet'} (newest: {newest})", highlight=False)


@app.command()
def check(data_dir: DataDir = None) -> None:
    """Compare the database with the models; exit 1 and a list when they differ."""
    with _place_there(settings_with(data_dir)) as admin_url:
        found = migrate.differences(admin_url, Base.metadata)
    for line in found:
        err.print(line, highlight=False, markup=False, soft_wrap=True)
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


@app.command()
def explain(
    query: Annotated[str | None, typer.Argument(help="A statement's name; without it, the names.")] = None,
    *,
    who: Annotated[Who, typer.Option("--as", help="As whom.")] = Who.AGENT,
    user: Annotated[int | None, typer.Option(help="That person's id.")] = None,
    analyze: Annotated[bool, typer.Option("--analyze", help="Run it, and say what it took.")] = False,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Show how PostgreSQL would run one of the statements that a desk lives on, with values from its data."""
    if query is None:
        _print_names(as_json=as_json)
        return
    if query not in HOT_QUERIES:
        raise NotFound(f"There is no statement named {query}. `ombud db explain` lists them.")
    with desk_that_is_there(data_dir) as desk:
        with desk.read(Actor.system("cli/explain")) as session:
            examples = examples_of(session, Actor.system("cli/explain"))
        person = user or (examples.requester_id if who is Who.CUSTOMER else 1)
        actor = {
            Who.ADMIN: Actor.admin(person),
            Who.AGENT: Actor.agent(person),
            Who.TEAM_AGENT: Actor.agent(person, teams=frozenset({examples.team_id})),
            Who.CUSTOMER: Actor.customer(person),
            Who.SYSTEM: Actor.system("cli/explain"),
        }[who]
        statement = HOT_QUERIES[query].build(actor, examples)
        with desk.read(actor) as session:
            if as_json:
                typer.echo(json.dumps(plan_json(session, statement, analyze=analyze)))
            else:
                typer.echo(printable("\n".join(plan_lines(session, statement, analyze=analyze))))


@app.command()
def slow(
    *,
    by: Annotated[By, typer.Option(help="What the list is ordered by.")] = By.TOTAL,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many statements.")] = 20,
    as_json: Json = False,
    data_dir: DataDir = None,
) -> None:
    """Show what costs the server most. Without pg_stat_statements, say what is missing."""
    with _desk_there(settings_with(data_dir)) as admin_url, migrate.connected(admin_url) as connection:
        reason = unavailable_because(connection)
        found = [] if reason else slowest(connection, by, limit)
    if as_json:
        typer.echo(json.dumps({"unavailable": reason, "statements": [asdict(one) for one in found]}))
    elif reason:
        err.print(reason, highlight=False, markup=False, soft_wrap=True)
    else:
        _print_statements(found)


@app.command()
def doctor(as_json: Json = False, data_dir: DataDir = None) -> None:
    """Look for what is wrong, or will be; exit 1 when something is bad. Nothing is changed."""
    settings = settings_with(data_dir)
    limits = Limits(connections=2 * (settings.pool_size + settings.pool_overflow))
    with _desk_there(settings) as admin_url, migrate.connected(admin_url) as connection:
        found = [*_other_schema(connection), *examine(connection, limits)]
    bad = any(one.severity is Severity.BAD for one in found)
    if as_json:
        checks = [one.name for one in CHECKS]
        typer.echo(
            json.dumps({"sound": not bad, "checks": checks, "findings": [asdict(one) for one in found]})
        )
    else:
        _print_findings(found)
    if bad:
        raise typer.Exit(1)


@contextmanager
def _place_there(settings: Settings) -> Iterator[URL]:
    """Yield where an administrator signs in; NotFound for a folder without a desk: none is made to look at it."""
    place = folder_of(settings)
    if settings.database_url is None and not (place / "postgres").exists():
        raise NotFound(f"There is no desk in {place}.")
    with database(settings) as (_url, admin_url, _login):
        yield admin_url


@contextmanager
def _desk_there(settings: Settings) -> Iterator[URL]:
    """Yield where an administrator signs in; NotFound where there is no desk, in a database of one's own either."""
    with _place_there(settings) as admin_url:
        if not migrate.has_desk(admin_url):
            raise NotFound("There is no desk in this database yet. `ombud db upgrade` makes one.")
        yield admin_url


def _other_schema(connection: Connection) -> list[Finding]:
    with connection.transaction():
        connection.execute("SET LOCAL ROLE ombud_owner")
        row = connection.execute("SELECT version_num FROM ombud.alembic_version").fetchone()
    if row == (migrate.head(),):
        return []
    what = f"the schema is at {row[0] if row else 'nothing'}, this Ombud needs {migrate.head()}"
    # An upgrade is refused where a newer Ombud was before.
    is_newer = row is not None and row[0] not in migrate.known()
    advice = "Update this Ombud: a newer one made it." if is_newer else "Run `ombud db upgrade`."
    return [Finding("schema", Severity.BAD, what, advice)]


def _print_names(*, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({one.name: one.what for one in HOT_QUERIES.values()}))
        return
    table = Table("Name", "What", box=None, pad_edge=False)
    for one in HOT_QUERIES.values():
        table.add_row(one.name, one.what)
    out.print(table)


def _print_statements(found: list[Statement]) -> None:
    table = Table(
        "Total s", "Calls", "Mean ms", "Max ms", "Rows", "Hit", "Role", "Statement", box=None, pad_edge=False
    )
    for one in found:
        hit = "-" if one.hit is None else f"{one.hit:.0%}"
        words = " ".join(one.query.split())
        table.add_row(
            f"{one.total_ms / 1000:,.1f}",
            f"{one.calls:,}",
            f"{one.mean_ms:,.2f}",
            f"{one.max_ms:,.1f}",
            f"{one.rows:,}",
            hit,
            one.role.removeprefix("ombud_"),
            in_cell(words if len(words) <= 100 else f"{words[:99]}…"),
        )
    out.print(table)


def _print_findings(found: list[Finding]) -> None:
    if not found:
        out.print(f"{len(CHECKS)} checks, nothing wrong.", highlight=False)
        return
    table = Table("", "Check", "What", "Do", box=None, pad_edge=False)
    for one in found:
        table.add_row(one.severity.value, one.check, escape(one.what), escape(one.advice))
    out.print(table)
