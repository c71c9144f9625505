"""The server and its databases: made once, and used again where the folder is kept. Loading is in `loading`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from benchmarks.desk import scratch_folder
from ombud.db import migrate
from ombud.db.embedded import open_server
from ombud.db.embedded.connection import Connection
from ombud.db.roles import LOGIN
from ombud.testing import ScratchDatabase, ScratchServer

# Loads are large; everything else is what an embedded desk has, durability included.
SETTINGS = {"max_wal_size": "8GB", "log_min_duration_statement": "-1", "max_connections": "60"}

Tell = Callable[[str], None]


@dataclass(frozen=True)
class Server:
    """A running server that belongs to this run, or to all runs with the same folder."""

    connection: Connection
    scratch: ScratchServer

    def dsn(self, database: str, *, user: str = "postgres") -> str:
        """Return where to connect, as libpq's keywords."""
        return self.connection.dsn(user=user, database=database)

    def url(self, driver: str, database: str) -> str:
        """Return where the superuser connects, as an SQLAlchemy URL."""
        plain = self.connection.url("psycopg", user="postgres", database=database)
        return plain.replace("+psycopg:", f"+{driver}:", 1)

    def desk_url(self, database: str) -> str:
        """Return where a desk signs in: as a user who may only become one of Ombud's roles."""
        url = ScratchDatabase(self.scratch, database).url
        return url.render_as_string(hide_password=False)

    def connect(self, database: str) -> psycopg.Connection:
        """Connect as the superuser, who is bound by nothing."""
        return psycopg.connect(self.dsn(database), autocommit=True)

    def names(self) -> set[str]:
        """Return the databases that there are."""
        with self.connect("postgres") as connection:
            return {name for (name,) in connection.execute("SELECT datname FROM pg_database")}

    def make(self, name: str, fill: Callable[[str], None], *, template: str = "template0") -> None:
        """Make a database unless there is one; it has its name only when `fill` has filled it."""
        if name in self.names():
            return
        unfinished = f"unfinished_{name}"
        with self.connect("postgres") as connection:
            drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(unfinished))
            create = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
            rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
            connection.execute(drop)
            connection.execute(create.format(sql.Identifier(unfinished), sql.Identifier(template)))
            fill(unfinished)
            connection.execute(rename.format(sql.Identifier(unfinished), sql.Identifier(name)))

    def migrate(self, database: str) -> None:
        """Bring a desk's database to the newest schema."""
        migrate.upgrade(self.url("psycopg", database), login=LOGIN)


@contextmanager
def server(keep: Path | None) -> Iterator[Server]:
    """Run the server in `keep`, or in a folder that goes away afterwards."""
    if keep is None:
        with scratch_folder() as folder, _running(folder) as running:
            yield running
    else:
        keep.mkdir(parents=True, exist_ok=True)
        with _running(keep.resolve() / "server") as running:
            yield running


@contextmanager
def _running(folder: Path) -> Iterator[Server]:
    with open_server(folder, settings=SETTINGS) as opened:
        admin = opened.connection.url("psycopg", user="postgres")
        yield Server(opened.connection, ScratchServer(admin, login=LOGIN))
