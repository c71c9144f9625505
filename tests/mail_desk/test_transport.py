"""The way to the server: TLS that is verified, signing in, DKIM; and the acknowledgement of a new ticket."""

from __future__ import annotations

import asyncio
import base64
import ssl
from asyncio.trsock import TransportSocket
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from ombud import Actor
from ombud.mail.outgoing.acknowledging import Acknowledging
from ombud.mail.smtp import Connection, Server
from ombud.models import InboundMail, Mailbox, OutboundState, Security
from tests.mail_desk.conftest import OutTray, PostOffice, letter
from tests.mail_desk.receiving import ReceivingServer

PEM = serialization.Encoding.PEM


def point_at(tray: OutTray, server: ReceivingServer, security: Security, **given: object) -> None:
    """Let the mailbox send by another server."""
    with tray.desk.begin(Actor.system("test")) as session:
        mailbox = session.get_one(Mailbox, tray.mailbox.id)
        mailbox.smtp_port, mailbox.smtp_security = server.port, security
        for name, value in given.items():
            setattr(mailbox, name, value)


@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
def test_a_certificate_that_nobody_trusts_keeps_the_mail_here(
    tray: OutTray, certificate: Path, security: Security
) -> None:
    server = ReceivingServer(tls=certificate, implicit=security is Security.TLS)
    server.start()
    try:
        point_at(tray, server, security)
        comment = tray.answer(tray.open_ticket())
        tray.send()
        assert server.post.letters == []
        mail = tray.mail(comment)
        assert mail.state is OutboundState.QUEUED
        assert "secure" in mail.problem
        tray.trust(certificate)
        tray.due_now()
        tray.send()
        assert len(server.post.letters) == 1
    finally:
        server.stop()


def test_starttls_is_not_given_up_for_a_server_without_it(tray: OutTray) -> None:
    point_at(tray, tray.server, Security.STARTTLS)
    comment = tray.answer(tray.open_ticket())
    assert tray.send() == []
    assert tray.mail(comment).state is OutboundState.QUEUED


def test_signing_in_over_tls(tray: OutTray, certificate: Path) -> None:
    server = ReceivingServer(tls=certificate, password="right")
    server.start()
    try:
        point_at(tray, server, Security.STARTTLS, smtp_user="desk", smtp_secret=b"wrong")
        tray.trust(certificate)
        comment = tray.answer(tray.open_ticket())
        tray.send()
        mail = tray.mail(comment)
        assert "refused the user and the password" in mail.problem
        assert "wrong" not in mail.problem
        point_at(tray, server, Security.STARTTLS, smtp_secret=b"right")
        tray.due_now()
        tray.send()
        assert len(server.post.letters) == 1
        assert server.post.logins[-1] == ("desk", "right")
    finally:
        server.stop()


def test_a_signature_holds_and_breaks_with_a_second_header(tray: OutTray) -> None:
    import dkim  # type: ignore[import-untyped]  # dkimpy ships no types

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)

    def dns(name: bytes, timeout: int = 5) -> bytes:
        assert name == b"desk1._domainkey.desk.example."
        return record

    tray.set_up(dkim_selector="desk1", dkim_key=private)
    tray.answer(tray.open_ticket(title="Grüße"), "Signed.\n\nنعم")
    (sent,) = tray.send()
    assert dkim.verify(sent.raw, dnsfunc=dns)
    assert b"l=" not in sent.raw.split(b"\r\n\r\n")[0].replace(b"bl=", b"").split(b"h=")[0]
    assert not dkim.verify(b"Subject: Another\r\n" + sent.raw, dnsfunc=dns)
    assert not dkim.verify(sent.raw.replace(b"Signed.", b"Singed."), dnsfunc=dns)


def test_a_key_that_is_none_keeps_the_mail_here(tray: OutTray) -> None:
    tray.set_up(dkim_selector="desk1", dkim_key=b"no key")
    comment = tray.answer(tray.open_ticket())
    assert tray.send() == []
    mail = tray.mail(comment)
    assert (mail.state, mail.problem) == (
        OutboundState.QUEUED,
        "The DKIM key of desk.example cannot be used.",
    )


@pytest.mark.parametrize("confirmed", [True, False])
def test_an_acknowledgement_repeats_nothing_of_a_stranger(
    tray: OutTray, office: PostOffice, confirmed: bool
) -> None:
    evil = "Win at http://evil.example"
    verdict = "mx.desk.example; dmarc=pass" if confirmed else "other.example; dmarc=pass"
    message = letter(
        "Click http://evil.example",
        sender=f'"{evil}" <victim@customer.example>',
        subject=evil,
        Authentication_Results=verdict,
    )
    _, arrived = office.deliver(message, mailbox_id=tray.mailbox.id)
    assert arrived.ticket_id is not None

    def acknowledge(session: object) -> None:
        mail = session.get_one(InboundMail, arrived.id)  # type: ignore[attr-defined]  # a session
        Acknowledging(tray.namer)(session, mail, arrived.ticket_id)  # type: ignore[arg-type]  # as above

    tray.desk.run(Actor.system("test"), acknowledge)
    (sent,) = tray.send()
    headers = {name.lower(): value for name, value in sent.parsed.headers}
    assert sent.sender == "", "no report about it, ever"
    assert headers["auto-submitted"] == "auto-replied"
    assert sent.recipients == ("victim@customer.example",)
    assert sent.parsed.in_reply_to == "first@customer.example"
    assert (evil in sent.raw.decode()) == confirmed
    assert "evil.example" not in sent.parsed.text
    assert sent.parsed.classification.value == "auto_reply"
    assert tray.namer.ticket_of_address(sent.parsed.reply_to[0].email) == arrived.ticket_id


def test_a_server_shows_no_secret() -> None:
    assert "hidden" not in repr(Server("127.0.0.1", 1, Security.PLAIN, secret="hidden"))


@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
def test_a_goodbye_is_over_when_it_returns(certificate: Path, security: Security) -> None:
    """Over TLS the other side has to agree to the end; a loop that ends first would leave the socket open."""
    server = ReceivingServer(tls=certificate, implicit=security is Security.TLS)
    server.start()
    context = ssl.create_default_context(cafile=str(certificate))

    async def come_and_go() -> TransportSocket:
        connection = Connection(Server("127.0.0.1", server.port, security, tls=context))
        await connection.deliver(
            "desk@desk.example", ["ann@example.org"], b"Subject: Hello\r\n\r\nHello.\r\n"
        )
        assert connection._client is not None
        kept: TransportSocket = connection._client.get_transport_info("socket")
        await connection.close()
        return kept

    try:
        assert asyncio.run(come_and_go()).fileno() == -1
    finally:
        server.stop()
