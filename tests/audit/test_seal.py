"""Sealing: everything that has ended, once, whatever the order of commits; the key and the exported file."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select, text

from ombud import Actor, Desk
from ombud.audit import queries, views_of
from ombud.audit.actions import seal
from ombud.audit.exported import ExportedCheckpoints
from ombud.audit.keys import KEY_FILE, SigningKey, signing_key, trusted_keys
from ombud.audit.leaves import EMPTY_ROOT, MerkleTree
from ombud.audit.verify import Report
from ombud.errors import Unavailable
from ombud.models import AccessKind, AuditCheckpoint, AuditLog
from ombud.testing import make_ticket
from ombud.worker.chores import CHORES, run_chore
from ombud.worker.logs import keys_folder
from tests.audit.conftest import AUDITOR, count_checkpoints


def _unsealed(desk: Desk) -> int:
    with desk.read(AUDITOR) as session:
        last = session.scalar(queries.last_checkpoint())
        edge = last.xid_to if last else 0
        return session.scalars(select(func.count()).where(AuditLog.xid >= edge)).one()


def test_what_was_written_is_sealed_once(
    desk: Desk, system: Actor, seal_now: Callable[[], int], check: Callable[[], Report]
) -> None:
    desk.run(system, make_ticket)
    written = _unsealed(desk)
    assert written > 0
    assert seal_now() == written
    assert seal_now() == 0
    assert count_checkpoints(desk) == 1
    report = check()
    assert (report.counts, report.sealed_rows, report.unsealed_rows) == ({}, written, 0)


def test_a_late_commit_is_not_skipped(
    desk: Desk, system: Actor, seal_now: Callable[[], int], check: Callable[[], Report]
) -> None:
    with desk.begin(system) as slow:
        make_ticket(slow)  # has its ids, and does not commit
        desk.run(system, make_ticket)
        assert seal_now() == 0, "nothing above a running transaction is sealed"
    desk.run(system, make_ticket)
    total = _unsealed(desk)
    assert seal_now() == total
    assert check().counts == {}


def test_two_that_seal_at_once_do_not_seal_twice(desk: Desk, system: Actor, key: SigningKey) -> None:
    desk.run(system, make_ticket)
    written = _unsealed(desk)
    sealed: list[int] = []
    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        sealed.append(desk.run(AUDITOR, seal, key))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(sealed) == [0, 0, 0, written]
    assert count_checkpoints(desk) == 1


def test_a_restored_desk_goes_on(
    desk: Desk, system: Actor, seal_now: Callable[[], int], check: Callable[[], Report], superuser: Engine
) -> None:
    """Another server counts transactions anew: everything of before looks as if from the far future."""
    desk.run(system, make_ticket)
    seal_now()
    far = 10**15
    with desk.read(AUDITOR) as session:
        first = session.scalars(queries.checkpoints()).one()
        window = first.xid_to
    desk.run(system, make_ticket)  # what the backup has unsealed
    with superuser.begin() as connection:
        # The same log, as if its transactions had been counted much further.
        connection.execute(text("DELETE FROM ombud.audit_checkpoints"))
        connection.execute(text("UPDATE ombud.audit_logs SET xid = xid + :far"), {"far": far})
        _hash_anew(connection)
    _seal_as_of(desk, far + window)
    desk.run(system, make_ticket)  # what the restored desk wrote before it was sealed
    exported = ExportedCheckpoints(_data(desk) / "audit")
    exported.path.unlink()
    assert seal_now() > 0
    report = check()
    assert (report.counts, report.checkpoints, report.unsealed_rows) == ({}, 3, 0)
    desk.run(system, make_ticket)
    seal_now()
    assert check().counts == {}
    assert seal_now() == 0


def test_a_restored_desk_begins_anew_before_it_is_written_to(
    desk: Desk, system: Actor, seal_now: Callable[[], int], check: Callable[[], Report], superuser: Engine
) -> None:
    """Else its first rows look as if somebody had put them under the old seals, for good once the numbers meet."""
    desk.run(system, make_ticket)
    seal_now()
    ahead = 10_000
    with desk.read(AUDITOR) as session:
        window = session.scalars(queries.checkpoints()).one().xid_to
    with superuser.begin() as connection:
        connection.execute(text("DELETE FROM ombud.audit_checkpoints"))
        connection.execute(text("UPDATE ombud.audit_logs SET xid = xid + :ahead"), {"ahead": ahead})
        _hash_anew(connection)
    _seal_as_of(desk, ahead + window)
    (_data(desk) / "audit" / "checkpoints.jsonl").unlink()
    assert seal_now() == 0, "what `ombud restore` does at its end"
    assert check().counts == {}
    desk.run(system, make_ticket)
    report = check()
    assert (report.counts, report.unsealed_rows > 0) == ({}, True)
    with superuser.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        begin = "DO $$ BEGIN FOR i IN 1..12000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$"
        connection.execute(text(begin))
    assert seal_now() == report.unsealed_rows
    report = check()
    assert (report.counts, report.checkpoints, report.unsealed_rows) == ({}, 3, 0)


def _hash_anew(connection: object) -> None:
    connection.execute(  # type: ignore[attr-defined]
        text(
            "UPDATE ombud.audit_logs SET leaf = ombud.audit_leaf(ombud.audit_head(xid, created_at, table_name,"
            " action, actor, user_id, request_id), id, record_id, ticket_id, record_key, changes)"
        )
    )


def _seal_as_of(desk: Desk, finished: int) -> None:
    """Seal what the earlier server would have sealed."""
    from ombud.audit.actions.seal import _seal

    with desk.begin(AUDITOR) as session:
        _seal(session, signing_key(keys_folder(_data(desk))), None, 0, (0, finished))


def _data(desk: Desk) -> Path:
    assert desk.settings.data_dir is not None
    return desk.settings.data_dir


def test_the_key_is_private_and_made_once(tmp_path: Path) -> None:
    first = signing_key(tmp_path / "keys")
    assert signing_key(tmp_path / "keys").key_id == first.key_id
    path = tmp_path / "keys" / KEY_FILE
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in path.parent.iterdir()] == [KEY_FILE]
    path.chmod(0o640)
    with pytest.raises(Unavailable, match="chmod 600"):
        signing_key(tmp_path / "keys")


def test_earlier_keys_are_believed(tmp_path: Path) -> None:
    old = signing_key(tmp_path)
    (tmp_path / KEY_FILE).rename(tmp_path / "audit-2025.pem")
    new = signing_key(tmp_path)
    assert set(trusted_keys(tmp_path)) == {old.key_id, new.key_id}


def test_a_line_half_written_is_mended(
    desk: Desk,
    system: Actor,
    seal_now: Callable[[], int],
    check: Callable[[], Report],
    exported: ExportedCheckpoints,
) -> None:
    for _ in range(2):
        desk.run(system, make_ticket)
        seal_now()
    whole = exported.path.read_text()
    first = whole.splitlines(keepends=True)[0]
    exported.path.write_text(first + whole[len(first) : len(first) + 40])  # the machine went down here
    assert check().counts == {}
    seal_now()
    assert exported.path.read_text() == whole


@pytest.mark.parametrize(
    ("leaves", "root"),
    # RFC 6962's own reference values (certificate-transparency's merkletree tests)
    [
        ([], "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ([""], "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
        (["", "00", "10"], "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"),
        (
            ["", "00", "10", "2021", "3031", "40414243", "5051525354555657"],
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        ),
    ],
)
def test_the_tree_is_that_of_rfc_6962(leaves: list[str], root: str) -> None:
    tree = MerkleTree()
    for leaf in leaves:
        tree.add(bytes.fromhex(leaf))
    assert tree.root().hex() == root


def test_an_empty_tree_has_the_empty_root() -> None:
    assert MerkleTree().root() == EMPTY_ROOT


def test_no_application_role_changes_a_checkpoint(desk: Desk, seal_now: Callable[[], int]) -> None:
    desk.run(AUDITOR, make_ticket)
    seal_now()
    for statement in (
        "UPDATE ombud.audit_checkpoints SET row_count = 0",
        "DELETE FROM ombud.audit_checkpoints",
        "TRUNCATE ombud.audit_checkpoints",
        "UPDATE ombud.audit_logs SET changes = '{}'",
        "DELETE FROM ombud.audit_logs",
        "INSERT INTO ombud.audit_logs SELECT * FROM ombud.audit_logs",
    ):
        with pytest.raises(Exception, match="may not"), desk.begin(AUDITOR) as session:
            session.execute(text(statement))


def test_checkpoints_are_for_administrators(desk: Desk, seal_now: Callable[[], int]) -> None:
    desk.run(AUDITOR, make_ticket)
    seal_now()
    for actor, seen in ((Actor.admin(1), 1), (Actor.agent(1), 0), (Actor.customer(1), 0)):
        with desk.read(actor) as session:
            assert len(session.scalars(select(AuditCheckpoint)).all()) == seen


def test_the_worker_seals_each_minute_and_writes_views_each_second(
    desk: Desk, check: Callable[[], Report]
) -> None:
    desk.run(AUDITOR, make_ticket)
    views_of(desk).note(Actor.agent(1), AccessKind.VIEW, "ticket:1")
    chores = {chore.name: chore for chore in CHORES}
    assert run_chore(desk, chores["audit-seal"]) > 0
    assert run_chore(desk, chores["access-log"]) == 1
    assert (chores["audit-seal"].seconds, chores["access-log"].seconds) == (60.0, 1.0)
    report = check()
    assert (report.counts, report.checkpoints, report.unsealed_rows) == ({}, 1, 0)
