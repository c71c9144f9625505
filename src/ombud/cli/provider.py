"""`ombud provider`: OpenID providers by which people sign in."""

import asyncio
import sys
from typing import Annotated, Any

import typer
from sqlalchemy.orm import Session

from ombud.cli.common import DataDir, desk_for, out, printable, settings_with
from ombud.cli.people import CONSOLE, show_table
from ombud.errors import Invalid, NotFound
from ombud.models import IdentityProvider, UserRole
from ombud.people.openid import (
    Book,
    OpenIdDoor,
    ProviderChanges,
    change_provider,
    create_provider,
    delete_provider,
    queries,
    try_provider,
)
from ombud.worker.hooks import guard_of
from ombud.worker.intake import vault_of

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Slug = Annotated[str, typer.Argument(help="Its short name, a part of the redirect address.")]
Label = Annotated[str | None, typer.Option("--label", help="What its button is called.")]
Client = Annotated[str | None, typer.Option("--client-id", help="The desk's name there.")]
Secret = Annotated[
    bool, typer.Option("--secret-stdin", help="Read the client secret from standard input; empty: none.")
]
Scopes = Annotated[list[str] | None, typer.Option("--scope", help="A scope; again for each.")]
Domains = Annotated[
    list[str] | None,
    typer.Option("--domain", help="Where the provider must have verified an address; again for each."),
]
NewRole = Annotated[
    str | None,
    typer.Option(
        "--new-role", help="What new accounts are: customer, light_agent, agent; none: none are made."
    ),
]
Staff = Annotated[bool | None, typer.Option("--staff/--no-staff", help="Whether staff may use it.")]
Customers = Annotated[
    bool | None, typer.Option("--customers/--no-customers", help="Whether customers may use it.")
]
Second = Annotated[
    bool | None,
    typer.Option(
        "--asks-second-factor/--no-second-factor", help="It asks for a second factor, so the desk does not."
    ),
]
Ends = Annotated[
    bool | None, typer.Option("--ends-session/--keeps-session", help="Signing out goes on to sign out there.")
]


@app.command()
def add(
    slug: Slug,
    issuer: Annotated[str, typer.Option("--issuer", help="To the letter as the provider writes it.")],
    client_id: Annotated[str, typer.Option("--client-id", help="The desk's name there.")],
    *,
    label: Label = None,
    secret_stdin: Secret = False,
    scope: Scopes = None,
    domain: Domains = None,
    new_role: NewRole = None,
    staff: Staff = None,
    customers: Customers = None,
    second_factor: Second = None,
    ends_session: Ends = None,
    data_dir: DataDir = None,
) -> None:
    """Set up a provider. Try it then: `ombud provider test`."""
    changes = _changes(label or slug, client_id, scope, domain, staff, customers, second_factor, ends_session)
    changes |= {"slug": slug, **_role(new_role), **_secret(secret_stdin)}
    settings = settings_with(data_dir)
    with desk_for(data_dir) as desk:
        made = desk.run(
            CONSOLE, create_provider, issuer, changes, vault=vault_of(settings), guard=guard_of(settings)
        )
    out.print(f"Provider {made.id}: {made.slug}", highlight=False)


@app.command("set")
def change(
    slug: Slug,
    *,
    label: Label = None,
    client_id: Client = None,
    secret_stdin: Secret = False,
    scope: Scopes = None,
    domain: Domains = None,
    new_role: NewRole = None,
    staff: Staff = None,
    customers: Customers = None,
    second_factor: Second = None,
    ends_session: Ends = None,
    active: Annotated[bool | None, typer.Option("--active/--inactive", help="Whether it is in use.")] = None,
    data_dir: DataDir = None,
) -> None:
    """Change a provider; what is not named stays. Switched off, it signs out who came by it."""
    changes = _changes(label, client_id, scope, domain, staff, customers, second_factor, ends_session)
    changes |= {**_role(new_role), **_secret(secret_stdin)}
    if active is not None:
        changes["is_active"] = active
    with desk_for(data_dir) as desk, desk.begin(CONSOLE) as session:
        found = _provider(session, slug)
        change_provider(session, found.id, changes, vault=vault_of(settings_with(data_dir)))
    out.print(f"{slug} is changed.", highlight=False)


@app.command("list")
def list_providers(data_dir: DataDir = None) -> None:
    """List the providers."""
    with desk_for(data_dir) as desk, desk.read(CONSOLE) as session:
        rows = session.scalars(queries.providers()).all()
    show_table(
        ("id", "name", "issuer", "client", "secret", "for", "new accounts", "state"),
        [
            (
                one.id,
                one.slug,
                one.issuer,
                one.client_id,
                "set" if one.has_secret else "",
                " ".join(
                    word for word, on in (("staff", one.for_staff), ("customers", one.for_customers)) if on
                ),
                one.new_role.value if one.new_role else "",
                "on" if one.is_active else "off",
            )
            for one in rows
        ],
    )


@app.command()
def delete(slug: Slug, data_dir: DataDir = None) -> None:
    """Delete a provider with all connections to it."""
    with desk_for(data_dir) as desk, desk.begin(CONSOLE) as session:
        delete_provider(session, _provider(session, slug).id)
    out.print(f"{slug} is deleted.", highlight=False)


@app.command("test")
def try_out(slug: Slug, data_dir: DataDir = None) -> None:
    """Ask a provider what a sign-in would ask, and say what is wrong; nobody is signed in."""
    settings = settings_with(data_dir)
    base = settings.base_url or f"http://{settings.host}:{settings.port}"
    with desk_for(data_dir) as desk:
        with desk.read(CONSOLE) as session:
            number = _provider(session, slug).id
        door = OpenIdDoor(desk, vault_of(settings), Book(guard_of(settings)))

        async def work() -> list[Any]:
            try:
                return list(
                    await try_provider(door, await door.sealed(number), f"{base}/sign-in/with/{slug}/return")
                )
            finally:
                await desk.aclose()

        probes = asyncio.run(work())
    for one in probes:
        out.print(
            printable(f"{'good' if one.is_good else 'BAD '}  {one.name}: {one.text}"),
            highlight=False,
            markup=False,
        )
    if not all(one.is_good for one in probes):
        raise typer.Exit(1)


def _changes(*given: Any) -> ProviderChanges:
    names = (
        "label",
        "client_id",
        "scopes",
        "domains",
        "for_staff",
        "for_customers",
        "asks_second_factor",
        "ends_session",
    )
    return {name: value for name, value in zip(names, given, strict=True) if value is not None}  # type: ignore[return-value]  # the names of its fields


def _role(word: str | None) -> ProviderChanges:
    if word is None:
        return {}
    if word not in ("none", *UserRole):
        raise Invalid(fields={"new_role": "may be customer, light_agent, agent or none."})
    return {"new_role": None if word == "none" else UserRole(word)}


def _secret(from_stdin: bool) -> ProviderChanges:
    return {"client_secret": sys.stdin.readline().rstrip("\r\n")} if from_stdin else {}


def _provider(session: Session, slug: str) -> IdentityProvider:
    for one in session.scalars(queries.providers()):
        if one.slug == slug:
            return one
    raise NotFound(f"This desk has no provider {slug}.")
