"""What the application's roles cannot do at all, whatever the context says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from ombud import Actor, Desk, TicketPriority, User, UserRole
from ombud.db.context import context_values
from ombud.db.translate import sqlstate
from ombud.errors import Forbidden, OmbudError
from ombud.testing import Persona
from tests.security.conftest import Lasting, World

DENIED = "42501"


@pytest.fixture
def desk(lasting: Lasting) -> Desk:
    """No test here leaves anything behind."""
    return lasting.desk


@pytest.fixture
def world(lasting: Lasting) -> World:
    return lasting.world


@contextmanager
def acting(desk: Desk, actor: Actor) -> Iterator[Connection]:
    """Plain SQL as the application's role, in the context of an actor: somebody found an injection."""
    with desk.engine.connect() as connection:
        for name, value in context_values(actor).items():
            setting = {"user_id": "ombud.user_id", "organization": "ombud.organization_id"}.get(name)
            setting = setting or (
                "role" if name == "role" else f"ombud.{name.replace('request', 'request_id')}"
            )
            connection.execute(text("SELECT set_config(:s, :v, true)"), {"s": setting, "v": value})
        yield connection


def refused(connection: Connection, statement: str) -> str:
    """Return the SQLSTATE with which a statement is refused, or "" when it is not."""
    with connection.begin_nested() as savepoint:
        try:
            connection.execute(text(statement))
        except DBAPIError as error:
            savepoint.rollback()
            return sqlstate(error)
    return ""


LOG_TAMPERING = [
    "UPDATE ombud.audit_logs SET actor = 'nobody'",
    "DELETE FROM ombud.audit_logs",
    "TRUNCATE ombud.audit_logs",
    "INSERT INTO ombud.audit_logs (table_name, record_key, action, actor, request_id, changes)"
    " VALUES ('tickets', '{}', 'CREATE', 'user:1', 'x', '{}')",
    "ALTER TABLE ombud.audit_logs DISABLE ROW LEVEL SECURITY",
    "DROP TABLE ombud.audit_logs",
    "ALTER TABLE ombud.tickets DISABLE TRIGGER ALL",
    "SET LOCAL session_replication_role = replica",
    "CREATE OR REPLACE FUNCTION ombud.audit_actor() RETURNS text LANGUAGE sql AS 'SELECT ''x'''",
    "DROP TRIGGER z_audit_update ON ombud.tickets",
    "SELECT * FROM ombud.audit_logs_default",
    "DELETE FROM ombud.audit_logs_default",
]
SECRETS = [
    "SELECT password_hash FROM ombud.users",
    "SELECT u FROM ombud.users u",
    "SELECT * FROM ombud.users",
    "SELECT count(*) FROM ombud.users WHERE password_hash LIKE '$argon2id$v=19$m=19456,t=2,p=1$a%'",
    "UPDATE ombud.users SET full_name = password_hash",
    "UPDATE ombud.users SET password_hash = 'x' RETURNING password_hash",
    "SELECT token_hash FROM ombud.web_sessions",
    "SELECT token_hash FROM ombud.known_browsers",
    "DELETE FROM ombud.known_browsers",
    "SELECT secret_hash FROM ombud.api_tokens",
    "SELECT * FROM ombud.login_attempts",
    "SELECT * FROM ombud.ticket_search",
    "SELECT body FROM ombud.ticket_texts",
    "SELECT word FROM ombud.search_words",
    "SELECT ombud.words_like('secret', 9)",
    "SELECT ombud.write_texts('{1}')",
    "COPY ombud.users TO STDOUT",
    "SELECT ombud.documents('{1}')",
    "SELECT ombud.write_documents('{1}')",
]
POWER = [
    "CREATE TABLE ombud.mine (id int)",
    "CREATE FUNCTION ombud.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "ALTER TABLE ombud.tickets ADD COLUMN mine int",
    "CREATE POLICY mine ON ombud.tickets USING (true)",
    "CREATE SCHEMA mine",
    "TRUNCATE ombud.tickets CASCADE",
    "SELECT pg_read_file('/etc/passwd')",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "CREATE ROLE mine SUPERUSER",
    "ALTER ROLE ombud_web BYPASSRLS",
    "SET LOCAL ROLE postgres",
    "SET LOCAL SESSION AUTHORIZATION postgres",
]


@pytest.mark.parametrize("statement", [*LOG_TAMPERING, *SECRETS, *POWER])
def test_no_role_of_the_application_may(desk: Desk, world: World, statement: str) -> None:
    for actor in (
        world.cast.admin.actor,
        world.cast.agent.actor,
        world.cast.customer.actor,
        Actor.system("test"),
    ):
        with acting(desk, actor) as connection:
            assert refused(connection, statement) == DENIED, actor.label


def test_people_do_not_delete_what_is_kept(desk: Desk, world: World) -> None:
    for actor in (world.cast.admin.actor, world.cast.agent.actor, world.cast.customer.actor):
        with acting(desk, actor) as connection:
            for table in ("tickets", "users", "organizations"):
                assert refused(connection, f"DELETE FROM ombud.{table}") == DENIED
            # Only a reply that was taken back before it went out (tests/mail_desk/test_sending.py).
            assert connection.execute(text("DELETE FROM ombud.comments")).rowcount == 0


@pytest.mark.parametrize(
    "change",
    [
        "role = 'admin'",
        "role = 'agent'",
        "is_staff = true",
        "is_staff = true, role = 'admin'",
        "is_active = false",
        "sees_all_teams = NOT sees_all_teams",
        "id = id + 1000000",
    ],
)
@pytest.mark.parametrize("who", ["agent", "light_agent", "team_agent", "customer"])
def test_nobody_raises_their_own_rights(desk: Desk, world: World, who: str, change: str) -> None:
    person: Persona = getattr(world.cast, who)
    if (who in ("agent", "light_agent", "team_agent")) and change in ("role = 'agent'", "is_staff = true"):
        change = "role = 'admin'"
    with acting(desk, person.actor) as connection:
        assert refused(connection, f"UPDATE ombud.users SET {change} WHERE id = {person.id}") != ""


def test_an_agent_makes_no_agents_by_plain_sql(desk: Desk, world: World) -> None:
    with acting(desk, world.cast.agent.actor) as connection:
        for extra in ("role) VALUES ('x@x.xx', 'agent'", "is_staff) VALUES ('x@x.xx', true"):
            assert refused(connection, f"INSERT INTO ombud.users (email, {extra})") == DENIED
        promoted = refused(
            connection, f"UPDATE ombud.users SET role = 'agent' WHERE id = {world.cast.customer.id}"
        )
        assert promoted == DENIED
    with acting(desk, world.cast.customer.actor) as connection:
        assert refused(connection, "INSERT INTO ombud.users (email) VALUES ('x@x.xx')") == DENIED


def test_a_customer_joins_no_organization_by_themselves(desk: Desk, world: World) -> None:
    """An organization that shares its tickets would open all of them."""
    stranger = world.cast.other_customer
    change = f"organization_id = {world.cast.organization.id}"
    with acting(desk, stranger.actor) as connection:
        assert refused(connection, f"UPDATE ombud.users SET {change} WHERE id = {stranger.id}") == DENIED
    with acting(desk, world.cast.customer.actor) as connection:
        assert refused(connection, "UPDATE ombud.tickets SET organization_id = NULL") == DENIED


def test_agents_change_no_other_agent(desk: Desk, world: World) -> None:
    with acting(desk, world.cast.agent.actor) as connection:
        for column in ("password_hash", "full_name", "email"):
            result = connection.execute(
                text(f"UPDATE ombud.users SET {column} = 'x@x.xx' WHERE id = {world.cast.admin.id}")
            )
            assert result.rowcount == 0


def test_customers_write_as_themselves_and_rewrite_nobody(desk: Desk, world: World) -> None:
    cast, own = world.cast, world.customers.id
    with acting(desk, cast.customer.actor) as connection:
        forged = (
            f"INSERT INTO ombud.comments (ticket_id, author_id, content) VALUES ({own}, {cast.agent.id}, 'x')"
        )
        assert refused(connection, forged) == DENIED
        secret = (
            "INSERT INTO ombud.comments (ticket_id, author_id, content, is_internal)"
            f" VALUES ({own}, {cast.customer.id}, 'x', true)"
        )
        assert refused(connection, secret) == DENIED
        strange = (
            "INSERT INTO ombud.comments (ticket_id, author_id, content)"
            f" VALUES ({world.strangers.id}, {cast.customer.id}, 'x')"
        )
        assert refused(connection, strange) == DENIED
        rewritten = connection.execute(text("UPDATE ombud.comments SET content = 'x' RETURNING author_id"))
        assert {row.author_id for row in rewritten} <= {cast.customer.id}
        for column, value in (("requester_id", cast.other_customer.id), ("assignee_id", cast.agent.id)):
            assert (
                refused(connection, f"UPDATE ombud.tickets SET {column} = {value} WHERE id = {own}") == DENIED
            )
        removed = connection.execute(text("DELETE FROM ombud.attachments RETURNING uploader_id"))
        assert {row.uploader_id for row in removed} <= {cast.customer.id}
        joined = (
            f"INSERT INTO ombud.ticket_participants (ticket_id, user_id) VALUES"
            f" ({world.strangers.id}, {cast.customer.id})"
        )
        assert refused(connection, joined) == DENIED


def test_a_light_agent_is_light_to_the_actions(desk: Desk, world: World) -> None:
    from ombud.tickets import set_priority

    with pytest.raises(Forbidden):
        desk.run(world.cast.light_agent.actor, set_priority, world.customers.id, TicketPriority.HIGH)


def test_reading_sessions_cannot_be_made_to_write(desk: Desk, world: World) -> None:
    """A reading transaction that has begun cannot turn itself into a writing one."""
    with pytest.raises(OmbudError), desk.read(world.cast.admin.actor) as session:
        session.execute(text("SET LOCAL transaction_read_only = off"))


def test_the_first_administrator_is_made_by_the_system(desk: Desk) -> None:
    from ombud.people.actions import create_user

    made = desk.run(Actor.system("setup"), create_user, email="first@ombud.example", role=UserRole.ADMIN)
    with desk.read(Actor.admin(made.id)) as session:
        assert session.get_one(User, made.id).is_staff
