"""A database in which writing tickets or comments fails in the commit, when everything seems to be done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ombud.db import migrate
from ombud.testing import ScratchDatabase

_TABLES = ("tickets", "comments")


@contextmanager
def failing_commits(database: ScratchDatabase) -> Iterator[None]:
    """Refuse every commit in the block that inserted or changed a ticket or a comment."""
    with migrate.connected(database.admin_url) as connection:
        connection.execute(
            "CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS"
            " $$BEGIN RAISE EXCEPTION 'refused in the commit'; END$$"
        )
        for table in _TABLES:
            connection.execute(
                f"CREATE CONSTRAINT TRIGGER zz_refuse AFTER INSERT OR UPDATE ON ombud.{table}"
                " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION public.refuse()".encode()
            )
    try:
        yield
    finally:
        with migrate.connected(database.admin_url) as connection:
            connection.execute("DROP FUNCTION public.refuse() CASCADE")
