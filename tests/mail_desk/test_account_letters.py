"""Letters about accounts, from the request to the letter that a real server took, and where their secrets are not."""

import contextvars
import re
from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from ombud import Actor, clock
from ombud.kit.passkeys import NewKey
from ombud.kit.tokens import digest
from ombud.kit.vault import Vault, add_key, open_vault
from ombud.mail.actions import count_stale, reseal
from ombud.mail.outgoing.accounts import write_requested
from ombud.mail.outgoing.actions import retry
from ombud.models import AccountLetter, AccountRequest, AccountToken, LetterKind, OutboundState
from ombud.people import letters, queries, whence
from ombud.people.accounts import start_session
from ombud.people.actions import change_user, deactivate_user, set_password
from ombud.people.factors import add_passkey, make_recovery_codes, reset_factors
from ombud.people.factors.actions import use_recovery_code
from ombud.worker.mail_out import Sender
from tests.mail_desk.conftest import CONNECT, OutTray
from tests.mail_desk.receiving import Letter

SYSTEM = Actor.system("account-mail")
BASE_URL = "https://desk.example"
_LINK = re.compile(rf"{BASE_URL}/link/([A-Za-z0-9_-]{{43}})")


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    return tmp_path / "keys"


@pytest.fixture
def vault(keys: Path, tray: OutTray) -> Vault:
    """The desk's ring; the tray's sender opens with it and knows where the pages are."""
    vault = open_vault(keys)
    tray.sender = Sender(
        tray.desk,
        tray.files,
        tray.namer,
        connect=CONNECT,
        base_url=BASE_URL,
        secret=lambda sealed, place: vault.open(sealed, place) if sealed is not None else "",
    )
    return vault


def _ask(tray: OutTray, kind: LetterKind, email: str) -> None:
    tray.desk.run(Actor.system("sign-in"), letters.ask_for_letter, kind, email)


def _write(tray: OutTray, vault: Vault, base_url: str = BASE_URL, **more: bool) -> int:
    return tray.desk.run(Actor.system("account-mail"), write_requested, vault, base_url, **more)


def _purpose_of(tray: OutTray, secret: str) -> str | None:
    with tray.desk.read(SYSTEM) as session:
        row = session.execute(queries.account_token(digest(secret))).one_or_none()
        return None if row is None else str(row.purpose)


def _message(letter: Letter) -> EmailMessage:
    return message_from_bytes(letter.raw, policy=policy.default)


def _everything(tray: OutTray) -> str:
    """Return every row of the outbox, the letters, the links and the log, as text."""
    with tray.desk.read(SYSTEM) as session:
        return "\n".join(
            str(row)
            for table in ("outbound_mails", "outbound_recipients", "audit_logs")
            for row in session.execute(text(f"SELECT to_jsonb(t) FROM ombud.{table} t"))  # ours
        )


def _secret_in(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    assert body is not None
    found = _LINK.search(body.get_content())
    assert found is not None
    return found[1]


def test_a_letter_with_a_link_arrives_and_its_secret_is_nowhere_else(tray: OutTray, vault: Vault) -> None:
    customer = tray.cast.customer
    _ask(tray, LetterKind.RESET, customer.email.upper())
    assert _write(tray, vault) == 1
    (queued,) = tray.outbox()
    assert queued.state is OutboundState.QUEUED
    (letter,) = tray.send()
    message = _message(letter)
    secret = _secret_in(message)
    assert message["To"] == customer.email
    assert message["Message-ID"] == f"<{queued.message_id}>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert _purpose_of(tray, secret) == "reset"
    said = _everything(tray)
    assert queued.message_id in said, "the tables that were looked at are those that tell of it"
    assert secret not in said
    assert digest(secret).hex() not in said
    (sent,) = tray.outbox()
    assert (sent.state, sent.storage_key) == (OutboundState.SENT, None)
    assert not [path for path in tray.folder.rglob("*") if path.is_file()], "no bytes are kept"
    with tray.desk.read(SYSTEM) as session:
        assert (
            session.scalar(text("SELECT count(*) FROM ombud.account_letters WHERE sealed IS NOT NULL")) == 0
        )


def test_until_it_is_sent_the_secret_is_sealed_and_follows_the_ring(
    tray: OutTray, vault: Vault, keys: Path
) -> None:
    _ask(tray, LetterKind.RESET, tray.cast.customer.email)
    _write(tray, vault)
    add_key(keys)
    newer = open_vault(keys)
    assert tray.desk.run(SYSTEM, count_stale, newer) == 1
    assert tray.desk.run(SYSTEM, reseal, newer) == 1
    assert tray.desk.run(SYSTEM, count_stale, newer) == 0
    with tray.desk.read(SYSTEM) as session:
        sealed = session.scalar(text("SELECT sealed FROM ombud.account_letters"))
    assert bytes(sealed).startswith(b"v1:")
    (letter,) = tray.send()
    message = _message(letter)
    assert bytes(sealed) not in letter.raw
    assert _secret_in(message)


def test_nobody_else_is_written_to(tray: OutTray, vault: Vault) -> None:
    customer = tray.cast.customer
    _ask(tray, LetterKind.RESET, "nobody@example.com")
    _ask(tray, LetterKind.SIGN_IN, customer.email)  # the desk has no such links
    assert _write(tray, vault) == 2
    _ask(tray, LetterKind.SIGN_IN, tray.cast.agent.email)  # staff have none
    assert _write(tray, vault, sign_in_links=True) == 1
    _ask(tray, LetterKind.RESET, customer.email)
    tray.desk.run(tray.cast.admin.in_new_request(), deactivate_user, customer.id)
    assert _write(tray, vault) == 1
    assert tray.outbox() == []
    with tray.desk.read(SYSTEM) as session:
        assert session.scalars(select(AccountToken)).all() == []
        assert session.scalars(select(AccountRequest)).all() == []


def test_notices_go_to_the_address_that_was(tray: OutTray, vault: Vault) -> None:
    customer, admin = tray.cast.customer, tray.cast.admin
    tray.desk.run(admin.in_new_request(), set_password, customer.id, "$argon2id$another")
    tray.desk.run(admin.in_new_request(), change_user, customer.id, {"email": "new@example.com"})
    _write(tray, vault)
    told = tray.send()
    assert [_message(one)["Subject"] for one in told] == [
        "Your password at Support was changed",
        "Your address at Support was changed",
    ]
    assert {_message(one)["To"] for one in told} == {customer.email}
    assert "/link/" not in "".join(_message(one).as_string() for one in told)


def test_what_happens_to_an_account_is_told_by_mail(tray: OutTray, vault: Vault) -> None:
    """Each change of what opens an account, whoever made it, and nothing in it that opens anything."""
    agent, admin = tray.cast.agent, tray.cast.admin
    key = NewKey(b"credential", b"public", 0, (), False)
    codes = tray.desk.run(agent.in_new_request(), add_passkey, key, "Evil: see https://evil.example")
    tray.desk.run(agent.in_new_request(), make_recovery_codes)
    assert tray.desk.run(SYSTEM, use_recovery_code, agent.id, "a" * 20) is False
    tray.desk.run(admin.in_new_request(), reset_factors, agent.id)
    _write(tray, vault)
    told = [_message(one) for one in tray.send()]
    assert [one["Subject"] for one in told] == [
        "Your account at Support: a passkey was added",
        "Your account at Support: new recovery codes",
        "Your account at Support: your second factors were removed",
    ]
    assert {one["To"] for one in told} == {agent.email}
    words = "".join(one.as_string() for one in told)
    assert not any(code in words for code in codes)
    assert "/link/" not in words
    assert "evil" not in words, "no words of who was in the account"
    tray.desk.run(agent.in_new_request(), add_passkey, NewKey(b"other", b"public", 0, (), False), "x")
    tray.desk.run(admin.in_new_request(), deactivate_user, agent.id)
    assert _write(tray, vault) == 1
    assert tray.send() == [], "nobody who was let go is written to"


@pytest.mark.parametrize(("why", "problem"), [("mailbox", "no_mailbox"), ("address", "no_base_url")])
def test_where_no_letter_can_go_the_outbox_says_why(
    tray: OutTray, vault: Vault, why: str, problem: str
) -> None:
    if why == "mailbox":
        tray.retire()
    _ask(tray, LetterKind.RESET, tray.cast.customer.email)
    _write(tray, vault, BASE_URL if why == "mailbox" else "")
    (mail,) = tray.outbox()
    assert (mail.state, mail.problem) == (OutboundState.SKIPPED, problem)
    with tray.desk.read(SYSTEM) as session:
        assert session.scalars(select(AccountToken)).all() == [], "no link that nobody has"


def test_a_letter_that_failed_is_not_sent_again_without_its_secret(tray: OutTray, vault: Vault) -> None:
    _ask(tray, LetterKind.RESET, tray.cast.customer.email)
    _write(tray, vault)
    (mail,) = tray.outbox()
    with tray.desk.begin(SYSTEM) as session:
        session.execute(update(type(mail)).values(state=OutboundState.FAILED))
    tray.desk.run(tray.cast.admin.in_new_request(), retry, mail.id)
    assert tray.send() == []
    (mail,) = tray.outbox()
    assert mail.state is OutboundState.FAILED
    assert "Send a new letter" in mail.problem


def test_a_letter_says_whose_and_what_it_is(tray: OutTray, vault: Vault) -> None:
    tray.desk.run(SYSTEM, lambda s: letters.ask_for_letter(s, LetterKind.INVITE, tray.cast.agent.email))
    _write(tray, vault)
    with tray.desk.read(tray.cast.admin.in_new_request()) as session:
        (about,) = session.scalars(select(AccountLetter)).all()
    assert (about.kind, about.user_id) == (LetterKind.INVITE, tray.cast.agent.id)


def test_a_letter_says_when_it_was_from_where_and_of_which_desk(tray: OutTray, vault: Vault) -> None:
    """Who did it reads where from; what somebody else did tells nothing of them."""
    agent, desk = tray.cast.agent, tray.desk

    def by(actor: Actor, action: Callable[..., object], *given: object) -> None:
        whence.came_from(
            "203.0.113.9", "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
        )
        desk.run(actor, action, *given)

    def came(actor: Actor, action: Callable[..., object], *given: object) -> EmailMessage:
        contextvars.copy_context().run(by, actor, action, *given)
        assert _write(tray, vault) == 1
        (letter,) = tray.send()
        return _message(letter)

    def text_of(message: EmailMessage) -> str:
        body = message.get_body(("plain",))
        assert body is not None
        return str(body.get_content()).replace("\r\n", "\n")

    mine = text_of(came(agent.in_new_request(), set_password, agent.id, "$argon2id$x"))
    assert "With: Firefox on Linux\nFrom: 203.0.113.9" in mine
    assert (
        f"When: {clock.now():%d %B %Y}, " in mine
        or f"When: {clock.now() - timedelta(minutes=5):%d %B %Y}, " in mine
    )
    assert mine.rstrip().endswith(BASE_URL)
    reset = came(Actor.system("sign-in"), letters.ask_for_letter, LetterKind.RESET, agent.email)
    assert "From: 203.0.113.9" in text_of(reset), "of who asked, whoever that is"
    for action in (set_password, reset_factors):
        given = (agent.id, "$argon2id$y") if action is set_password else (agent.id,)
        theirs = text_of(came(tray.cast.admin.in_new_request(), action, *given))
        assert "When: " in theirs
        assert "With: " not in theirs
        assert "From: " not in theirs
    for browser in ("first", "second"):
        by_themselves = Actor.customer(agent.id).for_request("r")
        desk.run(by_themselves, start_session, agent.id, ip="203.0.113.7", browser=browser)
        assert _write(tray, vault) == (browser == "second"), "the first browser is no news"
    (letter,) = tray.send()
    arrived = text_of(_message(letter))
    assert "From: 203.0.113.7" in arrived
    assert "with a browser that was not used for it before" in arrived
    assert f"turned off there, too.\n\n{BASE_URL}/me/security\n" in arrived
    invited = text_of(came(SYSTEM, letters.ask_for_letter, LetterKind.INVITE, agent.email))
    assert "When: " not in invited
    with desk.read(SYSTEM) as session:
        left = text(
            "SELECT count(*) FROM ombud.account_letters WHERE from_ip IS NOT NULL OR from_browser IS NOT NULL"
        )
        assert session.scalar(left) == 0, "kept until the letter is out"

    assert "Tally Bird" not in str(reset)
    desk.choices.take(desk.choices.turn(), {"desk_name": "Tally Bird"})
    named = came(agent.in_new_request(), set_password, agent.id, "$argon2id$z")
    assert named["Subject"] == "Your password at Tally Bird was changed"
    assert str(named["From"]).startswith("Tally Bird <")
    assert f"Tally Bird\n{BASE_URL}" in text_of(named)
