"""What the database refuses comes out as one of the desk's errors, by every driver, in words without SQL."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import insert, select, text, update

from ombud import Actor, Comment, Desk, DeskSession, Organization, Settings, Tag, Ticket, User
from ombud.db.translate import Lost, Retryable, TooSlow
from ombud.errors import Conflict, Forbidden, Invalid, NotFound, OmbudError, Unavailable
from ombud.models import Attachment, OrganizationDomain
from ombud.testing import Persona, ScratchDatabase, make_customer, make_organization, make_tag, make_ticket
from tests.errors.conftest import Unit

SYSTEM = Actor.system("test")
# What a message must not contain: SQL, names of the schema, states, drivers, and the values sent.
LEAKS = re.compile(
    r"select|insert into|update |delete from|violates|constraint|relation|column|psycopg|asyncpg|sqlstate"
    r"|ombud\.|uq_|fk_|ck_|pg_|\b[0-9A-Z]{5}\b(?<=\d{5})|sqlalche|secret",
    re.IGNORECASE,
)

STATES: dict[str, type[OmbudError]] = {
    "23505": Conflict,
    "23503": NotFound,
    "23514": Invalid,
    "23502": Invalid,
    "22001": Invalid,
    "22P02": Invalid,
    "22003": Invalid,
    "22012": Invalid,
    "22008": Invalid,
    "22021": Invalid,
    "40001": Retryable,
    "40P01": Retryable,
    "55P03": Retryable,
    "57014": TooSlow,
    "57P01": Lost,
    "57P03": Lost,
    "53300": Unavailable,
    "53100": Unavailable,
    "08006": Lost,
    "42501": Forbidden,
    "25006": Forbidden,
    "42P01": OmbudError,
    "XX000": OmbudError,
}


def _assert_in_words(error: OmbudError) -> None:
    shown = f"{error} {error.message} {error.data}"
    assert error.message
    assert not LEAKS.search(shown), shown


@pytest.mark.parametrize("state", STATES)
def test_each_state_is_a_kind(unit: Unit, state: str) -> None:
    def fail(session: DeskSession) -> None:
        session.execute(
            text(
                "DO $$ BEGIN RAISE EXCEPTION 'secret SELECT' USING "
                f"ERRCODE = '{state}', CONSTRAINT = 'uq_secret', COLUMN = 'secret', TABLE = 'secret'; END $$"
            )
        )

    with pytest.raises(OmbudError) as caught:
        unit(SYSTEM, fail)
    assert type(caught.value) is STATES[state]
    _assert_in_words(caught.value)


def test_a_taken_address_is_named(unit: Unit) -> None:
    unit(SYSTEM, lambda s: make_customer(s, email="a@secret.example"))
    with pytest.raises(Conflict) as caught:
        unit(SYSTEM, lambda s: make_customer(s, email="A@secret.example"))
    assert caught.value.data == {"field": "email"}
    _assert_in_words(caught.value)


def test_what_is_referred_to_and_missing_is_named(unit: Unit) -> None:
    for column, noun in (("team_id", "team"), ("assignee_id", "person"), ("requester_id", "person")):

        def refer(session: DeskSession, column: str = column) -> None:
            ticket = make_ticket(session)
            session.execute(update(Ticket).where(Ticket.id == ticket.id).values({column: 999_999}))

        with pytest.raises(NotFound, match=f"The {noun} does not exist"):
            unit(SYSTEM, refer)


def test_constraints_speak_for_themselves(unit: Unit) -> None:
    def refused(statement: object, *, field: str) -> None:
        with pytest.raises(Invalid) as caught:
            unit(SYSTEM, lambda session: session.execute(statement))  # type: ignore[call-overload]
        assert list(caught.value.fields) == [field]
        _assert_in_words(caught.value)

    ticket = unit(SYSTEM, make_ticket)
    unit(SYSTEM, lambda s: (make_tag(s), make_organization(s)))
    refused(update(Ticket).values(title="  "), field="title")
    refused(insert(Comment).values(ticket_id=ticket.id, author_id=1, content="\t "), field="content")
    refused(update(Tag).values(color="banana!"), field="color")
    refused(update(Organization).values(name=""), field="name")
    refused(update(User).values(email="nobody"), field="email")
    refused(insert(OrganizationDomain).values(domain="UPPER.example", organization_id=1), field="domain")
    refused(
        insert(Attachment).values(
            ticket_id=ticket.id, uploader_id=1, file_name="a", size=-1, checksum="0" * 64, storage_key="x"
        ),
        field="size",
    )
    refused(text("UPDATE ombud.tickets SET resolved_at = now()"), field="resolved_at")


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 2147483648::int",
        "SELECT 'secret'::int",
        "SELECT E'\\\\x80'::bytea::text::timestamptz",
        "SELECT '2026-02-30'::date",
        "UPDATE ombud.users SET full_name = repeat('secret', 100)",
        "SELECT 1 / 0",
    ],
)
def test_bad_values_are_invalid(unit: Unit, statement: str) -> None:
    unit(SYSTEM, make_customer)
    with pytest.raises(Invalid) as caught:
        unit(SYSTEM, lambda s: s.execute(text(statement)))
    _assert_in_words(caught.value)


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, 2**100])
def test_numbers_that_no_key_can_be_are_invalid_or_found_nowhere(unit: Unit, value: int) -> None:
    try:
        found = unit(SYSTEM, lambda s: s.scalar(select(Ticket).where(Ticket.id == value)))
    except Invalid as error:
        _assert_in_words(error)
    else:
        assert found is None, "psycopg2 writes the number into the statement, and no row has it"


@pytest.mark.parametrize("value", ["a\x00secret", "\ud800"])
def test_texts_that_postgresql_cannot_keep_are_invalid(unit: Unit, value: str) -> None:
    with pytest.raises(Invalid) as caught:
        unit(SYSTEM, lambda s: s.scalar(select(User).where(User.email == value)))
    _assert_in_words(caught.value)


def test_a_slow_statement_is_stopped(unit: Unit, database: ScratchDatabase) -> None:
    admin = unit(SYSTEM, make_customer)
    with pytest.raises(TooSlow) as caught:
        unit(Actor.customer(admin.id), lambda s: s.execute(text("SELECT pg_sleep(30)")))
    _assert_in_words(caught.value)


def test_a_row_that_somebody_holds_can_be_tried_again(unit: Unit, database: ScratchDatabase) -> None:
    unit(SYSTEM, make_ticket)
    held = database.holding("SELECT FROM ombud.tickets FOR UPDATE")
    with held, pytest.raises(Retryable) as caught:
        unit(SYSTEM, lambda s: s.execute(update(Ticket).values(title="x")))
    _assert_in_words(caught.value)


def test_a_server_that_ends_the_connection_is_unavailable_and_the_next_unit_works(unit: Unit) -> None:
    def die(session: DeskSession) -> None:
        session.execute(text("SET LOCAL ROLE NONE"))
        session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(Unavailable) as caught:
        unit(SYSTEM, die)
    _assert_in_words(caught.value)
    assert unit(SYSTEM, lambda s: s.scalar(text("SELECT 1"))) == 1


def test_stale_connections_are_noticed_before_use(unit: Unit, database: ScratchDatabase) -> None:
    unit(SYSTEM, lambda s: s.execute(text("SELECT 1")))
    database.end_connections()
    assert unit(SYSTEM, lambda s: s.scalar(text("SELECT 1"))) == 1


def test_an_exhausted_pool_is_unavailable(database: ScratchDatabase) -> None:
    settings = Settings(pool_size=1, pool_overflow=0, pool_timeout=0.1)
    with Desk(database.url, settings) as desk, desk.begin(SYSTEM) as session:
        session.execute(text("SELECT 1"))
        with (
            pytest.raises(Unavailable, match="connections are in use") as caught,
            desk.begin(SYSTEM) as other,
        ):
            other.execute(text("SELECT 1"))
    _assert_in_words(caught.value)


def test_writing_while_reading_is_forbidden(agent: Persona, desk: Desk) -> None:
    with pytest.raises(Forbidden) as caught, desk.read(agent.actor) as session:
        session.execute(update(User).values(full_name="x"))
    _assert_in_words(caught.value)


def test_what_a_role_may_not_do_is_forbidden(unit: Unit) -> None:
    with pytest.raises(Forbidden) as caught:
        unit(SYSTEM, lambda s: s.execute(text("SELECT password_hash AS secret FROM ombud.users")))
    _assert_in_words(caught.value)
