"""The store of bytes, through obstore: a local directory, or an object store (`opening` says which).

Content-addressed: the key is the SHA-256, so a file stored twice takes its room once, and a name from outside
never becomes a path. Bytes are written before the transaction that refers to them; a crash between the two
leaves bytes that nobody refers to, never a record without bytes. An object store has a file whole or not at all; one
that cannot be reached is Unavailable.
"""

import hashlib
import os
import re
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from errno import ENOSPC
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import IO, TYPE_CHECKING

from ombud.clock import now
from ombud.errors import NotFound, TooLarge, Unavailable

if TYPE_CHECKING:
    from obstore import BytesStream
    from obstore.store import ObjectStore

CHUNK = 1 << 20
REMOTE_PIECE = 5 * CHUNK
"""The least that object stores take as one piece of several."""
PIECES_AT_ONCE = 2
_FULL = "There is no room for files. Try again when there is."
_KEY = re.compile(r"sha256/[0-9a-f]{2}/[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class StoredBytes:
    """Where bytes are: `size` in bytes, SHA-256 in hex, and the key in the store."""

    size: int
    checksum: str
    storage_key: str


class FileStore:
    """Puts and gets bytes. All calls block on I/O: use the `a...` ones from async code."""

    def __init__(
        self, store: "ObjectStore", limit: int | Callable[[], int], *, directory: Path | None = None
    ) -> None:
        """`directory` is where a local store lies: what is put there is on the disk before anybody is told.

        `limit` in bytes; a function where it may change.
        """
        self._store = store
        self._directory = directory
        self._limit = limit

    @property
    def limit(self) -> int:
        """The bytes that a file may have."""
        return self._limit if isinstance(self._limit, int) else self._limit()

    def up_to(self, limit: int | Callable[[], int]) -> "FileStore":
        """Return the same store for files of another size, in bytes."""
        return FileStore(self._store, limit, directory=self._directory)

    def put(self, chunks: Iterable[bytes]) -> StoredBytes:
        """Store the bytes and return where; TooLarge when there are more than `limit`."""
        import tempfile

        import obstore

        digest, size = hashlib.sha256(), 0
        # Spooled: small files stay in memory, a large one never does.
        with _room(), tempfile.SpooledTemporaryFile(max_size=CHUNK) as spool:
            for chunk in _small(chunks):
                size += len(chunk)
                if size > self.limit:
                    raise TooLarge(fields={"file": f"must have at most {self.limit // 2**20} MB."})
                digest.update(chunk)
                spool.write(chunk)
            checksum = digest.hexdigest()
            key = f"sha256/{checksum[:2]}/{checksum}"
            if not self._renew(key):
                spool.seek(0)
                # a few pieces at once, not the dozen that is usual: each lies in memory
                piece = CHUNK if self._directory is not None else REMOTE_PIECE
                with _reaching():
                    obstore.put(self._store, key, spool, chunk_size=piece, max_concurrency=PIECES_AT_ONCE)
                self._reach_disk(key)
        return StoredBytes(size=size, checksum=checksum, storage_key=key)

    def get(self, key: str) -> bytes:
        """Return the bytes under `key`; NotFound when there are none."""
        import obstore

        with _reaching():
            if self._directory is not None:
                return (self._directory / _checked(key)).read_bytes()  # once in memory, not twice
            return bytes(obstore.get(self._store, _checked(key)).bytes())

    def map(self, key: str) -> bytes | mmap:
        """Return the bytes under `key` as a file that is mapped into memory; NotFound when there are none.

        For readers that look all over a large file: only the pages that they look at take room, and the system takes
        them back when it needs to. What lies in an object store is fetched into a file without a name first.
        """
        import tempfile

        if self._directory is not None:
            with _reaching(), (self._directory / _checked(key)).open("rb") as file:
                return _mapped(file)
        with tempfile.TemporaryFile() as spool:
            spool.writelines(self.open(key)[1])
            spool.flush()
            return _mapped(spool)

    def remove(self, key: str, *, untouched_for: float) -> bool:
        """Remove the bytes under `key` if nobody has put them again for so many seconds; true when they are gone.

        Who puts bytes that are here already renews their time, and refers to them a moment later: younger ones are
        left alone. In a local store the file is moved away before its time is looked at, so no put falls between.
        """
        import obstore

        _checked(key)
        if self._directory is None:
            try:
                with _reaching():
                    age = (now() - obstore.head(self._store, key)["last_modified"]).total_seconds()
                    if age >= untouched_for:
                        obstore.delete(self._store, key)
            except NotFound:
                return True
            return age >= untouched_for
        path = self._directory / key
        away = path.with_name(f".{path.name}.going")
        try:
            path.rename(away)
        except FileNotFoundError:
            away.unlink(missing_ok=True)
            return True
        if now().timestamp() - away.stat().st_mtime < untouched_for:
            if path.exists():
                away.unlink()
            else:
                away.rename(path)
            return False
        away.unlink()
        return True

    def open(self, key: str) -> tuple[int, Iterator[bytes]]:
        """Return how many bytes there are under `key`, and the bytes in pieces; NotFound when there are none."""
        import obstore

        with _reaching():
            found = obstore.get(self._store, _checked(key))
        return found.meta["size"], _told(found.stream(min_chunk_size=CHUNK))

    async def aput(self, chunks: Iterable[bytes]) -> StoredBytes:
        """`put`, in a thread."""
        import asyncio

        return await asyncio.to_thread(self.put, chunks)

    async def aopen(self, key: str, part: tuple[int, int] | None = None) -> AsyncIterator[bytes]:
        """Return the bytes under `key` in pieces, so that a large file never lies in memory as a whole.

        `part` is the first byte and the one after the last. The store has answered when this returns: what is missing
        or away is told before anything was sent to anybody.
        """
        import obstore

        with _reaching():
            found = await obstore.get_async(
                self._store, _checked(key), options={"range": part} if part is not None else None
            )
        return _atold(found.stream(min_chunk_size=CHUNK))

    async def stream(self, key: str) -> AsyncIterator[bytes]:
        """Yield the bytes under `key` in pieces; nothing is asked for before the first is wanted."""
        async for piece in await self.aopen(key):
            yield piece

    def is_empty(self) -> bool:
        """Tell whether there is nothing at all in the store."""
        return next(self.listed(), None) is None

    def is_whole(self, key: str) -> bool:
        """Read the bytes under `key` and tell whether they are those that were stored; NotFound when there are none."""
        digest = hashlib.sha256()
        for piece in self.open(key)[1]:
            digest.update(piece)
        return key.endswith(digest.hexdigest())

    def listed(self) -> Iterator[tuple[str, int, datetime]]:
        """Yield key, size and time of everything in the store, of whatever name."""
        import obstore

        with _reaching():
            for batch in obstore.list(self._store, chunk_size=1000):
                for one in batch:
                    yield one["path"], one["size"], one["last_modified"]

    def _reach_disk(self, key: str) -> None:
        """Wait until the bytes and their name are on the disk; object stores promise that themselves."""
        if self._directory is None:
            return
        path = self._directory / key
        for place in (path, path.parent, path.parent.parent):
            descriptor = os.open(place, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def _renew(self, key: str) -> bool:
        """Say that these bytes are wanted now, if they are here; only a local store can do that without writing."""
        if self._directory is None:
            return False
        try:
            os.utime(self._directory / key)
        except FileNotFoundError:
            return False
        return True

    def has(self, key: str) -> bool:
        """Tell whether there are bytes under `key`."""
        import obstore

        try:
            with _reaching():
                obstore.head(self._store, _checked(key))
        except NotFound:
            return False
        return True


@contextmanager
def _reaching() -> Iterator[None]:
    """Tell the store's errors in the desk's; what the store says names keys and addresses, so it is not passed on."""
    from obstore.exceptions import BaseError

    try:
        yield
    except FileNotFoundError:
        raise NotFound("This file is missing from the store.") from None
    except BaseError as error:
        if f"os error {ENOSPC}" in str(error):
            raise Unavailable(_FULL) from error
        raise Unavailable("The store of files cannot be reached. Try again in a moment.") from error


@contextmanager
def _room() -> Iterator[None]:
    """Tell a full disk, that of temporary files too."""
    try:
        yield
    except OSError as error:
        if error.errno != ENOSPC:
            raise
        raise Unavailable(_FULL) from error


def _told(pieces: "BytesStream") -> Iterator[bytes]:
    with _reaching():
        for piece in pieces:
            yield bytes(piece)


async def _atold(pieces: "BytesStream") -> AsyncIterator[bytes]:
    with _reaching():
        async for piece in pieces:
            yield bytes(piece)


def _small(chunks: Iterable[bytes]) -> Iterator[bytes | memoryview]:
    """Yield the bytes in pieces that the spool takes without holding them twice."""
    for chunk in chunks:
        if len(chunk) <= CHUNK:
            yield chunk
        else:
            view = memoryview(chunk)
            yield from (view[start : start + CHUNK] for start in range(0, len(chunk), CHUNK))


def _mapped(file: IO[bytes]) -> bytes | mmap:
    if not os.fstat(file.fileno()).st_size:
        return b""  # nothing cannot be mapped
    return mmap(file.fileno(), 0, access=ACCESS_READ)


def open_store(directory: Path, *, limit: int) -> FileStore:
    """Open the store in a local directory, made private to its owner if it is new; `limit` in bytes a file."""
    from obstore.store import LocalStore

    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    return FileStore(LocalStore(str(directory)), limit, directory=directory)


def _checked(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise NotFound("This file is missing from the store.")
    return key
