"""Who looked at what: downloads in their own transaction or not at all, views gathered and written soon."""

import stat
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from ombud import Actor, Desk
from ombud.audit import AccessBuffer, look_at, record_access, views_of
from ombud.audit.access import CAPACITY, Look
from ombud.audit.spill import BLOCK, Spill
from ombud.errors import Forbidden, OmbudError, Unavailable
from ombud.models import AccessKind, AccessLog
from ombud.testing import Cast, Perform
from ombud.worker import chores_running
from ombud.worker.logs import spilled_looks, write_views

WORKER = Actor.system("worker/access-log")


def _log(session: Session) -> list[tuple[str, str, str, str]]:
    rows = session.scalars(select(AccessLog).order_by(AccessLog.id))
    return [(row.principal, row.kind.value, row.object, row.request_id) for row in rows]


def test_everybody_leaves_traces(perform: Perform, cast: Cast) -> None:
    for who in (cast.customer, cast.agent, cast.light_agent):
        perform(who.actor, record_access, AccessKind.DOWNLOAD, "attachment:4")
    expected = [
        (who.actor.label, "download", "attachment:4", who.actor.request_id)
        for who in (cast.customer, cast.agent, cast.light_agent)
    ]
    assert perform(cast.admin.actor, _log) == expected
    assert perform(cast.agent.actor, _log) == []
    assert perform(cast.customer.actor, _log) == []


def test_a_trace_is_never_changed_nor_somebody_elses(desk: Desk, cast: Cast) -> None:
    desk.run(cast.agent.actor, record_access, AccessKind.EXPORT, "tickets")
    for actor, statement in (
        (cast.admin.actor, "UPDATE ombud.access_logs SET object = 'other'"),
        (WORKER, "DELETE FROM ombud.access_logs"),
        (WORKER, "TRUNCATE ombud.access_logs"),
        (
            cast.agent.actor,
            "INSERT INTO ombud.access_logs (principal, kind, object, request_id) VALUES ('user:1', 'view', 'x', 'y')",
        ),
    ):
        with pytest.raises(Forbidden), desk.begin(actor) as session:
            session.execute(text(statement))


def test_without_the_note_there_is_no_download(desk: Desk, cast: Cast, superuser: Engine) -> None:
    with superuser.begin() as connection:
        connection.execute(text("REVOKE INSERT ON ombud.access_logs FROM ombud_app"))
    try:
        with pytest.raises(OmbudError):
            desk.run(cast.agent.actor, record_access, AccessKind.DOWNLOAD, "attachment:4")
    finally:
        with superuser.begin() as connection:
            connection.execute(text("GRANT INSERT ON ombud.access_logs TO ombud_app"))


def test_views_are_gathered_and_written(desk: Desk, cast: Cast) -> None:
    buffer = views_of(desk)
    assert views_of(desk) is buffer
    for thing in ("ticket:1", "ticket:1", "ticket:2"):
        buffer.note(cast.agent.actor, AccessKind.VIEW, thing)
    buffer.note(cast.customer.actor, AccessKind.VIEW, "ticket:1")
    assert write_views(desk, WORKER) == 3
    assert write_views(desk, WORKER) == 0
    with desk.read(cast.admin.actor) as session:
        assert sorted(row[:3] for row in _log(session)) == sorted(
            [
                (cast.agent.actor.label, "view", "ticket:1"),
                (cast.agent.actor.label, "view", "ticket:2"),
                (cast.customer.actor.label, "view", "ticket:1"),
            ]
        )


def test_what_cannot_be_written_is_kept(desk: Desk, cast: Cast, superuser: Engine) -> None:
    views_of(desk).note(cast.agent.actor, AccessKind.VIEW, "ticket:1")
    with superuser.begin() as connection:
        connection.execute(text("REVOKE INSERT ON ombud.access_logs FROM ombud_app"))
    try:
        with pytest.raises(OmbudError):
            write_views(desk, WORKER)
    finally:
        with superuser.begin() as connection:
            connection.execute(text("GRANT INSERT ON ombud.access_logs TO ombud_app"))
    assert write_views(desk, WORKER) == 1


def test_a_full_buffer_gives_the_oldest_up_and_says_so() -> None:
    buffer, actor = AccessBuffer(), Actor.agent(1)
    for number in range(CAPACITY + 5):
        buffer.note(actor, AccessKind.VIEW, f"ticket:{number}")
    looks = buffer.take()
    assert (len(looks), looks[0].thing, buffer.lost) == (CAPACITY, "ticket:5", 5)


def test_what_cannot_be_written_survives_the_process(desk: Desk, cast: Cast, data: Path) -> None:
    buffer = views_of(desk)
    for number in range(3):
        buffer.note(cast.agent.actor, AccessKind.VIEW, f"ticket:{number}")
    lost = Desk("postgresql://nobody@127.0.0.1:1/nowhere", desk.settings)
    views_of(lost).put_back(buffer.take())
    with pytest.raises(Unavailable):
        write_views(lost, WORKER)
    assert views_of(lost).take() == []
    waiting = spilled_looks(data).path
    assert len(waiting.read_bytes().splitlines()) == 3
    assert stat.S_IMODE(waiting.stat().st_mode) == 0o600
    assert write_views(desk, WORKER) == 3
    assert waiting.read_bytes() == b""
    with desk.read(cast.admin.actor) as session:
        assert [row[2] for row in _log(session)] == ["ticket:0", "ticket:1", "ticket:2"]


def test_a_spill_is_bounded_whole_and_read_block_by_block(tmp_path: Path) -> None:
    look = Look(AccessKind.VIEW, "ticket:1", "user:1", 1, "r")
    spill = Spill(tmp_path, limit=5 * BLOCK // 2)
    lost = spill.add([look] * 40_000)
    assert 0 < lost < 40_000
    assert spill.path.stat().st_size <= 5 * BLOCK // 2
    with spill.path.open("ab") as file:
        file.write(b'{"kind": "vi')  # a crash while writing
    spill.limit += 1000
    assert spill.add([look]) == 0
    batches: list[list[Look]] = []

    def fail_at_last(looks: list[Look]) -> None:
        if len(batches) == 2:
            raise Unavailable
        batches.append(looks)

    with pytest.raises(Unavailable):
        spill.load(fail_at_last)
    assert 0 < spill.path.stat().st_size < BLOCK
    spill.load(batches.append)
    assert sum(map(len, batches)) == 40_000 - lost + 1
    assert {one for batch in batches for one in batch} == {look}
    assert spill.load(batches.append) == 0


def test_what_postgresql_does_not_take_stops_nothing(desk: Desk, cast: Cast) -> None:
    buffer = views_of(desk)
    buffer.note(cast.agent.actor, AccessKind.VIEW, "ticket:\0\ud800" + "x" * 400)
    assert write_views(desk, WORKER) == 1


def test_a_refusal_is_noted_each_time(desk: Desk, cast: Cast) -> None:
    for kind in (AccessKind.DENIED, AccessKind.DENIED, AccessKind.VIEW, AccessKind.VIEW):
        views_of(desk).note(cast.agent.actor, kind, "ticket:1")
    assert write_views(desk, WORKER) == 3


def test_what_was_looked_at_last_is_written_when_the_process_ends(desk: Desk, cast: Cast) -> None:
    with chores_running(desk):
        views_of(desk).note(cast.agent.actor, AccessKind.VIEW, "ticket:1")
    with desk.read(cast.admin.actor) as session:
        assert [row[2] for row in _log(session)] == ["ticket:1"]


@pytest.mark.parametrize(
    ("path", "names", "query", "expected"),
    [
        ("/tickets/1042", {"1042"}, "page=2", (AccessKind.VIEW, "ticket:1042")),
        ("/tickets/1042/comments/7", {"1042", "7"}, "", (AccessKind.VIEW, "ticket:1042/comment:7")),
        ("/tickets/tickets", {"tickets"}, "", (AccessKind.VIEW, "ticket:tickets")),
        ("/tickets", set(), "status=open", (AccessKind.LIST, "tickets?status=open")),
        ("/tickets/1042/history", {"1042"}, "", (AccessKind.VIEW, "ticket:1042/history")),
    ],
)
def test_a_look_is_called_by_its_address(
    path: str, names: set[str], query: str, expected: tuple[AccessKind, str]
) -> None:
    assert look_at(path, names, query) == expected
