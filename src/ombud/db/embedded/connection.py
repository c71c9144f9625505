"""How to reach the embedded server, in the two spellings that drivers understand.

Not here: opening connections.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote, urlencode

from psycopg.conninfo import make_conninfo

Driver = Literal["psycopg", "psycopg2", "asyncpg"]


@dataclass(frozen=True)
class Connection:
    """Where the server listens, and the database and role to use there; there are no passwords."""

    socket_dir: Path
    port: int
    database: str = "postgres"
    user: str = "postgres"

    def dsn(self, *, user: str | None = None, database: str | None = None) -> str:
        """Return a libpq connection string of keywords."""
        return make_conninfo(
            host=str(self.socket_dir),
            port=self.port,
            user=user or self.user,
            dbname=database or self.database,
        )

    def url(self, driver: Driver = "psycopg", *, user: str | None = None, database: str | None = None) -> str:
        """Return an SQLAlchemy URL for this driver."""
        place = urlencode({"host": str(self.socket_dir), "port": self.port})
        who, where = quote(user or self.user, safe=""), quote(database or self.database, safe="")
        return f"postgresql+{driver}://{who}@/{where}?{place}"
