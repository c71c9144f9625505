"""Who sees what: each person against each table, with both layers, and with either one switched off.

The expected sets are written by hand in `conftest`, from the requirements and not from the code.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FunctionType
from typing import Any

import pytest
from sqlalchemy import Select, event, select, text, true

from ombud import Actor, Attachment, AuditLog, Comment, Desk, Tag, Ticket, User, actor_of
from ombud.db.base import Base
from ombud.db.context import INFO_ACTOR, DeskSession
from ombud.errors import Forbidden
from ombud.models import (
    INCLUDE_DELETED,
    ApiToken,
    Draft,
    ExternalRef,
    TicketParticipant,
    TicketRead,
    TicketTag,
    WebSession,
)
from ombud.people import policy as people_policy
from ombud.testing import Persona, ScratchDatabase
from ombud.tickets import policy, queries
from ombud.tickets.filters import Place, TicketFilter
from tests.security.conftest import STAFF, VISIBLE, Lasting, World

PERSONS = sorted(VISIBLE)


@pytest.fixture
def desk(lasting: Lasting) -> Desk:
    """No test here leaves anything behind."""
    return lasting.desk


@pytest.fixture
def world(lasting: Lasting) -> World:
    return lasting.world


@pytest.fixture
def database(lasting: Lasting) -> ScratchDatabase:
    return lasting.database


def _read(desk: Desk, persona: Persona, statement: Any) -> list[Any]:
    with desk.read(persona.actor) as session:
        return list(session.execute(statement.execution_options(**{INCLUDE_DELETED: True})).all())


def _ids(world: World, names: set[str]) -> set[int]:
    return {ticket.id for name, ticket in world.tickets.items() if name in names}


@pytest.mark.parametrize("name", PERSONS)
def test_row_security_alone(desk: Desk, world: World, name: str) -> None:
    """Plain statements without any condition, as forgotten filters would be."""
    person: Persona = getattr(world.cast, name)
    visible, is_staff = _ids(world, VISIBLE[name]), name in STAFF
    assert {row.id for row in _read(desk, person, select(Ticket.id))} == visible
    comments = _read(desk, person, select(Comment.ticket_id, Comment.is_internal))
    assert {row.ticket_id for row in comments} == visible
    assert any(row.is_internal for row in comments) == is_staff
    files = _read(desk, person, select(Attachment.ticket_id, Attachment.comment_id))
    assert {row.ticket_id for row in files} == visible
    assert len(files) == len(visible) * (3 if is_staff else 2), "no file of an internal comment"
    log = _read(desk, person, select(AuditLog.ticket_id).where(AuditLog.ticket_id.is_not(None)))
    assert {row.ticket_id for row in log} == (visible if is_staff else set())
    elsewhere = {
        row[0] for row in _read(desk, person, select(AuditLog.table_name).where(AuditLog.ticket_id.is_(None)))
    }
    match name:
        case "admin":
            assert elsewhere > {"tags", "users"}
        case _:
            assert elsewhere == ({"tags"} if is_staff else set()), (
                "what tags were called is history of tickets"
            )
    assert bool(_read(desk, person, select(Tag.id))) == is_staff
    assert {row.ticket_id for row in _read(desk, person, select(TicketTag.ticket_id))} == (
        {world.customers.id} if is_staff else set()
    )
    refs = _read(desk, person, select(ExternalRef.ticket_id))
    assert {row.ticket_id for row in refs} <= visible
    follows = _read(desk, person, select(TicketParticipant.user_id))
    assert {row.user_id for row in follows} <= ({world.cast.customer.id} if is_staff else {person.id})


@pytest.mark.parametrize("name", PERSONS)
def test_ones_own_things_are_ones_own(desk: Desk, world: World, name: str) -> None:
    person: Persona = getattr(world.cast, name)
    for model in (TicketRead, Draft):
        rows = _read(desk, person, select(model.user_id))
        assert {row.user_id for row in rows} <= {person.id}
    for owned in (ApiToken, WebSession):
        rows = _read(desk, person, select(owned.user_id))
        assert name == "admin" or {row.user_id for row in rows} <= {person.id}
    people_seen = {row.id for row in _read(desk, person, select(User.id))}
    everybody = {getattr(world.cast, other).id for other in PERSONS}
    if name in STAFF:
        assert people_seen == everybody
    else:
        staff = {getattr(world.cast, other).id for other in STAFF}
        at_acme = {world.cast.customer.id, world.cast.colleague.id}
        known = {"customer": everybody, "colleague": staff | at_acme, "other_customer": staff | {person.id}}
        assert people_seen == known[name], "the customer follows a ticket of the other one"


def test_without_a_context_there_are_no_rows(desk: Desk, world: World, tables: list[str]) -> None:
    """Both roles, every table: a session that forgot to say who acts sees nothing."""
    for role in ("ombud_web", "ombud_worker"):
        with desk.engine.connect() as connection:
            connection.execute(text(f"SET LOCAL ROLE {role}"))
            for table in tables:
                if table in ("alembic_version", "login_attempts"):
                    continue
                columns = _readable(connection, table)
                if columns:
                    rows = connection.execute(text(f"SELECT {columns} FROM ombud.{table}")).all()
                    assert rows == [], (role, table)


def test_a_session_without_an_actor_has_nobody_to_ask_for(desk: Desk) -> None:
    with DeskSession(desk.engine) as session, pytest.raises(Forbidden):
        actor_of(session)


def _readable(connection: Any, table: str) -> str:
    columns = connection.execute(
        text(
            "SELECT a.attname FROM pg_attribute a WHERE a.attrelid = to_regclass(:name) AND a.attnum > 0"
            " AND NOT a.attisdropped AND has_column_privilege(a.attrelid, a.attname, 'SELECT')"
        ),
        {"name": f"ombud.{table}"},
    )
    return ", ".join(columns.scalars())


def _everything_asked(actor: Actor, world: World) -> dict[str, list[tuple[str, Select[Any]]]]:
    """Every read of the slices that takes an id or lists, for each ticket of the world."""
    listing = [
        ("inbox", queries.inbox(actor, TicketFilter(), Place(limit=100))),
        ("deleted", queries.inbox(actor, TicketFilter(deleted=True), Place(limit=100))),
        ("search", queries.inbox(actor, TicketFilter(text="ticket"), Place(limit=100))),
    ]
    single = {
        name: [
            ("by number", queries.ticket_by_number(actor, ticket.ticket_number)),
            ("by id", queries.ticket_by_id(actor, ticket.id)),
            ("visible id", queries.visible_id(actor, ticket.id)),
            ("conversation", queries.conversation(actor, ticket.id)),
            ("files", queries.attachments_of(actor, ticket.id)),
            ("all files", queries.all_attachments_of(actor, ticket.id)),
            ("history", queries.history(actor, ticket.id)),
        ]
        for name, ticket in world.tickets.items()
    }
    return {"": listing, **single}


def _assert_nothing_leaks(desk: Desk, world: World, name: str) -> None:
    person: Persona = getattr(world.cast, name)
    visible = VISIBLE[name]
    asked = _everything_asked(person.actor, world)
    with desk.read(person.actor) as session:
        for what, statement in asked.pop(""):
            found = {row.id for row in session.execute(statement)}
            deleted = {world.deleted.id}
            expected = _ids(world, visible)
            assert found == (expected & deleted if what == "deleted" else expected - deleted), what
        for ticket_name, statements in asked.items():
            for what, statement in statements:
                rows = session.execute(statement).unique().all()
                allowed = ticket_name in visible and (what != "history" or name in STAFF)
                assert bool(rows) == allowed, (ticket_name, what)
        session.rollback()
    _assert_no_internals(desk, world, person, is_staff=name in STAFF)


def _assert_no_internals(desk: Desk, world: World, person: Persona, *, is_staff: bool) -> None:
    with desk.read(person.actor) as session:
        said = session.scalars(queries.conversation(person.actor, world.customers.id)).all()
        assert is_staff or "Canary." not in [comment.content for comment in said]
        for wanted in (TicketFilter(), TicketFilter(text="hi")):
            rows = session.execute(queries.inbox(person.actor, wanted, Place())).all()
            shown = " ".join(f"{row.last_message} {row.snippet} {row.tags}" for row in rows)
            assert is_staff or ("Canary" not in shown and "vip" not in shown)
        canaries = session.execute(queries.inbox(person.actor, TicketFilter(text="canary"), Place())).all()
        assert is_staff or canaries == []
        attached = select(Attachment.id, Attachment.comment_id).order_by(Attachment.id)
        for file_id, comment_id in _all_files(desk, attached):
            found = session.scalar(queries.attachment_by_id(person.actor, file_id))
            if found is not None and not is_staff:
                assert comment_id is None or comment_id not in _internal(desk)


def _all_files(desk: Desk, statement: Any) -> list[tuple[int, int | None]]:
    with desk.read(Actor.system("test")) as session:
        return [(row[0], row[1]) for row in session.execute(statement)]


def _internal(desk: Desk) -> set[int]:
    with desk.read(Actor.system("test")) as session:
        return set(session.scalars(select(Comment.id).where(Comment.is_internal)))


@pytest.mark.parametrize("name", PERSONS)
def test_both_layers(desk: Desk, world: World, name: str) -> None:
    _assert_nothing_leaks(desk, world, name)


@pytest.mark.parametrize("name", PERSONS)
def test_policies_alone(desk: Desk, world: World, policies_only: None, name: str) -> None:
    """Row security off: the conditions of policy.py must do it."""
    _assert_nothing_leaks(desk, world, name)


@pytest.mark.parametrize("name", PERSONS)
def test_row_security_under_the_queries_alone(
    desk: Desk, world: World, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """policy.py says yes to everything: row security must do it."""
    without_policies(monkeypatch)
    _assert_nothing_leaks(desk, world, name)


def without_policies(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the conditions of policy.py wherever a module of ours has taken them to."""
    conditions = {policy.visible_to, policy.comments_visible_to, people_policy.people_visible_to}
    for name, module in list(sys.modules.items()):
        if name.startswith("ombud."):
            for attribute, value in list(vars(module).items()):
                if type(value) is FunctionType and value in conditions:  # not what only says it is one
                    monkeypatch.setattr(module, attribute, lambda _actor: true())


def test_switching_row_security_off_shows_everything(desk: Desk, world: World, policies_only: None) -> None:
    """The negative control: without it, `test_policies_alone` would prove nothing."""
    assert len(_read(desk, world.cast.other_customer, select(Ticket.id))) == len(world.tickets)


def test_switching_policies_off_lets_row_security_decide(
    desk: Desk, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other negative control."""
    without_policies(monkeypatch)
    sql = str(queries.visible_id(world.cast.other_customer.actor, 1))
    assert "requester_id" not in sql


@pytest.fixture
def policies_only(database: ScratchDatabase) -> Iterator[None]:
    with without_row_security(database):
        yield


@contextmanager
def without_row_security(database: ScratchDatabase) -> Iterator[None]:
    """Let every statement of a desk run as a role that no policy binds, with the same grants."""
    database.create_unbound_role()

    def become(session: DeskSession, transaction: Any, connection: Any) -> None:
        if not transaction.nested and INFO_ACTOR in session.info:
            connection.execute(text("SET LOCAL ROLE ombud_unbound"))

    event.listen(DeskSession, "after_begin", become)
    try:
        yield
    finally:
        event.remove(DeskSession, "after_begin", become)


def test_every_model_is_in_the_matrix_or_private() -> None:
    """A new table must be thought of here."""
    covered = {
        "tickets", "comments", "attachments", "audit_logs", "tags", "ticket_tags", "external_refs",
        "ticket_participants", "ticket_reads", "drafts", "api_tokens", "web_sessions", "users", "roles",
    }  # fmt: skip
    elsewhere = {  # no words of a ticket, or tested beside their own slice
        "organizations", "organization_domains", "teams", "team_members", "login_attempts", "ticket_search",
        "ticket_texts", "search_words", "search_queue",
        "access_logs", "audit_checkpoints", "ticket_stats", "ticket_stats_delta",
        "mailboxes", "mailbox_positions", "inbound_mails", "mail_references", "mail_rules", "ticket_links",
        "automatic_mails", "bounced_addresses", "message_moves",
        "audit_redactions", "audit_redacted_rows", "stale_files",
        "kept_answers", "account_tokens", "account_requests", "account_letters",
        "outbound_mails", "outbound_recipients", "mailbox_sending", "mail_templates", "notifications",
        "notification_settings", "webhook_endpoints", "webhook_deliveries", "webhook_position",
        "totp_factors", "recovery_codes", "passkeys", "sign_in_steps", "account_notices",
        "identity_providers", "identities", "sign_in_flows", "logout_tokens", "transfer_jobs", "transfer_problems",
        "distinct_people", "distinct_tickets", "alike_people", "alike_tickets", "alike_finds",
        "desk_settings", "known_browsers",
    }  # fmt: skip
    assert {table.name for table in Base.metadata.tables.values()} == covered | elsewhere
