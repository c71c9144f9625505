"""`ombud mailbox`: the desk's own addresses, and how their mail comes."""

import sys
from typing import Annotated, Any

import typer

from ombud.cli.common import DataDir, desk_for, out, printable, settings_with
from ombud.cli.people import show_table
from ombud.config import words_of
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.errors import Invalid, NotFound
from ombud.kit.guard import Guard
from ombud.mail import queries
from ombud.mail.actions import MailboxChanges, NewSecrets, change_mailbox, create_mailbox
from ombud.mail.probe import probe_mailbox
from ombud.models import Mailbox, Security
from ombud.people import queries as people
from ombud.people.addresses import as_stored
from ombud.worker.access import AccessTokens
from ombud.worker.intake import vault_of

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

CONSOLE = Actor.system("cli/mailbox")

Address = Annotated[str, typer.Argument(help="The mailbox's address.", show_default=False)]
Team = Annotated[str | None, typer.Option("--team", help="The team that answers there, by name.")]
Host = Annotated[str | None, typer.Option("--imap-host", help="The server to fetch mail from.")]
Port = Annotated[int | None, typer.Option("--imap-port", help="Its port.", min=1, max=65535)]
How = Annotated[Security | None, typer.Option("--imap-security", help="tls, starttls or plain.")]
User = Annotated[str | None, typer.Option("--imap-user", help="Whom to sign in as; the address without it.")]
Folder = Annotated[str | None, typer.Option("--imap-folder", help="The folder to fetch from.")]
Moves = Annotated[
    str | None, typer.Option("--moves-to", help="Where taken messages go; empty: marked as read.")
]
Trusted = Annotated[
    str | None, typer.Option("--trusted-server", help="Whose Authentication-Results are believed.")
]
SmtpHost = Annotated[str | None, typer.Option("--smtp-host", help="The server to send by.")]
SmtpPort = Annotated[int | None, typer.Option("--smtp-port", help="Its port.", min=1, max=65535)]
SmtpHow = Annotated[Security | None, typer.Option("--smtp-security", help="tls, starttls or plain.")]
SmtpUser = Annotated[
    str | None, typer.Option("--smtp-user", help="Whom to sign in as; the address without it.")
]
Password = Annotated[
    bool, typer.Option("--password-stdin", help="Read the IMAP password from standard input.")
]
SmtpPassword = Annotated[
    bool,
    typer.Option("--smtp-password-stdin", help="Read the SMTP password from there, from the next line."),
]


@app.command()
def add(
    address: Address,
    *,
    name: Annotated[
        str | None, typer.Option("--name", help="What it is called; the address without it.")
    ] = None,
    team: Team = None,
    imap_host: Host = None,
    imap_port: Port = None,
    imap_security: How = None,
    imap_user: User = None,
    imap_folder: Folder = None,
    moves_to: Moves = None,
    smtp_host: SmtpHost = None,
    smtp_port: SmtpPort = None,
    smtp_security: SmtpHow = None,
    smtp_user: SmtpUser = None,
    trusted_server: Trusted = None,
    skip_old: Annotated[
        bool, typer.Option("--skip-old", help="Leave what lies in the folder now where it is.")
    ] = False,
    password_stdin: Password = False,
    smtp_password_stdin: SmtpPassword = False,
    data_dir: DataDir = None,
) -> None:
    """Set up a mailbox."""
    changes = _changes(
        imap_host, imap_port, imap_security, imap_user, imap_folder, moves_to,
        smtp_host, smtp_port, smtp_security, smtp_user, trusted_server,
    )  # fmt: skip
    secrets = _secrets(password_stdin, smtp_password_stdin)
    changes.update({"name": name or address, "address": address, "imap_skips_old": skip_old})
    with desk_for(data_dir) as desk:
        if team is not None:
            changes["team_id"] = _team(desk, team)
        vault = vault_of(settings_with(data_dir))
        made = desk.run(CONSOLE, create_mailbox, changes, secrets=secrets, vault=vault)
    out.print(f"Mailbox {made.id}: {made.address}", highlight=False)


@app.command("set")
def change(
    address: Address,
    *,
    name: Annotated[str | None, typer.Option("--name", help="What it is called.")] = None,
    team: Team = None,
    imap_host: Host = None,
    imap_port: Port = None,
    imap_security: How = None,
    imap_user: User = None,
    imap_folder: Folder = None,
    moves_to: Moves = None,
    smtp_host: SmtpHost = None,
    smtp_port: SmtpPort = None,
    smtp_security: SmtpHow = None,
    smtp_user: SmtpUser = None,
    trusted_server: Trusted = None,
    active: Annotated[bool | None, typer.Option("--active/--inactive", help="Whether mail is taken.")] = None,
    password_stdin: Password = False,
    smtp_password_stdin: SmtpPassword = False,
    data_dir: DataDir = None,
) -> None:
    """Change a mailbox; what is not named stays."""
    changes = _changes(
        imap_host, imap_port, imap_security, imap_user, imap_folder, moves_to,
        smtp_host, smtp_port, smtp_security, smtp_user, trusted_server,
    )  # fmt: skip
    secrets = _secrets(password_stdin, smtp_password_stdin)
    if name is not None:
        changes["name"] = name
    if active is not None:
        changes["is_active"] = active
    with desk_for(data_dir) as desk:
        if team is not None:
            changes["team_id"] = _team(desk, team)
        vault = vault_of(settings_with(data_dir))
        found = _mailbox(desk, address)
        desk.run(CONSOLE, change_mailbox, found.id, changes, secrets=secrets, vault=vault)
    out.print(f"{address} is changed.", highlight=False)


@app.command("list")
def list_mailboxes(data_dir: DataDir = None) -> None:
    """List the desk's addresses."""
    with desk_for(data_dir) as desk, desk.read(CONSOLE) as session:
        boxes = session.scalars(queries.mailboxes()).all()
    show_table(
        ("id", "address", "name", "team", "imap", "password", "state"),
        [
            (
                box.id,
                box.address,
                box.name,
                box.team.name if box.team else "",
                f"{box.imap_host}:{box.imap_port}" if box.imap_host else "",
                "set" if box.has_imap_secret or box.has_oauth_secret else "",
                "on" if box.is_active else "off",
            )
            for box in boxes
        ],
    )


@app.command("test")
def try_out(address: Address, data_dir: DataDir = None) -> None:
    """Try to fetch and to send, and say what is wrong; nothing is changed and nothing is sent."""
    settings = settings_with(data_dir)
    with desk_for(data_dir) as desk:
        mailbox = _mailbox(desk, address)
        vault, guard = vault_of(settings), Guard(words_of(settings.internal_hosts))
        probes = probe_mailbox(mailbox, vault, guard, AccessTokens(desk, vault, guard, CONSOLE).of)
    for probe in probes:
        out.print(
            printable(f"{'good' if probe.is_good else 'BAD '}  {probe.name}: {probe.text}"),
            highlight=False,
            markup=False,
        )
    if not all(probe.is_good for probe in probes):
        raise typer.Exit(1)


def _changes(*given: Any) -> MailboxChanges:
    names = (
        "imap_host",
        "imap_port",
        "imap_security",
        "imap_user",
        "imap_folder",
        "imap_moves_to",
        "smtp_host",
        "smtp_port",
        "smtp_security",
        "smtp_user",
        "trusted_authserv",
    )
    return {name: value for name, value in zip(names, given, strict=True) if value is not None}  # type: ignore[return-value]  # the names of its fields


def _secrets(imap: bool, smtp: bool) -> NewSecrets:
    found = NewSecrets()
    if imap:
        found["imap_secret"] = _line()
    if smtp:
        found["smtp_secret"] = _line()
    return found


def _line() -> str:
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise Invalid(fields={"password": "must be on standard input."})
    return password


def _mailbox(desk: Desk, address: str) -> Mailbox:
    with desk.read(CONSOLE) as session:
        found = next(
            (b for b in session.scalars(queries.mailboxes()) if b.address == as_stored(address).lower()), None
        )
        mailbox = session.scalar(queries.mailbox_with_secrets(found.id)) if found else None
    if mailbox is None:
        raise NotFound(f"This desk has no mailbox {address}.")
    return mailbox


def _team(desk: Desk, name: str) -> int:
    with desk.read(CONSOLE) as session:
        found = next((team for team in session.scalars(people.teams()) if team.name == name), None)
    if found is None:
        raise NotFound(f"There is no team {name}.")
    return found.id
