"""A server that takes mail, for tests of sending: every phase can be made to refuse, to drop or to wait.

`ReceivingServer` speaks SMTP on a port of 127.0.0.1, in a thread. What it took lies in `letters`, in order. A
hook is called in its phase and may return an answer ("451 later"), DROP to end the connection, or None to go on:
`connect`, `mail`, `rcpt`, `data` (the command, before any content), `dot` (all has come, nothing is kept), `taken`
(the message is kept, and "250" not yet said).
"""

from __future__ import annotations

import asyncio
import base64
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from ombud.mail.parse import ParsedMail, parse_message

DROP = "drop"
PHASES = ("connect", "mail", "rcpt", "data", "dot", "taken")

OwnerOf = Callable[[str], str | None]
"""Returns whose access token that is."""
Hook = Callable[[str, str], str | None]
"""Called with the phase and what it is about (an address, a Message-ID)."""


@dataclass(frozen=True)
class Letter:
    """A message as it arrived."""

    sender: str
    recipients: tuple[str, ...]
    raw: bytes
    peer: Any = None

    @property
    def parsed(self) -> ParsedMail:
        """What our own reader makes of it."""
        return parse_message(self.raw)


@dataclass
class Post:
    """What arrived, and how the server behaves."""

    letters: list[Letter] = field(default_factory=list)
    hook: Hook | None = None
    logins: list[tuple[str, str]] = field(default_factory=list)
    connections: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, phase: str, about: str = "") -> str | None:
        return self.hook(phase, about) if self.hook is not None else None


def _drop(server: SMTP) -> None:
    assert isinstance(server.transport, asyncio.Transport)
    server.transport.abort()


class _Protocol(SMTP):
    """Asks the hook about the greeting, too."""

    post: Post
    connections: set[asyncio.Transport]

    def connection_made(self, transport: Any) -> None:
        # Once more after STARTTLS, on the same connection.
        is_first = self.transport is None
        if is_first:
            self.connections.add(transport)
            with self.post.lock:
                self.post.connections += 1
            if self.post.ask("connect") == DROP:
                super().connection_made(transport)
                transport.abort()
                return
        super().connection_made(transport)

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - aiosmtpd's name
        answer = self.post.ask("data")
        if answer == DROP:
            _drop(self)
        elif answer is not None:
            await self.push(answer)
            self._set_post_data_state()  # type: ignore[no-untyped-call]  # aiosmtpd's
        else:
            await super().smtp_DATA(arg)


class _Handler:
    def __init__(self, post: Post, owner_of: OwnerOf | None = None) -> None:
        self.post = post
        self.owner_of = owner_of

    async def auth_XOAUTH2(self, _server: SMTP, args: list[str]) -> AuthResult:  # noqa: N802 - aiosmtpd's name
        """Let in who brings a token of their own."""
        said = base64.b64decode(args[1]).decode().split("\x01")
        user, token = said[0].removeprefix("user="), said[1].removeprefix("auth=Bearer ")
        self.post.logins.append((user, token))
        return AuthResult(
            success=self.owner_of is not None and self.owner_of(token) == user, handled=False, auth_data=user
        )

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self._ask(server, "mail", address)
        if answer is None:
            envelope.mail_from = address
            envelope.mail_options.extend(options)
        return answer or "250 OK"

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        answer = self._ask(server, "rcpt", address)
        if answer is None:
            envelope.rcpt_tos.append(address)
        return answer or "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        raw = envelope.content
        assert isinstance(raw, bytes)
        letter = Letter(
            (envelope.mail_from or "").removeprefix("<>"), tuple(envelope.rcpt_tos), raw, session.peer
        )
        name = letter.parsed.message_id
        if (answer := self._ask(server, "dot", name)) is not None:
            return answer
        with self.post.lock:
            self.post.letters.append(letter)
        return self._ask(server, "taken", name) or "250 taken"

    def _ask(self, server: SMTP, phase: str, about: str) -> str | None:
        answer = self.post.ask(phase, about)
        if answer == DROP:
            _drop(server)
            return "421 gone"
        return answer


class ReceivingServer:
    """The server; `start` and `stop` it, `port` is where it listens."""

    def __init__(
        self,
        *,
        tls: Path | None = None,
        implicit: bool = False,
        password: str = "",
        owner_of: OwnerOf | None = None,
    ) -> None:
        """`tls`: a certificate with its key, for STARTTLS or, with `implicit`, from the beginning.

        With `password` or `owner_of` (of access tokens, for XOAUTH2) who brings mail signs in.
        """
        self.post = Post()
        self.port = 0
        self._context = _context(tls) if tls is not None else None
        self._implicit = implicit
        self._password, self._owner_of = password, owner_of
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="receiving", daemon=True)
        self._listens = threading.Event()
        self._connections: set[asyncio.Transport] = set()

    def start(self) -> None:
        """Begin to take mail; returns when it listens."""
        self._thread.start()
        assert self._listens.wait(10)

    def stop(self) -> None:
        """End all connections; once more is harmless."""
        if self._loop.is_closed():
            return
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def _run(self) -> None:
        context = self._context if self._implicit else None
        listen = self._loop.create_server(self._protocol, "127.0.0.1", 0, ssl=context)
        server = self._loop.run_until_complete(listen)
        self.port = server.sockets[0].getsockname()[1]
        self._loop.call_soon(self._listens.set)
        self._loop.run_forever()
        server.close()
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        if left:
            self._loop.run_until_complete(asyncio.wait(left))
        # A connection that waits for the client's farewell would outlive the loop, and never be closed.
        for connection in self._connections:
            connection.abort()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()

    def _protocol(self) -> SMTP:
        made = _Protocol(
            _Handler(self.post, self._owner_of),
            hostname="receiving.example",
            loop=self._loop,
            tls_context=None if self._implicit else self._context,
            auth_required=bool(self._password) or self._owner_of is not None,
            auth_require_tls=self._context is not None and not self._implicit,
            authenticator=self._check if self._password else None,
        )
        made.post = self.post
        made.connections = self._connections
        return made

    def _check(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        login, password = data.login.decode(), data.password.decode()
        self.post.logins.append((login, password))
        return AuthResult(success=password == self._password, handled=False)


def _context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context
