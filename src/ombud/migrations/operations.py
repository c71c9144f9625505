"""What versions call beside Alembic's own operations: their SQL files, and indexes of large tables.

`op.run_scripts("0002")` runs the files of `sql/0002` in the version's transaction. `op.build_indexes("0030/indexes")`
builds an index for each file of that folder, outside it, while everybody goes on reading and writing. The file is
named for the index and holds one `CREATE INDEX CONCURRENTLY`.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from alembic.operations import MigrateOperation, Operations
from psycopg import Connection, sql

if TYPE_CHECKING:
    from psycopg import Cursor

SQL = Path(__file__).parent / "sql"

_IS_VALID = (
    "SELECT i.indisvalid AND i.indisready FROM pg_catalog.pg_index i"
    " JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid"
    " WHERE c.relnamespace = 'ombud'::pg_catalog.regnamespace AND c.relname = %s"
)


@Operations.register_operation("run_scripts")
class RunScripts(MigrateOperation):
    """Run all SQL files of a folder below `sql`, in the order of their names."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    @classmethod
    def run_scripts(cls, operations: Operations, folder: str) -> None:
        """What `op.run_scripts(folder)` calls."""
        operations.invoke(cls(folder))


@Operations.register_operation("build_indexes")
class BuildIndexes(MigrateOperation):
    """Build the indexes of a folder below `sql`. The transaction before it is committed: call it in a version alone."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    @classmethod
    def build_indexes(cls, operations: Operations, folder: str) -> None:
        """What `op.build_indexes(folder)` calls."""
        operations.invoke(cls(folder))


@Operations.implementation_for(RunScripts, replace=True)
def run_scripts(operations: Operations, operation: RunScripts) -> None:
    """Run them on the driver's own cursor: it takes whole scripts, and leaves percent signs alone.

    Everybody waits behind a version that waits for a table, and is refused after four seconds: it gives up long before,
    whatever it says itself, and is tried again.
    """
    _driver(operations).cursor().execute("SET LOCAL lock_timeout = '1s'")
    for script in sorted((SQL / operation.folder).glob("*.sql")):
        _driver(operations).cursor().execute(script.read_text(encoding="utf-8").encode())


@Operations.implementation_for(BuildIndexes, replace=True)
def build_indexes(operations: Operations, operation: BuildIndexes) -> None:
    """Build each on a connection without a transaction."""
    with operations.get_context().autocommit_block():
        for script in sorted((SQL / operation.folder).glob("*.sql")):
            build_index(_driver(operations), script.stem, script.read_text(encoding="utf-8"))


def build_index(connection: Connection, name: str, statement: str) -> None:
    """Build an index by a `CREATE INDEX CONCURRENTLY` on a connection in autocommit, unless it is there and whole.

    PostgreSQL leaves an index behind that no query uses when a build fails or is stopped; that one is dropped first.
    The build waits for transactions that began before it, as long as they take; nobody waits for it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = 0")
        cursor.execute("SET statement_timeout = 0")
        try:
            found = cursor.execute(_IS_VALID, [name]).fetchone()
            if found is not None and not found[0]:
                cursor.execute(sql.SQL("DROP INDEX CONCURRENTLY ombud.{}").format(sql.Identifier(name)))
            if found is None or not found[0]:
                cursor.execute(statement.encode())
        finally:
            _put_back(cursor)


def _put_back(cursor: "Cursor[tuple[object, ...]]") -> None:
    cursor.execute("RESET lock_timeout")
    cursor.execute("RESET statement_timeout")


def _driver(operations: Operations) -> Connection:
    driver: Connection | None = operations.get_bind().connection.driver_connection
    if driver is None:
        raise RuntimeError("migrations need a live connection")
    return driver
