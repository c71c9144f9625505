"""Exports and imports as jobs: what they hold, what came of them, and what a killed worker leaves behind."""

from __future__ import annotations

import csv
import io
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, func, make_url, select, text, true

from ombud import Actor, Desk, clock
from ombud.curation import merge_tickets
from ombud.curation import queries as curation
from ombud.db.context import INFO_ACTOR, DeskSession
from ombud.db.permissions import AGENT, BY_ROLE_ONLY
from ombud.errors import Conflict, Forbidden, Invalid, NotFound
from ombud.files import FileStore, open_store
from ombud.models import (
    AccessKind,
    AccessLog,
    AuditLog,
    Ticket,
    TransferFormat,
    TransferJob,
    TransferKind,
    TransferProblem,
    TransferState,
)
from ombud.people.actions import change_user
from ombud.people.roles import create_role
from ombud.testing import Cast, Persona, ScratchDatabase, make_comment, make_ticket
from ombud.transfer.export import queries as export_queries
from ombud.transfer.jobs import (
    Upload,
    attempts,
    end_job,
    get_job,
    note_download,
    purge_jobs,
    queries,
    repeat_import,
    start_export,
    start_import,
)
from ombud.transfer.jobs.actions import NoFile, SightChanged
from ombud.transfer.jobs.rules import ATTEMPTS, KEPT, REMEMBERED
from ombud.worker.transfers import Mover

SYSTEM = Actor.system("test")
LIMIT = 10**7
EXPORTER = AGENT | BY_ROLE_ONLY
NEVER = threading.Event()


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return open_store(tmp_path / "files", limit=LIMIT)


@pytest.fixture
def mover(desk: Desk, store: FileStore) -> Mover:
    return Mover(desk, store, attachment_limit=LIMIT)


def job_of(desk: Desk, job_id: int) -> TransferJob:
    with desk.read(SYSTEM) as session:
        return session.get_one(TransferJob, job_id)


def give_rights(desk: Desk, who: Persona) -> Actor:
    """Let a member of staff export and import, and return who they are now."""
    may = [one.value for one in EXPORTER]
    role = desk.run(SYSTEM, create_role, name="Mover", permissions=may)
    desk.run(SYSTEM, change_user, who.id, {"custom_role_id": role.id})
    teams = who.actor.team_ids if who.actor.scope == "teams" else None
    return Actor.agent(who.id, teams=teams, permissions=EXPORTER)


def exported(desk: Desk, mover: Mover, store: FileStore, actor: Actor, format_: TransferFormat) -> str:
    job = desk.run(actor, start_export, format_)
    assert mover.do_next(NEVER)
    done = job_of(desk, job.id)
    assert done.state is TransferState.DONE, done.problem
    assert done.storage_key is not None
    return store.get(done.storage_key).decode()


def table(rows: list[dict[str, str]]) -> bytes:
    written = io.StringIO(newline="")
    names = ("Id", "Subject", "Mail", "Team")
    sheet = csv.DictWriter(written, names, restval="")
    sheet.writeheader()
    sheet.writerows(rows)
    return written.getvalue().encode()


MAPPING = """
source = "old"
[ticket]
key = "Id"
title = "Subject"
team = "Team"
[requester]
email = "Mail"
"""


def brought(desk: Desk, store: FileStore, actor: Actor, content: bytes, **more: Any) -> int:
    upload = Upload("old.csv", store.put([content]), TransferFormat.CSV, MAPPING, **more)
    return desk.run(actor, start_import, upload).id


def test_an_export_holds_all_that_an_administrator_sees_and_is_noted(
    desk: Desk, cast: Cast, mover: Mover, store: FileStore
) -> None:
    with desk.begin(SYSTEM) as session:
        ticket = make_ticket(session, cast.customer.id, title="=1+1")
        make_comment(session, ticket, cast.agent.id, "Secret", is_internal=True)
    records = [json.loads(line) for line in exported(
        desk, mover, store, cast.admin.actor, TransferFormat.JSONL
    ).splitlines()]  # fmt: skip
    assert [one["number"] for one in records if one["type"] == "ticket"] == [ticket.ticket_number]
    assert "Secret" in str(records)
    rows = list(csv.DictReader(io.StringIO(
        exported(desk, mover, store, cast.admin.actor, TransferFormat.CSV)
    )))  # fmt: skip
    assert [one["title"] for one in rows] == ["'=1+1"]
    with desk.read(SYSTEM) as session:
        jobs = session.scalars(select(TransferJob).order_by(TransferJob.id)).all()
        looks = session.execute(
            select(AccessLog.object, AccessLog.user_id).where(AccessLog.kind == AccessKind.EXPORT)
        ).all()
        logged = session.scalars(
            select(AuditLog.actor).where(AuditLog.table_name == "transfer_jobs").distinct()
        ).all()
    assert [(one.done, one.total, one.tickets) for one in jobs] == [(1, 1, 1)] * 2
    assert [tuple(one) for one in looks] == [(f"export:{one.id}", cast.admin.id) for one in jobs]
    assert set(logged) == {f"user:{cast.admin.id}", "system:transfers"}
    assert not mover.do_next(NEVER)


def test_an_export_holds_no_more_than_its_owner_sees(
    desk: Desk, cast: Cast, mover: Mover, database: ScratchDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With both layers, and with either alone."""
    store = mover.files
    with desk.begin(SYSTEM) as session:
        own = make_ticket(session, cast.customer.id, title="Ours", team_id=cast.team.id)
        foreign = make_ticket(session, cast.other_customer.id, title="Foreign", team_id=cast.other_team.id)
        make_comment(session, foreign, cast.admin.id, "Foreign words")
        gone = make_ticket(session, cast.other_customer.id, title="Went on elsewhere", team_id=cast.team.id)
        merge_tickets(session, [gone.id], foreign.id, across_requesters=True)
        ours, gone_on = own.ticket_number, gone.ticket_number
    tara = give_rights(desk, cast.team_agent)

    def check() -> None:
        for format_ in TransferFormat:
            found = exported(desk, mover, store, tara, format_)
            assert "Ours" in found
            assert "Foreign" not in found
            if format_ is TransferFormat.CSV:
                numbers = [one["number"] for one in csv.DictReader(io.StringIO(found))]
                assert numbers == [ours, gone_on]
            else:  # what names a ticket that they do not see is left out whole
                records = [json.loads(line) for line in found.splitlines()]
                assert [one["number"] for one in records if one["type"] == "ticket"] == [ours]

    check()
    with monkeypatch.context() as patch:
        patch.setattr(export_queries, "visible_to", lambda _actor: true())
        check()
    with without_row_security(database):
        check()
        with monkeypatch.context() as patch:
            patch.setattr(export_queries, "visible_to", lambda _actor: true())
            assert "Foreign" in exported(desk, mover, store, tara, TransferFormat.CSV), "the negative control"


@contextmanager
def without_row_security(database: ScratchDatabase) -> Iterator[None]:
    """Let agents run as a role that no policy binds; the worker itself stays who it is."""
    database.create_unbound_role()

    def become(session: DeskSession, transaction: Any, connection: Any) -> None:
        if not transaction.nested and session.info[INFO_ACTOR].kind == "agent":
            connection.execute(text("SET LOCAL ROLE ombud_unbound"))

    event.listen(DeskSession, "after_begin", become)
    try:
        yield
    finally:
        event.remove(DeskSession, "after_begin", become)


def test_who_may_start_what_and_see_whose(desk: Desk, cast: Cast, store: FileStore) -> None:
    for who in (cast.agent, cast.light_agent, cast.customer):
        with pytest.raises(Forbidden):
            desk.run(who.actor, start_export, TransferFormat.CSV)
        with pytest.raises(Forbidden):
            brought(desk, store, who.actor, b"Id")
        # and where the action does not ask, the database does
        forged = TransferJob(kind=TransferKind.EXPORT, format=TransferFormat.CSV, owner_id=who.id)
        with pytest.raises(Forbidden), desk.begin(who.actor) as session:
            session.add(forged)
    tara = give_rights(desk, cast.team_agent)
    stored = store.put([b"{}"])
    with pytest.raises(Forbidden, match="administrator"):
        desk.run(tara, start_import, Upload("x.jsonl", stored, TransferFormat.JSONL))
    usual: dict[str, Any] = {
        "kind": TransferKind.EXPORT,
        "format": TransferFormat.CSV,
        "owner_id": tara.user_id,
    }
    wrong: tuple[dict[str, Any], ...] = (
        {"format": TransferFormat.JSONL, "kind": TransferKind.IMPORT},
        {"storage_key": stored.storage_key},
        {"state": TransferState.DONE, "settled_at": clock.now()},
        {"owner_id": cast.admin.id},
    )
    for given in wrong:
        with pytest.raises(Forbidden), desk.begin(tara) as session:
            session.add(TransferJob(**usual | given))
    mine = desk.run(tara, start_export, TransferFormat.CSV)
    with pytest.raises(Conflict, match="under way"):
        desk.run(tara, start_export, TransferFormat.CSV)
    theirs = desk.run(cast.admin.actor, start_export, TransferFormat.CSV)
    with pytest.raises(NotFound):
        desk.run(tara, get_job, TransferKind.EXPORT, theirs.id)
    assert desk.run(cast.admin.actor, get_job, TransferKind.EXPORT, mine.id).owner.id == tara.user_id
    with desk.read(tara) as session:
        assert session.scalars(select(TransferJob.id)).all() == [mine.id], "row security alone"
    with desk.read(cast.agent.actor) as session:
        assert session.scalars(select(TransferJob.id)).all() == []


def test_a_file_is_its_owners_as_long_as_they_see_the_same(
    desk: Desk, cast: Cast, mover: Mover, store: FileStore
) -> None:
    tara = give_rights(desk, cast.team_agent)
    waiting = desk.run(tara, start_export, TransferFormat.CSV)
    with pytest.raises(NoFile):
        desk.run(tara, note_download, waiting.id)
    assert mover.do_next(NEVER)
    desk.run(tara, note_download, waiting.id)
    narrower = Actor.agent(cast.team_agent.id, teams=frozenset(), permissions=EXPORTER)
    with pytest.raises(SightChanged):
        desk.run(narrower, note_download, waiting.id)
    with pytest.raises(Forbidden):
        desk.run(cast.team_agent.actor, note_download, waiting.id)
    desk.run(cast.admin.actor, note_download, waiting.id)
    with desk.read(SYSTEM) as session:
        found = session.scalars(
            select(AccessLog.user_id).where(AccessLog.kind == AccessKind.DOWNLOAD).order_by(AccessLog.id)
        ).all()
    assert found == [cast.team_agent.id, cast.admin.id], "refusals are no downloads"


def test_rights_are_looked_at_when_the_job_begins(desk: Desk, cast: Cast, mover: Mover) -> None:
    tara = give_rights(desk, cast.team_agent)
    job = desk.run(tara, start_export, TransferFormat.CSV)
    desk.run(SYSTEM, change_user, cast.team_agent.id, {"custom_role_id": None})
    assert mover.do_next(NEVER)
    found = job_of(desk, job.id)
    assert (found.state, found.problem) == (TransferState.FAILED, "Your role does not let you make exports.")


def test_a_dry_run_tells_and_the_repetition_imports(
    desk: Desk, cast: Cast, mover: Mover, store: FileStore
) -> None:
    rows = [{"Id": str(n), "Subject": f"Old {n}", "Mail": "old@example.org"} for n in range(3)]
    rows += [
        {"Id": "8", "Subject": "", "Mail": "nobody"},
        {"Id": "9", "Subject": "No team", "Mail": "old@example.org", "Team": "Nowhere"},
    ]
    dry = brought(desk, store, cast.admin.actor, table(rows), dry_run=True)
    assert mover.do_next(NEVER)
    found = job_of(desk, dry)
    assert found.state is TransferState.DONE, found.problem
    assert (found.read, found.tickets, found.known, found.left_out) == (5, 3, 0, 2)
    assert (found.done, found.total) == (found.size, found.size)
    with desk.read(cast.admin.actor) as session:
        problems = session.scalars(queries.problems(cast.admin.actor, dry, after=0, limit=10)).all()
        assert [(one.line, one.key, sorted(one.problems)) for one in problems] == [
            (5, "8", ["requester.email", "title"]),
            (6, "9", ["team"]),
        ]
        assert session.scalar(select(func.count()).select_from(Ticket)) == 0
    again = desk.run(cast.admin.actor, repeat_import, dry)
    assert mover.do_next(NEVER)
    found = job_of(desk, again.id)
    assert (found.dry_run, found.tickets, found.people, found.left_out) == (False, 3, 1, 2)
    desk.run(cast.admin.actor, repeat_import, dry)
    assert mover.do_next(NEVER)
    with desk.read(SYSTEM) as session:
        last = session.scalars(select(TransferJob).order_by(TransferJob.id.desc())).first()
        assert last is not None
        assert (last.tickets, last.known) == (0, 3)
        assert session.scalars(select(Ticket.title).order_by(Ticket.id)).all() == ["Old 0", "Old 1", "Old 2"]
        who = session.scalars(select(AuditLog.actor).where(AuditLog.table_name == "tickets").distinct()).all()
    assert who == [f"system:import/{again.id}"]


def test_files_that_are_not_what_they_should_be_fail_with_the_reason(
    desk: Desk, cast: Cast, mover: Mover, store: FileStore
) -> None:
    admin = cast.admin.actor
    with pytest.raises(Invalid, match="mapping"):
        desk.run(admin, start_import, Upload("x.csv", store.put([b"a"]), TransferFormat.CSV, "source = 1"))
    job = brought(desk, store, admin, b"Other,Columns\n1,2\n")
    assert mover.do_next(NEVER)
    assert "has no column 'Id', 'Subject', 'Team', 'Mail'" in job_of(desk, job).problem
    upload = Upload("x.jsonl", store.put([b'{"type": "tag"}\n']), TransferFormat.JSONL, dry_run=True)
    wrong = desk.run(admin, start_import, upload)
    assert mover.do_next(NEVER)
    assert job_of(desk, wrong.id).state is TransferState.FAILED
    assert "not that of an export" in job_of(desk, wrong.id).problem


def test_the_standard_mapping_reads_an_export(desk: Desk, cast: Cast, mover: Mover, store: FileStore) -> None:
    desk.run(SYSTEM, make_ticket, cast.customer.id, title="Round")
    sheet = exported(desk, mover, store, cast.admin.actor, TransferFormat.CSV)
    upload = Upload("back.csv", store.put([sheet.encode()]), TransferFormat.CSV)
    job = desk.run(cast.admin.actor, start_import, upload)
    assert mover.do_next(NEVER)
    assert (job_of(desk, job.id).tickets, job_of(desk, job.id).problem) == (1, "")


def test_what_is_canceled_stops_and_what_is_over_is_removed(
    desk: Desk, cast: Cast, mover: Mover, store: FileStore
) -> None:
    admin = cast.admin.actor
    job = brought(desk, store, admin, table([{"Id": "1", "Subject": "One", "Mail": "a@example.org"}]))
    held = desk.run(SYSTEM, attempts.claim)
    assert held is not None
    desk.run(admin, end_job, TransferKind.IMPORT, job)
    with pytest.raises(attempts.NotHeld):
        desk.run(SYSTEM, attempts.renew, held)
    with pytest.raises(attempts.NotHeld):
        desk.run(SYSTEM, attempts.finish_import, held)
    found = job_of(desk, job)
    assert (found.state, found.lease_until) == (TransferState.CANCELED, None)
    key = found.storage_key
    assert key is not None
    again = desk.run(admin, repeat_import, job)
    assert mover.do_next(NEVER)
    desk.run(admin, end_job, TransferKind.IMPORT, job)
    with pytest.raises(NotFound):
        desk.run(admin, get_job, TransferKind.IMPORT, job)
    with desk.read(SYSTEM) as session:
        assert session.scalars(curation.referred_files([key])).all() == [key], "the repetition has it, too"
    desk.run(admin, end_job, TransferKind.IMPORT, again.id)
    with desk.read(SYSTEM) as session:
        assert session.scalars(curation.referred_files([key])).all() == []
        assert session.scalars(curation.stale_files(clock.now() + timedelta(hours=1), 10)).all() == [key]


def test_a_process_that_ends_gives_its_job_back(desk: Desk, cast: Cast, mover: Mover) -> None:
    job = desk.run(cast.admin.actor, start_export, TransferFormat.JSONL)
    ending = threading.Event()
    ending.set()
    assert mover.do_next(ending)
    found = job_of(desk, job.id)
    assert (found.state, found.attempts) == (TransferState.WAITING, 0)
    assert mover.do_next(NEVER)
    assert job_of(desk, job.id).state is TransferState.DONE


def test_what_breaks_off_again_and_again_is_given_up(desk: Desk, cast: Cast) -> None:
    job, now = desk.run(cast.admin.actor, start_export, TransferFormat.JSONL), clock.now()
    for number in range(ATTEMPTS):
        with clock.frozen(now + timedelta(minutes=2 * number)):
            assert desk.run(SYSTEM, attempts.claim) is not None
            assert desk.run(SYSTEM, attempts.claim) is None, "nobody else takes it"
    with clock.frozen(now + timedelta(hours=1)):
        assert desk.run(SYSTEM, attempts.claim) is None
    assert "begun 5 times" in job_of(desk, job.id).problem


def test_files_are_let_go_of_after_a_week_and_jobs_after_three_months(
    desk: Desk, cast: Cast, mover: Mover, store: FileStore
) -> None:
    admin, now = cast.admin.actor, clock.now()
    job = brought(desk, store, admin, table([{"Id": "1", "Subject": "", "Mail": "a@example.org"}]))
    assert mover.do_next(NEVER)
    assert desk.run(SYSTEM, purge_jobs) == 0
    with clock.frozen(now + KEPT + timedelta(minutes=1)):
        assert desk.run(SYSTEM, purge_jobs) == 2, "the file and the row that did not come in"
    found = job_of(desk, job)
    assert (found.storage_key, found.left_out) == (None, 1)
    with pytest.raises(NoFile):
        desk.run(admin, repeat_import, job)
    with desk.read(SYSTEM) as session:
        assert session.scalar(select(func.count()).select_from(TransferProblem)) == 0
    with clock.frozen(now + REMEMBERED + timedelta(minutes=1)):
        assert desk.run(SYSTEM, purge_jobs) == 1


_CHILD = """
import os, signal, sys, threading
from pathlib import Path
from sqlalchemy import event
from ombud import Desk
from ombud.config import Settings
from ombud.db.context import INFO_ACTOR, DeskSession
from ombud.files import open_store
from ombud.worker import transfers

url, folder, job, number = sys.argv[1:]
left = int(number)
transfers.BATCH = 100

@event.listens_for(DeskSession, "before_commit")
def die(session):
    global left
    if session.info[INFO_ACTOR].label == job:
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

with Desk(url, Settings()) as desk:
    mover = transfers.Mover(desk, open_store(Path(folder), limit=10**7), attachment_limit=10**7)
    mover.do_next(threading.Event())
"""


def killed(desk: Desk, tmp_path: Path, actor: str, commit: int) -> None:
    """Let a process do the next job until it is killed right before a commit of this actor's."""
    given = [
        make_url(desk.url).render_as_string(hide_password=False),
        str(tmp_path / "files"),
        actor,
        str(commit),
    ]
    ended = subprocess.run(
        [sys.executable, "-c", _CHILD, *given], check=False, capture_output=True, timeout=120
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()


def test_a_killed_worker_loses_nothing_and_does_nothing_twice(
    desk: Desk, cast: Cast, mover: Mover, tmp_path: Path
) -> None:
    """Killed when the third batch is written and not committed: two stay, and the next process goes on there."""
    store = mover.files
    rows = [{"Id": str(n), "Subject": f"Old {n}", "Mail": f"p{n % 7}@example.org"} for n in range(350)]
    rows[120]["Subject"] = ""
    rows[290]["Id"] = "5"
    job = brought(desk, store, cast.admin.actor, table(rows))
    killed(desk, tmp_path, f"system:import/{job}", 3)
    half = job_of(desk, job)
    assert (half.state, half.read, half.tickets) == (TransferState.RUNNING, 200, 199)
    assert not mover.do_next(NEVER), "it is held for a minute"
    with clock.frozen(clock.now() + timedelta(minutes=2)):
        assert mover.do_next(NEVER)
    found = job_of(desk, job)
    assert found.state is TransferState.DONE, found.problem
    assert (found.read, found.tickets, found.people, found.known, found.left_out) == (350, 348, 7, 0, 2)
    with desk.read(SYSTEM) as session:
        titles = session.scalars(select(Ticket.title).order_by(Ticket.id)).all()
        problems = session.scalars(queries.problems(cast.admin.actor, job, after=0, limit=10)).all()
    assert titles == [f"Old {n}" for n in range(350) if n not in {120, 290}]
    assert [one.key for one in problems] == ["120", "5"]
    assert problems[1].problems == {"key": "stands in the file twice."}

    export = desk.run(cast.admin.actor, start_export, TransferFormat.CSV)
    killed(desk, tmp_path, "system:transfers", 3)  # taken, counted, and not yet said to be done
    assert job_of(desk, export.id).state is TransferState.RUNNING
    with clock.frozen(clock.now() + timedelta(minutes=2)):
        assert mover.do_next(NEVER)
    made = job_of(desk, export.id)
    assert (made.state, made.tickets) == (TransferState.DONE, 348)
    assert made.storage_key is not None
    assert len(store.get(made.storage_key).decode().splitlines()) == 349
