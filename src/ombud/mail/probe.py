"""Try a mailbox's set-up and say what is wrong, step by step, in words of our own: what servers say is not repeated."""

from collections.abc import Iterator
from dataclasses import dataclass

from ombud.errors import OmbudError
from ombud.kit.guard import Guard
from ombud.kit.vault import Vault
from ombud.mail.actions.mailboxes import secret_of
from ombud.mail.imap import IMAP_ERRORS, Account, Folder, open_folder
from ombud.mail.oauth import OAuthSecret, refresh
from ombud.models import MailAuth, Mailbox


@dataclass(frozen=True, slots=True)
class Probe:
    """One thing that was tried. `text` says what was found, and what to do where it is not good."""

    name: str
    is_good: bool
    text: str


def probe_fetching(mailbox: Mailbox, vault: Vault, guard: Guard) -> list[Probe]:
    """Try to fetch a mailbox that was loaded with its secrets; nothing on the server is changed."""
    return list(_fetching(mailbox, vault, guard))


def account_of(mailbox: Mailbox, secret: str) -> Account:
    """Return where and as whom a mailbox is fetched."""
    return Account(
        mailbox.imap_host,
        mailbox.imap_port,
        mailbox.imap_security,
        mailbox.imap_user or mailbox.address,
        secret,
        is_token=mailbox.auth is MailAuth.OAUTH,
    )


def _fetching(mailbox: Mailbox, vault: Vault, guard: Guard) -> Iterator[Probe]:
    if not mailbox.imap_host:
        yield Probe("Server", False, "No IMAP server is named. Mail can still come by LMTP, pipe or HTTP.")
        return
    try:
        secret = _secret(mailbox, vault, guard)
    except OmbudError as error:
        yield Probe("Secret", False, error.message)
        return
    if not secret:
        yield Probe("Secret", False, "No password is set for this mailbox.")
        return
    yield Probe("Secret", True, "A secret is set.")
    try:
        folder = open_folder(account_of(mailbox, secret), mailbox.imap_folder, guard)
    except OmbudError as error:
        yield Probe(_STEPS.get(error.code, "Connection"), False, error.message)
        return
    yield Probe("Connection", True, f"{mailbox.imap_host} answers, and its certificate is good.")
    yield Probe("Sign-in", True, f"{mailbox.imap_user or mailbox.address} is let in.")
    yield from _looked_at(mailbox, folder)


_STEPS = {"mail_sign_in_refused": "Sign-in", "no_such_folder": "Folder"}


def _looked_at(mailbox: Mailbox, folder: Folder) -> Iterator[Probe]:
    try:
        count = len(folder.new_uids(0))
        yield Probe("Folder", True, f"{mailbox.imap_folder} has {count:,} messages.")
        if mailbox.imap_moves_to and not folder.folder.exists(mailbox.imap_moves_to):
            yield Probe("Taken messages", True, f"The folder {mailbox.imap_moves_to} will be made.")
        how = "tells at once when mail comes" if folder.can_idle() else "is asked every minute"
        yield Probe("New mail", True, f"The server {how}.")
    except IMAP_ERRORS:
        yield Probe("Folder", False, f"{mailbox.imap_host} ended the connection.")
    finally:
        try:
            folder.logout()
        except IMAP_ERRORS:
            pass  # it is gone already


def _secret(mailbox: Mailbox, vault: Vault, guard: Guard) -> str:
    if mailbox.auth is MailAuth.PASSWORD:
        return secret_of(vault, mailbox, "imap_secret")
    known = secret_of(vault, mailbox, "oauth_secret")
    if not known:
        return ""
    secret = OAuthSecret.from_text(known)
    return refresh(guard, mailbox.oauth_token_url, mailbox.oauth_client_id, mailbox.oauth_scope, secret).token
