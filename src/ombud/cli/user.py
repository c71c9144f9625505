"""`ombud user`: people who sign in, and customers."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from ombud.audit import record_access
from ombud.cli.common import DataDir, desk_for, settings_with
from ombud.cli.people import CONSOLE, new_password, person, show_table
from ombud.errors import Invalid
from ombud.kit.browsers import name_of
from ombud.kit.passwords import hash_password
from ombud.mail.outgoing import queries as outgoing
from ombud.models import AccessKind, LinkPurpose, User, UserRole
from ombud.people import accounts, actions, letters, queries
from ombud.people.changes import UserChanges
from ombud.people.factors import queries as factor_queries
from ombud.people.factors import reset_factors, take_passkey
from ombud.people.openid import cut_off
from ombud.people.openid import queries as openid_queries

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

PAGE = 200

Email = Annotated[str, typer.Argument(help="Their address.")]
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from the first line of standard input.")
]

ShowLink = Annotated[bool, typer.Option("--show-link", help="Print the link, and send no letter.")]


@app.command()
def create(
    email: Email,
    name: Annotated[str, typer.Option("--name", help="Their full name.")] = "",
    role: Annotated[UserRole, typer.Option("--role", help="What they are to the desk.")] = UserRole.CUSTOMER,
    password_stdin: PasswordStdin = False,
    data_dir: DataDir = None,
) -> None:
    """Create a person. Staff are asked for a password where there is a terminal; customers need none."""
    wants_one = password_stdin or role is not UserRole.CUSTOMER
    password = new_password(from_stdin=password_stdin) if wants_one else None
    hashed = hash_password(password, (email, name)) if password is not None else None
    with desk_for(data_dir) as desk, desk.begin(CONSOLE) as session:
        user = actions.create_user(session, email=email, full_name=name, role=role, password_hash=hashed)
    typer.echo(f"{user.role.value} {user.email} has the number {user.id}.")
    if hashed is None and role is not UserRole.CUSTOMER:
        typer.echo(f"They cannot sign in yet: ombud user invite {user.email}")


@app.command("list")
def list_users(
    text: Annotated[str, typer.Argument(help="Part of a name or address.")] = "",
    staff: Annotated[bool, typer.Option("--staff", help="Only staff.")] = False,
    data_dir: DataDir = None,
) -> None:
    """List people by number."""
    found: list[User] = []
    after = 0
    with desk_for(data_dir) as desk:
        with desk.read(CONSOLE) as session:
            while True:
                statement = queries.users(CONSOLE, text=text, staff=staff or None, after=after, limit=PAGE)
                page = session.scalars(statement).all()
                found += page
                if len(page) < PAGE:
                    break
                after = page[-1].id
        look = (AccessKind.SEARCH, f"users?q={text}") if text else (AccessKind.LIST, "users")
        desk.run(CONSOLE, record_access, *look)
    show_table(
        ("id", "address", "name", "role", "organization", "active"),
        [
            (
                user.id,
                user.email,
                user.full_name,
                user.role.value,
                user.organization.name if user.organization is not None else "",
                "yes" if user.is_active else "no",
            )
            for user in found
        ],
    )


@app.command()
def rename(
    email: Email,
    name: Annotated[str, typer.Argument(help="Their full name from now on.")],
    data_dir: DataDir = None,
) -> None:
    """Give somebody another name."""
    _change(email, {"full_name": name}, data_dir)
    typer.echo(f"{email} has another name.")


@app.command()
def address(
    email: Email,
    new: Annotated[str, typer.Argument(help="Their address from now on.")],
    data_dir: DataDir = None,
) -> None:
    """Give somebody another address, without a letter to it: be sure that it is theirs. The old one is told."""
    _change(email, {"email": new}, data_dir)
    typer.echo(f"{email} has another address.")


@app.command("role")
def change_role(
    email: Email,
    role: Annotated[UserRole, typer.Argument(help="What they are to the desk from now on.")],
    data_dir: DataDir = None,
) -> None:
    """Make somebody an administrator, an agent, a light agent or a customer. Their web sessions end."""
    _change(email, {"role": role}, data_dir)
    typer.echo(f"{email} is {role.value} now, and is signed out everywhere.")


@app.command("sessions")
def list_sessions(email: Email, data_dir: DataDir = None) -> None:
    """List where somebody is signed in, the browser used last first."""
    with desk_for(data_dir) as desk, desk.read(CONSOLE) as session:
        found = session.scalars(queries.sessions_of(person(session, email).id)).all()
    show_table(
        ("id", "since", "used last", "until", "from", "browser"),
        [
            (
                one.id,
                *(
                    f"{moment:%Y-%m-%d %H:%M}"
                    for moment in (one.created_at, one.last_seen_at, one.expires_at)
                ),
                one.ip,
                name_of(one.user_agent),
            )
            for one in found
        ],
    )


@app.command("sign-out")
def sign_out(email: Email, data_dir: DataDir = None) -> None:
    """End all of somebody's web sessions. Tokens stay; whoever has the password signs in again."""
    with desk_for(data_dir) as desk, desk.begin(CONSOLE) as session:
        ended = len(actions.sign_out_everywhere(session, person(session, email).id))
    typer.echo(f"{email}: {ended} web {'session' if ended == 1 else 'sessions'} ended.")


@app.command("end-session")
def end_session(
    email: Email,
    session_id: Annotated[int, typer.Argument(metavar="ID", help="Its number, from `sessions`.", min=1)],
    data_dir: DataDir = None,
) -> None:
    """End one of somebody's web sessions."""
    with desk_for(data_dir) as desk, desk.begin(CONSOLE) as session:
        accounts.end_session_of(session, person(session, email).id, session_id)
    typer.echo(f"{email}: session {session_id} ended.")


@app.command("ways-in")
def list_ways_in(email: Email, data_dir: DataDir = None) -> None:
    """List what opens somebody's account beside the password: authenticator app, passkeys, connected sign-ins."""
    with desk_for(data_dir) as desk, desk.read(CONSOLE) as session:
        user_id = person(session, email).id
        app_since = session.scalar(factor_queries.totp_of(user_id))
        keys = session.scalars(factor_queries.passkeys_of(user_id)).all()
        connections = session.execute(openid_queries.connections(user_id)).all()
    rows: list[tuple[object, ...]] = []
    if app_since is not None and app_since.confirmed_at is not None:
        rows.append(("app", "", "", f"{app_since.confirmed_at:%Y-%m-%d}"))
    rows += [("passkey", one.id, one.name, f"{one.created_at:%Y-%m-%d}") for one in keys]
    rows += [
        ("connection", one.identity_id, one.label, f"{one.created_at:%Y-%m-%d}")
        for one in connections
        if one.identity_id is not None
    ]
    show_table(("kind", "id", "name", "since"), rows)


@app.command("remove-passkey")
def remove_passkey(
    email: Email,
    passkey_id: Annotated[int, typer.Argument(metavar="ID", help="Its number, from `ways-in`.", min=1)],
    data_dir: DataDir = None,
) -> None:
    """Take one of somebody's passkeys away, as a lost one. Their web sessions end; they are told."""
    with desk_for(data_dir) as desk, desk.begin(CONSOLE) as session:
        take_passkey(session, person(session, email).id, passkey_id)
    typer.echo(f"{email}: passkey {passkey_id} opens nothing any more; they are signed out everywhere.")


@app.command()
def disconnect(
    email: Email,
    identity_id: Annotated[int, typer.Argument(metavar="ID", help="Its number, from `ways-in`.", min=1)],
    data_dir: DataDir = None,
) -> None:
    """Remove one of somebody's connections with a provider. Web sessions that began by it end; they are told."""
    with desk_for(data_dir) as desk, desk.begin(CONSOLE) as session:
        cut_off(session, person(session, email).id, identity_id)
    typer.echo(f"{email}: connection {identity_id} is removed.")


def _change(email: str, changes: UserChanges, data_dir: Path | None) -> None:
    with desk_for(data_dir) as desk, desk.begin(CONSOLE) as session:
        actions.change_user(session, person(session, email).id, changes)


@app.command()
def password(email: Email, password_stdin: PasswordStdin = False, data_dir: DataDir = None) -> None:
    """Set somebody's password. Their web sessions end; tokens stay (see `ombud token revoke`)."""
    new = new_password(from_stdin=password_stdin)
    if new is None:
        raise Invalid("There is no terminal to ask at: give the password with --password-stdin.")
    hashed = hash_password(new, (email,))
    with desk_for(data_dir) as desk, desk.begin(CONSOLE) as session:
        actions.set_password(session, person(session, email).id, hashed)
    typer.echo(f"{email} has a new password.")


@app.command("reset-factors")
def reset_second_factors(email: Email, data_dir: DataDir = None) -> None:
    """Take somebody's authenticator app, recovery codes and passkeys away: their password alone signs them in."""
    with desk_for(data_dir) as desk, desk.begin(CONSOLE) as session:
        reset_factors(session, person(session, email).id)
    typer.echo(f"{email} has no second factor any more, and is signed out everywhere.")


@app.command()
def invite(email: Email, show_link: ShowLink = False, data_dir: DataDir = None) -> None:
    """Mail somebody a link with which they set their password. Where no mailbox can send, the link is printed."""
    _send_link(email, LinkPurpose.INVITE, letters.invite, show_link=show_link, data_dir=data_dir)


@app.command()
def reset(email: Email, show_link: ShowLink = False, data_dir: DataDir = None) -> None:
    """Mail somebody a link for a new password. Where no mailbox can send, the link is printed."""
    _send_link(email, LinkPurpose.RESET, letters.send_reset, show_link=show_link, data_dir=data_dir)


def _send_link(
    email: str,
    purpose: LinkPurpose,
    ask: Callable[[Session, int], None],
    *,
    show_link: bool,
    data_dir: Path | None,
) -> None:
    settings = settings_with(data_dir)
    with desk_for(data_dir) as desk, desk.begin(CONSOLE) as session:
        user = person(session, email)
        ask(session, user.id)
        can_send = settings.base_url and session.execute(outgoing.desk_mailbox()).one_or_none() is not None
        if can_send and not show_link:
            typer.echo(f"A letter to {user.email} goes out with the next mail.")
            return
        # Handed over by hand: what was asked for is not mailed as well.
        letters.forget_requests(session, user.id)
        secret = letters.issue_link(session, user.id, purpose, user.email)
    typer.echo("Give them this link, over a way that only they read. It works once.", err=True)
    typer.echo(f"{settings.base_url or f'http://{settings.host}:{settings.port}'}/link/{secret}")


@app.command()
def deactivate(email: Email, data_dir: DataDir = None) -> None:
    """Keep somebody from signing in and from being assigned. Their tickets and words stay."""
    with desk_for(data_dir) as desk, desk.begin(CONSOLE) as session:
        actions.deactivate_user(session, person(session, email).id)
    typer.echo(f"{email} is deactivated.")


@app.command()
def reactivate(email: Email, data_dir: DataDir = None) -> None:
    """Let somebody in again who was deactivated. Their tokens stay revoked."""
    with desk_for(data_dir) as desk, desk.begin(CONSOLE) as session:
        actions.reactivate_user(session, person(session, email).id)
    typer.echo(f"{email} is active again.")
