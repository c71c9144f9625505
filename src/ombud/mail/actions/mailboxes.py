"""Set up the desk's addresses: an administrator's work. Secrets are sealed here and never come back out of here."""

import re
from typing import Any, TypedDict

from sqlalchemy import update
from sqlalchemy.orm import Session

from ombud.db.context import actor_of
from ombud.errors import Invalid, NotFound
from ombud.kit.ids import is_id
from ombud.kit.text import clean_body, clean_line, clean_title
from ombud.kit.vault import Vault
from ombud.mail import queries
from ombud.mail.oauth import OAuthSecret
from ombud.mail.policy import require_right_to_keep_mailboxes
from ombud.models import MailAuth, Mailbox, Security, Team
from ombud.people.addresses import as_stored

SECRETS = ("imap_secret", "smtp_secret", "oauth_secret")
SECRET_LIMIT = 8_192
_ADDRESS = re.compile(r"[^\s@<>\"(),:;]+@[^\s@<>\"(),:;]+\.?[^\s@<>\"(),:;]*")
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.:-]{0,253}[A-Za-z0-9])?|")
_LIMITS = {
    "name": 100,
    "trusted_authserv": 255,
    "imap_host": 255,
    "imap_user": 255,
    "imap_folder": 255,
    "imap_moves_to": 255,
    "smtp_host": 255,
    "smtp_user": 255,
    "oauth_token_url": 500,
    "oauth_client_id": 255,
    "oauth_scope": 500,
}
_BOUND_SECRETS = {"imap_host": "imap_secret", "smtp_host": "smtp_secret", "oauth_token_url": "oauth_secret"}
_REQUIRED = ("name", "imap_folder")


class MailboxChanges(TypedDict, total=False):
    """The fields of a mailbox that administrators set; only those present are changed. None clears a team."""

    name: str
    address: str
    team_id: int | None
    is_active: bool
    acknowledges: bool
    adds_followers: bool
    joins_copies: bool
    reopen_days: int
    trusted_authserv: str
    signature: str
    auth: MailAuth
    imap_host: str
    imap_port: int
    imap_security: Security
    imap_user: str
    imap_folder: str
    imap_moves_to: str
    imap_skips_old: bool
    smtp_host: str
    smtp_port: int
    smtp_security: Security
    smtp_user: str
    oauth_token_url: str
    oauth_client_id: str
    oauth_scope: str


class NewSecrets(TypedDict, total=False):
    """Secrets to set, in clear; empty removes one. `oauth_secret` is `OAuthSecret.as_text()`."""

    imap_secret: str
    smtp_secret: str
    oauth_secret: str


def create_mailbox(
    session: Session, changes: MailboxChanges, *, secrets: NewSecrets | None = None, vault: Vault
) -> Mailbox:
    """Set up a mailbox; `name` and `address` are required. Conflict when the address is one already."""
    require_right_to_keep_mailboxes(actor_of(session))
    mailbox = Mailbox(name="", address="")
    _apply(session, mailbox, {"name": "", "address": "", **changes})
    session.add(mailbox)
    session.flush()
    _seal(session, mailbox, secrets or {}, vault)
    return mailbox


def change_mailbox(
    session: Session,
    mailbox_id: int,
    changes: MailboxChanges,
    *,
    secrets: NewSecrets | None = None,
    vault: Vault,
) -> Mailbox:
    """Change some fields of a mailbox, and its secrets, and return it.

    A new server takes no old secret along: whoever changes the host must know the password.
    """
    require_right_to_keep_mailboxes(actor_of(session))
    mailbox = get_mailbox(session, mailbox_id)
    given: dict[str, Any] = dict(secrets or {})
    for place, secret in _BOUND_SECRETS.items():
        if place in changes and dict(changes)[place] != getattr(mailbox, place):
            given.setdefault(secret, "")
    _apply(session, mailbox, changes)
    session.flush()
    _seal(session, mailbox, given, vault)
    return mailbox


def get_mailbox(session: Session, mailbox_id: int) -> Mailbox:
    """Return a mailbox; NotFound when there is none."""
    mailbox = session.scalar(queries.mailbox_by_id(mailbox_id)) if is_id(mailbox_id) else None
    if mailbox is None:
        raise NotFound("There is no such mailbox here.")
    return mailbox


def secret_of(vault: Vault, mailbox: Mailbox, column: str) -> str:
    """Return a secret of a mailbox that was loaded with its secrets; empty when none is set."""
    sealed = getattr(mailbox, column)
    return vault.open(sealed, ("mailboxes", column, mailbox.id)) if sealed is not None else ""


def replace_refresh_token(session: Session, mailbox_id: int, secret: OAuthSecret, vault: Vault) -> None:
    """Keep the refresh token that a provider gave in exchange for the last one."""
    mailbox = get_mailbox(session, mailbox_id)
    _seal(session, mailbox, {"oauth_secret": secret.as_text()}, vault)


def reseal(session: Session, vault: Vault) -> int:
    """Seal with the newest key what older ones sealed; returns how many secrets that were. For the system."""
    done = 0
    for mailbox in session.scalars(queries.mailboxes_with_secrets()):
        stale = {
            column: secret_of(vault, mailbox, column)
            for column in SECRETS
            if (sealed := getattr(mailbox, column)) is not None and not vault.is_current(sealed)
        }
        _seal(session, mailbox, stale, vault)
        done += len(stale)
    for sending in session.scalars(queries.sendings_with_keys()):
        if sending.dkim_key is not None and not vault.is_current(sending.dkim_key):
            place = ("mailbox_sending", "dkim_key", sending.mailbox_id)
            sending.dkim_key = vault.seal(vault.open(sending.dkim_key, place), place)
            done += 1
    for letter in session.scalars(queries.sealed_letters()):
        if letter.sealed is not None and not vault.is_current(letter.sealed):
            place = ("account_letters", "sealed", letter.mail_id)
            letter.sealed = vault.seal(vault.open(letter.sealed, place), place)
            done += 1
    session.flush()
    return done


def count_stale(session: Session, vault: Vault) -> int:
    """Return how many secrets another key than the newest sealed. For the system."""
    found = [
        getattr(one, column)
        for one in session.scalars(queries.mailboxes_with_secrets())
        for column in SECRETS
    ]
    found += [one.dkim_key for one in session.scalars(queries.sendings_with_keys())]
    found += [one.sealed for one in session.scalars(queries.sealed_letters())]
    return sum(sealed is not None and not vault.is_current(sealed) for sealed in found)


def _seal(session: Session, mailbox: Mailbox, secrets: dict[str, Any] | NewSecrets, vault: Vault) -> None:
    values: dict[str, bytes | None] = {}
    for column, secret in secrets.items():
        if column not in SECRETS or not isinstance(secret, str):
            raise Invalid(fields={column: "is not a secret of a mailbox."})
        if len(secret) > SECRET_LIMIT or "\0" in secret or "\n" in secret or "\r" in secret:
            raise Invalid(fields={column: f"must be one line of at most {SECRET_LIMIT:,} characters."})
        values[column] = vault.seal(secret, ("mailboxes", column, mailbox.id)) if secret else None
    if not values:
        return
    # A statement of its own: the secrets are no part of the object, and the one who sets them cannot read them.
    session.execute(
        update(Mailbox).where(Mailbox.id == mailbox.id).values(values),
        execution_options={"synchronize_session": False},
    )
    session.expire(mailbox, ["has_imap_secret", "has_smtp_secret", "has_oauth_secret", "updated_at"])
    session.refresh(mailbox, ["has_imap_secret", "has_smtp_secret", "has_oauth_secret", "updated_at"])


def _apply(session: Session, mailbox: Mailbox, changes: MailboxChanges | dict[str, Any]) -> None:
    for field, value in changes.items():
        setattr(mailbox, field, _checked(session, field, value))


def _checked(session: Session, field: str, value: Any) -> Any:
    if field in _LIMITS:
        clean = clean_title if field == "name" else clean_line
        text = clean(field, value, limit=_LIMITS[field], required=field in _REQUIRED)
        return _checked_place(field, text) if field in _BOUND_SECRETS else text
    match field:
        case "address":
            return clean_address(value)
        case "team_id":
            if value is not None and (not is_id(value) or session.get(Team, value) is None):
                raise Invalid(fields={"team_id": "does not exist."})
        case "signature":
            return clean_body(field, value, limit=10_000, required=False)
        case _ if field not in MailboxChanges.__annotations__:
            raise Invalid(fields={field: "is not a field of a mailbox."})
    return value


def _checked_place(field: str, text: str) -> str:
    if field == "oauth_token_url":
        if text and not text.startswith(("https://", "http://")):
            raise Invalid(fields={field: "must be an https address."})
    elif not _HOST.fullmatch(text):
        raise Invalid(fields={field: "must be the name or address of a server."})
    return text


def clean_address(value: str) -> str:
    """Return an address of the desk in the form that is stored, its domain in ASCII; Invalid when it is none."""
    address = as_stored(clean_line("address", value, limit=255)).lower()
    if not _ADDRESS.fullmatch(address) or not address.isascii():
        raise Invalid(fields={"address": "must be an e-mail address."})
    if "+" in address.partition("@")[0]:
        raise Invalid(
            fields={"address": "must not have a + part: the desk adds one of its own to find tickets."}
        )
    return address
