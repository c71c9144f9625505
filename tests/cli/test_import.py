"""`ombud import`: what it prints and reports, that it goes on where it was stopped, and the real data set."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from ombud.cli.app import run
from ombud.cli.stopping import insisting
from ombud.config import Settings
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.models import AuditLog, Comment, ExternalRef, Ticket, TicketChannel, TicketPriority, User
from ombud.testing import ScratchDatabase, make_ticket
from ombud.transfer import Loaded

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples/mappings/customer_support_tickets.toml"
DATA = ROOT.parent / "shared/cases/datasets/customer_support_tickets/customer_support_tickets.csv"
IMPORTER = Actor.system("import")
MAPPING = """
source = "old"
[ticket]
key = "id"
title = "subject"
description = "text"
created_at = "opened"
[requester]
email = "mail"
"""
Command = Callable[..., str]


@pytest.fixture
def environment(database: ScratchDatabase, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMBUD_DATABASE_URL", database.admin_url.render_as_string(hide_password=False))
    monkeypatch.setenv("OMBUD_DATA_DIR", str(settings.data_dir))


@pytest.fixture
def mapping(tmp_path: Path) -> Path:
    file = tmp_path / "map.toml"
    file.write_text(MAPPING)
    return file


@pytest.fixture
def command(environment: None, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run a command line and return what it printed; `code` is the exit code that is due."""

    def call(*arguments: object, code: int = 0) -> str:
        with pytest.raises(SystemExit) as ended:
            run([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        assert ended.value.code == code, printed
        return printed.out + printed.err

    return call


def _table(file: Path, rows: int, **bad: str) -> Path:
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "subject", "text", "mail", "opened"])
        for number in range(1, rows + 1):
            subject = bad.get(f"row{number}", f"Subject {number}")
            writer.writerow([number, subject, "Text", f"a{number % 50}@example.com", "2025-03-01 10:00"])
    return file


def _count(desk: Desk, model: type[Ticket | ExternalRef | Comment | User | AuditLog]) -> int:
    with desk.read(IMPORTER) as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def test_import_report_and_a_second_run(desk: Desk, command: Command, mapping: Path, tmp_path: Path) -> None:
    table, report = _table(tmp_path / "t.csv", 700, row3="", row600="x" * 501), tmp_path / "report.jsonl"
    told = command("import", "csv", table, "--mapping", mapping, "--report", report)
    assert "Read 700 rows" in told
    assert "698 tickets, 0 comments and 50 people added, 0 rows already there, 2 left out." in told
    assert "line 4 (3): title: must not be blank." in told
    assert [json.loads(line) for line in report.read_text().splitlines()] == [
        {"line": 4, "key": "3", "field": "title", "reason": "must not be blank."},
        {"line": 601, "key": "600", "field": "title", "reason": "must have at most 500 characters, not 501."},
    ]
    entries = _count(desk, AuditLog)
    again = command("import", "csv", table, "--mapping", mapping)
    assert "0 tickets, 0 comments and 0 people added, 698 rows already there, 2 left out." in again
    assert "Nothing new: the desk is as it was." in again
    assert _count(desk, AuditLog) == entries


def test_a_dry_run_changes_nothing(desk: Desk, command: Command, mapping: Path, tmp_path: Path) -> None:
    told = command(
        "import", "csv", _table(tmp_path / "t.csv", 30, row3=" "), "--mapping", mapping, "--dry-run"
    )
    assert "Read 30 rows" in told
    assert "1 left out" in told
    assert _count(desk, Ticket) == _count(desk, User) == 0


def test_mistakes_are_one_clear_line(desk: Desk, command: Command, mapping: Path, tmp_path: Path) -> None:
    table = _table(tmp_path / "t.csv", 3)
    assert "No such file" in command("import", "csv", tmp_path / "none.csv", "--mapping", mapping, code=2)
    assert "No such file" in command("import", "csv", table, "--mapping", tmp_path / "none.toml", code=2)
    bad = tmp_path / "bad.toml"
    bad.write_text(MAPPING.replace('title = "subject"', 'titel = "subject"'))
    told = command("import", "csv", table, "--mapping", bad, code=2)
    assert "ticket.title: is missing" in told
    assert "ticket.titel: is not a known key" in told
    bad.write_text(MAPPING.replace('"subject"', '"topic"'))
    assert "no column 'topic'" in command("import", "csv", table, "--mapping", bad, code=2)
    (tmp_path / "empty.csv").touch()
    assert "The file is empty" in command(
        "import", "csv", tmp_path / "empty.csv", "--mapping", mapping, code=2
    )
    assert "not a mailbox" in command("import", "mbox", table, code=2)
    assert _count(desk, Ticket) == 0


def test_mbox(desk: Desk, command: Command, tmp_path: Path) -> None:
    mailbox = tmp_path / "m.mbox"
    mailbox.write_text(
        "From a@example.com Mon Jan  5 10:00:00 2026\nFrom: a@example.com\nSubject: Hi\nMessage-ID: <1@x>\n\nHello\n\n"
        "From b@example.com Mon Jan  5 11:00:00 2026\nFrom: b@example.com\nSubject: Re: Hi\nMessage-ID: <2@x>\n"
        "In-Reply-To: <1@x>\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nYes\n--b\n"
        "Content-Disposition: attachment; filename=a.bin\n\nabc\n--b--\n\n"
        "From nobody\nSubject: lost\n\nHello\n"
    )
    told = command("import", "mbox", mailbox, "--status", "closed")
    assert "1 tickets, 1 comments and 2 people added, 0 rows already there, 1 left out." in told
    assert "2 rows already there" in command("import", "mbox", mailbox)
    with desk.read(IMPORTER) as session:
        ticket = session.scalars(select(Ticket)).one()
    assert (ticket.title, ticket.description, ticket.status.value) == ("Hi", "Hello", "closed")
    assert len(list((tmp_path / "data/files").rglob("*"))) >= 2


class TakenBackError(Exception):
    """Ends a transaction of the test's own without a trace."""


@pytest.fixture
def stopped_import(
    environment: None, desk: Desk, mapping: Path, tmp_path: Path
) -> Iterator[Callable[[int], Path]]:
    """Start an import in a process of its own and send it a signal once a batch is in.

    A row that a transaction of ours holds keeps it from being done before the signal comes.
    """
    running: list[subprocess.Popen[str]] = []

    def start(signal_number: int) -> Path:
        table = _table(tmp_path / "t.csv", 3000)
        code = "from ombud.cli.app import run; run()"
        arguments = [sys.executable, "-c", code, "import", "csv", str(table), "--mapping", str(mapping)]
        with contextlib.suppress(TakenBackError), desk.begin(IMPORTER) as held:
            held.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
            held.add(ExternalRef(source="old", key="2500", ticket_id=make_ticket(held).id))
            held.flush()
            process = subprocess.Popen(
                arguments,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMBUD_LOCK_TIMEOUT": "60"},
            )
            running.append(process)
            while _count(desk, ExternalRef) < 500:
                assert process.poll() is None, process.communicate()
            process.send_signal(signal_number)
            _out, err = process.communicate(timeout=90)  # cancelling may take seconds where much else runs
            raise TakenBackError
        if signal_number == signal.SIGINT:
            assert process.returncode == 130, err
            assert "run the same command again to go on" in err
        return table

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
            process.communicate()


@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGINT])
def test_a_stopped_import_goes_on(
    desk: Desk, command: Command, mapping: Path, stopped_import: Callable[[int], Path], signal_number: int
) -> None:
    table = stopped_import(signal_number)
    done = _count(desk, Ticket)
    assert 500 <= done < 3000
    assert _count(desk, ExternalRef) == done, "whole tickets only"
    told = command("import", "csv", table, "--mapping", mapping)
    assert "0 left out" in told
    assert _count(desk, Ticket) == _count(desk, ExternalRef) == 3000


def test_ctrl_c_is_heard_where_python_drops_it_too(
    desk: Desk, command: Command, mapping: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one comes while a destructor runs, and is dropped; the import is stopped all the same."""
    dropped: list[object] = []
    again = threading.Event()

    class Dropping:
        def __del__(self) -> None:
            os.kill(os.getpid(), signal.SIGINT)
            dropped.append(None)  # not reached: it was raised above

    def write(*_arguments: object) -> Loaded:
        Dropping()
        again.wait(60)
        return Loaded()

    monkeypatch.setattr("ombud.cli.imports.load_tickets", write)
    monkeypatch.setattr("ombud.cli.imports.insisting", partial(insisting, 0.05))
    monkeypatch.setattr("sys.unraisablehook", lambda told: dropped.append(told.exc_type))
    before = signal.getsignal(signal.SIGINT)
    table = _table(tmp_path / "t.csv", 3)
    assert "Stopped" in command("import", "csv", table, "--mapping", mapping, code=130)
    assert dropped == [KeyboardInterrupt]
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.skipif(not DATA.exists(), reason="the shared cases are not here (../shared/cases)")
def test_the_whole_data_set(desk: Desk, command: Command) -> None:
    told = command("import", "csv", DATA, "--mapping", EXAMPLE)
    assert "8,469 tickets, 2,769 comments" in told
    assert "0 left out" in told
    with DATA.open(newline="", encoding="utf-8") as stream:
        rows = {row["Ticket ID"]: row for row in csv.DictReader(stream)}
    with desk.read(IMPORTER) as session:
        states = Counter(session.scalars(select(Ticket.status)))
        assert states == {"open": 2819, "waiting_on_customer": 2881, "closed": 2769}
        assert Counter(session.scalars(select(Ticket.priority)))[TicketPriority.URGENT] == 2129
        assert Counter(session.scalars(select(Ticket.channel)))[TicketChannel.SOCIAL] == 2121
        found = session.execute(
            select(ExternalRef.key, Ticket, User.email, Comment.content)
            .join(Ticket, Ticket.id == ExternalRef.ticket_id)
            .join(User, User.id == Ticket.requester_id)
            .outerjoin(Comment, Comment.ticket_id == Ticket.id)
        ).all()
        assert len(found) == 8469
        for key, ticket, email, said in found:
            row = rows[key]
            assert ticket.title == f"{row['Ticket Subject']}: {row['Product Purchased']}"
            assert " ".join(ticket.description.split()) == " ".join(row["Ticket Description"].split())
            assert email == row["Customer Email"]
            assert (said or "") == row["Resolution"]
            resolved = ticket.resolved_at and f"{ticket.resolved_at:%Y-%m-%d %H:%M:%S}"
            assert (resolved or "") == row["Time to Resolution"]
            answered = ticket.first_response_at and f"{ticket.first_response_at:%Y-%m-%d %H:%M:%S}"
            assert (answered or "") == row["First Response Time"]
        hits = session.execute(select(func.ombud.match_tickets("carrollallison", "system", 0, 0))).all()
        assert len(hits) >= 1
    assert "Nothing new" in command("import", "csv", DATA, "--mapping", EXAMPLE)
