"""Make a backup of a running desk: one moment of the database, and every file that it speaks of at that moment.

The dump, the counts and the list of files come from one snapshot. Files are stored before they are spoken of and
named by their content, so one that comes later does no harm, and none of the moment can be missing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from psycopg import Connection, sql
from sqlalchemy import URL

from ombud._version import __version__
from ombud.audit.checkpoints import read_line
from ombud.audit.exported import ExportedCheckpoints
from ombud.audit.keys import public_keys
from ombud.backup.archive import Writer, writing
from ombud.backup.catalogue import (
    AUDIT_EDGE,
    CUT_SHORT,
    EXTENSIONS,
    PASSES_ROWS,
    REVISION,
    TABLES,
    count_rows,
    referenced_files,
)
from ombud.backup.manifest import HEAD, MANIFEST, Head, Manifest
from ombud.backup.programs import Program, find_program, output_of
from ombud.clock import now
from ombud.db import migrate
from ombud.db.roles import Role
from ombud.errors import Invalid, NotFound, Unavailable
from ombud.files import FileStore

PART = 8 * 2**20
"""Bytes of the dump in one entry: what is held in memory."""

Progress = Callable[[str, int], None]
"""Told what is being written and how much of it there is so far (bytes, files, tables)."""


@dataclass(frozen=True, slots=True)
class Source:
    """A desk to back up: where to sign in, its files, and its data folder."""

    url: URL
    files: FileStore
    data_dir: Path


def make_backup(
    source: Source,
    target: Path,
    *,
    with_keys: bool = False,
    skip_missing: bool = False,
    progress: Progress = lambda _what, _done: None,
) -> Manifest:
    """Write a backup to `target` (a folder, or a file that ends with .tar) and return what is in it.

    Without `with_keys` the private key that seals the audit log stays where it is. Raises Conflict when `target`
    exists, Unavailable when the dump fails or would be cut short, Invalid when a file is missing or damaged,
    unless `skip_missing`. An error leaves nothing.
    """
    with migrate.connected(source.url) as connection, writing(target) as writer:
        snapshot = _enter(connection)
        program = find_program("pg_dump", at_least=connection.info.server_version // 10000)
        manifest = Manifest()
        head = _head(connection, program)
        manifest.checksums[HEAD] = writer.add_bytes(HEAD, head.to_bytes())
        for number, part in enumerate(_dump(source.url, program, snapshot, _guard(connection)), 1):
            name = f"database/{number:06}"
            manifest.checksums[name] = writer.add_bytes(name, part)
            progress("database", number * PART)
        _files(connection, source.files, writer, manifest, skip_missing=skip_missing, progress=progress)
        for table in [row[0] for row in connection.execute(TABLES)]:
            manifest.tables[table] = count_rows(connection, table)
            progress("tables", len(manifest.tables))
        _audit(connection, source.data_dir, writer, manifest, with_keys)
        writer.add_bytes(MANIFEST, manifest.to_bytes())
    return manifest


def _enter(connection: Connection) -> str:
    """Begin the snapshot that everything is read from, as the role of backups; returns its name."""
    for name in ("statement_timeout", "idle_in_transaction_session_timeout"):
        connection.execute("SELECT set_config(%s, '0', false)", [name])
    connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    connection.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(Role.BACKUP)))
    return str(_one(connection.execute("SELECT pg_export_snapshot()").fetchone()))


def _guard(connection: Connection) -> list[str]:
    """Return what makes pg_dump fail rather than leave rows out.

    A role that passes row security needs nothing: `row_security` is off in a dump, so a table that would be cut
    short is an error. Only a superuser can make such a role. Without it the policies themselves must say that
    this role reads every row of every table, and that is looked up first.
    """
    if _one(connection.execute(PASSES_ROWS, [Role.BACKUP]).fetchone()):
        return []
    short = [row[0] for row in connection.execute(CUT_SHORT, {"role": Role.BACKUP})]
    if short:
        raise Unavailable(
            f"A dump would leave rows of {', '.join(short[:5])} out: the role {Role.BACKUP} may not read all of them. "
            "Bring the schema up to date (`ombud db upgrade`), or run `ombud db init-roles` as a superuser."
        )
    return ["--enable-row-security"]


def _head(connection: Connection, program: Program) -> Head:
    return Head(
        ombud=__version__,
        revision=str(_one(connection.execute(REVISION).fetchone())),
        server=connection.info.server_version,
        pg_dump=program.major,
        made_at=now().isoformat(),
        extensions={str(name): str(schema) for name, schema in connection.execute(EXTENSIONS)},
    )


def _dump(url: URL, program: Program, snapshot: str, guard: list[str]) -> Iterator[bytes]:
    """Yield the dump in pieces of one size."""
    arguments = [
        "--format=custom",
        "--compress=1",
        "--schema=ombud",
        "--no-tablespaces",
        "--no-publications",
        "--no-subscriptions",
        "--no-security-labels",
        "--no-password",
        f"--role={Role.BACKUP}",
        f"--snapshot={snapshot}",
        *guard,
        f"--dbname={migrate.libpq(url.set(password=None))}",
    ]
    with output_of(program, arguments, password=url.password) as output:
        while part := output.read(PART):
            yield part


def _files(
    connection: Connection,
    files: FileStore,
    writer: Writer,
    manifest: Manifest,
    *,
    skip_missing: bool,
    progress: Progress,
) -> None:
    for key in referenced_files(connection):
        try:
            size, chunks = files.open(key)
            checksum = writer.add(f"files/{key}", size, chunks)
        except NotFound:
            manifest.missing.append(key)
            continue
        if not key.endswith(checksum):
            raise Invalid(f"The file {key} is damaged: its bytes are not those that were stored.")
        manifest.files += 1
        manifest.file_bytes += size
        progress("files", manifest.files)
    if manifest.missing and not skip_missing:
        raise Invalid(
            f"{len(manifest.missing)} files that the database speaks of are not in the store, the first is "
            f"{manifest.missing[0]}. Put them back, or make the backup without them: --skip-missing."
        )


def _audit(
    connection: Connection, data_dir: Path, writer: Writer, manifest: Manifest, with_keys: bool
) -> None:
    """Add what proves the audit log: exported checkpoints of the moment, and keys."""
    edge = connection.execute(AUDIT_EDGE).fetchone()
    last = 0
    if edge is not None:
        last = edge[0]
        names = ("checkpoint", "root", "key_id", "last_id", "rows")
        manifest.audit = dict(zip(names, edge, strict=True))
    lines = [
        line for line in ExportedCheckpoints(data_dir / "audit").lines() if read_line(line)[0].number <= last
    ]
    if lines:
        name = "audit/checkpoints.jsonl"
        manifest.checksums[name] = writer.add_bytes(name, "".join(lines).encode())
    folder = data_dir / "keys"
    kept = (
        {path.name: path.read_bytes() for path in sorted(folder.glob("*")) if path.is_file()}
        if with_keys
        else {}
    )
    for file, data in (kept or public_keys(folder)).items():
        manifest.checksums[f"keys/{file}"] = writer.add_bytes(f"keys/{file}", data)


def _one(row: tuple[object, ...] | None) -> object:
    return row[0] if row else None
