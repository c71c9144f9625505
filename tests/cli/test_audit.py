"""`ombud audit`, `ombud ticket show` and `ombud undo` as people type them."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from ombud import Actor, Desk
from ombud.audit import record_access
from ombud.cli.app import run
from ombud.config import Settings
from ombud.models import AccessKind, TicketStatus
from ombud.settings import change_settings
from ombud.testing import Cast, ScratchDatabase, make_comment, make_customer, make_ticket
from ombud.tickets import add_tags, set_status

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def database(quiet_database: ScratchDatabase) -> Iterator[ScratchDatabase]:
    """An empty database where nobody else's transactions keep the log from being sealed."""
    yield quiet_database
    quiet_database.empty()


@pytest.fixture
def ombud(
    desk: Desk, settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Run a command line on the test's desk; returns exit code and what it printed."""
    assert settings.database_url is not None
    monkeypatch.setenv("OMBUD_DATABASE_URL", settings.database_url.get_secret_value())
    monkeypatch.setenv("OMBUD_DATA_DIR", str(settings.data_dir))
    monkeypatch.setattr("ombud.cli.app.signal.signal", lambda *_: None)

    def command(*words: str) -> tuple[int, str]:
        capsys.readouterr()
        code = 0
        try:
            run(list(words))
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else 0
        printed = capsys.readouterr()
        return code, printed.out + printed.err

    return command


@pytest.fixture
def number(desk: Desk, cast: Cast) -> str:
    ticket = desk.run(Actor.system("test"), make_ticket, cast.customer.id, title="Broken \x1b[2J [red]lamp")
    desk.run(cast.agent.actor.for_request("tagging"), add_tags, ticket.id, ["lamp"])
    desk.run(cast.agent.actor, make_comment, ticket.id, cast.agent.id, "Try another bulb.")
    desk.run(cast.agent.actor.for_request("closing"), set_status, ticket.id, TicketStatus.CLOSED)
    return ticket.ticket_number


def test_verify_proves_and_finds(ombud: Run, number: str, database: ScratchDatabase) -> None:
    assert ombud("audit", "seal")[0] == 0
    code, told = ombud("audit", "verify")
    assert code == 0, told
    assert "as it was written" in told
    url = database.admin_url.set(drivername="postgresql+psycopg")
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        connection.execute(
            text("UPDATE ombud.audit_logs SET actor = 'user:999' WHERE request_id = 'closing'")
        )
    code, told = ombud("audit", "verify", "--json")
    report = json.loads(told)
    assert code == 1
    assert (report["sound"], report["counts"]) == (False, {"edited": 1})
    code, told = ombud("audit", "verify")
    assert code == 1
    assert "is not as it was written" in told


def test_log_shows_and_filters(ombud: Run, number: str, cast: Cast) -> None:
    code, told = ombud("audit", "log", "--ticket", number)
    assert code == 0
    assert "status: open → closed" in told
    assert cast.agent.user.full_name in told
    assert "\x1b[2J" not in told
    rows = [
        json.loads(line) for line in ombud("audit", "log", "--json", "--request", "tagging")[1].splitlines()
    ]
    assert {row["table"] for row in rows} == {"tags", "ticket_tags"}
    assert {row["actor"] for row in rows} == {f"user:{cast.agent.id}"}
    by_actor = ombud("audit", "log", "--json", "--actor", f"user:{cast.agent.id}", "--table", "tickets")[1]
    assert all(json.loads(line)["table"] == "tickets" for line in by_actor.splitlines())
    assert ombud("audit", "log", "--json", "--to", "2020-01-01")[1] == ""
    assert ombud("audit", "log", "--from", "yesterday")[0] == 2
    assert ombud("audit", "log", "--ticket", "nonesuch")[0] == 3


def test_log_goes_on_where_a_page_ended(ombud: Run, number: str) -> None:
    def ids(*words: str) -> list[int]:
        return [json.loads(line)["id"] for line in ombud("audit", "log", "--json", *words)[1].splitlines()]

    everything = ids("--limit", "1000")
    assert everything == sorted(everything, reverse=True)
    first = ids("--limit", "4")
    assert first == everything[:4]
    assert ids("--limit", "1000", "--before", str(first[-1])) == everything[4:]


def test_a_ticket_as_it_is_and_as_it_was(ombud: Run, number: str, cast: Cast) -> None:
    code, told = ombud("ticket", "show", number)
    assert code == 0
    for part in ("closed", "lamp", "Try another bulb.", cast.agent.user.full_name):
        assert part in told
    log = [json.loads(line) for line in ombud("audit", "log", "--json", "--ticket", number)[1].splitlines()]
    opened = next(row["at"] for row in log if row["table"] == "tickets" and row["action"] == "CREATE")
    before = json.loads(ombud("ticket", "show", number, "--at", opened, "--json")[1])
    assert (before["status"], before["tags"], before["comments"]) == ("open", [], [])
    early = datetime(2020, 1, 1, tzinfo=UTC).isoformat()
    assert ombud("ticket", "show", number, "--at", early)[0] == 3


def test_undo_and_undo_the_undo(ombud: Run, number: str, tmp_path: Path) -> None:
    code, told = ombud("undo", "closing")
    assert code == 0, told
    again = told.strip().rpartition(" ")[2]
    assert json.loads(ombud("ticket", "show", number, "--json")[1])["status"] == "open"
    code, told = ombud("undo", "closing")
    assert code == 1
    assert "status is open now, not closed" in told
    assert ombud("undo", again)[0] == 0
    assert json.loads(ombud("ticket", "show", number, "--json")[1])["status"] == "closed"
    assert ombud("undo", "no-such-request")[0] == 3


def test_who_looks_at_the_console_leaves_a_record_too(ombud: Run, number: str) -> None:
    """R168: a console is an edge like a page. The note is committed before anything is printed."""
    for words, kind, thing in (
        (("ticket", "show", number), "view", f"ticket:{number}"),
        (("ticket", "show", number, "--json"), "view", f"ticket:{number}"),
        (("audit", "log", "--ticket", number), "view", f"ticket:{number}/history"),
        (("audit", "log", "--json"), "list", "audit"),
        (("user", "list"), "list", "users"),
        (("user", "list", "ann"), "search", "users?q=ann"),
        (("duplicates", "list", "people"), "list", "duplicates/people"),
        (("mail", "outbox"), "list", "outbox"),
    ):
        before = len(ombud("audit", "access", "--json")[1].splitlines())
        assert ombud(*words)[0] == 0, words
        looks = [json.loads(line) for line in ombud("audit", "access", "--json")[1].splitlines()]
        assert len(looks) == before + 1, words
        assert (looks[0]["kind"], looks[0]["object"]) == (kind, thing)
        assert looks[0]["principal"].startswith("system:"), looks[0]
    assert ombud("ticket", "show", "no-such-number")[0] == 3
    assert ombud("ticket", "show", number, "--at", "2020-01-01")[0] == 3
    assert len(ombud("audit", "access", "--json")[1].splitlines()) == before + 1, "nothing was shown"


def test_access_shows_and_filters(ombud: Run, desk: Desk, cast: Cast) -> None:
    who = cast.agent.actor
    desk.run(who.for_request("taking"), record_access, AccessKind.EXPORT, "tickets?status=open")
    desk.run(who, record_access, AccessKind.DOWNLOAD, "attachment:4")
    desk.run(cast.customer.actor, record_access, AccessKind.DENIED, "ticket:1042/\x1b[2Jcomments")

    def things(*words: str) -> list[str]:
        code, told = ombud("audit", "access", "--json", *words)
        assert code == 0, told
        return [json.loads(line)["object"] for line in told.splitlines()]

    assert things() == ["ticket:1042/\x1b[2Jcomments", "attachment:4", "tickets?status=open"]
    assert things("--limit", "1") == things()[:1]
    assert things("--kind", "export") == ["tickets?status=open"]
    assert things("--actor", f"user:{cast.customer.id}") == things()[:1]
    assert things("--object", "ticket:1042") == things()[:1]
    assert things("--object", "tickets") == things("--request", "taking") == ["tickets?status=open"]
    assert things("--object", "ticket") == things("--to", "2020-01-01") == []
    told = ombud("audit", "access")[1]
    assert "attachment:4" in told
    assert "\x1b[2J" not in told
    assert ombud("audit", "access", "--from", "yesterday")[0] == 2
    assert ombud("audit", "access", "--kind", "nonesuch")[0] == 2


STEERING = (
    "\x1b[2J", "\x1b]8;;https://evil.example\x1b\\", "\x9b31m", "\u202e", "\u2066", "\x07", "\u200b", "\u2028",
)  # fmt: skip
"""What a terminal does instead of showing it, or draws as nothing."""
MARKUP = ("[/b]", "[red]", "[link=https://evil.example]here[/link]", "[/]")
"""What Rich takes for its own; a closing tag without its opening one ends the program."""


@pytest.mark.parametrize("is_terminal", [True, False])
def test_no_words_of_strangers_steer_a_terminal(
    ombud: Run, desk: Desk, cast: Cast, monkeypatch: pytest.MonkeyPatch, is_terminal: bool
) -> None:
    """T95: whatever shows names, titles, texts, answers of servers or what was typed."""
    monkeypatch.setattr("ombud.cli.people.is_terminal", lambda: is_terminal)
    words = " ".join(f"w{n} {one} e" for n, one in enumerate((*STEERING, *MARKUP)))
    named = f"w1 {STEERING[0]} w{len(STEERING)} {MARKUP[0]}"
    with desk.begin(Actor.system("test")) as session:
        person = make_customer(session, email="one@example.com", full_name=words[:200])
        make_customer(session, email="one+more@example.com", full_name=words[:200])
        ticket = make_ticket(session, person, title=words, description=words)
        make_comment(session, ticket, person, words)
        add_tags(session, ticket.id, ["[/b]"])
        letter = text(
            "WITH m AS (INSERT INTO ombud.outbound_mails (kind, mailbox_id, message_id, subject, state, problem)"
            " SELECT 'reply', id, '1@desk.example', :w, 'sent', :w FROM ombud.mailboxes RETURNING id)"
            " INSERT INTO ombud.outbound_recipients (mail_id, email) SELECT id, 'one@example.com' FROM m"
        )
        box = text(
            "INSERT INTO ombud.mailboxes (name, address, smtp_host) VALUES ('box', 'help@ombud.example', :w)"
        )
        session.execute(box, {"w": words})
        session.execute(letter, {"w": words})
        change_settings(session, {"desk_name": named}, desk.settings)
    monkeypatch.setattr("ombud.cli.common.out.width", 5000)
    for command in (
        ("ticket", "show", ticket.ticket_number),
        ("audit", "log", "--ticket", ticket.ticket_number),
        ("duplicates", "list", "people"),
        ("mail", "outbox"),
        ("user", "reset", words),
        ("mailbox", "test", "help@ombud.example"),
        ("settings", "get", "desk_name"),
        ("settings", "get", "desk_name", "--json"),
        ("ticket", "show", ticket.ticket_number, "--json"),
        ("audit", "log", "--ticket", ticket.ticket_number, "--json"),
        ("duplicates", "list", "people", "--json"),
    ):
        _code, told = ombud(*command)
        assert "w1 " in told, (command, told)
        assert not [sign for sign in STEERING if sign in told], (command, told)
        shown = [sign for n, sign in enumerate(MARKUP, len(STEERING)) if f"w{n} " in told]
        assert all(sign in told for sign in shown), (command, told)
