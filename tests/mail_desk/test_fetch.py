"""Fetching by IMAP from a real Dovecot: once each, committed before the server is told, in pieces when large."""

import dataclasses
import threading
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from ombud import Actor
from ombud.config import Settings
from ombud.kit.guard import Guard, Unreachable
from ombud.kit.vault import Vault, open_vault
from ombud.mail import queries
from ombud.mail.actions import MailboxChanges, change_mailbox
from ombud.mail.actions import fetch as fetch_actions
from ombud.mail.probe import probe_fetching
from ombud.models import InboundMail, Mailbox, MailboxPosition, MailState, Security, Ticket
from ombud.worker.fetch import Fetcher
from tests.mail_desk.conftest import PostOffice, letter
from tests.mail_desk.dovecot import PASSWORD, USER, Dovecot, dovecot_running, public_folder

SYSTEM = Actor.system("test")
INSIDE = Guard(["127.0.0.1"])


@pytest.fixture(scope="module")
def server_folder() -> Iterator[Path]:
    with public_folder() as place:
        yield place


@pytest.fixture(scope="module")
def running(server_folder: Path) -> Iterator[Dovecot]:
    with dovecot_running(server_folder / "server") as server:
        yield server


@pytest.fixture
def server(running: Dovecot) -> Iterator[Dovecot]:
    """The server with empty folders."""
    yield running
    with running.client() as client:
        for folder in ("INBOX", "Done"):
            answer, found = client.select(folder)
            if answer == "OK" and found[0] != b"0":
                client.store("1:*", "+FLAGS", "\\Deleted")
                client.expunge()


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return open_vault(tmp_path)


@pytest.fixture
def set_up(office: PostOffice, server: Dovecot, vault: Vault) -> Any:
    """Set the office's mailbox up to be fetched from the server; more fields by name."""

    def change(**more: Any) -> None:
        secrets = {"imap_secret": more.pop("password", PASSWORD)}
        changes: MailboxChanges = {
            "imap_host": "127.0.0.1",
            "imap_port": server.port,
            "imap_security": Security.PLAIN,
            "imap_user": USER,
            **more,  # type: ignore[typeddict-item]  # of the test's choosing
        }
        office.desk.run(SYSTEM, change_mailbox, office.mailbox.id, changes, secrets=secrets, vault=vault)  # type: ignore[arg-type]  # a plain dict

    return change


@pytest.fixture
def fetcher(office: PostOffice, vault: Vault, set_up: Any) -> Fetcher:
    set_up()
    return Fetcher(office.desk, office.intake, vault, INSIDE, office.mailbox.id)


def _count(office: PostOffice, model: type = InboundMail) -> int:
    found: int = office.look(lambda session: session.scalar(select(func.count()).select_from(model)))
    return found


def _position(office: PostOffice) -> MailboxPosition:
    found: MailboxPosition = office.look(lambda s: s.get_one(MailboxPosition, office.mailbox.id))
    return found


def _letters(count: int, start: int = 0) -> list[bytes]:
    return [
        letter(f"Letter {n}", message_id=f"<{n}@customer.example>").as_bytes()
        for n in range(start, start + count)
    ]


def test_new_messages_come_once_and_are_marked_as_read(
    office: PostOffice, server: Dovecot, fetcher: Fetcher
) -> None:
    server.add(*_letters(3))
    assert fetcher.fetch() == 3
    assert all(b"\\Seen" in flags for flags in server.flags())
    assert fetcher.fetch() == 0
    server.add(*_letters(2, start=3))
    assert fetcher.fetch() == 2
    assert office.intake.decide_waiting() == 5
    assert _count(office, Ticket) == 5
    position = _position(office)
    assert (position.problem, position.last_uid) == ("", position.settled_uid)
    assert position.fetched_at is not None


def test_taken_messages_move_where_one_wants_them(
    office: PostOffice, server: Dovecot, set_up: Any, fetcher: Fetcher
) -> None:
    set_up(imap_moves_to="Done")
    server.add(*_letters(2))
    assert fetcher.fetch() == 2
    assert (server.count(), server.count("Done")) == (0, 2)


def test_old_mail_stays_where_it_is_if_one_wants_that(
    office: PostOffice, server: Dovecot, set_up: Any, fetcher: Fetcher
) -> None:
    set_up(imap_skips_old=True)
    server.add(*_letters(2))
    assert fetcher.fetch() == 0
    server.add(*_letters(1, start=2))
    assert fetcher.fetch() == 1
    assert [b"\\Seen" in flags for flags in server.flags()] == [False, False, True]


def test_a_folder_that_was_numbered_anew_is_read_again_and_nothing_comes_twice(
    office: PostOffice, server: Dovecot, fetcher: Fetcher
) -> None:
    server.add(*_letters(3))
    fetcher.fetch()
    office.desk.run(SYSTEM, fetch_actions.begin_at, office.mailbox.id, 1, 10**6)
    server.add(*_letters(1, start=3))
    assert fetcher.fetch() == 1
    assert _count(office) == 4


@pytest.mark.parametrize("phase", ["receive_fetched", "note_settled"])
def test_what_ends_a_fetch_in_between_loses_and_doubles_nothing(
    office: PostOffice, server: Dovecot, fetcher: Fetcher, phase: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection to the database dies at the commit; the next fetch takes up where the last commit was."""
    server.add(*_letters(4))

    def die(*_args: Any, **_named: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(fetch_actions, phase, die)
        with pytest.raises(KeyboardInterrupt):
            fetcher.fetch()
    taken = _count(office)
    assert taken == (0 if phase == "receive_fetched" else 4)
    if not taken:
        assert not any(b"\\Seen" in flags for flags in server.flags())
    assert fetcher.fetch() == 4 - taken
    assert _count(office) == 4
    assert all(b"\\Seen" in flags for flags in server.flags())


def test_a_large_message_is_stored_in_pieces(office: PostOffice, server: Dovecot, fetcher: Fetcher) -> None:
    big = letter("See the file")
    big.add_attachment(b"\x01\x02" * (6 << 20), maintype="application", subtype="zip", filename="big.zip")
    raw = big.as_bytes().replace(b"\n", b"\r\n")
    server.add(raw)
    tracemalloc.start()
    try:
        assert fetcher.fetch() == 1
        assert tracemalloc.get_traced_memory()[1] < len(raw) / 2
    finally:
        tracemalloc.stop()
    mail = office.look(lambda session: session.scalars(select(InboundMail)).one())
    assert mail.size == len(raw)
    assert office.intake.decide(mail.id) is not None
    assert office.mail(mail.id).state is MailState.ACCEPTED


def test_a_message_above_the_limit_is_kept_as_far_as_it_goes(
    office: PostOffice, server: Dovecot, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(office.intake, "_files", office.intake._files.up_to(2 << 20))
    big = letter("See the file")
    big.add_attachment(b"\x01\x02" * (2 << 20), maintype="application", subtype="zip", filename="big.zip")
    server.add(big.as_bytes(), *_letters(1))
    assert fetcher.fetch() == 2
    sizes = office.look(
        lambda session: session.scalars(select(InboundMail.size).order_by(InboundMail.size)).all()
    )
    assert sizes[1] == 2 << 20


def test_the_server_is_waited_for_and_tells_at_once(
    office: PostOffice, server: Dovecot, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    came = threading.Event()
    taken = fetch_actions.receive_fetched

    def note(*args: Any) -> int:
        found: int = taken(*args)
        came.set()
        return found

    monkeypatch.setattr(fetch_actions, "receive_fetched", note)
    stop = threading.Event()
    thread = threading.Thread(target=fetcher.stay, args=(stop,), daemon=True)
    thread.start()
    try:
        for number in range(2):
            server.add(*_letters(1, start=number))
            assert came.wait(30), "nothing came within half a minute: a poll takes a whole one"
            came.clear()
    finally:
        stop.set()
        thread.join(20)
    assert _count(office) == 2


def _no_token(_mailbox: Mailbox) -> str:
    raise AssertionError("this mailbox has a password")


def _probed(office: PostOffice, vault: Vault, guard: Guard = INSIDE) -> list[tuple[str, bool, str]]:
    mailbox: Mailbox = office.look(lambda s: s.scalar(queries.mailbox_with_secrets(office.mailbox.id)))
    return [dataclasses.astuple(probe) for probe in probe_fetching(mailbox, vault, guard, _no_token)]


def test_a_set_up_is_tried_step_by_step(
    office: PostOffice, server: Dovecot, vault: Vault, set_up: Any
) -> None:
    set_up()
    server.add(*_letters(2))
    probes = _probed(office, vault)
    assert [(name, good) for name, good, _ in probes] == [
        ("Secret", True), ("Connection", True), ("Sign-in", True), ("Folder", True), ("New mail", True)
    ]  # fmt: skip
    assert "2 messages" in probes[3][2]
    assert not any(b"\\Seen" in flags for flags in server.flags())


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"imap_port": 1}, ("Connection", "nothing answers there")),
        ({"imap_host": "no.such.host.invalid"}, ("Connection", "no server of that name")),
        ({"password": "wrong"}, ("Sign-in", "does not let support in")),
        ({"password": ""}, ("Secret", "No password")),
        ({"imap_folder": "Nowhere"}, ("Folder", "has no folder Nowhere")),
        ({"imap_security": Security.STARTTLS}, ("Connection", "certificate is not valid")),
        ({"imap_security": Security.TLS}, ("Connection", "does not speak TLS")),
        ({"imap_host": ""}, ("Server", "No IMAP server")),
    ],
)
def test_what_is_wrong_with_a_set_up_is_said_in_words(
    office: PostOffice, vault: Vault, set_up: Any, wrong: dict[str, Any], expected: tuple[str, str]
) -> None:
    set_up(**wrong)
    name, good, text = _probed(office, vault)[-1]
    assert (name, good) == (expected[0], False)
    assert expected[1] in text
    assert "Dovecot" not in text
    assert PASSWORD not in text


def test_inside_is_reached_only_where_the_operator_allows_it(
    office: PostOffice, server: Dovecot, vault: Vault, set_up: Any
) -> None:
    """Whether something listens there makes no difference to what is said (T52)."""
    said = set()
    for port in (server.port, 1, 5432):
        set_up(imap_port=port)
        said.add(_probed(office, vault, Guard())[-1])
    assert len(said) == 1
    assert "inside this network" in said.pop()[2]
    for host in ("localhost", "2130706433", "::1", "::ffff:127.0.0.1", "169.254.169.254"):
        with pytest.raises(Unreachable, match=r"inside this network|no server of that name"):
            Guard().connect(host, server.port)


def test_a_secret_does_not_go_to_another_server(
    office: PostOffice, server: Dovecot, vault: Vault, set_up: Any
) -> None:
    set_up()
    change = {"imap_host": "collector.example"}
    office.desk.run(SYSTEM, change_mailbox, office.mailbox.id, change, vault=vault)  # type: ignore[arg-type]  # a plain dict
    assert not office.look(lambda s: s.get_one(Mailbox, office.mailbox.id)).has_imap_secret


def test_a_problem_is_noted_and_goes_when_it_is_solved(
    office: PostOffice, server: Dovecot, fetcher: Fetcher, set_up: Any, settings: Settings
) -> None:
    set_up(password="wrong")
    with pytest.raises(Unreachable):
        fetcher.fetch()
    assert "does not let support in" in _position(office).problem
    set_up()
    fetcher.fetch()
    assert _position(office).problem == ""
