"""Try a mailbox's set-up and say what is wrong, step by step, in words of our own: what servers say is not repeated."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ombud.errors import OmbudError
from ombud.kit.guard import Guard
from ombud.kit.vault import Vault
from ombud.mail.actions.mailboxes import secret_of
from ombud.mail.imap import IMAP_ERRORS, Account, Folder, open_folder
from ombud.mail.smtp import Connection, Server, SignInRefused
from ombud.mail.smtp import Unreachable as Unsendable
from ombud.models import MailAuth, Mailbox


@dataclass(frozen=True, slots=True)
class Probe:
    """One thing that was tried. `text` says what was found, and what to do where it is not good."""

    name: str
    is_good: bool
    text: str


TokenOf = Callable[[Mailbox], str]
"""Returns an access token; a provider may give each refresh token's successor once, so whoever asks must keep it."""
SENDING_TIMEOUT = 20.0


def probe_mailbox(mailbox: Mailbox, vault: Vault, guard: Guard, token_of: TokenOf) -> list[Probe]:
    """Try what a mailbox is set up for, fetching and sending; nothing is changed and nothing is sent."""
    found: list[Probe] = []
    if mailbox.imap_host or not mailbox.smtp_host:
        found += probe_fetching(mailbox, vault, guard, token_of)
    if mailbox.smtp_host:
        found += probe_sending(mailbox, vault, guard, token_of)
    return found


def probe_fetching(mailbox: Mailbox, vault: Vault, guard: Guard, token_of: TokenOf) -> list[Probe]:
    """Try to fetch a mailbox that was loaded with its secrets; nothing on the server is changed."""
    return list(_fetching(mailbox, vault, guard, token_of))


def probe_sending(mailbox: Mailbox, vault: Vault, guard: Guard, token_of: TokenOf) -> list[Probe]:
    """Try to connect and sign in where a mailbox that was loaded with its secrets sends."""
    return list(_sending(mailbox, vault, guard, token_of))


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


def server_of(mailbox: Mailbox, secret: str) -> Server:
    """Return where and as whom a mailbox sends. Without a secret nobody signs in but whom it names."""
    return Server(
        mailbox.smtp_host,
        mailbox.smtp_port,
        mailbox.smtp_security,
        mailbox.smtp_user or (mailbox.address if secret else ""),
        secret,
        is_token=mailbox.auth is MailAuth.OAUTH,
    )


def _fetching(mailbox: Mailbox, vault: Vault, guard: Guard, token_of: TokenOf) -> Iterator[Probe]:
    if not mailbox.imap_host:
        yield Probe("Server", False, "No IMAP server is named. Mail can still come by LMTP, pipe or HTTP.")
        return
    try:
        secret = _secret(mailbox, vault, "imap_secret", token_of)
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


def _sending(mailbox: Mailbox, vault: Vault, guard: Guard, token_of: TokenOf) -> Iterator[Probe]:
    if not mailbox.smtp_host:
        yield Probe("Sending", False, "No SMTP server is named. Replies are not mailed from here.")
        return
    try:
        server = server_of(mailbox, _secret(mailbox, vault, "smtp_secret", token_of))
        asyncio.run(Connection(server, timeout=SENDING_TIMEOUT, guard=guard).try_out())
    except SignInRefused as error:
        yield Probe("Sending", False, str(error))
    except Unsendable as error:
        yield Probe("Sending", False, _without_banner(str(error)))
    except OmbudError as error:
        yield Probe("Sending", False, error.message)
    else:
        how = f"lets {server.user} in" if server.user else "wants nobody to sign in"
        yield Probe("Sending", True, f"{mailbox.smtp_host} answers, and {how}.")


def _without_banner(said: str) -> str:
    """Return what is wrong without what the server said about it: a trial is no way to read what listens inside."""
    return f"{said.split(' refused: ', maxsplit=1)[0]} refused." if " refused: " in said else said


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


def _secret(mailbox: Mailbox, vault: Vault, column: str, token_of: TokenOf) -> str:
    return token_of(mailbox) if mailbox.auth is MailAuth.OAUTH else secret_of(vault, mailbox, column)
