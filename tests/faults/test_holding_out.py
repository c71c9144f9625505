"""A transaction of hours, and full disks (TRUST.md R12): what works goes on, and the rest by itself afterwards."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import httpx
import psycopg
import pytest
from sqlalchemy import func, select

from ombud.audit.queries import last_sealed_id
from ombud.db.embedded.postmaster import server_processes
from ombud.models import AuditLog
from ombud.worker.chores import CHORES, run_chore
from tests.db.servers import OwnServer, own_server
from tests.disks import Disk, disk
from tests.faults.house import SYSTEM, House, open_house, wait_until
from tests.faults.judging import wrongs

pytestmark = [pytest.mark.usefixtures("built"), pytest.mark.timeout(600)]
REFUSED = 5
"""Writes that are refused while the disk is full, at least."""
FILE = os.urandom(1_000_000)


@dataclass
class Place:
    """A desk whose tables lie on one small disk, its files on another, and PostgreSQL's log on a third."""

    house: House
    tables: Disk
    files: Disk
    log: Disk


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="ombud-disks-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o755)  # the server's user looks in, which pytest's own folders do not allow
        tables = stack.enter_context(disk(folder / "tables", "150m"))
        files = stack.enter_context(disk(folder / "house" / "data" / "files", "8m"))
        log = stack.enter_context(disk(folder / "log", "192m"))
        server = stack.enter_context(own_server(settings={"max_wal_size": "64MB", "min_wal_size": "32MB"}))
        _move_log(server, log)
        space = tables.folder / "space"
        space.mkdir(mode=0o700)
        shutil.chown(space, server.account.uid, server.account.gid)
        server.execute(f"CREATE TABLESPACE small LOCATION '{space}'")
        server.execute("GRANT CREATE ON TABLESPACE small TO PUBLIC")
        server.execute("ALTER SYSTEM SET default_tablespace = 'small'")
        server.execute("SELECT pg_reload_conf()")
        house = stack.enter_context(open_house(folder / "house", server=server, settings={"TEST_LEASE": "5"}))
        yield Place(house, tables, files, log)


def _move_log(server: OwnServer, log: Disk) -> None:
    server.run("pg_ctl", "stop", "-s", "-w", "-m", "fast", "-D", server.folder)
    there = log.folder / "pg_wal"
    shutil.move(server.folder / "pg_wal", there)
    for one in (there, *there.rglob("*")):
        shutil.chown(one, server.account.uid, server.account.gid)
    (server.folder / "pg_wal").symlink_to(there)
    server.start()


def test_a_transaction_of_hours_stops_neither_queues_nor_chores(place: Place) -> None:
    """A superuser's, whom no limit ends, and who has written: letters, webhooks and all chores go on beside it."""
    house = place.house
    url = house.server.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url) as forgotten:
        forgotten.execute("CREATE TEMPORARY TABLE mine AS SELECT * FROM ombud.tickets")
        oldest = forgotten.execute("SELECT pg_current_xact_id()::text::bigint").fetchone()
        assert oldest is not None
        with house.used(2):
            house.until_acknowledged(10)
        house.until_quiet()
        assert house.post.post.letters
        assert house.receiver.at("/hook")
        for chore in CHORES:
            run_chore(house.desk, chore)
        assert _written_after(house, oldest[0]) > 0
        assert _unsealed(house) > 0, (
            "what may still be joined by an older row is not sealed, and said to be so"
        )
    assert wrongs(house, house.history.writes()) == []
    for chore in CHORES:
        run_chore(house.desk, chore)
    assert _unsealed(house) == 0


def test_full_disks_are_told_and_used_again(place: Place) -> None:
    house = place.house
    with house.used(3, readers=1):
        house.until_acknowledged(5)
        before = len(house.told)
        place.tables.fill()
        wait_until(lambda: _refused(house, before) >= REFUSED, "the disk is full")
        with house.client() as client:
            assert client.get("tickets").status_code == 200, "who reads goes on"
        assert httpx.get(f"{house.address}/healthz").status_code == 200
        place.tables.make_room()
        house.until_acknowledged(10)
    told = house.told[before:]
    assert {(one.status, one.code) for one in told if one.status >= 400} == {(503, "unavailable")}
    assert {one.kind for one in told if 200 <= one.status < 300} > {"list", "figures"}
    assert wrongs(house, house.history.writes()) == []
    assert house.wrong == []


def test_a_server_that_ends_for_want_of_room_for_its_log_loses_nothing(place: Place) -> None:
    """PostgreSQL stops where it cannot write its log; what supervises it starts it again, and that is all."""
    house = place.house
    with house.used(3, readers=1):
        house.until_acknowledged(5)
        before = len(house.told)
        place.log.fill()
        _write_log_until_it_ends(house.server)
        wait_until(lambda: _refused(house, before) >= REFUSED, "the server has ended")
        assert httpx.get(f"{house.address}/healthz").status_code == 200
        wait_until(
            lambda: httpx.get(f"{house.address}/readyz").status_code == 503, "it is told to who balances"
        )
        place.log.make_room()
        wanted = house.history.acknowledged + 10
        wait_until(lambda: _supervised(house) >= wanted, "writes are acknowledged")
    told = house.told[before:]
    assert {(one.status, one.code) for one in told if not 200 <= one.status < 300} <= {
        (503, "unavailable"),
        (409, "idempotency_key_in_use"),
    }
    assert wrongs(house, house.history.writes()) == []
    assert house.wrong == []


def _supervised(house: House) -> int:
    """Start the server if it has ended (it may also recover by itself); return how many writes were acknowledged."""
    if not server_processes(house.server.folder):
        house.server.start()
    return house.history.acknowledged


def _write_log_until_it_ends(server: OwnServer) -> None:
    """Write messages that are in no table, only in the log."""
    message = (
        "SELECT pg_logical_emit_message(false, 'test', repeat('x', 1000000)) FROM generate_series(1, 500)"
    )
    with pytest.raises(psycopg.OperationalError):
        server.execute(message)
    wait_until(lambda: "No space left on device" in (server.folder / "log").read_text(), "it said why")


def test_a_full_store_of_files_is_told_and_used_again(place: Place) -> None:
    house = place.house
    with house.client() as client:
        body = {"title": "With a file", "requester_id": house.cast.customer.id}
        address = f"tickets/{client.post('tickets', json=body).json()['number']}/attachments"
        assert client.post(address, files={"file": ("b.bin", b"There already.")}).status_code == 201
        place.files.fill()
        refused = client.post(address, files={"file": ("a.bin", FILE)})
        assert (refused.status_code, refused.json()["code"]) == (503, "unavailable"), refused.text
        assert "no room for files" in refused.json()["detail"]
        assert len(client.get(address).json()["items"]) == 1
        assert str(place.files.folder) not in refused.text
        place.files.make_room()
        wait_until(lambda: not _not_whole(place.files), "nothing half is left")
        assert not list(place.files.folder.rglob(sha256(FILE).hexdigest()))
        attached = client.post(address, files={"file": ("a.bin", FILE)})
        assert attached.status_code == 201, attached.text
        assert client.get(f"attachments/{attached.json()['id']}/content").content == FILE


def _refused(house: House, before: int) -> int:
    return sum(one.status >= 400 for one in house.told[before:])


def _not_whole(files: Disk) -> list[Path]:
    """The files whose name is not the digest of their bytes; the worker files letters meanwhile."""
    kept = [one for one in files.folder.rglob("*") if one.is_file()]
    assert kept, "the desk keeps its files here"
    return [one for one in kept if not _is_whole(one)]


def _is_whole(one: Path) -> bool:
    try:
        return sha256(one.read_bytes()).hexdigest() == one.name
    except FileNotFoundError:
        return True  # it has its last name by now, or none


def _written_after(house: House, transaction: int) -> int:
    with house.desk.read(SYSTEM) as session:
        return session.scalar(select(func.count()).where(AuditLog.xid > transaction)) or 0


def _unsealed(house: House) -> int:
    with house.desk.read(SYSTEM) as session:
        sealed = session.scalar(last_sealed_id()) or 0
        return session.scalar(select(func.count()).where(AuditLog.id > sealed)) or 0
