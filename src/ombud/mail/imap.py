"""A mail server's folder, by IMAP: what is new in it, its messages in pieces, and telling the server they are taken.

Knows no database. A large message never lies in memory as a whole: it is asked for in pieces of a megabyte.
"""

import imaplib
import re
import ssl
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from imap_tools.consts import MailMessageFlags
from imap_tools.errors import ImapToolsError
from imap_tools.mailbox import BaseMailBox

from ombud.kit.guard import Guard, Unreachable, said_of_tls, tls_context
from ombud.models import Security

PIECE = 1 << 20
TOGETHER_BYTES = 4 * PIECE
TOGETHER = 50
"""Small messages asked for with one command."""
TIMEOUT = 60.0
_UID = re.compile(rb"\bUID (\d+)")
_SIZE = re.compile(rb"\bRFC822\.SIZE (\d+)")

IMAP_ERRORS = (imaplib.IMAP4.error, ImapToolsError, OSError, EOFError)


class NotSignedIn(Unreachable):
    """The server does not take user and password (or token)."""

    code = "mail_sign_in_refused"


class NoSuchFolder(Unreachable):
    """The server has no folder of that name for this user."""

    code = "no_such_folder"


@dataclass(frozen=True, slots=True)
class Account:
    """Where and as whom to sign in. With `is_token` the secret is an OAuth access token."""

    host: str
    port: int
    security: Security
    user: str
    secret: str = field(repr=False)
    is_token: bool = False


class Folder(BaseMailBox):
    """A signed-in connection with one folder selected. Use `open_folder`; it is a context manager."""

    def __init__(self, account: Account, guard: Guard) -> None:
        self._account, self._guard = account, guard
        self.uid_validity = 0
        self.uid_next = 1
        super().__init__()

    def new_uids(self, after: int) -> list[int]:
        """Return the messages with a number above `after`, lowest first."""
        # "n:*" always names the last message too, even if its number is below n (RFC 3501, 6.4.8)
        _, found = self.client.uid("SEARCH", "UID", f"{after + 1}:*")
        return sorted(
            uid for uid in map(int, b" ".join(part for part in found if part).split()) if uid > after
        )

    def sizes(self, uids: Sequence[int]) -> dict[int, int]:
        """Return the size of messages in bytes, as far as they are still there."""
        _, rows = self.client.uid("FETCH", _named(uids), "(UID RFC822.SIZE)")
        sizes: dict[int, int] = {}
        for row in rows:
            uid, size = (
                (found.search(row) for found in (_UID, _SIZE)) if isinstance(row, bytes) else (None, None)
            )
            if uid and size:
                sizes[int(uid[1])] = int(size[1])
        return sizes

    def messages(self, uids: Sequence[int]) -> dict[int, bytes]:
        """Return small messages, as far as they are still there, without marking them as read."""
        _, rows = self.client.uid("FETCH", _named(uids), "(UID BODY.PEEK[])")
        return dict(_literals(rows))

    def pieces(self, uid: int, size: int) -> Iterator[bytes]:
        """Yield a message in pieces, without marking it as read."""
        for start in range(0, size + 1, PIECE):
            _, rows = self.client.uid("FETCH", str(uid), f"(UID BODY.PEEK[]<{start}.{PIECE}>)")
            piece = next((content for _, content in _literals(rows)), b"")
            if piece:
                yield piece
            if len(piece) < PIECE:
                return

    def take_away(self, uids: Sequence[int], moves_to: str) -> None:
        """Move messages to another folder, made if need be; without one, mark them as read."""
        names = [str(uid) for uid in uids]
        if not names:
            return
        if not moves_to:
            self.flag(names, MailMessageFlags.SEEN, True, chunks=TOGETHER)
            return
        if not self.folder.exists(moves_to):
            self.folder.create(moves_to)
        self.move(names, moves_to, chunks=TOGETHER)

    def can_idle(self) -> bool:
        """True when the server tells by itself that mail came (RFC 2177)."""
        return "IDLE" in {str(word).upper() for word in self.client.capabilities}

    def _get_mailbox_client(self) -> imaplib.IMAP4:
        account = self._account
        if account.security is Security.TLS:
            return _Tls(account.host, account.port, self._guard)
        client = _Plain(account.host, account.port, self._guard)
        if account.security is Security.STARTTLS:
            client.starttls(tls_context())
        return client

    def _sign_in(self, folder: str) -> None:
        account = self._account
        try:
            if account.is_token:
                self.xoauth2(account.user, account.secret, initial_folder=None)
            elif account.user.isascii() and account.secret.isascii():
                self.login(account.user, account.secret, initial_folder=None)
            else:
                self.login_utf8(account.user, account.secret, initial_folder=None)
        except (imaplib.IMAP4.error, ImapToolsError):
            raise NotSignedIn(f"{account.host} does not let {account.user} in with this secret.") from None
        try:
            self.folder.set(folder)
            status = self.folder.status(folder, ["UIDVALIDITY", "UIDNEXT"])
        except (imaplib.IMAP4.error, ImapToolsError):
            raise NoSuchFolder(f"{account.user} has no folder {folder} on {account.host}.") from None
        self.uid_validity, self.uid_next = status["UIDVALIDITY"], status["UIDNEXT"]


def open_folder(account: Account, folder: str, guard: Guard) -> Folder:
    """Connect, sign in and select a folder. Unreachable (or a kind of it) says what is wrong, in words."""
    found: Folder | None = None
    try:
        found = Folder(account, guard)
        found._sign_in(folder)  # noqa: SLF001 - the one way in
    except Unreachable:
        _drop(found)
        raise
    except (*IMAP_ERRORS, ssl.SSLError) as error:
        _drop(found)
        said = said_of_tls(error) or _plainly(error, account)
        raise Unreachable(f"{account.host}, port {account.port}: {said}.") from None
    return found


def _plainly(error: BaseException, account: Account) -> str:
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, imaplib.IMAP4.error) and account.security is Security.STARTTLS:
        return "it offers no STARTTLS there"
    return "it does not speak IMAP there, or ended the connection"


def _drop(found: Folder | None) -> None:
    if found is not None:
        try:
            found.client.shutdown()
        except IMAP_ERRORS:
            pass  # it is gone already


def _named(uids: Sequence[int]) -> str:
    return ",".join(map(str, uids))


def _literals(rows: Sequence[Any]) -> Iterator[tuple[int, bytes]]:
    """Yield number and content; servers write the number before or behind the content."""
    for place, row in enumerate(rows):
        if not isinstance(row, tuple):
            continue
        behind = rows[place + 1] if place + 1 < len(rows) and isinstance(rows[place + 1], bytes) else b""
        uid = _UID.search(row[0]) or _UID.search(behind)
        if uid:
            yield int(uid[1]), row[1]


class _Plain(imaplib.IMAP4):
    def __init__(self, host: str, port: int, guard: Guard) -> None:
        self._guard = guard
        super().__init__(host, port, TIMEOUT)

    def _create_socket(self, timeout: float | None) -> Any:
        return self._guard.connect(self.host, self.port)


class _Tls(imaplib.IMAP4_SSL):
    def __init__(self, host: str, port: int, guard: Guard) -> None:
        self._guard = guard
        super().__init__(host, port, ssl_context=tls_context(), timeout=TIMEOUT)

    def _create_socket(self, timeout: float | None) -> Any:
        return tls_context().wrap_socket(self._guard.connect(self.host, self.port), server_hostname=self.host)
