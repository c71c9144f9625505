"""What was deleted goes for good after its time, files too; people and what others refer to stay (TRUST R36)."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import func, select, text

from ombud import Actor, Desk, clock
from ombud.config import Settings
from ombud.curation import purge_deleted_tickets
from ombud.errors import Forbidden
from ombud.files import FileStore, open_store
from ombud.models import INCLUDE_DELETED, AuditAction, AuditLog, StaleFile, Ticket, User
from ombud.settings import change_settings
from ombud.testing import Cast, make_comment, make_ticket
from ombud.tickets import StoredFile, restore_ticket, soft_delete_ticket
from ombud.worker.chores import CHORES, run_chore
from ombud.worker.retention import remove_stale_files

SYSTEM = Actor.system("worker/purge")
NOW = timedelta(0)


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return open_store(tmp_path / "store", limit=10**6)


def put(store: FileStore, content: str) -> StoredFile:
    stored = store.put([content.encode()])
    return StoredFile(f"{content}.txt", "text/plain", stored.size, stored.checksum, stored.storage_key)


def test_purging_takes_what_belongs_to_a_ticket_and_nothing_else(
    desk: Desk, cast: Cast, store: FileStore
) -> None:
    own, shared = put(store, "own"), put(store, "shared")
    with desk.begin(SYSTEM) as session:
        old = make_ticket(session, cast.customer.id, files=[own])
        make_comment(session, old, cast.customer.id, files=[shared])
        kept = make_ticket(session, cast.customer.id, files=[shared])
        recent, back = make_ticket(session, cast.customer.id), make_ticket(session, cast.customer.id)
        for one in (old, recent, back):
            soft_delete_ticket(session, one.id)
        restore_ticket(session, back.id)
        session.execute(
            text("UPDATE ombud.tickets SET deleted_at = now() - interval '31 days' WHERE id = :id"),
            {"id": old.id},
        )
        people = session.scalar(select(func.count()).select_from(User))
    step = desk.run(SYSTEM.for_request("p"), purge_deleted_tickets, days=30)
    assert step.ticket_ids == (old.id,)
    assert desk.run(SYSTEM, purge_deleted_tickets, days=30).ticket_ids == ()
    with desk.read(SYSTEM) as session:
        left = session.scalars(select(Ticket.id).execution_options(**{INCLUDE_DELETED: True})).all()
        assert sorted(left) == sorted([kept.id, recent.id, back.id])
        assert session.scalar(select(func.count()).select_from(User)) == people
        rows = session.scalars(select(AuditLog).where(AuditLog.request_id == "p")).all()
        assert {row.action for row in rows} == {AuditAction.DELETE}
        assert {row.actor for row in rows} == {"system:worker/purge"}
        assert {row.table_name for row in rows} == {"tickets", "comments", "attachments"}
        assert set(session.scalars(select(StaleFile.storage_key))) == {own.storage_key, shared.storage_key}
    assert remove_stale_files(desk, SYSTEM, store, NOW) == 2
    assert store.get(shared.storage_key) == b"shared"
    with pytest.raises(Exception, match="missing"):
        store.get(own.storage_key)
    assert remove_stale_files(desk, SYSTEM, store, NOW) == 0


def test_a_file_that_is_put_again_meanwhile_stays(
    desk: Desk, cast: Cast, store: FileStore, tmp_path: Path
) -> None:
    file = put(store, "again")
    path = tmp_path / "store" / file.storage_key
    with desk.begin(SYSTEM) as session:
        ticket = make_ticket(session, cast.customer.id, files=[file])
        session.execute(text("DELETE FROM ombud.attachments WHERE ticket_id = :id"), {"id": ticket.id})
    hour = timedelta(hours=1)
    os.utime(path, (0, 0))
    with clock.frozen(clock.now() + timedelta(minutes=59)):
        assert remove_stale_files(desk, SYSTEM, store, hour) == 0, "too early"
    with clock.frozen(clock.now() + timedelta(minutes=61)):
        put(store, "again")  # an upload, whose row is not committed yet
        os.utime(path, (clock.now().timestamp(), clock.now().timestamp()))
        assert remove_stale_files(desk, SYSTEM, store, hour) == 0
    assert store.get(file.storage_key) == b"again"
    os.utime(path, (0, 0))
    put(store, "again")
    assert path.stat().st_mtime > 0, "putting what is there renews its time"
    with clock.frozen(clock.now() + timedelta(hours=3)):
        assert remove_stale_files(desk, SYSTEM, store, hour) == 1
    assert not path.exists()


def test_a_crash_between_moving_away_and_removing_leaves_nothing(store: FileStore, tmp_path: Path) -> None:
    file = put(store, "crash")
    path = tmp_path / "store" / file.storage_key
    path.rename(path.with_name(f".{path.name}.going"))
    assert store.remove(file.storage_key, untouched_for=0)
    assert list(path.parent.iterdir()) == []


def test_nothing_is_purged_unless_somebody_says_so(desk: Desk, cast: Cast) -> None:
    with desk.begin(SYSTEM) as session:
        ticket = make_ticket(session, cast.customer.id)
        soft_delete_ticket(session, ticket.id)
    chore = next(one for one in CHORES if one.name == "purge")
    with clock.frozen(clock.now() + timedelta(days=1000)):
        assert run_chore(desk, chore) == 0
        desk.run(SYSTEM, change_settings, {"purge_after_days": 30}, desk.settings)
        assert run_chore(desk, chore) == 1
    with pytest.raises(Forbidden):
        desk.run(cast.admin.actor, purge_deleted_tickets, days=30)
    with pytest.raises(ValidationError):
        Settings(purge_after_days=0)
