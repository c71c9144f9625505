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
from ombud.errors import Invalid

BATCH = 2**18
RATIO = 100
"""How many times as large as itself a dump may become. Desks become five to twenty times as large."""
FREE = 2**30
"""Bytes that may be more than that, so that no small desk of many equal texts is refused."""
STATEMENTS_LIMIT = 64 * 2**20
"""Bytes of statements between the rows of two tables: all of the schema's are some hundred thousand."""
_COPY = re.compile(rb"COPY ombud\.[^\n]* FROM stdin;\n")
_END = b"\\.\n"
# The schema is made beforehand; psql's own words, and a setting that servers before 17 do not know, are left out.
_LEFT_OUT = re.compile(rb"CREATE SCHEMA ombud;|SET transaction_timeout = 0;|\\(un)?restrict .*")


def load_dump(connection: Connection, program: Program, parts: Iterable[bytes], *, free: int = FREE) -> None:
    """Run a dump in the connection's open transaction, as the owner of the schema.

    Memory stays flat, whatever the dump holds. Invalid when it becomes more than RATIO times as large, and `free`.
    """
    owner, search = sql.Identifier(Role.OWNER), sql.Identifier(Role.SEARCH)
    connection.execute(sql.SQL("SET LOCAL ROLE {}").format(owner))
    # A function of the dump becomes the search role's, who may make nothing in the schema otherwise.
    connection.execute(sql.SQL("GRANT CREATE ON SCHEMA ombud TO {}").format(search))
    connection.execute("SET LOCAL maintenance_work_mem = '256MB'")
    fed = _Fed(parts)
    with output_of(program, ["--file=-", "--no-tablespaces"], fed=fed) as output:
        _run(connection, _Script(output, fed, free))
    connection.execute(sql.SQL("REVOKE CREATE ON SCHEMA ombud FROM {}").format(search))
    connection.execute("SET LOCAL row_security = on")


class _Fed:
    """Counts what a dump has been read of."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        self._parts = parts
        self.size = 0

    def __iter__(self) -> Iterator[bytes]:
        for part in self._parts:
            self.size += len(part)
            yield part


class _Script:
    """What pg_restore makes of a dump, in lines; one that is longer than BATCH comes in pieces."""

    def __init__(self, output: IO[bytes], fed: _Fed, free: int) -> None:
        self._output = output
        self._fed = fed
        self._free = free
        self._size = 0

    def piece(self) -> bytes:
        """Return the next piece, empty at the end; Invalid when there is more than there may be."""
        piece = self._output.readline(BATCH)
        self._size += len(piece)
        if self._size > self._free + RATIO * self._fed.size:
            raise Invalid(
                f"What this backup holds is more than {RATIO} times as large as itself: no desk's is, and nothing was"
                " restored."
            )
        return piece


def _run(connection: Connection, script: _Script) -> None:
    r"""Run a script of pg_restore's: statements, and rows between COPY and `\.`."""
    statements: list[bytes] = []
    size = 0
    while line := script.piece():
        if _COPY.fullmatch(line):
            _execute(connection, statements)
            size = 0
            with connection.cursor() as cursor, cursor.copy(line) as copy:
                for batch in _batches(script):
                    copy.write(batch)
        elif not _LEFT_OUT.fullmatch(line.rstrip(b"\n")):
            statements.append(line)
            size += len(line)
            if size > STATEMENTS_LIMIT:
                raise Invalid("This is not a backup of Ombud: its schema is larger than any.")
    _execute(connection, statements)


def _execute(connection: Connection, statements: list[bytes]) -> None:
    script = b"".join(statements)
    statements.clear()
    if script.strip():
        connection.execute(script)


def _batches(script: _Script) -> Iterator[bytes]:
    batch, size = list[bytes](), 0
    is_start = True
    while piece := script.piece():
        if is_start and piece == _END:
            break
        is_start = piece.endswith(b"\n")
        batch.append(piece)
        size += len(piece)
        if size >= BATCH:
            yield b"".join(batch)
            batch, size = [], 0
    yield b"".join(batch)
