"""Who looked at what: downloads in their own transaction or not at all, views gathered and written soon."""

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from ombud import Actor, Desk
from ombud.audit import AccessBuffer, record_access, views_of
from ombud.audit.access import CAPACITY
from ombud.errors import Forbidden, OmbudError
from ombud.models import AccessKind, AccessLog
from ombud.testing import Cast, Perform
from ombud.worker.logs import write_views

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
