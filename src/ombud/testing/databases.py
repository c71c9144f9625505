"""Databases to throw away: one migrated template, cloned in milliseconds and emptied between tests.

Several processes (xdist's workers) may share one server: making the template is guarded by a lock of
PostgreSQL's own. Not here: what is in the databases (`factories`, `personas`).
"""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import LiteralString
from unittest import mock

from psycopg import Connection, errors, sql
from sqlalchemy import URL, make_url

from ombud.db import migrate
from ombud.db.embedded import open_server
from ombud.db.embedded.programs import BIN_VARIABLE
from ombud.db.roles import LOGIN, Role

# Of whom a server that lives longer than a run keeps one for each version of the schema.
TEMPLATE = f"ombud_template_{migrate.head()}"
_BUILDING = f"{TEMPLATE}_building"
MARK = "Ombud test database: emptied and dropped by tests"
_TEMPLATE_LOCK = 7_246_840

# A crash may lose everything here, so nothing waits for the disk.
CARELESS: Mapping[str, str] = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "log_min_duration_statement": "-1",
}

# Truncating gives every table and index a new file, which costs a hundred times as much as deleting a test's few rows,
# and every connection its caches. So rows are deleted, without triggers, from the tables that have any pages; only
# where they have grown large, or where the administrator is no superuser, is everything truncated.
_EMPTY_ALL = """
DO $$
DECLARE
  superuser constant boolean := (SELECT rolsuper FROM pg_roles WHERE rolname = session_user);
  touched regclass[];
  pages bigint;
  one regclass;
BEGIN
  SELECT array_agg(oid::regclass), sum(pg_relation_size(oid)) / 8192 INTO touched, pages
    FROM pg_class
   WHERE relnamespace = 'ombud'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'
     AND pg_relation_size(oid) > 0;
  IF touched IS NULL THEN
    NULL;
  ELSIF superuser AND pages < 256 THEN
    EXECUTE 'LOCK TABLE ' || array_to_string(touched, ', ');
    PERFORM set_config('role', 'none', true), set_config('session_replication_role', 'replica', true);
    FOREACH one IN ARRAY touched LOOP
      EXECUTE 'DELETE FROM ' || one;
    END LOOP;
  ELSE
    EXECUTE (SELECT 'TRUNCATE ' || string_agg(oid::regclass::text, ', ')
               FROM pg_class
              WHERE relnamespace = 'ombud'::regnamespace AND relkind IN ('r', 'p')
                AND NOT relispartition AND relname <> 'alembic_version');
  END IF;
  PERFORM setval(seqrelid, seqstart, false)
     FROM pg_sequence JOIN pg_class ON pg_class.oid = seqrelid
    WHERE relnamespace = 'ombud'::regnamespace AND pg_sequence_last_value(seqrelid) IS NOT NULL;
END $$
"""


class NotATestDatabase(Exception):
    """Somebody pointed the tests at a database that they did not make."""


class ScratchServer:
    """A PostgreSQL server on which databases may be made and dropped at will."""

    def __init__(self, admin_url: str | URL, *, login: str | None = None) -> None:
        """Work on the server at `admin_url`, whose user may create databases and roles.

        `login` is the user that desks sign in as, where it is another one.
        """
        # No driver named: synchronous engines take psycopg, asynchronous ones asyncpg.
        self.admin_url = make_url(admin_url).set(drivername="postgresql")
        self.login = login

    def create(self, name: str | None = None, *, migrated: bool = True) -> "ScratchDatabase":
        """Create a database: a clone of the migrated template, or an empty one."""
        name = name or f"scratch_{uuid.uuid4().hex[:12]}"
        if migrated:
            self._ensure_template()
        self._create(name, template=TEMPLATE if migrated else "template0")
        self.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), sql.Literal(MARK)))
        return ScratchDatabase(self, name)

    @contextmanager
    def database(self, *, migrated: bool = True) -> Iterator["ScratchDatabase"]:
        """Create a database for the length of the block."""
        made = self.create(migrated=migrated)
        try:
            yield made
        finally:
            made.drop()

    def execute(self, statement: sql.Composed) -> None:
        """Run one statement outside all transactions, as the administrator."""
        with migrate.connected(self.admin_url) as connection:
            connection.execute(statement)

    def _ensure_template(self) -> None:
        with migrate.connected(self.admin_url) as connection:
            connection.execute("SELECT pg_advisory_lock(%s)", [_TEMPLATE_LOCK])
            found = connection.execute("SELECT FROM pg_database WHERE datname = %s", [TEMPLATE]).fetchone()
            if found is not None:
                return
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(_BUILDING)))
            self._create(_BUILDING, template="template0")
            migrate.upgrade(self.admin_url.set(database=_BUILDING), login=self.login)
            connection.execute(
                sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                    sql.Identifier(_BUILDING), sql.Identifier(TEMPLATE)
                )
            )

    def _create(self, name: str, *, template: str) -> None:
        # template0 is the only one that nobody connects to; its locale is the cluster's.
        statement = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY WAL_LOG")
        self.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))


class ScratchDatabase:
    """One database on a scratch server. `url` is where a desk signs in, `admin_url` where migrations do."""

    def __init__(self, server: ScratchServer, name: str) -> None:
        self.server = server
        self.name = name
        self.admin_url = server.admin_url.set(database=name)
        self.url = self.admin_url.set(username=server.login) if server.login else self.admin_url

    @cached_property
    def _owner(self) -> Connection:
        self._refuse_others()
        connection = Connection.connect(migrate.libpq(self.admin_url), autocommit=True)
        connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(Role.OWNER)))
        connection.execute("SET lock_timeout = '10s'")
        return connection

    def empty(self) -> None:
        """Remove every row and start all numbers anew; migrations stay.

        Raises AssertionError when somebody still has a transaction open on a table, and says who.
        """
        try:
            self._owner.execute(_EMPTY_ALL)
        except errors.LockNotAvailable:
            raise AssertionError(f"transactions were left open:\n{self._open_transactions()}") from None

    def execute(self, script: LiteralString) -> None:
        """Run SQL as the owner of the tables, committed at once: to age rows, to break things."""
        self._owner.execute("SELECT set_config('ombud.actor', 'system:test', false)")
        self._owner.execute(script)

    def execute_as_nobody(self, script: LiteralString) -> None:
        """Run SQL as the owner of the tables without saying who acts: it must not change anything."""
        self._owner.execute("SELECT set_config('ombud.actor', '', false)")
        self._owner.execute(script)

    @contextmanager
    def holding(self, statement: LiteralString) -> Iterator[None]:
        """Run a statement as the owner in a transaction that stays open for the block: to hold locks."""
        with Connection.connect(migrate.libpq(self.admin_url)) as connection:
            connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(Role.OWNER)))
            connection.execute(statement)
            yield

    def create_unbound_role(self, name: str = "ombud_unbound") -> None:
        """Make a role with the application's grants that row security does not bind: to test the other layer."""
        with migrate.connected(self.admin_url) as connection:
            role = sql.Identifier(name)
            found = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [name]).fetchone()
            if found is None:
                connection.execute(sql.SQL("CREATE ROLE {} NOLOGIN BYPASSRLS IN ROLE ombud_app").format(role))
                connection.execute(
                    sql.SQL("GRANT {} TO {}").format(role, sql.Identifier(self.url.username or ""))
                )

    def end_connections(self) -> None:
        """Break everybody's connection to this database, as a server that restarts does."""
        with migrate.connected(self.server.admin_url) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND usename <> %s",
                [self.name, self.admin_url.username],
            )

    def drop(self) -> None:
        """Drop the database, whoever is connected to it."""
        self._refuse_others()
        if "_owner" in self.__dict__:
            self._owner.close()
        self.server.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(self.name))
        )

    def _refuse_others(self) -> None:
        """Refuse, before anything is lost, a database that was not made here: whatever its name, it has no mark."""
        with migrate.connected(self.server.admin_url) as connection:
            found = connection.execute(
                "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s",
                [self.name],
            ).fetchone()
        if found is not None and found[0] != MARK:
            raise NotATestDatabase(f"{self.name!r} is not a test database: nothing was touched.")

    def _open_transactions(self) -> str:
        found = self._owner.execute(
            "SELECT pid, state, query FROM pg_stat_activity"
            " WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid()"
        )
        return "\n".join(f"{pid} {state}: {query}" for pid, state, query in found)


@contextmanager
def scratch_server(directory: Path, *, programs: Path | None = None) -> Iterator[ScratchServer]:
    """Run Ombud's embedded server in a directory, without care for crashes, or join the one that runs there.

    `programs` is a folder with another PostgreSQL's `initdb` and `pg_ctl`, as OMBUD_POSTGRES_BIN.
    """
    with mock.patch.dict("os.environ", {BIN_VARIABLE: str(programs)} if programs else {}):
        server = open_server(directory, settings=CARELESS)
    with server:
        yield ScratchServer(server.connection.url("psycopg", user="postgres"), login=LOGIN)
