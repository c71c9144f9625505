"""Put a backup back, into an empty place only: check all of it first, load it in one transaction, prove it there."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain
from pathlib import Path

from psycopg import Connection, OperationalError, errors, sql
from sqlalchemy import URL

from ombud.backup.archive import entries
from ombud.backup.catalogue import EXTENSIONS, REVISION, TABLES, count_rows, referenced_files
from ombud.backup.load import load_dump
from ombud.backup.make import Progress
from ombud.backup.manifest import HEAD, MANIFEST, Head, Manifest
from ombud.backup.programs import find_program
from ombud.db import migrate
from ombud.errors import Conflict, Invalid, Unavailable
from ombud.files import FileStore
from ombud.kit.logs import Log

log = Log(__name__)

ANY_TABLE = (
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_class c"
    "                WHERE c.relnamespace = to_regnamespace('ombud') AND c.relkind IN ('r', 'p'))"
)
FOLDERS = ("files", "audit", "keys")
TEXT_LIMIT = 64 * 2**20
"""Bytes that a backup's descriptions of itself may have: they are read in one piece."""


class InDoubt(Unavailable):
    """The connection ended in the commit: the desk is there, whole, or it is not."""

    default_message = (
        "The connection to the database's server ended while the restore was being committed. `ombud db current` says"
        " whether the desk is there: then all of it is. If it says that there is none, empty the data directory (and "
        "the store of files, where it is elsewhere) and restore again."
    )


@dataclass(frozen=True, slots=True)
class Target:
    """Where a desk is to be: an administrator's way in, who the desk signs in as, its files, its data folder.

    With `reuses_files` the store may hold files already: those of the backup among them are read and kept.
    """

    admin_url: URL
    login: str | None
    files: FileStore
    data_dir: Path
    reuses_files: bool = False


def restore_backup(
    source: Path, target: Target, *, progress: Progress = lambda _what, _done: None
) -> tuple[Head, Manifest]:
    """Put the backup `source` back and return what it says of itself, once that has been found to be true.

    Raises Invalid for what is no backup or not a whole one, Conflict when it is of a newer Ombud or when there
    is a desk already, Unavailable when the server or its programs will not do. An error leaves nothing behind, but
    for InDoubt.
    """
    head, manifest = check_backup(source, progress=progress)
    _check_version(head)
    with (
        _told(),
        migrate.prepared(target.admin_url, target.login),
        migrate.connected(target.admin_url) as connection,
    ):
        _check_empty(connection, target)
        _check_server(connection, head)
        put: list[str] = []
        try:
            _put_files(source, target, put, progress)
            _load(connection, source, (head, manifest), target.files, progress)
        except InDoubt:
            raise  # what it left is all that a desk needs, if the desk is there
        except BaseException:
            _take_back(target, put)
            raise
        _analyze(connection)
    return head, manifest


def check_backup(source: Path, *, progress: Progress = lambda _what, _done: None) -> tuple[Head, Manifest]:
    """Read a whole backup, compare every checksum, and return what it says of itself. Raises Invalid."""
    checksums: dict[str, str] = {}
    texts: dict[str, bytes] = {}
    files = size = 0
    for name, chunks in entries(source):
        if name in (HEAD, MANIFEST):
            texts[name] = _text(name, chunks)
        if name == HEAD:
            Head.read(texts[name])  # a foreign one is told before all of it is read
        checksum, length = _measured(iter((texts[name],)) if name in texts else chunks)
        if name.startswith("files/"):
            files, size = files + 1, size + length
            if not name.endswith(checksum):
                raise _damaged(f"{name} is not what it was")
        elif name != MANIFEST:
            checksums[name] = checksum
        progress("checked", files + len(checksums))
    if set(texts) != {HEAD, MANIFEST}:
        raise Invalid("This is not a backup of Ombud, or it breaks off before its end.")
    manifest = Manifest.read(texts[MANIFEST])
    names = checksums.keys() | manifest.checksums
    wrong = sorted(name for name in names if checksums.get(name) != manifest.checksums.get(name))
    if wrong:
        raise _damaged(f"{wrong[0]} is missing, or is not what it was")
    if (files, size) != (manifest.files, manifest.file_bytes):
        raise _damaged(f"{files} files are there, not {manifest.files}")
    return Head.read(texts[HEAD]), manifest


def _measured(chunks: Iterator[bytes]) -> tuple[str, int]:
    digest, length = sha256(), 0
    for chunk in chunks:
        digest.update(chunk)
        length += len(chunk)
    return digest.hexdigest(), length


def _text(name: str, chunks: Iterator[bytes]) -> bytes:
    text = bytearray()
    for chunk in chunks:
        text += chunk
        if len(text) > TEXT_LIMIT:
            raise Invalid(
                f"This is not a backup of Ombud: its {name} is larger than {TEXT_LIMIT // 2**20} MiB."
            )
    return bytes(text)


def _damaged(what: str) -> Invalid:
    return Invalid(f"This backup is damaged: {what}.")


def _check_version(head: Head) -> None:
    if head.revision not in migrate.known():
        raise Conflict(
            f"This backup was made by a newer Ombud ({head.ombud}, schema {head.revision}). Update this one first."
        )


def _check_empty(connection: Connection, target: Target) -> None:
    row = connection.execute(ANY_TABLE).fetchone()
    if row and row[0]:
        raise Conflict(
            "There is a desk in this database already. A backup goes into an empty one only: make a new database, "
            "or name a new data directory with --data-dir."
        )
    for name in FOLDERS:
        folder = target.data_dir / name
        if next((path for path in folder.rglob("*") if path.is_file()), None) is not None:
            raise Conflict(f"{folder} is not empty. A backup goes into a new place only: see --data-dir.")
    if not target.reuses_files and not target.files.is_empty():
        raise Conflict(
            "There are files in the store already (OMBUD_FILES_URL). Name an empty place, or keep them and put only "
            "those of the backup that are not there: --reuse-files."
        )


def _check_server(connection: Connection, head: Head) -> None:
    if connection.info.server_version // 10000 < head.server // 10000:
        raise Unavailable(
            f"This backup is of PostgreSQL {head.server // 10000}, and the server is older: "
            f"{connection.info.server_version // 10000}."
        )
    there = {str(name): str(schema) for name, schema in connection.execute(EXTENSIONS)}
    for name, schema in head.extensions.items():
        if there.get(name) != schema:
            raise Conflict(
                f"In this backup the extension {name} is in the schema {schema}, here it is in {there.get(name)}. "
                f"As a superuser: DROP EXTENSION {name}; CREATE EXTENSION {name} SCHEMA {schema};"
            )


def _put_files(source: Path, target: Target, put: list[str], progress: Progress) -> None:
    """Put all files where they belong. `put` is told the key of each that was not there before."""
    done = 0
    for name, chunks in entries(source):
        top, _, rest = name.partition("/")
        if top == "files":
            _put_file(target, rest, chunks, put)
            done += 1
            progress("files", done)
        elif top in ("audit", "keys"):
            _put_private(target.data_dir / top, rest, chunks)


def _put_file(target: Target, key: str, chunks: Iterator[bytes], put: list[str]) -> None:
    """Put one file, and read back that it is there whole; one that was there whole is left alone."""
    was_there = target.reuses_files and target.files.has(key)
    if was_there and target.files.is_whole(key):
        for _ in chunks:
            pass  # the archive is read in its order
        return
    if not was_there:
        put.append(key)
    if target.files.put(chunks).storage_key != key:
        raise _damaged(f"files/{key} is not what it was")
    if not target.files.is_whole(key):
        raise Unavailable(f"The store did not keep the file {key} as it was given: nothing was restored.")


def _take_back(target: Target, put: list[str]) -> None:
    """Remove what was put, as far as the store can be reached; what was there before stays."""
    for key in put:
        try:
            target.files.remove(key, untouched_for=0)
        except Unavailable:
            log.warning("files of a restore that failed stay in the store", files=len(put))
            break
    for name in FOLDERS:
        shutil.rmtree(target.data_dir / name, ignore_errors=True)


def _put_private(folder: Path, name: str, chunks: Iterator[bytes]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with os.fdopen(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            for chunk in chunks:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise Unavailable(f"{folder / name} could not be written: {error.strerror or error}.") from error


def _load(
    connection: Connection, source: Path, said: tuple[Head, Manifest], files: FileStore, progress: Progress
) -> None:
    """Load the dump and prove it, in one transaction."""
    head, manifest = said
    program = find_program("pg_restore", at_least=head.pg_dump)
    parts = chain.from_iterable(chunks for name, chunks in entries(source) if name.startswith("database/"))
    is_proven = False
    try:
        with connection.transaction():
            for name in ("statement_timeout", "idle_in_transaction_session_timeout", "lock_timeout"):
                connection.execute("SELECT set_config(%s, '0', true)", [name])
            load_dump(connection, program, parts)
            _prove(connection, head, manifest, files, progress)
            is_proven = True
    except OperationalError as error:
        if is_proven and connection.broken:
            raise InDoubt from error
        raise


def _prove(
    connection: Connection, head: Head, manifest: Manifest, files: FileStore, progress: Progress
) -> None:
    """Compare what is there with what the backup says was; the transaction is undone when they differ."""
    revision = connection.execute(REVISION).fetchone()
    if revision != (head.revision,):
        raise Invalid(f"What came back is of another schema than {head.revision}.")
    counts = {}
    for table in [row[0] for row in connection.execute(TABLES)]:
        counts[table] = count_rows(connection, table)
        progress("proven", len(counts))
    for table in sorted(counts.keys() | manifest.tables):
        if counts.get(table) != manifest.tables.get(table):
            raise Invalid(
                f"{table} has {counts.get(table)} rows, and the backup says {manifest.tables.get(table)}: "
                "nothing was restored."
            )
    known_missing = set(manifest.missing)
    for key in referenced_files(connection):
        if key not in known_missing and not files.has(key):
            raise Invalid(f"The file {key} is spoken of and is not in the backup: nothing was restored.")


def _analyze(connection: Connection) -> None:
    """Tell the planner what is there; a dump does not."""
    connection.execute("SET ROLE ombud_owner")
    for table in [row[0] for row in connection.execute(TABLES)]:
        connection.execute(sql.SQL("ANALYZE ombud.{}").format(sql.Identifier(table)))
    connection.execute("RESET ROLE")


@contextmanager
def _told() -> Iterator[None]:
    """Say why the server did not take it."""
    try:
        yield
    except errors.Error as error:
        raise Unavailable(f"The backup could not be loaded: {_said(error)}") from error


def _said(error: errors.Error) -> str:
    return error.diag.message_primary or type(error).__name__
