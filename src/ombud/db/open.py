"""Open the desk that the settings speak of: an own server, or the embedded one, migrated and ready."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg import sql
from sqlalchemy import URL, make_url

from ombud.config import Settings, default_data_dir
from ombud.db import migrate
from ombud.db.capacity import check_capacity
from ombud.db.desk import Desk
from ombud.db.embedded import Connection, EmbeddedError, EmbeddedServer, open_server
from ombud.db.embedded.errors import StopFailed
from ombud.db.embedded.keeper import Keeper
from ombud.db.roles import LOGIN
from ombud.db.secret import with_password
from ombud.db.tls import refuse_plain_tcp
from ombud.errors import Unavailable

DATABASE = "ombud"


@contextmanager
def open_desk(settings: Settings | None = None, *, upgrade: bool = True) -> Iterator[Desk]:
    """Yield the desk, its server running and its schema current; leave both cleanly afterwards.

    The first start creates roles, schema and tables; several processes may start at once. With `upgrade`
    off the schema is taken as it is. Raises Unavailable, Unauthenticated or Invalid with what to do.
    """
    settings = settings or Settings()
    with database(settings) as (url, admin_url, login):
        with migrate.connected(admin_url) as connection:
            check_capacity(connection, settings)
        if upgrade and not migrate.is_current(admin_url):
            migrate.upgrade(admin_url, login=login)
        with Desk(url, settings) as desk:
            yield desk


@contextmanager
def database(settings: Settings) -> Iterator[tuple[URL, URL, str | None]]:
    """Yield where the desk signs in, where migrations sign in, and as whom the desk does."""
    if settings.database_url is not None:
        url = make_url(settings.database_url.get_secret_value())
        refuse_plain_tcp(url, settings)
        yield url, with_password(url, settings), None
        return
    with embedded_server(data_dir(settings)) as server:
        admin = _url(server.connection, user="postgres", database="postgres")
        _ensure_database(admin)
        yield (
            _url(server.connection, user=LOGIN, database=DATABASE),
            admin.set(database=DATABASE),
            LOGIN,
        )


@contextmanager
def embedded_server(directory: Path) -> Iterator[EmbeddedServer]:
    """Start or join the embedded server of a data directory, in the desk's own errors, and keep it running."""
    try:
        server = open_server(directory)
    except EmbeddedError as error:
        raise Unavailable(str(error)) from error
    try:
        with server, Keeper(server):
            yield server
    except StopFailed as error:
        raise Unavailable(str(error)) from error


def data_dir(settings: Settings) -> Path:
    """Return where the embedded server and the files are."""
    return settings.data_dir or default_data_dir()


def _url(connection: Connection, *, user: str, database: str) -> URL:
    # No driver named: each engine takes its own default, asyncpg where it is asynchronous.
    return make_url(connection.url("psycopg", user=user, database=database)).set(drivername="postgresql")


def _ensure_database(admin: URL) -> None:
    with migrate.connected(admin) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [migrate.PREPARE_LOCK])
        found = connection.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        if found is None:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
