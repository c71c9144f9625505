"""`ombud organization`: companies of customers, their mail domains, whether their people share their tickets."""

from typing import Annotated

import typer
from sqlalchemy.orm import Session

from ombud.cli.common import DataDir, desk_that_is_there
from ombud.cli.people import CONSOLE, show_table
from ombud.errors import NotFound
from ombud.models import Organization
from ombud.people import actions, queries
from ombud.people.changes import OrganizationChanges

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

PAGE = 200

Name = Annotated[str, typer.Argument(help="The organization's name.")]


@app.command()
def create(
    name: Name,
    domains: Annotated[
        list[str] | None, typer.Option("--domain", help="A mail domain of its people; again for each.")
    ] = None,
    shares: Annotated[
        bool, typer.Option("--shares", help="Its people see each other's tickets from the start.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Create an organization. New customers with an address in one of its domains belong to it."""
    with desk_that_is_there(data_dir) as desk, desk.begin(CONSOLE) as session:
        made = actions.create_organization(session, name=name, domains=domains or (), shares_tickets=shares)
    typer.echo(f"Organization {made.name} has the number {made.id}.")


@app.command("list")
def list_organizations(
    text: Annotated[str, typer.Argument(help="Part of a name.")] = "", data_dir: DataDir = None
) -> None:
    """List organizations by number."""
    with desk_that_is_there(data_dir) as desk, desk.read(CONSOLE) as session:
        found = _found(session, text)
    show_table(
        ("id", "name", "domains", "tickets"),
        [
            (
                one.id,
                one.name,
                ", ".join(sorted(domain.domain for domain in one.domains)),
                "shared" if one.shares_tickets else "each their own",
            )
            for one in found
        ],
    )


@app.command()
def rename(
    name: Name,
    new_name: Annotated[str, typer.Argument(help="What it is called from now on.")],
    data_dir: DataDir = None,
) -> None:
    """Give an organization another name."""
    changed = _change(name, {"name": new_name}, data_dir)
    typer.echo(f"The organization is called {changed.name} now.")


@app.command("domains")
def change_domains(
    name: Name,
    domains: Annotated[list[str] | None, typer.Argument(help="All of its mail domains; none: none.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Replace the mail domains of an organization. Who belongs to it already stays."""
    changed = _change(name, {"domains": domains or ()}, data_dir)
    shown = ", ".join(sorted(one.domain for one in changed.domains)) or "none"
    typer.echo(f"The domains of {changed.name}: {shown}.")


@app.command()
def sharing(
    name: Name,
    on: Annotated[bool, typer.Option("--on/--off", help="Whether its people see each other's tickets.")],
    data_dir: DataDir = None,
) -> None:
    """Say whether the people of an organization see each other's tickets, those of before, too."""
    changed = _change(name, {"shares_tickets": on}, data_dir)
    seen = "each other's tickets" if changed.shares_tickets else "their own tickets only"
    typer.echo(f"People of {changed.name} see {seen}.")


def _change(name: str, changes: OrganizationChanges, data_dir: DataDir) -> Organization:
    with desk_that_is_there(data_dir) as desk, desk.begin(CONSOLE) as session:
        return actions.change_organization(session, _named(session, name).id, changes)


def _named(session: Session, name: str) -> Organization:
    for one in _found(session, name):
        if one.name.lower() == name.strip().lower():
            return one
    raise NotFound(f"There is no organization {name}.")


def _found(session: Session, text: str) -> list[Organization]:
    """Return all organizations whose name contains a text."""
    found: list[Organization] = []
    while True:
        after = found[-1].id if found else 0
        page = session.scalars(queries.organizations(text, after=after, limit=PAGE)).all()
        found += page
        if len(page) < PAGE:
            return found
