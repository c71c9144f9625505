"""The world around a desk: a mail server that takes everybody's mail, and people with programs of their own.

The server (`receiving.py`) takes letters by SMTP from the desk and from people. What is for the desk lies in a real
IMAP server (Dovecot) then, with the headers that a mail server adds; what is for people is in their `inbox`; and
what is for nobody comes back as a report to the envelope's sender (RFC 3464).
"""

from __future__ import annotations

import os
import smtplib
import subprocess
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, make_msgid
from pathlib import Path

from ombud import clock
from ombud.mail.parse import ParsedMail
from tests.mail_desk.dovecot import Dovecot
from tests.mail_desk.receiving import Letter, ReceivingServer

SWAKS = "/usr/bin/swaks"
USER, PASSWORD = "postman", "s3cret: colon, comma"


@dataclass
class World:
    """Carries what the server took. `desk_domain` is where the desk lives, `gone` addresses are nobody's."""

    server: ReceivingServer
    dovecot: Dovecot
    desk_domain: str
    gone: frozenset[str]
    inboxes: dict[str, list[Letter]] = field(default_factory=lambda: defaultdict(list))
    carried: int = 0

    def carry(self) -> None:
        """Bring what was taken since the last time to where it goes."""
        letters = self.server.post.letters[self.carried :]
        self.carried += len(letters)
        for letter in letters:
            for recipient in letter.recipients:
                if recipient.endswith(f"@{self.desk_domain}"):
                    self.dovecot.add(_received(letter, recipient))
                elif recipient in self.gone:
                    self.dovecot.add(_report(letter, recipient))
                else:
                    self.inboxes[recipient].append(letter)

    def person(self, name: str, address: str, *, by_swaks: bool = False) -> Person:
        """Return somebody who writes by this server."""
        return Person(self, name, address, by_swaks)


@dataclass(frozen=True)
class Person:
    """Somebody with a mail program: swaks, or Python's own."""

    world: World
    name: str
    address: str
    by_swaks: bool

    @property
    def inbox(self) -> list[Letter]:
        """What arrived, in order."""
        return self.world.inboxes[self.address]

    @property
    def last(self) -> ParsedMail:
        """The last letter, as our own reader reads it."""
        return self.inbox[-1].parsed

    def letter(self, to: str | Sequence[str], subject: str, text: str, **headers: str) -> EmailMessage:
        """Begin a letter; `headers` by name with underscores."""
        made = EmailMessage()
        made["From"] = f"{self.name} <{self.address}>"
        made["To"] = to if isinstance(to, str) else ", ".join(to)
        made["Subject"], made["Date"] = subject, format_datetime(clock.now())
        made["Message-ID"] = make_msgid(domain=self.address.partition("@")[2])
        for name, value in headers.items():
            made[name.replace("_", "-")] = value
        made.set_content(text)
        return made

    def answer(self, text: str, *, to_all: bool = False, **headers: str) -> EmailMessage:
        """Answer the last letter as programs do: to where it wants answers, with its text quoted below."""
        last = self.last
        to = [one.email for one in last.reply_to] or [last.sender.email if last.sender else ""]
        if to_all:
            others = [one.email for one in (*last.to, *last.cc) if one.email != self.address]
            headers["Cc"] = ", ".join(others)
        head = f"On Wed, 25 Nov 2026 at 10:00, {last.sender.name if last.sender else ''} wrote:"
        quoted = "\n".join(f"> {line}" for line in last.text.splitlines())
        return self.letter(
            to,
            last.subject if last.subject.startswith("Re: ") else f"Re: {last.subject}",
            f"{text}\n\n{head}\n{quoted}\n",
            In_Reply_To=f"<{last.message_id}>",
            References=" ".join(f"<{name}>" for name in (*last.references, last.message_id)),
            **headers,
        )

    def send(self, message: EmailMessage | bytes, *, to: Sequence[str] = ()) -> None:
        """Hand a letter to the server, and let it be carried."""
        raw = message if isinstance(message, bytes) else message.as_bytes(policy=SMTP)
        recipients = list(to) or _recipients(message)
        if self.by_swaks:
            self._swaks("--to", ",".join(recipients), "--data", "-", stdin=raw)
        else:
            with smtplib.SMTP("127.0.0.1", self.world.server.port) as client:
                client.login(USER, PASSWORD)
                client.sendmail(self.address, recipients, raw)
        self.world.carry()

    def compose_by_swaks(self, to: str, *arguments: str) -> None:
        """Let swaks write the letter by itself."""
        self._swaks("--to", to, *arguments)
        self.world.carry()

    def _swaks(self, *arguments: str, stdin: bytes = b"") -> None:
        command = [
            SWAKS, "--server", f"127.0.0.1:{self.world.server.port}", "--from", self.address, "--helo", "home.example",
            "--auth", "PLAIN", "--auth-user", USER, "--auth-password", PASSWORD, "--silent", "2",
        ]  # fmt: skip
        environment = {**os.environ, "LC_ALL": "C"}
        done = subprocess.run(
            [*command, *arguments], input=stdin, capture_output=True, env=environment, check=False, timeout=60
        )
        assert done.returncode == 0, done.stderr.decode(errors="replace")


def has_swaks() -> bool:
    """True where swaks is installed (`.ci/system-packages`)."""
    return Path(SWAKS).exists()


def _recipients(message: EmailMessage | bytes) -> list[str]:
    assert isinstance(message, EmailMessage), "raw letters name their recipients"
    return [
        address.addr_spec
        for header in ("to", "cc")
        for value in message.get_all(header, [])
        for address in value.addresses
    ]


def _received(letter: Letter, recipient: str) -> bytes:
    """Return a letter with what the desk's own mail server puts on top: it has seen who brought it."""
    domain = letter.parsed.sender.email.partition("@")[2] if letter.parsed.sender else ""
    top = (
        f"Return-Path: <{letter.sender}>\r\nDelivered-To: {recipient}\r\n"
        f"Authentication-Results: mx.desk.example; dmarc=pass header.from={domain}\r\n"
    )
    return top.encode() + letter.raw


def _report(letter: Letter, recipient: str) -> bytes:
    headers = letter.raw.partition(b"\r\n\r\n")[0]
    return (
        f"Return-Path: <>\r\nDelivered-To: {letter.sender}\r\n"
        "From: Mail Delivery System <MAILER-DAEMON@mx.world.example>\r\n"
        f"To: {letter.sender}\r\nSubject: Undelivered Mail Returned to Sender\r\n"
        f"Message-ID: {make_msgid(domain='mx.world.example')}\r\nAuto-Submitted: auto-replied\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        "--b\r\nContent-Type: text/plain\r\n\r\nI could not deliver your message.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.world.example\r\n\r\n"
        f"Final-Recipient: rfc822; {recipient}\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        "Diagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n"
        "--b\r\nContent-Type: text/rfc822-headers\r\n\r\n"
    ).encode() + headers + b"\r\n\r\n--b--\r\n"  # fmt: skip
