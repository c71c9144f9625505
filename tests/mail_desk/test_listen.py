"""Taking mail on a port: said only after the commit, for known addresses, one message whatever is in it."""

import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from ombud import Actor
from ombud.config import Settings
from ombud.errors import Unavailable
from ombud.models import InboundMail, Mailbox
from ombud.worker import listen
from ombud.worker.listen import Listener, listening
from tests.mail_desk.conftest import SUPPORT, PostOffice, letter

SYSTEM = Actor.system("test")
SALES = "sales@desk.example"


@contextmanager
def listener(
    office: PostOffice, settings: Settings, kind: Any = listen._Lmtp, **changed: Any
) -> Iterator[Listener]:
    with Listener(office.intake, settings.model_copy(update=changed), kind, 0) as found:
        yield found


@pytest.fixture
def lmtp(office: PostOffice, settings: Settings) -> Iterator[smtplib.LMTP]:
    with listener(office, settings) as found, smtplib.LMTP("127.0.0.1", found.port) as client:
        yield client


@pytest.fixture
def sales(office: PostOffice) -> None:
    office.desk.run(SYSTEM, lambda session: session.add(Mailbox(name="Sales", address=SALES)))


def _mails(office: PostOffice) -> list[InboundMail]:
    found: list[InboundMail] = office.look(
        lambda s: s.scalars(select(InboundMail).order_by(InboundMail.id)).all()
    )
    return found


def test_a_message_is_ours_when_the_server_says_so(office: PostOffice, lmtp: smtplib.LMTP) -> None:
    assert lmtp.send_message(letter(), "eva@customer.example", [SUPPORT]) == {}
    (mail,) = _mails(office)
    assert (mail.envelope_from, mail.envelope_to, mail.source.value) == (
        "eva@customer.example",
        [SUPPORT],
        "lmtp",
    )
    assert office.intake.decide_waiting() == 1


def test_an_unknown_address_is_refused_and_the_known_ones_are_served(
    office: PostOffice, settings: Settings, sales: None
) -> None:
    with (
        listener(office, settings, listen._Spooling) as found,
        smtplib.SMTP("127.0.0.1", found.port) as client,
    ):
        refused = client.send_message(letter(), "a@b.example", ["nobody@desk.example", SUPPORT, SALES])
        assert {address: answer[0] for address, answer in refused.items()} == {"nobody@desk.example": 550}
        assert len(_mails(office)) == 2
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            client.send_message(letter(), "a@b.example", ["root@localhost"])


def test_by_lmtp_each_recipient_has_an_answer(office: PostOffice, lmtp: smtplib.LMTP, sales: None) -> None:
    lmtp.ehlo()
    lmtp.mail("a@b.example")
    assert [lmtp.rcpt(address)[0] for address in (SUPPORT, SALES)] == [250, 250]
    assert lmtp.data(letter().as_bytes())[0] == 250
    assert lmtp.getreply()[0] == 250
    assert len(_mails(office)) == 2


def test_a_ticket_s_tag_is_part_of_a_known_address(office: PostOffice, lmtp: smtplib.LMTP) -> None:
    ticket_id = office.ticket_of(letter())
    tagged = office.intake.namer.reply_address(SUPPORT, ticket_id)
    lmtp.send_message(letter("More", message_id="<2@c.example>"), "eva@customer.example", [tagged])
    assert office.intake.decide_waiting() == 1
    assert _mails(office)[-1].ticket_id == ticket_id


def test_what_cannot_be_committed_is_not_acknowledged(
    office: PostOffice, lmtp: smtplib.LMTP, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_args: Any, **_named: Any) -> None:
        raise Unavailable

    with monkeypatch.context() as patch:
        patch.setattr(office.intake._desk, "run", away)
        with pytest.raises(smtplib.SMTPDataError) as refused:
            lmtp.send_message(letter(), "eva@customer.example", [SUPPORT])
    assert refused.value.smtp_code == 451
    assert _mails(office) == []
    assert lmtp.send_message(letter(), "eva@customer.example", [SUPPORT]) == {}
    assert len(_mails(office)) == 1


def test_a_message_that_is_too_large_is_refused_and_the_next_one_taken(
    office: PostOffice, settings: Settings
) -> None:
    big = EmailMessage()
    big["From"], big["To"] = "a@b.example", SUPPORT
    big.set_content("x\n" * 60_000)
    with (
        listener(office, settings, mail_limit=100_000) as found,
        smtplib.LMTP("127.0.0.1", found.port) as client,
    ):
        with pytest.raises(smtplib.SMTPSenderRefused) as announced:
            client.send_message(big, "a@b.example", [SUPPORT])
        assert announced.value.smtp_code == 552
        client.esmtp_features.pop("size", None)
        with pytest.raises(smtplib.SMTPDataError) as refused:
            client.sendmail("a@b.example", [SUPPORT], big.as_bytes())
        assert refused.value.smtp_code == 552
        assert client.send_message(letter(), "a@b.example", [SUPPORT]) == {}
    assert len(_mails(office)) == 1


@pytest.mark.parametrize("ending", [b"\n.\n", b"\r.\r", b"\r\n.\n", b"\n.\r\n", b"\r.\r\n", b"\r\n\x00.\r\n"])
def test_nothing_but_a_dot_between_two_ends_of_line_ends_a_message(
    office: PostOffice, settings: Settings, ending: bytes
) -> None:
    """A second message hidden behind something like an end is a part of the first one (T67)."""
    hidden = (
        b"MAIL FROM:<boss@desk.example>\r\nRCPT TO:<"
        + SUPPORT.encode()
        + b">\r\nDATA\r\nFrom: boss@desk.example\r\n\r\nPay!"
    )
    with (
        listener(office, settings, listen._Spooling) as found,
        socket.create_connection(("127.0.0.1", found.port)) as wire,
    ):
        answers = wire.makefile("rb")
        answers.readline()
        for command in (
            b"HELO x",
            b"MAIL FROM:<a@b.example>",
            b"RCPT TO:<" + SUPPORT.encode() + b">",
            b"DATA",
        ):
            wire.sendall(command + b"\r\n")
            assert answers.readline()[:1] in b"23"
        wire.sendall(
            b"From: a@b.example\r\nSubject: one\r\n\r\nHello" + ending + hidden + b"\r\n.\r\nQUIT\r\n"
        )
        assert answers.readline().startswith(b"250 ")
        assert answers.readline().startswith(b"221 ")
    (mail,) = _mails(office)
    assert b"Pay!" in office.intake._files.get(mail.storage_key)
    assert mail.envelope_from == "a@b.example"


def test_dots_at_the_beginning_of_lines_and_endless_lines_come_through(
    office: PostOffice, lmtp: smtplib.LMTP
) -> None:
    body = b"From: a@b.example\r\nSubject: x\r\n\r\n.one\r\n..two\r\n" + b"z" * 300_000 + b"\r\n.end\r\n"
    assert lmtp.sendmail("a@b.example", [SUPPORT], body) == {}
    assert office.intake._files.get(_mails(office)[0].storage_key) == body


def test_only_peers_that_are_named_bring_mail(office: PostOffice, settings: Settings) -> None:
    with (
        listener(office, settings, mail_peers="192.0.2.0/24") as found,
        smtplib.LMTP("127.0.0.1", found.port) as client,
    ):
        with pytest.raises(smtplib.SMTPSenderRefused) as refused:
            client.send_message(letter(), "a@b.example", [SUPPORT])
        assert refused.value.smtp_code == 554
    with (
        listener(office, settings, mail_peers="127.0.0.0/8, ::1") as found,
        smtplib.LMTP("127.0.0.1", found.port) as client,
    ):
        assert client.send_message(letter(), "a@b.example", [SUPPORT]) == {}


def test_a_connection_that_ends_in_the_middle_leaves_nothing(office: PostOffice, settings: Settings) -> None:
    with listener(office, settings, listen._Spooling) as found:
        with socket.create_connection(("127.0.0.1", found.port)) as wire:
            wire.sendall(
                b"HELO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<" + SUPPORT.encode() + b">\r\nDATA\r\n"
            )
            answers = wire.makefile("rb")
            while not answers.readline().startswith(b"354"):
                pass
            wire.sendall(b"From: a@b.example\r\n\r\nHalf of")
        with smtplib.SMTP("127.0.0.1", found.port) as client:
            client.send_message(letter(), "a@b.example", [SUPPORT])
    assert len(_mails(office)) == 1


def test_who_is_still_connected_at_the_end_is_hung_up_on(office: PostOffice, settings: Settings) -> None:
    with listener(office, settings) as found:
        wire = socket.create_connection(("127.0.0.1", found.port), timeout=30)
        answers = wire.makefile("rb")
        assert answers.readline().startswith(b"220")
    with wire, answers, suppress(ConnectionResetError):
        assert answers.read() == b"", "or it would wait for a server that is no more"


def test_ports_are_opened_as_the_settings_say(office: PostOffice, settings: Settings) -> None:
    with listening(office.desk, settings) as none:
        assert none == []
    with listening(office.desk, settings.model_copy(update={"lmtp_port": 0, "smtp_port": 0})) as both:
        with smtplib.SMTP("127.0.0.1", both[1].port) as client:
            assert client.noop()[0] == 250
        taken = settings.model_copy(update={"lmtp_port": both[0].port})
        with pytest.raises(Unavailable, match="cannot be used for mail"), listening(office.desk, taken):
            pass


def test_starttls_is_offered_with_a_certificate(
    office: PostOffice, settings: Settings, certificate: Path
) -> None:
    trusted = ssl.create_default_context(cafile=certificate)
    with (
        listener(office, settings, listen._Spooling, mail_certificate=certificate) as found,
        smtplib.SMTP("127.0.0.1", found.port) as client,
    ):
        client.ehlo()
        assert client.has_extn("starttls")
        client.starttls(context=trusted)
        client.send_message(letter(), "eva@customer.example", [SUPPORT])
        client.ehlo()
        assert not client.has_extn("starttls"), "once is enough"
    assert len(_mails(office)) == 1


def test_what_is_said_before_starttls_is_forgotten(
    office: PostOffice, settings: Settings, certificate: Path
) -> None:
    """Commands smuggled in behind STARTTLS in the clear are not taken for the client's own (CVE-2011-0411)."""
    with (
        listener(office, settings, listen._Spooling, mail_certificate=certificate) as found,
        socket.create_connection(("127.0.0.1", found.port), timeout=20) as plain,
    ):
        lines = plain.makefile("rb", buffering=0)
        lines.readline()
        plain.sendall(b"EHLO x\r\n")
        while lines.readline()[3:4] == b"-":
            pass
        plain.sendall(b"STARTTLS\r\nMAIL FROM:<evil@x.example>\r\n")
        assert lines.readline().startswith(b"220")
        lines.close()
        try:
            with ssl.create_default_context(cafile=certificate).wrap_socket(
                plain, server_hostname="127.0.0.1"
            ) as client:
                client.sendall(b"EHLO x\r\nRCPT TO:<support@desk.example>\r\nQUIT\r\n")
                said = b"".join(iter(lambda: client.recv(1000), b""))
        except OSError:
            said = b""  # the handshake failed, or the connection ended: nothing was taken either way
    assert b"2.1.5" not in said
    assert b"2.1.0" not in said


def test_a_certificate_that_is_none_is_said_at_the_start(
    office: PostOffice, settings: Settings, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("no certificate")
    for path in (wrong, tmp_path / "missing.pem"):
        with (
            pytest.raises(Unavailable, match="no certificate with its key"),
            listener(office, settings, mail_certificate=path),
        ):
            pass


def test_connections_are_counted_and_the_one_too_many_comes_again(
    office: PostOffice, settings: Settings
) -> None:
    with listener(office, settings, listen._Spooling, mail_connections=2) as found:
        first = smtplib.SMTP("127.0.0.1", found.port)
        with smtplib.SMTP("127.0.0.1", found.port):
            with pytest.raises(smtplib.SMTPConnectError) as refused:
                smtplib.SMTP("127.0.0.1", found.port)
            assert refused.value.smtp_code == 421
            first.send_message(letter(), "eva@customer.example", [SUPPORT])
        first.quit()
        for _ in range(5):
            with smtplib.SMTP("127.0.0.1", found.port) as client:
                assert client.ehlo()[0] == 250
    assert len(_mails(office)) == 1
