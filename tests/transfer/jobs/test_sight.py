"""Who may start exports and imports, whose they are, and that an export holds no more than its owner sees."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, select, text, true

from ombud import Actor, Desk, clock
from ombud.curation import merge_tickets
from ombud.db.context import INFO_ACTOR, DeskSession
from ombud.errors import Conflict, Forbidden, NotFound
from ombud.files import FileStore
from ombud.models import (
    AccessKind,
    AccessLog,
    AuditLog,
    TransferFormat,
    TransferJob,
    TransferKind,
    TransferState,
)
from ombud.people.actions import change_user, deactivate_user, remove_team_member
from ombud.testing import Cast, ScratchDatabase, make_comment, make_ticket
from ombud.transfer.export import queries as export_queries
from ombud.transfer.jobs import (
    Upload,
    get_job,
    note_download,
    start_export,
    start_import,
)
from ombud.transfer.jobs.actions import NoFile, SightChanged
from ombud.worker.transfers import Hold, Mover
from tests.transfer.jobs.moving import (
    EXPORTER,
    NEVER,
    SYSTEM,
    brought,
    exported,
    give_rights,
    job_of,
    table,
)


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


@pytest.mark.parametrize("lost", ["role", "team", "place"])
@pytest.mark.parametrize("kind", ["import", "export"])
def test_rights_that_are_taken_away_end_a_job_that_runs(  # noqa: PLR0917 - fixtures
    desk: Desk,
    cast: Cast,
    mover: Mover,
    store: FileStore,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    lost: str,
) -> None:
    """In the middle: the batch that was written stays, the next one is not begun, and no file is handed out."""
    tara, was = give_rights(desk, cast.team_agent), cast.team_agent.id
    for _ in range(3):
        desk.run(SYSTEM, make_ticket, cast.customer.id, team_id=cast.team.id)
    if kind == "import":
        rows = [{"Id": str(n), "Subject": "x", "Mail": "a@example.org"} for n in range(4)]
        job_id = brought(desk, store, tara, table(rows))
    else:
        job_id = desk.run(tara, start_export, TransferFormat.CSV).id
    looked = 0

    def take() -> None:
        match lost:
            case "role":
                desk.run(SYSTEM, change_user, was, {"custom_role_id": None})
            case "team":
                desk.run(SYSTEM, remove_team_member, cast.team.id, was)
            case _:
                desk.run(SYSTEM, deactivate_user, was)

    class Watched(Hold):
        def check(self) -> None:
            """Take the right away in the middle, and look each time."""
            nonlocal looked
            looked += 1
            if looked == 4:
                take()
            super().check()

    monkeypatch.setattr("ombud.worker.transfers.CHECK_EVERY", 0.0)
    monkeypatch.setattr("ombud.worker.transfers.BATCH", 1)
    monkeypatch.setattr("ombud.worker.transfers.Hold", Watched)
    assert mover.do_next(NEVER)
    found = job_of(desk, job_id)
    assert (found.state, found.storage_key is None) == (TransferState.FAILED, kind == "export"), found.problem
    assert (
        found.problem
        == {
            "role": f"Your role does not let you {'bring files in' if kind == 'import' else 'make exports'}.",
            "team": "Who wanted this sees other tickets now than when it was begun.",
            "place": "This account is not active any more.",
        }[lost]
    )
    assert found.tickets == (1 if kind == "import" else 0)
    assert looked == 4
