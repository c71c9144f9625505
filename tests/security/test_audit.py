"""Nothing changes without a trace: whatever changes a row leaves one in the log, with who and in which request."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from sqlalchemy import delete, func, insert, select, text, update

from ombud import Actor, AuditLog, Comment, Desk, DeskSession, Tag, Ticket, TicketPriority, TicketStatus, User
from ombud.db.migrate import libpq
from ombud.errors import Forbidden
from ombud.models import TicketTag
from ombud.testing import Cast, ScratchDatabase, make_comment, make_tag, make_ticket
from ombud.tickets import add_tags

Changed = dict[tuple[str, str], int]


def _log(desk: Desk, actor: Actor) -> Changed:
    with desk.read(Actor.system("reader")) as session:
        rows = session.execute(
            select(AuditLog.table_name, AuditLog.action, func.count())
            .where(AuditLog.request_id == actor.request_id, AuditLog.actor == actor.label)
            .group_by(AuditLog.table_name, AuditLog.action)
        )
        return {(table, action.value): count for table, action, count in rows}


@pytest.fixture
def tickets(desk: Desk, cast: Cast) -> list[Ticket]:
    def fill(session: DeskSession) -> list[Ticket]:
        made = [make_ticket(session, cast.customer.user) for _ in range(5)]
        for ticket in made:
            make_comment(session, ticket, cast.agent.user)
            add_tags(session, ticket.id, ["one", "two"])
        return made

    return desk.run(Actor.system("test"), fill)


def _acted(desk: Desk, work: Any) -> Changed:
    actor = Actor.system("bulk")
    with desk.begin(actor) as session:
        work(session)
    return _log(desk, actor)


def test_a_bulk_update(desk: Desk, tickets: list[Ticket]) -> None:
    changed = _acted(desk, lambda s: s.execute(update(Ticket).values(priority=TicketPriority.LOW)))
    assert changed == {("tickets", "UPDATE"): 5}


def test_an_update_that_changes_nothing_for_some(desk: Desk, tickets: list[Ticket]) -> None:
    """Each touched row leaves a trace: that somebody tried is worth knowing, and costs an empty difference."""
    changed = _acted(desk, lambda s: s.execute(update(Ticket).values(title=Ticket.title)))
    assert changed == {("tickets", "UPDATE"): 5}


def test_a_bulk_insert(desk: Desk, tickets: list[Ticket], cast: Cast) -> None:
    rows = [
        {"title": f"t{i}", "requester_id": cast.customer.id, "creator_id": cast.customer.id}
        for i in range(300)
    ]
    assert _acted(desk, lambda s: s.execute(insert(Ticket), rows)) == {("tickets", "CREATE"): 300}


def test_raw_sql(desk: Desk, tickets: list[Ticket]) -> None:
    changed = _acted(desk, lambda s: s.execute(text("UPDATE ombud.comments SET content = content || '!'")))
    assert changed == {("comments", "UPDATE"): 5}


def test_copy(desk: Desk, tickets: list[Ticket], cast: Cast, database: ScratchDatabase) -> None:
    """Row security forbids COPY to all but a superuser, who restores a backup, say, and is recorded."""
    actor = Actor.system("copy")
    with psycopg.connect(libpq(database.admin_url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT set_config('ombud.actor', %s, true)", [actor.label])
        cursor.execute("SELECT set_config('ombud.request_id', %s, true)", [actor.request_id])
        with cursor.copy("COPY ombud.tickets (title, requester_id, creator_id) FROM STDIN") as copy:
            for number in range(50):
                copy.write_row((f"copied {number}", cast.customer.id, cast.customer.id))
    assert _log(desk, actor) == {("tickets", "CREATE"): 50}
    with desk.read(actor) as session:
        copied = select(Ticket.status, Ticket.priority, Ticket.ticket_number.is_(None)).distinct()
        assert session.execute(copied.where(Ticket.title.startswith("copied"))).all() == [
            (TicketStatus.OPEN, TicketPriority.MEDIUM, False)
        ]


def test_a_cascade(desk: Desk, tickets: list[Ticket]) -> None:
    changed = _acted(
        desk, lambda s: s.execute(delete(Ticket).where(Ticket.id.in_([t.id for t in tickets[:2]])))
    )
    assert changed == {("tickets", "DELETE"): 2, ("comments", "DELETE"): 2, ("ticket_tags", "DELETE"): 4}


def test_a_foreign_key_that_is_emptied(desk: Desk, tickets: list[Ticket], cast: Cast) -> None:
    changed = _acted(desk, lambda s: s.execute(text("DELETE FROM ombud.organizations")))
    assert changed[("organizations", "DELETE")] == 1
    assert changed[("tickets", "UPDATE")] == 5
    assert changed[("users", "UPDATE")] == 2


def test_upserts(desk: Desk, tickets: list[Ticket]) -> None:
    statement = text(
        "INSERT INTO ombud.tags (name) VALUES ('one'), ('three') ON CONFLICT (lower(name))"
        " DO UPDATE SET description = 'seen'"
    )
    assert _acted(desk, lambda s: s.execute(statement)) == {("tags", "UPDATE"): 1, ("tags", "CREATE"): 1}


def test_a_merge_statement(desk: Desk, tickets: list[Ticket]) -> None:
    statement = text(
        "MERGE INTO ombud.tags t USING (VALUES ('one'), ('new')) AS v(name) ON t.name = v.name"
        " WHEN MATCHED THEN UPDATE SET description = 'merged'"
        " WHEN NOT MATCHED THEN INSERT (name) VALUES (v.name)"
    )
    assert _acted(desk, lambda s: s.execute(statement)) == {("tags", "UPDATE"): 1, ("tags", "CREATE"): 1}


def test_a_key_that_moves(desk: Desk, tickets: list[Ticket]) -> None:
    actor = Actor.system("bulk")
    with desk.begin(actor) as session:
        first, second = session.scalars(select(Tag.id).order_by(Tag.name)).all()
        session.execute(delete(TicketTag).where(TicketTag.tag_id == second))
        session.execute(update(TicketTag).values(tag_id=second))
    with desk.read(actor) as session:
        moved = session.scalars(
            select(AuditLog).where(AuditLog.action == "UPDATE", AuditLog.request_id == actor.request_id)
        )
        assert {str(row.changes) for row in moved} == {str({"tag_id": [first, second]})}


def test_differences_pair_the_right_rows(desk: Desk, tickets: list[Ticket]) -> None:
    actor = Actor.system("bulk")
    with desk.begin(actor) as session:
        session.execute(update(Ticket).values(title=Ticket.title + " of " + Ticket.ticket_number))
    with desk.read(actor) as session:
        rows = session.scalars(select(AuditLog).where(AuditLog.request_id == actor.request_id)).all()
        numbers = dict(session.execute(select(Ticket.id, Ticket.ticket_number)).all())
    assert len(rows) == 5
    for row in rows:
        before, after = row.changes["title"]
        assert after == f"{before} of {numbers[row.record_id or 0]}"


def test_a_write_that_nobody_answers_for_is_refused(
    desk: Desk, tickets: list[Ticket], database: ScratchDatabase
) -> None:
    """Even for the owner of the tables, who is above all policies."""
    for statement in (
        "UPDATE ombud.tickets SET title = 'x'",
        "DELETE FROM ombud.ticket_tags",
        "INSERT INTO ombud.tags (name) VALUES ('x')",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="no actor is set"):
            database.execute_as_nobody(statement)
    with desk.read(Actor.system("test")) as session:
        assert session.scalar(select(func.count()).select_from(Tag)) == 2


def test_the_desk_says_it_in_words(desk: Desk, tickets: list[Ticket]) -> None:
    def forget_who(session: DeskSession) -> None:
        session.execute(text("SELECT set_config('ombud.actor', '', true)"))
        session.execute(update(Ticket).values(title="x"))

    with pytest.raises(Forbidden, match="Nobody answers"):
        desk.run(Actor.system("test"), forget_who)


def test_a_rolled_back_change_leaves_no_trace(desk: Desk, tickets: list[Ticket]) -> None:
    actor = Actor.system("undone")

    def fail(session: DeskSession) -> None:
        session.execute(update(Ticket).values(title="x"))
        raise LookupError

    with pytest.raises(LookupError):
        desk.run(actor, fail)
    assert _log(desk, actor) == {}


def test_a_tag_taken_off_says_whose_ticket_it_was(desk: Desk, tickets: list[Ticket]) -> None:
    actor = Actor.system("bulk")
    with desk.begin(actor) as session:
        session.execute(delete(TicketTag))
        session.execute(delete(Comment))
    with desk.read(actor) as session:
        rows = session.scalars(select(AuditLog).where(AuditLog.request_id == actor.request_id)).all()
    assert {row.ticket_id for row in rows} == {ticket.id for ticket in tickets}
    assert all(row.record_key for row in rows)


def test_no_secret_enters_the_log(desk: Desk, cast: Cast) -> None:
    actor = Actor.system("secrets")
    with desk.begin(actor) as session:
        session.execute(update(User).values(password_hash="$argon2id$canary"))
        session.execute(text("UPDATE ombud.api_tokens SET secret_hash = '\\x63616e617279'"))
        session.execute(text("DELETE FROM ombud.team_members"))
    with desk.read(actor) as session:
        everything = str(session.execute(text("SELECT changes FROM ombud.audit_logs")).all())
    assert "canary" not in everything
    assert "63616e617279" not in everything
    assert "argon2" not in everything
    assert everything.count("***") > 0


def test_the_log_outlives_its_people(desk: Desk, cast: Cast) -> None:
    actor = cast.agent.in_new_request()
    desk.run(actor, make_tag, "kept")
    with desk.begin(Actor.system("forget")) as session:
        session.execute(text(f"DELETE FROM ombud.team_members WHERE user_id = {cast.agent.id}"))
        session.execute(delete(User).where(User.id == cast.agent.id))
    with desk.read(Actor.system("test")) as session:
        row = session.scalars(select(AuditLog).where(AuditLog.request_id == actor.request_id)).one()
        assert (row.user_id, row.actor) == (cast.agent.id, f"user:{cast.agent.id}")


def test_partitions_are_made_ahead_and_catch_every_month(desk: Desk, database: ScratchDatabase) -> None:
    with desk.begin(Actor.system("worker")) as session:
        assert session.scalar(text("SELECT ombud.ensure_audit_partitions(6)")) in (6, 12)
        assert session.scalar(text("SELECT ombud.ensure_audit_partitions(6)")) == 0
        default = session.scalar(
            text(
                "SELECT count(*) FROM ombud.audit_logs WHERE tableoid = 'ombud.audit_logs_default'::regclass"
            )
        )
    assert default == 0
