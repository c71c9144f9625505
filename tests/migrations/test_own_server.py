"""A desk on somebody's own server: what works with few rights, and clear words for what does not."""

from __future__ import annotations

import socket
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from pydantic import SecretStr
from sqlalchemy import URL, text

from ombud import Actor, Desk, Settings, open_desk
from ombud.db import migrate
from ombud.db.engine import make_async_engine, make_engine
from ombud.db.roles import check_server
from ombud.errors import Invalid, OmbudError, Unauthenticated, Unavailable
from ombud.testing import make_cast, make_ticket
from tests.migrations.conftest import PASSWORD, OwnServer


def _settings(url: URL) -> Settings:
    return Settings(database_url=SecretStr(url.render_as_string(hide_password=False)))


# Roles belong to the server: who makes them first may use them, and a superuser always.
@pytest.mark.parametrize("user", ["maker", "boss"])
def test_a_desk_opens_there_and_works(own_server: OwnServer, own_database: str, user: str) -> None:
    url = own_server.url(user, own_database)
    for _ in range(2):  # the second time there is nothing to make
        with open_desk(_settings(url)) as desk:
            ticket = desk.run(Actor.system("test"), make_ticket)
            cast = desk.run(Actor.system("test"), make_cast) if ticket.id == 1 else None
            if cast is not None:
                with desk.read(cast.other_customer.actor) as session:
                    assert session.scalar(text("SELECT count(*) FROM ombud.tickets")) == 0
    assert migrate.current(url) == migrate.head()


@pytest.mark.asyncio
async def test_asynchronous_engines_sign_in_with_a_password_too(
    own_server: OwnServer, own_database: str
) -> None:
    url = own_server.url("boss", own_database)
    migrate.upgrade(url)
    for driver in ("asyncpg", "psycopg"):
        desk = Desk(url.set(drivername=f"postgresql+{driver}"))
        async with desk.aread(Actor.system("test")) as session:
            assert await session.scalar(text("SELECT current_user::text")) == "ombud_worker"
        await desk.aclose()


def test_an_administrator_prepares_and_a_user_without_rights_runs_it(
    own_server: OwnServer, own_database: str
) -> None:
    migrate.upgrade(own_server.url("boss", own_database), login="plain")
    with open_desk(_settings(own_server.url("plain", own_database))) as desk:
        assert desk.run(Actor.system("test"), make_ticket).id == 1
        with desk.engine.connect() as connection:
            assert connection.scalar(text("SELECT session_user::text")) == "plain"


def _said(error: OmbudError) -> str:
    assert PASSWORD not in str(error)
    assert "SQL" not in str(error).replace("PostgreSQL", "")
    return str(error)


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        ({"password": "wrong"}, Unauthenticated, "refused the user or password"),
        ({"username": "stranger"}, Unauthenticated, "refused the user or password"),
        ({"password": None}, Unauthenticated, "refused the user or password"),
        ({"database": "missing"}, Invalid, "no database named 'missing'"),
        ({"host": "127.0.0.2"}, Unavailable, "No PostgreSQL answers at 127.0.0.2"),
        ({"drivername": "mysql"}, Unavailable, "must begin with postgresql://"),
    ],
)
def test_what_is_wrong_with_the_address_is_said(
    own_server: OwnServer, own_database: str, change: dict[str, Any], kind: type[OmbudError], words: str
) -> None:
    url = own_server.url("plain", own_database)
    url = url.set(**{name: value for name, value in change.items() if value is not None})
    if "password" in change and change["password"] is None:
        url = URL.create(url.drivername, url.username, None, url.host, url.port, url.database)
    with pytest.raises(OmbudError) as caught, open_desk(_settings(url)):
        pass
    assert type(caught.value) is kind
    assert words in _said(caught.value)


def test_a_port_where_nobody_listens(own_server: OwnServer) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = own_server.url("plain").set(port=taken.getsockname()[1])
        with pytest.raises(Unavailable, match="No PostgreSQL answers") as caught, open_desk(_settings(url)):
            pass
    _said(caught.value)


def test_missing_rights_say_what_to_do(own_server: OwnServer, own_database: str) -> None:
    own_server.execute("CREATE DATABASE unprepared")
    try:
        with (
            pytest.raises(Unavailable, match="ombud db init-roles") as caught,
            open_desk(_settings(own_server.url("plain", "unprepared"))),
        ):
            pass
        _said(caught.value)
    finally:
        own_server.execute("DROP DATABASE unprepared WITH (FORCE)")


def test_a_user_whom_nobody_let_in_is_told_and_then_let_in(own_server: OwnServer, own_database: str) -> None:
    migrate.upgrade(own_server.url("boss", own_database))
    own_server.execute(f"CREATE ROLE newcomer LOGIN PASSWORD '{PASSWORD}'")
    url = own_server.url("newcomer", own_database)
    try:
        for look in (open_once, migrate.current, migrate.has_desk, migrate.is_current):
            with pytest.raises(Unavailable, match="`ombud db init-roles --login newcomer`") as caught:
                look(url)
            _said(caught.value)
        with migrate.prepared(own_server.url("boss", own_database), "newcomer"):
            pass
        open_once(url)
    finally:
        own_server.execute("DROP ROLE newcomer")


def open_once(url: URL) -> None:
    with open_desk(_settings(url)):
        pass


def test_a_server_that_is_full_or_lets_nobody_in_is_no_silent_one(
    own_server: OwnServer, own_database: str
) -> None:
    own_server.execute(f"CREATE ROLE narrow LOGIN CONNECTION LIMIT 0 PASSWORD '{PASSWORD}'")
    try:
        with pytest.raises(Unavailable, match="has no connection free") as caught:
            open_once(own_server.url("narrow", own_database))
        _said(caught.value)
    finally:
        own_server.execute("DROP ROLE narrow")


def test_an_old_server_is_refused() -> None:
    """No server that old can be had here; what psycopg says of one is a number."""
    connection: Any = SimpleNamespace(info=SimpleNamespace(server_version=140012))
    with pytest.raises(Unavailable, match="PostgreSQL 14 is too old"):
        check_server(connection)
    connection.info.server_version = 150000
    check_server(connection)


def test_a_schema_of_another_program_is_refused_and_left_alone(
    own_server: OwnServer, own_database: str
) -> None:
    url = own_server.url("boss", own_database)
    with psycopg.connect(migrate.libpq(url), autocommit=True) as connection:
        connection.execute("CREATE SCHEMA ombud")
        connection.execute("CREATE TABLE ombud.tickets (theirs text)")
        connection.execute("INSERT INTO ombud.tickets VALUES ('precious')")
        with pytest.raises(Unavailable, match="belongs to another program"), open_desk(_settings(url)):
            pass
        assert connection.execute("SELECT theirs FROM ombud.tickets").fetchall() == [("precious",)]
        found = connection.execute("SELECT count(*) FROM pg_class WHERE relnamespace = 'ombud'::regnamespace")
        assert found.fetchone() == (1,)


def test_nothing_outside_the_schema_is_touched(own_server: OwnServer, own_database: str) -> None:
    url = own_server.url("boss", own_database)
    everything_else = (
        "SELECT c.relnamespace::regnamespace::text, c.relname, c.relacl::text FROM pg_class c"
        " WHERE c.relnamespace::regnamespace::text NOT IN ('ombud', 'pg_toast') ORDER BY 1, 2"
    )
    with psycopg.connect(migrate.libpq(url), autocommit=True) as connection:
        connection.execute("CREATE TABLE public.tickets (theirs text)")
        connection.execute("CREATE TABLE public.alembic_version (version_num text)")
        connection.execute("INSERT INTO public.alembic_version VALUES ('theirs')")
        before = connection.execute(everything_else).fetchall()
        migrate.upgrade(url)
        migrate.downgrade(url, "base")
        migrate.upgrade(url)
        assert connection.execute(everything_else).fetchall() == before
        assert connection.execute("SELECT * FROM public.alembic_version").fetchall() == [("theirs",)]


def test_a_schema_from_the_future_is_refused(own_server: OwnServer, own_database: str) -> None:
    url = own_server.url("boss", own_database)
    migrate.upgrade(url)
    with psycopg.connect(migrate.libpq(url), autocommit=True) as connection:
        connection.execute("UPDATE ombud.alembic_version SET version_num = '9999'")
    with pytest.raises(Unavailable, match="newer Ombud"), open_desk(_settings(url)):
        pass


@pytest.mark.parametrize(
    ("url", "is_refused"),
    [
        ("postgresql://u@db.example.com/x", True),
        ("postgresql://u@10.0.0.5/x?sslmode=require", True),
        ("postgresql://u@10.0.0.5/x?sslmode=verify-full", False),
        ("postgresql://u@localhost/x", False),
        ("postgresql://u@/x?host=/run/postgresql", False),
    ],
)
def test_plain_tcp_to_another_host_is_refused(url: str, is_refused: bool) -> None:
    for make in (make_engine, make_async_engine):
        if is_refused:
            with pytest.raises(Unavailable, match="without verified TLS"):
                make(url, Settings())
            make(url, Settings(allow_plain_tcp=True))
        else:
            make(url, Settings())
