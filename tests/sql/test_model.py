"""What the models and their tables promise to whoever writes: columns, defaults, bounds, ties, and what they refuse.

Everything is asked of the database by plain SQL as well as of the mapping: COPY and other programs write too.
"""

from __future__ import annotations

import re
import subprocess
import sys
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from sqlalchemy import delete, func, inspect, select, text, update
from sqlalchemy.orm import Mapped, Session, configure_mappers, joinedload, selectinload

import ombud
from ombud import (
    Actor,
    Attachment,
    AuditLog,
    Comment,
    Desk,
    Tag,
    Ticket,
    TicketPriority,
    TicketStatus,
    User,
)
from ombud.db.base import Base
from ombud.errors import Conflict, Forbidden, Invalid, NotFound, OmbudError
from ombud.models import TicketTag
from ombud.testing import (
    Cast,
    Perform,
    counted,
    make_comment,
    make_customer,
    make_tag,
    make_ticket,
    stored_file,
)
from ombud.tickets import add_tags


@pytest.fixture
def ticket(desk: Desk, cast: Cast, system: Actor) -> Ticket:
    return desk.run(system, make_ticket, cast.customer.id)


def test_plain_sql_gets_the_same_defaults(desk: Desk, system: Actor) -> None:
    with desk.begin(system) as session:
        person = session.scalar(text("INSERT INTO ombud.users (email) VALUES ('a@b.example') RETURNING id"))
        key = session.scalar(
            text("INSERT INTO ombud.tickets (title, requester_id) VALUES ('x', :id) RETURNING id"),
            {"id": person},
        )
        session.execute(
            text("INSERT INTO ombud.comments (content, ticket_id, author_id) VALUES ('x', :t, :u)"),
            {"t": key, "u": person},
        )
        session.execute(text("INSERT INTO ombud.tags (name) VALUES ('x')"))
    with desk.read(system) as session:
        user = session.scalars(select(User)).one()
        made = session.scalars(select(Ticket)).one()
        said = session.scalars(select(Comment)).one()
        tag = session.scalars(select(Tag)).one()
    assert (user.is_active, user.is_staff, user.last_login) == (True, False, None)
    assert (made.status, made.priority) == (TicketStatus.OPEN, TicketPriority.MEDIUM)
    assert (made.creator_id, made.assignee_id, made.deleted_at, made.resolved_at) == (
        person,
        None,
        None,
        None,
    )
    assert made.ticket_number == "1001"
    assert said.is_internal is False
    assert tag.color.startswith("#")
    for row in (user, made, said, tag):
        assert row.created_at.tzinfo is not None


def test_every_write_moves_updated_at(desk: Desk, cast: Cast, ticket: Ticket, system: Actor) -> None:
    """By plain SQL, and whatever it says of the time itself."""
    comment = desk.run(system, make_comment, ticket.id, cast.agent.id)
    with desk.begin(system) as session:
        session.execute(text("UPDATE ombud.users SET full_name = 'Another', updated_at = 'epoch'"))
        session.execute(text("UPDATE ombud.comments SET content = 'Another', updated_at = 'epoch'"))
        session.execute(text("UPDATE ombud.tickets SET title = 'Another', updated_at = 'epoch'"))
    with desk.read(system) as session:
        assert session.get_one(User, cast.customer.id).updated_at > cast.customer.user.updated_at
        assert session.get_one(Comment, comment.id).updated_at > comment.updated_at
        assert session.get_one(Ticket, ticket.id).updated_at > ticket.updated_at


@pytest.mark.parametrize("column", ["status", "priority"])
def test_states_are_stored_by_value_and_no_others(
    desk: Desk, ticket: Ticket, system: Actor, column: str
) -> None:
    values = {
        "status": ["open", "in_progress", "waiting_on_customer", "resolved", "closed"],
        "priority": ["low", "medium", "high", "urgent"],
    }[column]

    def write(value: str) -> None:
        with desk.begin(system) as session:
            session.execute(
                text(f"INSERT INTO ombud.tickets (title, requester_id, {column}) VALUES ('x', :r, :v)"),
                {"v": value, "r": ticket.requester_id},
            )

    for value in values:
        write(value)
    for wrong in (*(value.upper() for value in values), "", "done", "Open", " open"):
        with pytest.raises(Invalid) as caught:
            write(wrong)
        assert list(caught.value.fields) == [column]
    assert allowed_values(desk, "tickets", column) == set(values), "these and no others"
    with desk.read(system) as session:
        stored = session.execute(
            text(f"SELECT {column} FROM ombud.tickets WHERE id <> :id"), {"id": ticket.id}
        )
        assert sorted(stored.scalars()) == sorted(values)
        by_word = select(Ticket.id).where(getattr(Ticket, column) == values[0])
        assert session.scalars(by_word).first() is not None, "text from JSON compares like the enum"


def allowed_values(desk: Desk, table: str, column: str) -> set[str]:
    """Return the values that a column's rule names, as the catalogue has it."""
    with desk.read(Actor.system("test")) as session:
        rule = session.scalar(
            text("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name"),
            {"name": f"ck_{table}_{column}"},
        )
    return set(re.findall(r"'(\w*)'", str(rule)))


def test_priorities_sort_by_severity(desk: Desk, cast: Cast, system: Actor) -> None:
    with desk.begin(system) as session:
        for priority in ("urgent", "low", "high", "medium"):
            make_ticket(session, cast.customer.id, priority=TicketPriority(priority))
    with desk.read(system) as session:
        ordered = session.scalars(select(Ticket.priority).order_by(Ticket.priority_rank)).all()
    assert ordered == list(TicketPriority)
    assert [priority.rank for priority in TicketPriority] == [1, 2, 3, 4]


REFUSED = {
    "a blank address": ("UPDATE ombud.users SET email = '' WHERE id = :u", Invalid),
    "a twin of an address": (
        "INSERT INTO ombud.users (email) SELECT upper(email) FROM ombud.users WHERE id = :u",
        Conflict,
    ),
    "no address": ("INSERT INTO ombud.users (full_name) VALUES ('x')", Invalid),
    "a blank title": ("UPDATE ombud.tickets SET title = '  '", Invalid),
    "a blank number": ("UPDATE ombud.tickets SET ticket_number = ' '", Invalid),
    "a used number": (
        "INSERT INTO ombud.tickets (title, requester_id, ticket_number)"
        " SELECT 'x', requester_id, ticket_number FROM ombud.tickets",
        Conflict,
    ),
    "a long title": ("UPDATE ombud.tickets SET title = repeat('x', 501)", Invalid),
    "nobody's ticket": ("INSERT INTO ombud.tickets (title) VALUES ('x')", Invalid),
    "a ticket without a creator": ("UPDATE ombud.tickets SET creator_id = NULL", Invalid),
    "a missing assignee": ("UPDATE ombud.tickets SET assignee_id = 999999", NotFound),
    "resolved and open": ("UPDATE ombud.tickets SET resolved_at = '1999-01-01Z'", Invalid),
    "a colour that is none": ("UPDATE ombud.tags SET color = 'banana!'", Invalid),
    "a blank tag": ("UPDATE ombud.tags SET name = ' '", Invalid),
    "a twin of a tag": ("INSERT INTO ombud.tags (name) SELECT upper(name) FROM ombud.tags", Conflict),
    "a tag twice": ("INSERT INTO ombud.ticket_tags SELECT * FROM ombud.ticket_tags", Conflict),
    "a comment on nothing": (
        "INSERT INTO ombud.comments (content, ticket_id, author_id) VALUES ('x', 999999, :u)",
        NotFound,
    ),
    "nobody's comment": ("UPDATE ombud.comments SET author_id = NULL", Invalid),
    "an empty comment": ("UPDATE ombud.comments SET content = ''", Invalid),
    "a file of negative size": ("UPDATE ombud.attachments SET size = -1", OmbudError),
}


@pytest.mark.parametrize("case", REFUSED)
def test_the_database_refuses(desk: Desk, cast: Cast, ticket: Ticket, system: Actor, case: str) -> None:
    statement, kind = REFUSED[case]

    def fill(session: Session) -> None:
        make_comment(session, ticket.id, cast.agent.id, files=[stored_file()])
        add_tags(session, ticket.id, ["word"])

    desk.run(cast.agent.actor, fill)
    with pytest.raises(kind), desk.begin(system) as session:
        session.execute(text(statement), {"u": cast.customer.id} if ":u" in statement else {})


def test_an_unknown_action_is_no_audit_action(desk: Desk) -> None:
    """No role may write the log by hand, so the rule is read from the catalogue."""
    assert allowed_values(desk, "audit_logs", "action") == {"CREATE", "UPDATE", "DELETE"}


def test_what_an_audit_row_says_is_not_lost_silently(desk: Desk, ticket: Ticket, system: Actor) -> None:
    """A change in place of its JSON is noticed and refused like any other change of the log."""

    def rewrite(session: Session) -> None:
        entry = session.scalars(select(AuditLog).where(AuditLog.table_name == "tickets")).first()
        assert entry is not None
        entry.changes["title"] = ["rewritten", "in place"]

    with pytest.raises(Forbidden):
        desk.run(system, rewrite)


def test_relationships_of_people_and_tickets(desk: Desk, cast: Cast, system: Actor) -> None:
    """Two ways from a ticket to people, and both directions of each stay in step."""
    with desk.begin(system) as session:
        customer, agent = (session.get_one(User, one.id) for one in (cast.customer, cast.agent))
        made = Ticket(title="x", requester=customer, creator=customer, assignee=agent)
        said = Comment(content="x", ticket=made, author=agent)
        session.add_all([made, said])
        session.flush()
        assert (made.creator_id, made.assignee_id, said.author_id) == (customer.id, agent.id, agent.id)
        assert said.ticket is made
        assert said in made.comments
    own = (User.tickets_created, User.tickets_requested, User.tickets_assigned, User.comments)
    with desk.read(system) as session:
        loaded = select(User).options(*(selectinload(one) for one in own))
        people = {person.id: person for person in session.scalars(loaded)}
        found = {
            person.id: [[row.id for row in getattr(person, one.key)] for one in own]
            for person in (people[cast.customer.id], people[cast.agent.id])
        }
    assert found == {
        cast.customer.id: [[made.id], [made.id], [], []],
        cast.agent.id: [[], [], [made.id], [said.id]],
    }


def test_a_row_of_the_log_leads_to_who_did_it(desk: Desk, cast: Cast, system: Actor) -> None:
    for actor in (cast.agent.actor, system):
        desk.run(actor, make_ticket, cast.customer.id)
    with desk.read(system) as session:
        rows = select(AuditLog).where(AuditLog.table_name == "tickets").order_by(AuditLog.id)
        entries = session.scalars(rows.options(joinedload(AuditLog.user))).all()
        people = [entry.user and entry.user.email for entry in entries]
    assert people == [cast.agent.email, None], "a person, and the system"


def test_comments_keep_their_order_at_equal_times(desk: Desk, ticket: Ticket, system: Actor) -> None:
    with desk.begin(system) as session:  # one transaction, so one time
        ids = [make_comment(session, ticket.id, ticket.requester_id, str(n)).id for n in range(9)]
    desk.run(system, lambda s: s.execute(update(Comment).where(Comment.id < ids[4]).values(content="moved")))
    with desk.read(system) as session:
        assert len(set(session.scalars(select(Comment.created_at)))) == 1
        session.execute(
            text("SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off")
        )  # they sort
        loaded = session.scalars(select(Ticket).options(selectinload(Ticket.comments))).one()
        assert [comment.id for comment in loaded.comments] == ids


def test_nobodys_words_go_with_their_account(desk: Desk, cast: Cast, ticket: Ticket, system: Actor) -> None:
    """A person who has tickets or words is not deleted, by the ORM or by SQL; nothing is emptied behind one's back."""
    desk.run(system, make_comment, ticket.id, cast.agent.id)
    for person in (cast.customer, cast.agent):
        with pytest.raises(OmbudError), desk.begin(system) as session:
            session.delete(session.get_one(User, person.id))
        with pytest.raises(OmbudError), desk.begin(system) as session:
            session.execute(delete(User).where(User.id == person.id))
    with desk.read(system) as session:
        assert session.scalar(select(func.count()).select_from(Ticket)) == 1
        assert session.scalar(select(func.count()).select_from(Comment)) == 1
    for name in ("tickets_created", "tickets_requested", "tickets_assigned", "comments"):
        cascade = inspect(User).relationships[name].cascade
        assert not cascade.delete
        assert not cascade.delete_orphan


def test_a_persons_collections_own_nothing(desk: Desk, cast: Cast, ticket: Ticket, system: Actor) -> None:
    """Emptying one cannot delete rows, and the database refuses rows that would be nobody's."""
    desk.run(system, make_comment, ticket.id, cast.customer.id)

    def empty(session: Session, name: str) -> None:
        loaded = selectinload(getattr(User, name))
        person = session.scalars(select(User).where(User.id == cast.customer.id).options(loaded)).one()
        getattr(person, name).clear()

    for name in ("comments", "tickets_created"):
        with pytest.raises(OmbudError):
            desk.run(system, empty, name)
    with desk.read(system) as session:
        assert session.scalar(select(func.count()).select_from(Ticket)) == 1
        assert session.scalar(select(func.count()).select_from(Comment)) == 1


def test_deleting_a_person_loads_nothing(desk: Desk, ticket: Ticket, system: Actor) -> None:
    """Neither of one who has nothing, nor of one who has something, which forbids it."""

    def cost(key: int) -> int:
        with counted() as log, suppress(OmbudError), desk.begin(system) as session:
            session.delete(session.get_one(User, key))
        return len(log)

    desk.run(system, make_comment, ticket.id, ticket.requester_id)
    costs = [cost(desk.run(system, make_customer).id), cost(ticket.requester_id)]
    assert max(costs) <= 4, "who acts, the person, their teams, their deletion"


def test_what_belongs_to_a_ticket_goes_with_it(desk: Desk, cast: Cast, ticket: Ticket, system: Actor) -> None:
    def fill(session: Session) -> None:
        make_comment(session, ticket.id, cast.customer.id, files=[stored_file()])
        add_tags(session, ticket.id, ["word"])

    desk.run(system, fill)
    with desk.begin(system) as session:
        session.execute(delete(Ticket))
    with desk.read(system) as session:
        for model in (Comment, Attachment, TicketTag):
            assert session.scalar(select(func.count()).select_from(model)) == 0
        assert session.scalar(select(func.count()).select_from(Tag)) == 1


def test_every_model_has_a_safe_repr(perform: Perform, cast: Cast, system: Actor) -> None:
    for mapper in Base.registry.mappers:
        assert repr(mapper.class_()).startswith(f"<{mapper.class_.__name__} ")
    user = User(email="secret@example.com", full_name="Secret Name", password_hash="secret")
    assert "ecret" not in repr(user)
    made = perform(system, make_ticket, cast.customer.id, title="Secret")
    assert repr(made) == f"<Ticket id={made.id}>"


def test_every_column_and_relationship_is_typed() -> None:
    configure_mappers()
    for mapper in Base.registry.mappers:
        hints: dict[str, Any] = {}
        for base in mapper.class_.__mro__:
            hints |= dict.fromkeys(getattr(base, "__annotations__", {}))
        mapped = {attribute.key for attribute in mapper.attrs}
        assert mapped <= hints.keys(), f"{mapper.class_.__name__}: {mapped - hints.keys()}"
    assert get_type_hints(Tag, localns={"Ticket": Ticket})["created_at"] == Mapped[datetime]


def test_every_constraint_has_the_name_that_the_convention_gives(desk: Desk, system: Actor) -> None:
    with desk.read(system) as session:
        rows = session.execute(
            text(
                "SELECT t.relname, c.conname, c.contype FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid"
                " WHERE c.connamespace = 'ombud'::regnamespace AND NOT t.relispartition"
                " AND t.relname <> 'alembic_version' AND c.contype IN ('p', 'f', 'u', 'c')"
            )
        ).all()
    prefixes = {"p": "pk_", "f": "fk_", "u": "uq_", "c": "ck_"}
    strange = [name for table, name, kind in rows if not name.startswith(f"{prefixes[_kind(kind)]}{table}")]
    assert len(rows) > 100
    assert strange == []


def _kind(value: object) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def test_all_models_share_one_registry() -> None:
    """Each name once, every relationship found: a model that is declared twice poisons all."""
    configure_mappers()
    names = [mapper.class_.__name__ for mapper in Base.registry.mappers]
    assert sorted(names) == sorted(set(names))
    assert {"User", "Ticket", "Comment", "Attachment", "Tag", "AuditLog"} <= set(names)
    assert {"is_overdue", "response_time_hours", "is_priority_escalation_needed"} <= set(
        inspect(Ticket).all_orm_descriptors.keys()
    )


def test_a_naive_time_is_refused(perform: Perform, cast: Cast, system: Actor) -> None:
    """It would mean another moment on another machine; everything else comes back in UTC."""
    naive = datetime(2026, 1, 1, 12)  # noqa: DTZ001 - what is refused
    for statement in (
        update(Ticket).values(created_at=naive),
        select(Ticket).where(Ticket.created_at > naive),
    ):
        with pytest.raises(Invalid, match="time zone"):
            perform(system, lambda s, statement=statement: s.execute(statement))  # type: ignore[misc]
    made = perform(system, make_ticket, cast.customer.id)
    assert made.created_at.utcoffset() == timedelta()


def test_a_new_tag_of_a_used_name_is_a_conflict(perform: Perform, system: Actor) -> None:
    perform(system, make_tag, "Fire")
    with pytest.raises(Conflict):
        perform(system, make_tag, "fIRE")


def test_no_engine_is_made_by_importing() -> None:
    """Nor a driver that not everybody has; psycopg belongs to the core."""
    program = (
        "import gc, sys, ombud; from sqlalchemy import Engine; ombud.Ticket;"
        " assert not [one for one in gc.get_objects() if isinstance(one, Engine)];"
        " assert not {'psycopg2', 'asyncpg'} & set(sys.modules)"
    )
    own = {"PYTHONPATH": str(Path(ombud.__file__).parents[1])}
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, env=own, timeout=60)
