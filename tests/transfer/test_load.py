"""Loading: what stands in the database afterwards, once and whole, whatever came before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.models import (
    Attachment,
    AuditLog,
    Comment,
    ExternalRef,
    OrganizationDomain,
    Tag,
    Ticket,
    TicketStatus,
    TicketTag,
    User,
    UserRole,
)
from ombud.people.actions import create_organization, create_team, create_user
from ombud.search import actions as search
from ombud.tickets import StoredFile, soft_delete_ticket
from ombud.transfer import (
    CommentRecord,
    Loaded,
    MessageRecord,
    PersonRecord,
    TicketRecord,
    load_messages,
    load_tickets,
    queries,
)

IMPORTER = Actor.system("import")
OPENED = datetime(2025, 3, 1, 9, 30, tzinfo=UTC)
ANN = PersonRecord("ann@example.com", "Ann")
STAFF = PersonRecord("desk@example.com", "Desk", UserRole.AGENT, is_active=False)
FILE = StoredFile("log.txt", "text/plain", 3, "a" * 64, f"sha256/aa/{'a' * 64}")


def _ticket(key: str, **changes: Any) -> TicketRecord:
    usual: dict[str, Any] = {
        "key": key,
        "line": 1,
        "title": f"Ticket {key}",
        "description": "It smokes",
        "requester": ANN,
        "created_at": OPENED,
    }
    return TicketRecord(**(usual | changes))


def _load(desk: Desk, *records: TicketRecord, since: datetime | None = None) -> Loaded:
    with desk.read(IMPORTER) as session:
        begun = since or session.scalars(queries.database_time()).one()
    return desk.run(IMPORTER, load_tickets, "old", records, begun)


def _count(desk: Desk, model: Any) -> int:
    with desk.read(IMPORTER) as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def _only_ticket(desk: Desk) -> Ticket:
    with desk.read(IMPORTER) as session:
        return session.scalars(select(Ticket)).one()


def test_a_ticket_with_all_that_belongs_to_it(desk: Desk) -> None:
    with desk.begin(IMPORTER) as session:
        create_team(session, name="Hardware")
        create_user(session, email="kim@example.org", full_name="Kim", role=UserRole.AGENT)
        create_organization(session, name="Example", domains=["example.com"])
    answer = CommentRecord(STAFF, "Unplug it", OPENED + timedelta(hours=3), files=(FILE,))
    note = CommentRecord(STAFF, "Known", OPENED + timedelta(hours=1), is_internal=True)
    record = _ticket(
        "1",
        status=TicketStatus.CLOSED,
        resolved_at=OPENED + timedelta(days=1),
        assignee="KIM@example.org",
        team="hardware",
        tags=("Fire", "vip"),
        files=(FILE,),
        comments=(note, answer),
    )
    loaded = _load(desk, record)
    assert (loaded.tickets, loaded.comments, loaded.people, loaded.left_out) == (1, 2, 2, [])
    ticket = _only_ticket(desk)
    assert ticket.created_at == OPENED
    assert ticket.first_response_at == OPENED + timedelta(hours=3)
    assert ticket.resolved_at == ticket.last_activity_at == ticket.updated_at == OPENED + timedelta(days=1)
    assert (ticket.team_id is None, ticket.assignee_id is None, ticket.version) == (False, False, 1)
    with desk.read(IMPORTER) as session:
        people = {user.email: user for user in session.scalars(select(User))}
        assert people["ann@example.com"].organization_id == ticket.organization_id is not None
        assert (people["desk@example.com"].is_staff, people["desk@example.com"].is_active) == (True, False)
        assert [
            a.comment_id is None for a in session.scalars(select(Attachment).order_by(Attachment.id))
        ] == [False, True]
        assert set(session.scalars(select(Tag.name))) == {"Fire", "vip"}
        logged = session.scalars(select(AuditLog).where(AuditLog.ticket_id == ticket.id)).all()
    assert {entry.actor for entry in logged} == {"system:import"}
    assert {entry.table_name for entry in logged} == {"tickets", "comments", "attachments", "ticket_tags"}
    assert {entry.action for entry in logged} == {"CREATE"}


def test_a_second_run_changes_nothing(desk: Desk) -> None:
    records = [_ticket(str(number), tags=("a",)) for number in range(20)]
    assert _load(desk, *records).tickets == 20
    entries = _count(desk, AuditLog)
    again = _load(desk, *records, _ticket("20"))
    assert (again.tickets, again.known, again.people, again.left_out) == (1, 20, 0, [])
    nothing = _load(desk, *records)
    assert (nothing.tickets, nothing.known) == (0, 20)
    assert _count(desk, AuditLog) == entries + 1
    assert _count(desk, Ticket) == _count(desk, ExternalRef) == 21


def test_what_people_changed_meanwhile_stays(desk: Desk) -> None:
    _load(desk, _ticket("1"))
    with desk.begin(IMPORTER) as session:
        session.scalars(select(Ticket)).one().title = "Edited"
    _load(desk, _ticket("1", title="From the file"))
    assert _only_ticket(desk).title == "Edited"


def test_a_key_that_stands_twice_is_told(desk: Desk) -> None:
    with desk.read(IMPORTER) as session:
        begun = session.scalars(queries.database_time()).one()
    first = _load(desk, _ticket("1"), _ticket("1", line=3), since=begun)
    assert (first.tickets, [entry.line for entry in first.left_out]) == (1, [3])
    later = _load(desk, _ticket("1", line=900), since=begun)
    assert (later.tickets, later.known, later.left_out[0].problems) == (
        0,
        0,
        {"key": "stands in the file twice."},
    )


def test_the_same_key_of_another_source_is_another_ticket(desk: Desk) -> None:
    _load(desk, _ticket("1"))
    assert desk.run(IMPORTER, load_tickets, "other", [_ticket("1")], OPENED).tickets == 1


def test_unknown_teams_and_assignees_are_told_and_the_rest_comes_in(desk: Desk) -> None:
    with desk.begin(IMPORTER) as session:
        create_user(session, email="ben@example.org")
    loaded = _load(desk, _ticket("1", team="None"), _ticket("2", assignee="ben@example.org"), _ticket("3"))
    assert loaded.tickets == 1
    assert [list(entry.problems) for entry in loaded.left_out] == [["team"], ["assignee"]]


def test_a_batch_is_whole_or_not_there(desk: Desk) -> None:
    broken = CommentRecord(STAFF, " ", OPENED)
    with pytest.raises(Exception, match="content"):
        _load(desk, _ticket("1", tags=("a",)), _ticket("2", comments=(broken,)))
    assert [_count(desk, model) for model in (Ticket, User, Tag, Comment, ExternalRef, AuditLog)] == [0] * 6


def test_one_person_in_two_spellings(desk: Desk) -> None:
    loaded = _load(
        desk,
        _ticket("1"),
        _ticket("2", requester=PersonRecord("ANN@Example.COM", "Other")),
        _ticket("3", requester=PersonRecord("İlker@example.com")),
        _ticket("4", requester=PersonRecord("ilker@example.com")),
        _ticket("5", tags=("Straße", "STRASSE", "straße")),
    )
    assert (loaded.tickets, loaded.left_out) == (5, [])
    with desk.read(IMPORTER) as session:
        assert session.scalars(select(User.full_name).where(User.email_norm == "ann@example.com")).all() == [
            "Ann"
        ]
        assert session.scalar(select(func.count()).select_from(TicketTag)) == 2


def test_the_past_stays_the_past(desk: Desk) -> None:
    late = CommentRecord(ANN, "Still broken", OPENED + timedelta(days=9))
    _load(desk, _ticket("1", comments=(late,)), _ticket("2"))
    with desk.read(IMPORTER) as session:
        first, second = session.scalars(select(Ticket).order_by(Ticket.id))
    assert first.last_activity_at == OPENED + timedelta(days=9)
    assert first.first_response_at is None, "a customer's own comment is no response"
    assert second.last_activity_at == OPENED


def test_imported_words_are_found(desk: Desk) -> None:
    _load(
        desk,
        _ticket("1", description="A zwölfteilig thing", comments=(CommentRecord(STAFF, "Unwrap", OPENED),)),
    )
    with desk.begin(IMPORTER) as session:
        for typed in ("zwolfteilig", "unwrap", "ann@example.com"):
            assert session.execute(select(func.ombud.match_tickets(typed, "system", 0, 0))).all(), typed
        assert search.index_fresh_documents(session) == 1
        assert search.index_fresh_documents(session) == 0


def _mail(
    key: str, *references: str, sender: PersonRecord = ANN, hours: int = 0, **changes: Any
) -> MessageRecord:
    usual: dict[str, Any] = {"key": key, "line": 1, "references": references, "sender": sender}
    usual |= {"subject": f"About {key}", "body": "Hello", "at": OPENED + timedelta(hours=hours)}
    return MessageRecord(**(usual | changes))


def test_mails_join_the_ticket_that_they_answer(desk: Desk) -> None:
    with desk.begin(IMPORTER) as session:
        create_user(session, email=STAFF.email, role=UserRole.AGENT)
    mails = [
        _mail("<1>"),
        _mail("<2>", "<1>", sender=STAFF, hours=2, files=(FILE,)),
        _mail("<3>", "<unknown>"),
        _mail("<1>"),
    ]
    loaded = desk.run(IMPORTER, load_messages, "mbox", mails)
    assert (loaded.tickets, loaded.comments, loaded.known) == (2, 1, 1)
    more = desk.run(IMPORTER, load_messages, "mbox", [*mails, _mail("<4>", "<1>", "<2>", hours=30)])
    assert (more.tickets, more.comments, more.known) == (0, 1, 4)
    with desk.read(IMPORTER) as session:
        ticket = session.scalars(select(Ticket).where(Ticket.title == "About <1>")).one()
        said = session.scalars(
            select(Comment).where(Comment.ticket_id == ticket.id).order_by(Comment.id)
        ).all()
    assert ticket.channel.value == "email"
    assert ticket.first_response_at == OPENED + timedelta(hours=2)
    assert ticket.last_activity_at == OPENED + timedelta(hours=30)
    assert len(said) == 2
    assert _count(desk, Attachment) == 1


def test_mails_can_come_in_as_done(desk: Desk) -> None:
    mails = [_mail("<1>"), _mail("<2>", "<1>", hours=5)]
    desk.run(IMPORTER, load_messages, "mbox", mails, TicketStatus.CLOSED)
    assert _only_ticket(desk).resolved_at == OPENED + timedelta(hours=5)


def test_a_mail_to_a_deleted_ticket_is_told(desk: Desk) -> None:
    desk.run(IMPORTER, load_messages, "mbox", [_mail("<1>")])
    desk.run(IMPORTER, soft_delete_ticket, _only_ticket(desk).id)
    loaded = desk.run(IMPORTER, load_messages, "mbox", [_mail("<2>", "<1>"), _mail("<3>")])
    assert loaded.tickets == 1
    assert loaded.left_out[0].problems == {"ticket": "is deleted."}


def test_people_join_the_organization_of_their_domain(desk: Desk) -> None:
    with desk.begin(IMPORTER) as session:
        home = create_organization(session, name="Example", domains=["example.com"]).id
    desk.run(
        IMPORTER, load_messages, "mbox", [_mail("<1>"), _mail("<2>", sender=PersonRecord("x@other.example"))]
    )
    with desk.read(IMPORTER) as session:
        assert dict(session.execute(select(User.email, User.organization_id)).all()) == {
            "ann@example.com": home,
            "x@other.example": None,
        }
        assert session.scalar(select(func.count()).select_from(OrganizationDomain)) == 1


def test_a_batch_costs_the_same_statements_whatever_its_size(desk: Desk) -> None:
    from ombud.db.statements import counted

    sizes = []
    for number in (1, 300):
        comment = CommentRecord(STAFF, "Yes", OPENED)
        records = [_ticket(f"{number}-{i}", comments=(comment,), tags=("t",)) for i in range(number)]
        with counted() as log:
            desk.run(IMPORTER, load_tickets, "old", records, OPENED)
        sizes.append(len(log))
    assert max(sizes) <= 16, log
