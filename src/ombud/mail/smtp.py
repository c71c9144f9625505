"""Talking to the server that takes our mail: one connection for many messages, every answer kept by recipient.

Certificates are always verified. What a server says is shortened and printable before anybody sees it. No
database here.
"""

import asyncio
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field

from aiosmtplib import (
    SMTP,
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPException,
    SMTPResponseException,
    SMTPServerDisconnected,
    SMTPTimeoutError,
)

from ombud.errors import OmbudError
from ombud.kit.guard import Guard, tls_context
from ombud.mail.outgoing.rules import Outcome, Verdict, one_line
from ombud.models import Security

TIMEOUT = 60.0
DATA_TIMEOUT = 600.0
"""RFC 5321, 4.5.3.2.6: a server may take ten minutes after the last dot."""
MESSAGES_PER_CONNECTION = 100


class Unreachable(Exception):
    """The server could not be reached, or would not let us in: a reason for all messages of its mailbox."""


class SignInRefused(Unreachable):
    """The server does not take the user and the password, or the token."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where and as whom. With `is_token` the secret is an OAuth token (XOAUTH2), otherwise a password."""

    host: str
    port: int
    security: Security
    user: str = ""
    secret: str = field(default="", repr=False)
    is_token: bool = False
    tls: ssl.SSLContext | None = field(default=None, repr=False, compare=False)


class Connection:
    """A connection to one server, opened when it is first needed and again when it was lost."""

    def __init__(
        self,
        server: Server,
        *,
        timeout: float = TIMEOUT,
        data_timeout: float = DATA_TIMEOUT,
        guard: Guard | None = None,
    ) -> None:
        """`guard` decides which servers may be reached; without one, all."""
        self.server = server
        self._guard = guard
        self._timeout, self._data_timeout = timeout, data_timeout
        self._client: SMTP | None = None
        self._sent = 0

    async def deliver(self, sender: str, recipients: Sequence[str], message: bytes) -> dict[str, Verdict]:
        """Send one message; returns how it ended for each recipient. Raises Unreachable before anything was said.

        `sender` is the envelope's (empty: no reports wanted, RFC 3834). After the last dot an end of the
        connection is UNKNOWN: the server may have taken it.
        """
        client = await self._open()
        verdicts: dict[str, Verdict] = {}
        try:
            await client.mail(sender, options=self._options(client, message), timeout=self._timeout)
            for recipient in recipients:
                verdicts[recipient] = await self._rcpt(client, recipient)
            taken = [one for one, verdict in verdicts.items() if verdict.outcome is Outcome.ACCEPTED]
            if not taken:
                await client.rset(timeout=self._timeout)
                return verdicts
        except SMTPResponseException as error:
            await self._reset()
            return dict.fromkeys(recipients, verdict_of(error.code, error.message))
        except (SMTPException, OSError) as error:
            await self.close()
            return dict.fromkeys(recipients, Verdict(Outcome.DEFERRED, _words(error)))
        verdicts |= dict.fromkeys(taken, await self._data(client, message))
        return verdicts

    async def close(self) -> None:
        """Say goodbye, if the server still listens, and forget the connection."""
        client, self._client = self._client, None
        if client is None:
            return
        transport = client.transport
        try:
            if client.is_connected:
                await client.quit(timeout=2)
        except (SMTPException, OSError):
            pass  # it is over either way
        finally:
            client.close()
            if isinstance(transport, asyncio.WriteTransport):
                # TLS would wait for the other side to agree to the end, longer than the loop may last.
                transport.abort()
                await asyncio.sleep(0)

    async def try_out(self) -> None:
        """Connect and sign in, and nothing else. Raises Unreachable."""
        await self._open()
        await self.close()

    async def _open(self) -> SMTP:
        if self._client is not None and self._client.is_connected and self._sent < MESSAGES_PER_CONNECTION:
            self._sent += 1
            return self._client
        await self.close()
        sock = await asyncio.to_thread(self._connected) if self._guard is not None else None
        client = self._client_for(self.server, sock)
        try:
            await client.connect()
        except SMTPAuthenticationError as error:
            what = "the token" if self.server.is_token else "the user and the password"
            raise SignInRefused(f"The server refused {what} ({error.code}).") from error
        except ssl.SSLError as error:
            raise Unreachable(
                f"No secure connection: {one_line(error.reason or str(error), 200)}."
            ) from error
        except (SMTPException, OSError) as error:
            raise Unreachable(_unreachable(self.server, error)) from error
        self._client, self._sent = client, 1
        return client

    def _connected(self) -> socket.socket:
        if self._guard is None:
            raise ValueError("nobody asked for a guarded connection")
        try:
            made = self._guard.connect(self.server.host, self.server.port, timeout=self._timeout)
        except OmbudError as error:
            raise Unreachable(error.message) from None
        made.setblocking(False)
        return made

    def _client_for(self, server: Server, sock: socket.socket | None) -> SMTP:
        async def token() -> str:
            return server.secret

        credentials: dict[str, object] = {}
        if server.user:
            credentials = {"username": server.user}
            credentials |= (
                {"oauth_token_generator": token} if server.is_token else {"password": server.secret}
            )
        return SMTP(
            hostname=server.host,
            port=server.port if sock is None else None,
            sock=sock,
            timeout=self._timeout,
            use_tls=server.security is Security.TLS,
            start_tls=server.security is Security.STARTTLS,
            tls_context=server.tls or tls_context(),
            **credentials,  # type: ignore[arg-type]  # one of two ways to sign in
        )

    async def _rcpt(self, client: SMTP, recipient: str) -> Verdict:
        try:
            answer = await client.rcpt(recipient, timeout=self._timeout)
        except SMTPResponseException as error:
            return verdict_of(error.code, error.message)
        return Verdict(Outcome.ACCEPTED, _said(answer.code, answer.message))

    async def _data(self, client: SMTP, message: bytes) -> Verdict:
        try:
            answer = await client.data(message, timeout=self._data_timeout)
        except (SMTPServerDisconnected, SMTPTimeoutError, OSError) as error:
            await self.close()
            return Verdict(Outcome.UNKNOWN, _words(error))
        except SMTPResponseException as error:
            await self._reset()
            return verdict_of(error.code, error.message)
        return Verdict(Outcome.ACCEPTED, _said(answer.code, answer.message))

    async def _reset(self) -> None:
        """Make the connection ready for the next message after a refusal."""
        try:
            if self._client is not None:
                await self._client.rset(timeout=self._timeout)
        except (SMTPException, OSError):
            await self.close()

    @staticmethod
    def _options(client: SMTP, message: bytes) -> list[str]:
        return [f"SIZE={len(message)}"] if client.supports_extension("size") else []


def verdict_of(code: int, message: str) -> Verdict:
    """Return what an answer means: 4xx, and anything that is no answer, is tried again; 5xx is final.

    421 and 454 are about the connection, 552 is "mailbox full" of old servers (RFC 5321, 4.5.3.1.10): all wait.
    """
    is_final = 500 <= code < 600 and not (code == 552 and "5.2.2" in message)
    return Verdict(Outcome.REFUSED if is_final else Outcome.DEFERRED, _said(code, message))


def _said(code: int, message: str) -> str:
    return one_line(f"{code} {message}", 300)


def _words(error: BaseException) -> str:
    if isinstance(error, SMTPTimeoutError | asyncio.TimeoutError):
        return "The server did not answer in time."
    return "The connection was lost."


def _unreachable(server: Server, error: BaseException) -> str:
    place = f"{server.host} port {server.port}"
    if isinstance(error, SMTPTimeoutError):
        return f"{place} does not answer."
    if isinstance(error, SMTPResponseException):
        return f"{place} refused: {_said(error.code, error.message)}"
    if isinstance(error, SMTPConnectError | OSError):
        cause = error.__cause__ if isinstance(error.__cause__, ssl.SSLError) else None
        return f"No secure connection to {place}." if cause else f"{place} cannot be reached."
    return f"{place}: {one_line(str(error), 200)}"
