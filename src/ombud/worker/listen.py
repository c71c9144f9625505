"""Take mail on a port, by LMTP from a mail server on this machine or by SMTP.

"250" is said only after the raw message is on the disk and its arrival is committed; what cannot be taken right now
is answered with 4xx, and the sender's server keeps it. A message is written to a file as it comes, so that a large
one never lies in memory as a whole. Answers tell nothing about the desk.
"""

import asyncio
import contextlib
import ipaddress
import socket
import ssl
import tempfile
import threading
from collections.abc import Iterator
from typing import IO, Any, Self
from weakref import WeakSet

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from ombud._version import __version__
from ombud.config import Settings, words_of
from ombud.db.desk import Desk
from ombud.errors import OmbudError, TooLarge, Unavailable
from ombud.kit.logs import Log
from ombud.models import MailSource
from ombud.worker.intake import Intake, open_intake

log = Log(__name__)

SPOOL = 1 << 20
RECIPIENTS = 100
LINE_BUFFER = 1 << 16
"""Bytes of a line that are read at once; RFC 5321 allows 998, a longer one comes in several pieces."""
IDLE_SECONDS = 300
BACKLOG = 50

TAKEN = "250 2.0.0 Taken"
NOT_NOW = "451 4.3.0 Cannot take it right now, try again"
TOO_LARGE = "552 5.3.4 Larger than this server takes"
NOBODY = "550 5.1.1 No such address here"
STRANGER = "554 5.7.1 Not for you"
TOO_MANY = b"421 4.7.0 Too many connections, try again\r\n"


class Handler:
    """Answers the commands of one listener."""

    def __init__(self, intake: Intake, peers: tuple[str, ...]) -> None:
        self._intake = intake
        self._peers = [ipaddress.ip_network(peer, strict=False) for peer in peers]

    def lets_in(self, peer: Any) -> bool:
        """True when a client may bring mail."""
        if not self._peers:
            return True
        address = ipaddress.ip_address(str(peer[0]).partition("%")[0])
        address = getattr(address, "ipv4_mapped", None) or address
        return any(address.version == peer.version and address in peer for peer in self._peers)

    async def handle_MAIL(  # noqa: N802 - the library's name
        self, _server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take the sender, from a client that may bring mail."""
        if not self.lets_in(session.peer):
            return STRANGER
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 Go on"

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a recipient that is one of the desk's addresses, with or without a ticket's tag."""
        if len(envelope.rcpt_tos) >= RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        try:
            found = await asyncio.to_thread(self._intake.mailboxes_at, [address])
        except OmbudError:
            return NOT_NOW
        if not found:
            return NOBODY
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 Go on"

    async def take(self, file: IO[bytes], envelope: Envelope) -> str:
        """Make a message ours, for all its recipients at once."""
        try:
            await asyncio.to_thread(self._receive, file, envelope)
        except TooLarge:
            return TOO_LARGE
        except OmbudError as error:
            log.warning("mail was not taken", code=error.code, reason=error.message)
            return NOT_NOW
        except Exception:
            log.exception("mail was not taken")
            return NOT_NOW
        return TAKEN

    def _receive(self, file: IO[bytes], envelope: Envelope) -> None:
        file.seek(0)
        self._intake.receive(
            iter(lambda: file.read(SPOOL), b""),
            MailSource.LMTP,
            envelope_from=envelope.mail_from or "",
            envelope_to=list(envelope.rcpt_tos),
        )


class _Spooling(SMTP):
    """Writes the message to a file as it comes. Ends it at CR LF . CR LF only, whatever else looks like it (T67)."""

    line_length_limit = LINE_BUFFER
    places: "Places | None" = None
    """Counts connections; who finds no place is sent away, and comes again."""
    has_place = False
    connections: "WeakSet[asyncio.BaseTransport] | None" = None
    """Those of the listener, so that it can end them."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if self.connections is not None:
            self.connections.add(transport)
        if self.places is not None and not self.has_place:  # once more after STARTTLS, on the same connection
            self.has_place = self.places.take()
            if not self.has_place and isinstance(transport, asyncio.Transport):
                transport.write(TOO_MANY)
                transport.close()
                return
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self.places is not None and self.has_place:
            self.has_place = False
            self.places.leave()
        elif self.places is not None:
            return  # it never began
        super().connection_lost(error)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - the library's name
        if await self.check_helo_needed() or await self.check_auth_needed("DATA"):
            return
        envelope = self.envelope
        if envelope is None or not envelope.rcpt_tos:
            await self.push("503 5.5.1 No recipients")
            return
        if arg:
            await self.push("501 5.5.4 Nothing follows DATA")
            return
        await self.push("354 End with <CR><LF>.<CR><LF>")
        with tempfile.SpooledTemporaryFile(max_size=SPOOL) as file:
            fits = await self._read_into(file)
            handler: Handler = self.event_handler
            answer = await handler.take(file, envelope) if fits else TOO_LARGE
        for _ in self.answers(envelope):
            await self.push(answer)
        self._set_post_data_state()  # type: ignore[no-untyped-call]  # the library's, without types

    def answers(self, envelope: Envelope) -> list[str]:
        """Return whom an answer is given for: by SMTP the message, by LMTP each recipient (RFC 2033, 4.2)."""
        return [""]

    async def _read_into(self, file: IO[bytes]) -> bool:
        """Read the message; False when it is too large, which is told when all of it was read."""
        size, begins_line = 0, True
        while True:
            try:
                piece = await self._reader.readuntil(b"\r\n")
                ends_line = True
            except asyncio.LimitOverrunError as error:
                # a line longer than the reader's buffer: what is there so far, never half of a CR LF
                piece, ends_line = await self._reader.read(max(error.consumed, 1)), False
            if begins_line and piece == b".\r\n":
                return size <= (self.data_size_limit or 0)
            if begins_line and piece.startswith(b"."):
                piece = piece[1:]
            begins_line = ends_line
            size += len(piece)
            if size <= (self.data_size_limit or 0):
                file.write(piece)


class _Lmtp(_Spooling, LMTP):
    def answers(self, envelope: Envelope) -> list[str]:
        return list(envelope.rcpt_tos)


class Places:
    """So many connections at once. For the one thread of a listener's loop."""

    def __init__(self, count: int) -> None:
        self._free = count

    def take(self) -> bool:
        """Take a place; False when there is none."""
        if self._free <= 0:
            return False
        self._free -= 1
        return True

    def leave(self) -> None:
        """Give it back."""
        self._free += 1


class Listener:
    """Listens in a thread with a loop of its own, for as long as the `with` lasts."""

    def __init__(self, intake: Intake, settings: Settings, kind: type[_Spooling], port: int) -> None:
        self._handler = Handler(intake, words_of(settings.mail_peers))
        self._settings, self._kind = settings, kind
        self._tls = _tls_of(settings)
        self._places = Places(settings.mail_connections)
        self._socket = _bound(settings.mail_host, port)
        self._loop = asyncio.new_event_loop()
        self._server: asyncio.Server | None = None
        self._connections = WeakSet[asyncio.BaseTransport]()

    @property
    def port(self) -> int:
        """The port that it listens on."""
        found: int = self._socket.getsockname()[1]
        return found

    def __enter__(self) -> Self:
        started = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(started,), name="ombud-listen", daemon=True)
        self._thread.start()
        started.wait(10)
        return self

    def __exit__(self, *_error: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)

    def _run(self, started: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        self._server = self._loop.run_until_complete(
            self._loop.create_server(self._protocol, sock=self._socket, backlog=BACKLOG)
        )
        started.set()
        self._loop.run_forever()
        self._server.close()
        pending = asyncio.all_tasks(self._loop)
        for task in pending:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))
        # A connection that waits for its client's farewell would outlive the loop, and never be closed.
        for connection in list(self._connections):
            if isinstance(connection, asyncio.WriteTransport):
                connection.abort()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    def _protocol(self) -> SMTP:
        made = self._kind(
            self._handler,
            tls_context=self._tls,
            data_size_limit=self._settings.mail_limit,
            enable_SMTPUTF8=True,
            hostname="ombud",
            ident=f"Ombud {__version__}".split()[0],
            timeout=IDLE_SECONDS,
            loop=self._loop,
        )
        made.places = self._places
        made.connections = self._connections
        return made


@contextlib.contextmanager
def listening(desk: Desk, settings: Settings) -> Iterator[list[Listener]]:
    """Listen on the ports that the settings name, for as long as the block lasts."""
    wanted = ((_Lmtp, settings.lmtp_port), (_Spooling, settings.smtp_port))
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(Listener(open_intake(desk, settings), settings, kind, port))
            for kind, port in wanted
            if port is not None
        ]


def _tls_of(settings: Settings) -> ssl.SSLContext | None:
    if settings.mail_certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(settings.mail_certificate)
    except (OSError, ssl.SSLError) as error:
        raise Unavailable(
            f"{settings.mail_certificate} is no certificate with its key, or cannot be read."
        ) from error
    return context


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.socket(family, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
    except OSError as error:
        found.close()
        raise Unavailable(f"Port {port} on {host} cannot be used for mail ({error.strerror}).") from error
    return found
