"""The container of a backup: a folder, or one tar file. Written and read from front to back, in flat memory.

What is being written has another name (`.partial`) and gets its own when it is complete and on the disk. Names
are few and known; whatever else an archive holds is refused, so that none becomes a path.
"""

import fcntl
import hashlib
import io
import os
import re
import shutil
import stat
import tarfile
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ombud.backup.manifest import HEAD, MANIFEST
from ombud.errors import Conflict, Invalid, Unavailable

CHUNK = 2**20
KNOWN = re.compile(
    r"backup\.json|manifest\.json|database/[0-9]{6}|files/sha256/[0-9a-f]{2}/[0-9a-f]{64}"
    r"|audit/checkpoints\.jsonl|keys/[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}"
)
_FOLDERS = ("database", "files", "audit", "keys")
_BROKEN = (tarfile.TarError, ValueError, OverflowError, RecursionError)
"""What the standard library's reader raises for a tar file that was made to break it."""


class Writer(ABC):
    """Takes entries one after the other."""

    @abstractmethod
    def add(self, name: str, size: int, chunks: Iterable[bytes]) -> str:
        """Write an entry of exactly `size` bytes and return its SHA-256."""

    def add_bytes(self, name: str, data: bytes) -> str:
        """Write an entry that is in memory."""
        return self.add(name, len(data), [data])


@contextmanager
def writing(target: Path) -> Iterator[Writer]:
    """Yield who writes the backup `target`: a tar file if it is called one, else a folder.

    Complete or not there at all: an error in the block leaves nothing. Raises Conflict when `target` exists,
    Unavailable when it cannot be written: a full disk, a folder that is not there.
    """
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise Conflict(f"{target} is there already. A backup never writes over anything: name another place.")
    try:
        with _alone(target.with_name(target.name + ".partial"), target) as writer:
            yield writer
    except OSError as error:
        raise Unavailable(f"{target} could not be written: {error.strerror or error}.") from error


@contextmanager
def _alone(partial: Path, target: Path) -> Iterator[Writer]:
    """Yield who writes `partial`, which becomes `target` when the block ends well, and goes when it does not.

    What a process left that was killed goes first. Raises Conflict when there is one that still writes.
    """
    if partial.exists():
        with _held(partial):
            _remove(partial)
    is_tar = target.suffix == ".tar"
    if is_tar:
        os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    else:
        partial.mkdir(mode=0o700)
    with _held(partial):
        try:
            with _tar(partial) if is_tar else _folder(partial) as writer:
                yield writer
            if target.is_dir():
                target.rmdir()
            partial.rename(target)
        except BaseException:
            _remove(partial)
            raise
        _sync(target.parent)


@contextmanager
def _held(partial: Path) -> Iterator[None]:
    """Hold the lock that ends with its process. Raises Conflict when another has it."""
    descriptor = os.open(partial, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(
                f"{partial} is being written by another process: wait, or name another place."
            ) from None
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _folder(partial: Path) -> Iterator[Writer]:
    """Write a folder, and see that all of it is on the disk."""
    yield _FolderWriter(partial)
    for folder, _folders, _files in os.walk(partial, topdown=False):
        _sync(Path(folder))


@contextmanager
def _tar(partial: Path) -> Iterator[Writer]:
    """Write a tar file, and see that it is on the disk."""
    with partial.open("wb") as file:
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
            yield _TarWriter(tar)
        file.flush()
        os.fsync(file.fileno())


def entries(source: Path) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yield name and bytes of every entry, in the order of writing; read the bytes before going on.

    Raises Invalid for what is no backup, or not a whole one.
    """
    try:
        yield from _of_folder(source) if source.is_dir() else _of_tar(source)
    except _BROKEN:
        raise Invalid(f"{source} is not a backup of Ombud, or it is damaged.") from None
    except OSError as error:
        raise Invalid(f"{source} cannot be read: {error.strerror}.") from error


class _FolderWriter(Writer):
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, name: str, size: int, chunks: Iterable[bytes]) -> str:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        measured = _Measured(chunks)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            for chunk in measured:
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        return measured.checksum_of(name, size)


class _TarWriter(Writer):
    def __init__(self, tar: tarfile.TarFile) -> None:
        self.tar = tar

    def add(self, name: str, size: int, chunks: Iterable[bytes]) -> str:
        info = tarfile.TarInfo(name)
        info.size, info.mode = size, 0o600
        measured = _Measured(chunks)
        try:
            self.tar.addfile(info, io.BufferedReader(_Stream(iter(measured)), CHUNK))
        except OSError as error:
            if error.errno is not None:
                raise
            raise Invalid(f"{name} is shorter than it should be.") from error
        self.tar.members = []  # type: ignore[attr-defined]  # a list of all that was written: memory for nothing
        for _more in measured:
            pass
        return measured.checksum_of(name, size)


class _Measured:
    """Counts and hashes what passes."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self.chunks = iter(chunks)
        self.size = 0
        self.digest = hashlib.sha256()

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self.chunks:
            self.size += len(chunk)
            self.digest.update(chunk)
            yield chunk

    def checksum_of(self, name: str, size: int) -> str:
        if self.size != size:
            raise Invalid(f"{name} has {self.size} bytes, not {size}: it changed while it was read.")
        return self.digest.hexdigest()


class _Stream(io.RawIOBase):
    """An iterator of bytes as a file to read."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self.chunks = chunks
        self.rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]  # what BufferedReader gives
        while not self.rest:
            chunk = next(self.chunks, None)
            if chunk is None:
                return 0
            self.rest = chunk
        taken = self.rest[: len(buffer)]
        buffer[: len(taken)] = taken
        self.rest = self.rest[len(taken) :]
        return len(taken)


def _of_folder(source: Path) -> Iterator[tuple[str, Iterator[bytes]]]:
    paths = [source / HEAD]
    yield from ((path.name, _pieces_of(path)) for path in paths)
    for top in _FOLDERS:
        if (source / top).is_symlink():  # walked through, unlike those below it
            raise Invalid(f"{source} holds something that no backup does.")
        for folder, folders, files in os.walk(source / top):
            folders.sort()
            for file in sorted(files):
                path = Path(folder, file)
                yield _known(path.relative_to(source).as_posix()), _pieces_of(path)
    yield MANIFEST, _pieces_of(source / MANIFEST)


def _pieces_of(path: Path) -> Iterator[bytes]:
    try:
        # A link would lead out of the backup, and a pipe would be waited for.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise Invalid(f"{path} cannot be read: {error.strerror}. This is no whole backup.") from error
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Invalid(f"{path} is no file. This is no whole backup.")
        yield from _pieces(file)


def _of_tar(source: Path) -> Iterator[tuple[str, Iterator[bytes]]]:
    with _Bounded(io.FileIO(source)) as file, tarfile.open(fileobj=file, mode="r:") as tar:
        while (member := tar.next()) is not None:
            # A sparse entry may claim to be any number of terabytes of nothing, one of less than nothing never ends.
            is_plain = member.isreg() and not member.issparse() and member.size >= 0
            stream = tar.extractfile(member) if is_plain else None
            if stream is None:
                raise Invalid(f"{source} holds something that no backup does.")
            yield _known(member.name), _pieces(stream)
            tar.members = []  # type: ignore[attr-defined]  # see above


class _Bounded(io.BufferedReader):
    """A file of which nothing is read at once that fits no piece: the names in a tar may claim gigabytes."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or not 0 <= size <= 2 * CHUNK:
            raise tarfile.ReadError("a header without measure")
        return super().read(size)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    try:
        while chunk := file.read(CHUNK):
            yield chunk
    except (OSError, *_BROKEN) as error:
        raise Invalid("This backup breaks off, or it cannot be read.") from error


def _known(name: str) -> str:
    if not KNOWN.fullmatch(name):
        raise Invalid("This is not a backup of Ombud: it holds what no backup does.")
    return name


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
