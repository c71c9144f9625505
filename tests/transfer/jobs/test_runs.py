"""What becomes of jobs: counts, reasons, cancelling, purging, and what a killed worker leaves behind."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, make_url, select

from ombud import Desk, clock
from ombud.curation import queries as curation
from ombud.errors import Invalid, NotFound
from ombud.files import FileStore
from ombud.models import (
    AuditLog,
    Ticket,
    TransferFormat,
    TransferJob,
    TransferKind,
    TransferProblem,
    TransferState,
)
from ombud.testing import Cast, make_ticket
from ombud.transfer.jobs import (
    Upload,
    attempts,
    end_job,
    get_job,
    purge_jobs,
    queries,
    repeat_import,
    start_export,
    start_import,
)
from ombud.transfer.jobs.actions import NoFile
from ombud.transfer.jobs.rules import ATTEMPTS, KEPT, REMEMBERED
from ombud.worker.transfers import Mover
from tests.transfer.jobs.moving import (
    NEVER,
    SYSTEM,
    brought,
    exported,
    job_of,
    table,
)


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
