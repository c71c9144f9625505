"""Put a dump back: pg_restore turns it into SQL and rows, which go in as one transaction of ours.

Not by pg_restore's own connection, for three reasons: one transaction spans the rows and the proof that they are
all there; the schema belongs to roles that no administrator needs to be a superuser for; and pg_restore of a
newer version sends settings that an older server does not know.
"""

import re
from collections.abc import Iterable, Iterator
from typing import IO

from psycopg import Connection, sql

from ombud.backup.programs import Program, output_of
from ombud.db.roles import Role

BATCH = 2**18
_COPY = re.compile(rb"COPY ombud\.[^\n]* FROM stdin;\n")
_END = b"\\.\n"
# The schema is made beforehand; psql's own words, and a setting that servers before 17 do not know, are left out.
_LEFT_OUT = re.compile(rb"CREATE SCHEMA ombud;|SET transaction_timeout = 0;|\\(un)?restrict .*")


def load_dump(connection: Connection, program: Program, parts: Iterable[bytes]) -> None:
    """Run a dump in the connection's open transaction, as the owner of the schema."""
    owner, search = sql.Identifier(Role.OWNER), sql.Identifier(Role.SEARCH)
    connection.execute(sql.SQL("SET LOCAL ROLE {}").format(owner))
    # A function of the dump becomes the search role's, who may make nothing in the schema otherwise.
    connection.execute(sql.SQL("GRANT CREATE ON SCHEMA ombud TO {}").format(search))
    connection.execute("SET LOCAL maintenance_work_mem = '256MB'")
    with output_of(program, ["--file=-", "--no-tablespaces"], fed=parts) as output:
        _run(connection, output)
    connection.execute(sql.SQL("REVOKE CREATE ON SCHEMA ombud FROM {}").format(search))
    connection.execute("SET LOCAL row_security = on")


def _run(connection: Connection, script: IO[bytes]) -> None:
    r"""Run a script of pg_restore's: statements, and rows between COPY and `\.`."""
    statements: list[bytes] = []
    for line in script:
        if _COPY.fullmatch(line):
            _execute(connection, statements)
            with connection.cursor() as cursor, cursor.copy(line) as copy:
                for batch in _batches(script):
                    copy.write(batch)
        elif not _LEFT_OUT.fullmatch(line.rstrip(b"\n")):
            statements.append(line)
    _execute(connection, statements)


def _execute(connection: Connection, statements: list[bytes]) -> None:
    script = b"".join(statements)
    statements.clear()
    if script.strip():
        connection.execute(script)


def _batches(script: IO[bytes]) -> Iterator[bytes]:
    batch, size = list[bytes](), 0
    for line in script:
        if line == _END:
            break
        batch.append(line)
        size += len(line)
        if size >= BATCH:
            yield b"".join(batch)
            batch, size = [], 0
    yield b"".join(batch)
