"""`ombud mail ingest | fetch | send | status | requeue | outbox | resend`: as typed, with the exit codes that count."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from email.message import EmailMessage

import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

from ombud import Actor, Desk
from ombud.cli import mail, mailbox
from ombud.config import Settings
from ombud.errors import NotFound
from ombud.models import InboundMail, Mailbox, MailState, OutboundMail, OutboundState, Security, Ticket
from ombud.runtime import equip
from ombud.testing import Cast, make_ticket
from ombud.tickets import add_comment
from ombud.worker.intake import decide_about_mail
from tests.mail_desk.conftest import SUPPORT, letter

EX_DATAERR, EX_NOUSER, EX_TEMPFAIL = 65, 67, 75
SYSTEM = Actor.system("test")
Type = Callable[..., Result]


@pytest.fixture
def type_in(settings: Settings, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Type:
    """Type `ombud mail ...` on a desk that answers at support@desk.example."""
    assert settings.database_url is not None
    monkeypatch.setenv("OMBUD_DATABASE_URL", settings.database_url.get_secret_value())
    monkeypatch.setenv("OMBUD_DATA_DIR", str(settings.data_dir))
    desk.run(SYSTEM, lambda session: session.add(Mailbox(name="Support", address=SUPPORT)))

    def typed(*arguments: str, stdin: bytes | EmailMessage = b"") -> Result:
        given = stdin if isinstance(stdin, bytes) else stdin.as_bytes()
        return CliRunner().invoke(mail.app, list(arguments), input=given)

    return typed


def mails(desk: Desk) -> list[InboundMail]:
    with desk.read(SYSTEM) as session:
        return list(session.scalars(select(InboundMail).order_by(InboundMail.id)))


def test_a_message_by_pipe_is_ours_at_0(type_in: Type, desk: Desk, settings: Settings) -> None:
    done = type_in("ingest", stdin=letter())
    assert (done.exit_code, done.output) == (0, "")
    assert type_in("ingest", stdin=letter()).exit_code == 0, "whoever brings it may repeat"
    (mail_,) = mails(desk)
    assert (mail_.source.value, mail_.state) == ("pipe", MailState.RECEIVED)
    assert decide_about_mail(equip(desk, settings), SYSTEM) == 1
    with desk.read(SYSTEM) as session:
        assert session.scalars(select(Ticket.title)).all() == ["Printer"]


def test_a_message_by_pipe_goes_to_the_mailbox_that_is_named(type_in: Type, desk: Desk) -> None:
    assert type_in("ingest", "--mailbox", SUPPORT, stdin=letter(to="list@else.example")).exit_code == 0
    assert len(mails(desk)) == 1


@pytest.mark.parametrize(
    ("arguments", "stdin", "expected"),
    [
        ((), b"", (EX_DATAERR, "no message on standard input")),
        ((), b" \r\n\r\n", (EX_DATAERR, "no message on standard input")),
        ((), letter(to="nobody@desk.example"), (EX_NOUSER, "recipients")),
        (("--mailbox", "nobody@desk.example"), letter(), (EX_NOUSER, "no mailbox")),
    ],
)
def test_what_cannot_be_taken_by_pipe_ends_with_the_code_for_it(
    type_in: Type,
    desk: Desk,
    arguments: tuple[str, ...],
    stdin: bytes | EmailMessage,
    expected: tuple[int, str],
) -> None:
    code, said = expected
    done = type_in("ingest", *arguments, stdin=stdin)
    assert done.exit_code == code
    assert said.lower() in done.output.lower()
    assert len(done.output.strip().splitlines()) == 1
    assert mails(desk) == []


def test_a_message_above_the_limit_is_refused_by_pipe(
    type_in: Type, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMBUD_MAIL_LIMIT", "1000")
    done = type_in("ingest", stdin=letter("x " * 1000))
    assert done.exit_code == EX_DATAERR
    assert mails(desk) == []


def test_by_pipe_the_server_keeps_the_message_while_the_database_is_away(
    type_in: Type,
) -> None:
    """As a program of its own: what a mail server sees is its exit code."""
    environment = {
        **os.environ,
        "OMBUD_DATABASE_URL": "postgresql://ombud@127.0.0.1:1/nowhere",
        "OMBUD_CONNECT_TIMEOUT": "2",
    }
    command = [sys.executable, "-c", "from ombud.cli.app import run; run()", "mail", "ingest"]
    done = subprocess.run(
        command, input=letter().as_bytes(), env=environment, capture_output=True, timeout=60, check=False
    )
    assert done.returncode == EX_TEMPFAIL, done.stderr
    assert len(done.stderr.decode().strip().splitlines()) == 1
    assert b"Traceback" not in done.stderr


def test_fetch_says_what_is_wrong_and_ends_with_1(type_in: Type, desk: Desk) -> None:
    assert type_in("fetch").exit_code == 0, "nothing to fetch is nothing wrong"
    with desk.begin(SYSTEM) as session:
        box = session.scalars(select(Mailbox)).one()
        box.imap_host, box.imap_port, box.imap_security = "127.0.0.1", 1, Security.PLAIN
    done = type_in("fetch")
    assert done.exit_code == 1
    assert "inside this network" in done.output
    assert isinstance(type_in("fetch", "--mailbox", "no@desk.example").exception, NotFound)
    listed = type_in("status")
    assert "inside this network" in listed.output, "the mailbox shows it, too"
    assert listed.exit_code == 0


def test_requeue_decides_anew_and_says_why(type_in: Type, desk: Desk, settings: Settings) -> None:
    unsendable = letter(sender="nobody at all")
    assert type_in("ingest", stdin=unsendable).exit_code == 0
    decide_about_mail(equip(desk, settings), SYSTEM)
    (mail_,) = mails(desk)
    assert mail_.state is MailState.QUARANTINED
    assert "In quarantine: 1." in type_in("status").output
    done = type_in("requeue", str(mail_.id))
    assert done.exit_code == 0
    assert f"{mail_.id}: no_sender" in done.output
    assert "sender: has no usable address" in done.output
    assert isinstance(type_in("requeue", "4711").exception, NotFound)


def test_send_says_how_it_went_and_resend_queues_again(
    type_in: Type, desk: Desk, cast: Cast, settings: Settings
) -> None:
    with desk.begin(SYSTEM) as session:
        box = session.scalars(select(Mailbox)).one()
        box.smtp_host, box.smtp_port, box.smtp_security = "127.0.0.1", 1, Security.PLAIN
        ticket = make_ticket(session, cast.customer.id)
    equip(desk, settings)
    desk.run(cast.agent.in_new_request(), add_comment, ticket.id, "Hello.")
    done = type_in("send")
    assert (done.exit_code, "1 attempts." in done.output) == (0, True)
    assert "inside this network" in type_in("outbox", "--state", "queued").output
    with desk.begin(SYSTEM) as session:
        sent = session.scalars(select(OutboundMail)).one()
        sent.state = OutboundState.FAILED
    assert type_in("outbox", "--state", "queued").output.count(cast.customer.email) == 0
    assert f"{sent.id}: queued" in type_in("resend", str(sent.id)).output


def test_a_mailbox_is_set_up_for_sending_and_tried_out(type_in: Type, desk: Desk) -> None:
    arguments = [
        "set", SUPPORT, "--smtp-host", "127.0.0.1", "--smtp-port", "1", "--smtp-security", "plain",
        "--smtp-user", "desk", "--smtp-password-stdin",
    ]  # fmt: skip
    runner = CliRunner()
    assert runner.invoke(mailbox.app, arguments, input="s3cret\n").exit_code == 0
    with desk.read(SYSTEM) as session:
        box = session.scalars(select(Mailbox)).one()
        assert (box.smtp_host, box.smtp_port, box.smtp_user, box.has_smtp_secret) == (
            "127.0.0.1",
            1,
            "desk",
            True,
        )
    tried = runner.invoke(mailbox.app, ["test", SUPPORT])
    assert tried.exit_code == 1
    assert "BAD   Sending: 127.0.0.1 is inside this network." in tried.output
