"""Bring a database to the current schema, safely from several processes at once."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files

import psycopg
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from psycopg import Connection, errors
from psycopg.conninfo import make_conninfo
from sqlalchemy import URL, Engine, MetaData, create_engine, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from ombud.db.compare import OPTIONS
from ombud.db.engine import postgresql_url
from ombud.db.roles import Role, check_server, ensure_roles, ensure_schema, missing_rights, not_let_in
from ombud.db.tls import distrust, with_roots
from ombud.db.translate import NotTrusted
from ombud.errors import Invalid, Unauthenticated, Unavailable

# Any constant does: all Ombud processes that prepare one database take the same lock.
PREPARE_LOCK = 7_246_839
LOCK_PAUSE = 0.1
"""Seconds between two questions for it."""
PATIENCE = 60.0
"""Seconds for which a version that finds a table held is tried again: each try waits for a second only."""
BETWEEN_TRIES = 0.5

# Looked up in the catalog: the signing-in user itself need have no rights, not even on the schema.
_DESK_EXISTS = (
    "SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    " WHERE n.nspname = 'ombud' AND c.relname = 'alembic_version'"
)

_HELD = (errors.LockNotAvailable, errors.DeadlockDetected)
_ENDED = {
    errors.DiskFull: "the disk of the database's server is full",
    errors.AdminShutdown: "the database's server was told to stop",
    errors.CrashShutdown: "the database's server crashed",
}
_STOPPED = {
    **_ENDED,
    **dict.fromkeys(_HELD, "somebody holds a table that it changes, a long transaction or a backup"),
    errors.QueryCanceled: "a step of it took longer than it may, or was canceled",
}
_LOST = "the database's server ended the connection, and its own log says why (has its disk room, for its log too?)"


def upgrade(
    url: str | URL, revision: str = "head", *, login: str | None = None, patience: float = PATIENCE
) -> None:
    """Make roles and schema where they are missing and migrate up to `revision`, under one lock.

    `login` is the user that the desk signs in as, where it is not the one in `url`. Invalid for a revision that is
    not there; Unavailable when a table is held for longer than `patience` in seconds, a step takes too long or the
    disk is full: versions that were done are kept, and it can be run again.
    """
    with prepared(url, login), _told():
        deadline = time.monotonic() + patience
        while not _upgraded(url, revision, is_last=time.monotonic() > deadline):
            time.sleep(BETWEEN_TRIES)  # who waited behind it goes first


def _upgraded(url: str | URL, revision: str, *, is_last: bool) -> bool:
    """Migrate; false when somebody held a table, and it is not the last try."""
    try:
        command.upgrade(_config(url), _named(revision))
    except (psycopg.Error, DBAPIError) as error:
        if is_last or not isinstance(_cause(error), _HELD):
            raise
        return False
    return True


def downgrade(url: str | URL, revision: str) -> None:
    """Migrate down to `revision` (`-1` for one step, `base` for an empty schema)."""
    with prepared(url), _told():
        command.downgrade(_config(url), _named(revision))


def current(url: str | URL) -> str | None:
    """Return the revision that the database is at, or None for a database without a desk."""
    if not has_desk(url):
        return None
    with closing_engine(url) as engine, engine.connect() as connection:
        return _context(connection).get_current_revision()


def head() -> str:
    """Return the newest revision that this version of Ombud knows."""
    revision = ScriptDirectory.from_config(_config("postgresql://")).get_current_head()
    if revision is None:
        raise RuntimeError("the package contains no migrations")
    return revision


def known() -> frozenset[str]:
    """Return every revision that this version of Ombud knows."""
    scripts = ScriptDirectory.from_config(_config("postgresql://"))
    return frozenset(script.revision for script in scripts.walk_revisions())


def differences(url: str | URL, metadata: MetaData) -> list[str]:
    """Compare the database with the models' metadata; each line is one difference, none means they agree."""
    if not has_desk(url):
        return ["there is no desk in this database yet: run `ombud db upgrade`"]
    with closing_engine(url) as engine, engine.connect() as connection:
        found = compare_metadata(_context(connection), metadata)
    return [str(difference) for difference in found]


def is_current(url: str | URL) -> bool:
    """True when the database needs no migration; one short look, no lock."""
    with connected(url) as connection:
        check_server(connection)
        if connection.execute(_DESK_EXISTS).fetchone() is None:
            return False
        _become_owner(connection)
        found = connection.execute("SELECT version_num FROM ombud.alembic_version").fetchone()
    version = found[0] if found else None
    if version is not None and version not in known():
        raise Unavailable(
            f"The database was made by a newer Ombud (schema {version}). Update this one, or restore a backup."
        )
    return bool(version == head())


def has_desk(url: str | URL) -> bool:
    """True when there is a desk; Unavailable when there is one whose owner the user may not become."""
    with connected(url) as connection:
        check_server(connection)
        found = connection.execute(_DESK_EXISTS).fetchone() is not None
        if found:
            _become_owner(connection)
    return found


def _become_owner(connection: Connection) -> None:
    try:
        connection.execute("SET ROLE ombud_owner")
    except errors.InsufficientPrivilege as error:
        raise not_let_in(connection.info.user) from error
    except errors.InvalidParameterValue as error:  # a dump that was put on a server without Ombud's roles
        raise Unavailable(
            "The database has a desk, but its server has no role ombud_owner. Run `ombud db init-roles` as a "
            "superuser, and give it the schema ombud and what is in it (ALTER ... OWNER TO ombud_owner); or restore "
            "a backup with `ombud restore`, which makes the roles."
        ) from error


@contextmanager
def _told() -> Iterator[None]:
    """Say what stopped a migration, where that is nobody's mistake in it."""
    try:
        yield
    except CommandError as error:
        raise Invalid(f"{error}. `ombud db current` says where the database is.") from error
    except (psycopg.Error, DBAPIError) as error:
        why = _why(_cause(error), _STOPPED)
        if why is None:
            raise
        raise Unavailable(
            f"The migration was stopped: {why}. What was done of that version is undone, the versions before it are"
            " kept. See to that, and run it again."
        ) from error


def _named(revision: str) -> str:
    if not revision:
        raise CommandError("No revision was named")  # Alembic's own is an assertion
    return revision


def _cause(error: psycopg.Error | DBAPIError) -> BaseException | None:
    return error.orig if isinstance(error, DBAPIError) else error


def _why(error: BaseException | None, known: Mapping[type[psycopg.OperationalError], str]) -> str | None:
    if isinstance(error, psycopg.OperationalError) and error.sqlstate is None:
        return _LOST
    return next((words for kind, words in known.items() if isinstance(error, kind)), None)


@contextmanager
def prepared(url: str | URL, login: str | None = None) -> Iterator[None]:
    """Hold the preparation lock, with roles and schema in place."""
    with connected(url) as connection:
        check_server(connection)
        _take_turn(connection)
        try:
            ensure_roles(connection, login or connection.info.user)
            ensure_schema(connection)
        except errors.InsufficientPrivilege as error:
            raise missing_rights(error) from error
        except errors.UndefinedObject as error:  # Ombud's own roles are made by now
            raise Invalid(
                f"The server knows no user {login!r}. Make it first: CREATE ROLE ... LOGIN."
            ) from error
        yield


def _take_turn(connection: Connection) -> None:
    """Take the preparation lock, asking again and again.

    A statement that waits keeps a snapshot, for whose end an index that is built concurrently would wait: whoever
    builds one holds the lock meanwhile, and both would wait for ever.
    """
    while connection.execute("SELECT pg_try_advisory_lock(%s)", [PREPARE_LOCK]).fetchone() != (True,):
        time.sleep(LOCK_PAUSE)


@contextmanager
def connected(url: str | URL) -> Iterator[Connection]:
    """Open one plain connection in autocommit, or say clearly why it cannot be had, or was lost on the way."""
    try:
        connection = psycopg.connect(libpq(url), autocommit=True, connect_timeout=10)
    except psycopg.OperationalError as error:
        raise _unreachable(url, error) from error
    except psycopg.ProgrammingError:
        raise Invalid("OMBUD_DATABASE_URL has an option that PostgreSQL's programs do not know.") from None
    try:
        with connection:
            yield connection
    except psycopg.OperationalError as error:
        why = _why(error, _ENDED)
        if why is None:
            raise
        raise Unavailable(f"{why[0].upper()}{why[1:]}.") from error


@contextmanager
def closing_engine(url: str | URL) -> Iterator[Engine]:
    """Yield an unpooled engine that works as the owner of the schema."""
    engine = create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        poolclass=NullPool,
        connect_args={"options": f"-c role={Role.OWNER} -c search_path=pg_catalog", "connect_timeout": 10},
    )
    try:
        yield engine
    finally:
        engine.dispose()


def libpq(url: str | URL) -> str:
    """Return a SQLAlchemy URL as libpq understands it; as a URL, a password with a space would not survive."""
    target = with_roots(postgresql_url(url))
    options = {
        name: value if isinstance(value, str) else ",".join(value) for name, value in target.query.items()
    }
    return make_conninfo(**target.translate_connect_args(username="user", database="dbname"), **options)


def _unreachable(url: str | URL, error: psycopg.OperationalError) -> Exception:
    target, words = make_url(url), str(error).lower()
    distrusted = distrust(error)
    if distrusted is not None:
        return NotTrusted(distrusted)
    where = f"{target.host or target.query.get('host', 'the local socket')}"
    if "authentication failed" in words or "no password supplied" in words:
        return Unauthenticated(f"The database on {where} refused the user or password in OMBUD_DATABASE_URL.")
    if "does not exist" in words and "database" in words:
        return Invalid(f"The server on {where} has no database named {target.database!r}. Create it first.")
    if "does not exist" in words and "role" in words:
        return Unauthenticated(f"The server on {where} knows no user {target.username!r}.")
    if "no pg_hba.conf entry" in words:
        return Unauthenticated(
            f"The server on {where} lets {target.username!r} not in from here: see its pg_hba.conf."
        )
    if any(one in words for one in ("too many clients", "too many connections", "connection slots")):
        return Unavailable(
            f"The server on {where} has no connection free. See max_connections, and who holds them."
        )
    return Unavailable(
        f"No PostgreSQL answers at {where}. Is it running, and is OMBUD_DATABASE_URL right? "
        "Without that variable Ombud starts the one in its package."
    )


def _config(url: str | URL) -> Config:
    config = Config()
    config.set_main_option("script_location", str(files("ombud") / "migrations"))
    config.attributes["url"] = make_url(url)
    return config


def _context(connection: object) -> MigrationContext:
    return MigrationContext.configure(connection, opts=dict(OPTIONS))  # type: ignore[arg-type]
