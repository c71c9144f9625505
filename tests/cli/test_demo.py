"""`ombud demo`: filled once, left alone afterwards, and never on top of somebody's own desk."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from ombud.cli import demo
from ombud.config import Settings
from ombud.db.actor import Actor
from ombud.db.desk import Desk
from ombud.demo import generate
from ombud.demo.load import guest_of
from ombud.demo.records import Commented
from ombud.errors import Conflict
from ombud.files import FileStore, open_store
from ombud.kit.passwords import verify_password
from ombud.models import (
    Attachment,
    AuditLog,
    Comment,
    ExternalRef,
    Organization,
    Tag,
    Team,
    Ticket,
    TicketTag,
    User,
)
from ombud.people.actions import create_user

NOW = datetime(2026, 3, 18, 14, 25, tzinfo=UTC)
LOOKER = Actor.system("test")
SAMPLE = generate(NOW, tickets=600)


@pytest.fixture
def files(tmp_path: Path) -> FileStore:
    return open_store(tmp_path / "files", limit=10**7)


def _count(desk: Desk, model: type) -> int:
    with desk.read(LOOKER) as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def test_the_desk_is_as_the_sample_says(desk: Desk, files: FileStore) -> None:
    demo.fill(desk, SAMPLE, files)
    with desk.read(LOOKER) as session:
        people = {user.id: user.email for user in session.scalars(select(User))}
        teams = {team.id: team.name for team in session.scalars(select(Team))}
        keys = dict(session.execute(select(ExternalRef.ticket_id, ExternalRef.key)).all())
        tickets = {int(keys[ticket.id]): ticket for ticket in session.scalars(select(Ticket))}
        assert session.scalar(select(func.count()).select_from(Organization)) == 12
        assert set(session.scalars(select(Tag.name))) == {tag.name for tag in SAMPLE.tags}
    assert len(people) == 313, "six of them twice"
    assert len(tickets) == 600
    for expected in SAMPLE.tickets():
        ticket = tickets[expected.index]
        assert (ticket.title, ticket.status, ticket.priority) == (
            expected.title,
            expected.status,
            expected.priority,
        )
        assert ticket.channel == expected.channel
        assert people[ticket.requester_id] == expected.requester
        assert people.get(ticket.assignee_id or 0) == expected.assignee
        assert teams.get(ticket.team_id or 0) == expected.team
        assert (ticket.created_at, ticket.resolved_at) == (expected.created_at, expected.resolved_at)
        last = expected.events[-1].at if expected.events else expected.created_at
        assert ticket.last_activity_at == last
    said = [event for ticket in SAMPLE.tickets() for event in ticket.events if isinstance(event, Commented)]
    assert _count(desk, Comment) == len(said)
    assert _count(desk, Attachment) > 50
    assert _count(desk, TicketTag) == sum(len(ticket.tags) for ticket in SAMPLE.tickets())


def test_attachments_can_be_read_back(desk: Desk, files: FileStore) -> None:
    demo.fill(desk, SAMPLE, files)
    with desk.read(LOOKER) as session:
        kept = session.scalars(select(Attachment)).all()
    assert all(len(files.get(file.storage_key)) == file.size for file in kept)


def test_a_second_start_changes_nothing(
    desk: Desk, files: FileStore, capsys: pytest.CaptureFixture[str]
) -> None:
    demo.fill(desk, SAMPLE, files)
    assert "Made 600 sample tickets" in capsys.readouterr().out
    entries = _count(desk, AuditLog)
    demo.fill(desk, generate(NOW.replace(hour=20), tickets=600), files)
    assert capsys.readouterr().out == ""
    assert _count(desk, AuditLog) == entries


def test_an_interrupted_start_goes_on(desk: Desk, files: FileStore) -> None:
    demo.fill(desk, SAMPLE, files)
    with desk.begin(LOOKER) as session:
        for ref in session.scalars(select(ExternalRef).where(ExternalRef.key.in_(["3", "599"]))):
            session.delete(session.get_one(Ticket, ref.ticket_id))
    assert _count(desk, Ticket) == 598
    demo.fill(desk, SAMPLE, files)
    assert _count(desk, Ticket) == 600


def test_a_desk_that_is_in_use_is_left_alone(desk: Desk, files: FileStore) -> None:
    with desk.begin(LOOKER) as session:
        create_user(session, email="ann@example.com")
    with pytest.raises(Conflict, match="in use"):
        demo.fill(desk, SAMPLE, files)
    assert _count(desk, Ticket) == 0


def test_fresh_spares_a_server_of_ones_own(settings: Settings) -> None:
    with pytest.raises(Conflict, match="embedded"):
        demo._start_over(settings, SAMPLE)


def test_the_printed_sign_ins_work(desk: Desk, files: FileStore, capsys: pytest.CaptureFixture[str]) -> None:
    demo.fill(desk, SAMPLE, files)
    demo._announce("http://127.0.0.1:8377", SAMPLE, Path("/srv/our desk"))
    printed = capsys.readouterr().out
    assert f"ombud token create {SAMPLE.agents[-1].email} --name trial --data-dir '/srv/our desk'" in printed
    assert "http://127.0.0.1:8377" in printed
    emails = [*(agent.email for agent in SAMPLE.agents), guest_of(SAMPLE).email]
    with desk.read(LOOKER) as session:
        for email in emails:
            assert email in printed
            row = session.execute(select(func.ombud.credentials(email).table_valued("password_hash"))).one()
            assert verify_password(row.password_hash, demo.PASSWORD)
