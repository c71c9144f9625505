"""Out and back in: an export of what was imported is the export itself; memory stays flat; cells are no formulas."""

from __future__ import annotations

import base64
import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text

from ombud import Actor, Desk
from ombud.cli.app import run
from ombud.config import Settings
from ombud.curation import keep_people_apart, keep_tickets_apart, merge_people, merge_tickets
from ombud.errors import Forbidden
from ombud.files import FileStore, open_store
from ombud.models import AccessKind, AccessLog, TicketLink, TicketStatus
from ombud.testing import (
    Cast,
    ScratchDatabase,
    ScratchServer,
    make_comment,
    make_customer,
    make_tag,
    make_ticket,
)
from ombud.tickets import StoredFile, add_tags, reply, set_status, soft_delete_ticket
from ombud.transfer.export import export_records
from ombud.transfer.records import LeftOut
from ombud.transfer.restore import BadExport, load_export, read_export
from ombud.transfer.spreadsheet import plain_cell, safe_cell

SYSTEM = Actor.system("test")
IMPORTER = Actor.system("import")
LIMIT = 10**7
FLAT = 100 << 10
"""Kilobytes by which a process may grow while it exports."""


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return open_store(tmp_path / "files", limit=LIMIT)


@pytest.fixture
def elsewhere(postgres: ScratchServer) -> Iterator[Desk]:
    with postgres.database() as database, Desk(database.url) as desk:
        yield desk


def exported(desk: Desk, store: FileStore | None) -> list[dict[str, Any]]:
    with desk.read(SYSTEM, snapshot=True) as session:
        return list(export_records(session, store.get if store is not None else None))


def lines_of(records: list[dict[str, Any]]) -> io.BytesIO:
    return io.BytesIO("".join(json.dumps(record) + "\n" for record in records).encode())


def fill(desk: Desk, cast: Cast, store: FileStore) -> None:
    """Everything that an export has: deleted, merged, notes, files, tags, followers, links, times, odd scripts."""

    def put(name: str, content: bytes) -> StoredFile:
        stored = store.put([content])
        return StoredFile(name, "application/octet-stream", stored.size, stored.checksum, stored.storage_key)

    large = os.urandom(900_000)
    with desk.begin(SYSTEM) as session:
        person = make_customer(session, email="Zoë@example.com", full_name="Zoë 日本 العربية")
        stub = make_customer(session, email="zoe.old@example.com", full_name="Zoë")
        make_tag(session, "billing", description="money", color="#123456")
        first = make_ticket(
            session, person, title="=1+1 \u202e", description="a\nb", files=[put("ä.bin", large)]
        )
        make_comment(
            session, first, cast.agent.id, "reply", files=[put("same.bin", large), put("empty", b"")]
        )
        make_comment(session, first, cast.agent.id, "a note", is_internal=True)
        add_tags(session, first.id, ["billing", "vip"])
        second = make_ticket(session, stub, team_id=cast.team.id, assignee_id=cast.agent.id)
        deleted = make_ticket(session, person)
        make_comment(session, deleted, person, "gone too")
        soft_delete_ticket(session, deleted.id)
        merged = make_ticket(session, person)
        make_comment(session, merged, person, "goes on elsewhere")
        homeless = make_ticket(session, cast.customer.id)
        homeless.organization_id = None
        session.add(TicketLink(ticket_id=second.id, follows_id=first.id))
        session.flush()
        for statement in (
            "INSERT INTO ombud.ticket_participants (ticket_id, user_id) VALUES (:t, :u)",
            "INSERT INTO ombud.external_refs (source, key, ticket_id) VALUES ('old', 'k-1', :t)",
            "UPDATE ombud.tickets SET created_at = created_at - interval '1 year' WHERE id = :t",
        ):
            session.execute(text(statement), {"t": first.id, "u": cast.other_customer.id})
        ids = (first.id, second.id, merged.id)
        keep_people_apart(session, person.id, cast.other_customer.id)
        keep_tickets_apart(session, homeless.id, first.id)
    desk.run(cast.agent.actor, reply, ids[1], "answered")
    desk.run(cast.agent.actor, set_status, ids[1], TicketStatus.RESOLVED)
    desk.run(cast.admin.actor, merge_people, [stub.id], person.id)
    desk.run(cast.agent.actor, merge_tickets, [ids[2]], ids[0])


def load(desk: Desk, records: list[dict[str, Any]], store: FileStore, size: int = 3) -> list[LeftOut]:
    entries = list(read_export(lines_of(records), store.put, LIMIT))
    left = [entry for entry in entries if isinstance(entry, LeftOut)]
    good = [entry for entry in entries if not isinstance(entry, LeftOut)]
    for start in range(0, len(good), size):
        left += desk.run(IMPORTER, load_export, good[start : start + size]).left_out
    return left


def test_nothing_is_lost_on_the_way_out_and_in(
    desk: Desk, cast: Cast, store: FileStore, elsewhere: Desk, tmp_path: Path
) -> None:
    fill(desk, cast, store)
    records = exported(desk, store)
    kinds = {record["type"] for record in records}
    assert kinds == {"ombud", "organization", "user", "team", "tag", "file", "ticket", "link", "end"} | {
        "distinct_people",
        "distinct_tickets",
    }
    other_store = open_store(tmp_path / "other", limit=LIMIT)
    assert load(elsewhere, records, other_store) == []
    again = exported(elsewhere, other_store)
    assert again[1:] == records[1:]
    # A second run changes nothing, and new numbers do not collide.
    assert load(elsewhere, records, other_store, size=500) == []
    assert exported(elsewhere, other_store)[1:] == records[1:]
    with elsewhere.begin(SYSTEM) as session:
        fresh = make_ticket(session)
        highest = max(int(record["number"]) for record in records if record["type"] == "ticket")
        assert int(fresh.ticket_number) > highest
        documents = session.scalar(text("SELECT count(*) FROM ombud.ticket_stats"))
        assert documents is not None


def test_what_is_bad_is_left_out_and_named(
    desk: Desk, cast: Cast, store: FileStore, elsewhere: Desk, tmp_path: Path
) -> None:
    fill(desk, cast, store)
    records = exported(desk, store)
    bad = json.loads(json.dumps(records))
    tickets = [record for record in bad if record["type"] == "ticket"]
    assert [len(ticket["files"]) for ticket in tickets] == [1, 0, 0, 0, 0][: len(tickets)]
    tickets[1]["assignee"] = "nobody@nowhere.example"
    tickets[2]["status"] = "half-open"
    tickets[3]["surprise"] = 1
    user = next(
        record for record in bad if record["type"] == "user" and record["email"].startswith("zoe.old")
    )
    user["created_at"] = "2026-01-01T00:00:00"
    files = [record for record in bad if record["type"] == "file" and record["size"]]
    files[-1]["data"] = base64.b64encode(b"other bytes" + b"\0" * 10**5).decode()
    left = load(elsewhere, bad, open_store(tmp_path / "other", limit=LIMIT))
    told = {(name, rule) for entry in left for name, rule in entry.problems.items()}
    assert ("people", "there is no nobody@nowhere.example here.") in told
    assert any("status" in name for name, _ in told)
    assert any("surprise" in name for name, _ in told)
    assert any("created_at" in name and "timezone" in rule for name, rule in told)
    assert ("file", "ends before its size.") in told
    assert ("files", "are damaged in this export.") in told, "no record without its bytes"
    assert all(entry.line > 1 for entry in left)
    with pytest.raises(Forbidden):
        desk.run(cast.admin.actor, load_export, [])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}\n",
        b"[" * 100_000,
        b'{"type":"ombud","format":2,"exported_at":"2026-01-01T00:00:00Z","files":true}\n',
    ],
)
def test_what_is_no_export_is_refused(content: bytes, store: FileStore) -> None:
    with pytest.raises(BadExport):
        list(read_export(io.BytesIO(content), store.put, LIMIT))


def test_a_file_that_was_cut_off_says_so(desk: Desk, cast: Cast, store: FileStore) -> None:
    records = exported(desk, store)
    with pytest.raises(BadExport, match="cut off"):
        list(read_export(lines_of(records[:-1]), store.put, LIMIT))


def test_hostile_lines_are_bounded(store: FileStore) -> None:
    """Too deep, too long for the store, pieces out of place: each is one line left out, and the next is read."""
    head = b'{"type":"ombud","format":1,"exported_at":"2026-01-01T00:00:00Z","files":true}\n'
    end = b'{"type":"end","tickets":0}\n'
    sum_ = "0" * 64
    pieces = [
        {"type": "file", "checksum": sum_, "size": 10**9, "start": 0, "data": ""},
        {"type": "file", "checksum": "1" * 64, "size": 10, "start": 0, "data": "!!!!"},
        {"type": "file", "checksum": "2" * 64, "size": 10, "start": 0, "data": "AAAA"},
        {"type": "file", "checksum": "2" * 64, "size": 10, "start": 7, "data": "AAAA"},
        {"type": "file", "checksum": "3" * 64, "size": 3, "start": 0, "data": "AAAA"},
    ]
    body = b"".join(json.dumps(piece).encode() + b"\n" for piece in pieces)
    deep = b'{"type":"tag","name":' + b"[" * 200_000 + b"]" * 200_000 + b"}\n"
    found = list(read_export(io.BytesIO(head + body + deep + b"\xff\xfe\n" + end), store.put, LIMIT))
    assert all(isinstance(one, LeftOut) for one in found)
    assert len(found) == 6


# The commands


@pytest.fixture
def environment(database: ScratchDatabase, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMBUD_DATABASE_URL", database.admin_url.render_as_string(hide_password=False))
    monkeypatch.setenv("OMBUD_DATA_DIR", str(settings.data_dir))


def call(*arguments: object, code: int = 0) -> None:
    with pytest.raises(SystemExit) as ended:
        run([str(one) for one in arguments])
    assert (ended.value.code or 0) == code


@pytest.mark.usefixtures("environment")
def test_the_commands(
    desk: Desk, cast: Cast, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert settings.data_dir is not None
    store = open_store(settings.data_dir / "files", limit=LIMIT)
    fill(desk, cast, store)
    file = tmp_path / "desk.jsonl"
    call("export", "jsonl", file)
    assert file.stat().st_mode & 0o077 == 0
    assert [json.loads(line) for line in file.read_text().splitlines()][1:] == exported(desk, store)[1:]
    call("export", "jsonl", file, code=2)
    call("import", "jsonl", file)
    assert "0 left out" in capsys.readouterr().out
    call("export", "csv", tmp_path / "desk.csv")
    with (tmp_path / "desk.csv").open(newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert rows[0]["title"] == "'=1+1 \u202e"
    capsys.readouterr()
    call("export", "csv", "-")
    assert capsys.readouterr().out.splitlines()[0].startswith("number,")
    assert {row["number"] for row in rows} < {
        r["number"] for r in exported(desk, None) if r["type"] == "ticket"
    }
    with desk.read(SYSTEM) as session:
        noted = session.execute(select(AccessLog.kind, AccessLog.object, AccessLog.principal)).all()
    assert [tuple(row) for row in noted] == [
        (AccessKind.EXPORT, "export:jsonl", "system:cli/export"),
        (AccessKind.EXPORT, "export:csv", "system:cli/export"),
        (AccessKind.EXPORT, "export:csv", "system:cli/export"),
    ]
    bad = tmp_path / "bad.jsonl"
    bad.write_text(file.read_text().replace('"status":"open"', '"status":"no"'))
    call("import", "jsonl", bad, "--strict", code=2)


@pytest.mark.usefixtures("environment")
def test_nothing_leaves_when_it_cannot_be_written_down(
    desk: Desk, database: ScratchDatabase, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from ombud.db import migrate

    with migrate.connected(database.admin_url) as connection:
        connection.execute("REVOKE INSERT ON ombud.access_logs FROM ombud_app")
    try:
        for kind in ("jsonl", "csv"):
            call("export", kind, tmp_path / kind, code=4)
            call("export", kind, code=4)
            assert not (tmp_path / kind).exists()
        assert capsys.readouterr().out == ""
    finally:
        with migrate.connected(database.admin_url) as connection:
            connection.execute("GRANT INSERT ON ombud.access_logs TO ombud_app")


@pytest.mark.usefixtures("environment")
def test_memory_is_flat(desk: Desk) -> None:
    person = desk.run(SYSTEM, make_customer).id
    for _ in range(10):  # a loaded machine may be slow with all of them at once
        with desk.begin(SYSTEM) as session:
            session.execute(
                text(
                    "INSERT INTO ombud.tickets (title, description, requester_id, creator_id)"
                    " SELECT 'Ticket ' || g, repeat('lorem ipsum ', 250), :u, :u FROM generate_series(1, 2000) g"
                ),
                {"u": person},
            )
    script = (
        "import resource, sys\n"
        "from ombud.cli.app import run\n"
        "import ombud.cli.export, sqlalchemy.dialects.postgresql.psycopg, obstore\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "try:\n    run(['export', sys.argv[1]])\nexcept SystemExit as ended:\n    assert not ended.code\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, file=sys.stderr)\n"
    )
    for kind in ("jsonl", "csv"):
        with subprocess.Popen(
            [sys.executable, "-c", script, kind], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            size = 0
            while chunk := process.stdout.read(1 << 20):
                size += len(chunk)
            told = process.stderr.read().decode()
        assert process.returncode == 0, told
        assert size > 60_000_000, "enough that holding it would show"
        assert int(told.split()[-1]) < FLAT, (kind, told)


@given(st.text())
def test_cells_come_back_as_they_were(value: str) -> None:
    cell = safe_cell(value)
    assert plain_cell(cell) == value
    assert not cell.lstrip(' "').startswith(("=", "+", "-", "@", "\t", "\r"))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", " =", '"=', "'=", "＝", "\n="])
def test_formulas_are_disarmed(start: str) -> None:
    assert safe_cell(f"{start}cmd|' /C calc'!A0") == f"'{start}cmd|' /C calc'!A0"
    assert plain_cell(safe_cell(start)) == start
