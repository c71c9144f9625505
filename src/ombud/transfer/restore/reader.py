"""Read an export line by line: records, or notes about what is wrong with a line. Files go to the store on the way."""

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

from pydantic import TypeAdapter, ValidationError

from ombud.errors import Invalid, TooLarge
from ombud.files import StoredBytes
from ombud.transfer.records import LeftOut
from ombud.transfer.restore.records import AnyLine, EndLine, FileLine, HeadLine, Loadable, TicketLine

LINE_LIMIT = 64 << 20
"""Bytes of one line: a ticket with everything that was said on it."""

_ANY: TypeAdapter[AnyLine] = TypeAdapter(AnyLine)
Put = Callable[[Iterable[bytes]], StoredBytes]


class BadExport(Invalid):
    """The file as a whole is not an export of a desk, or not all of one."""

    code = "bad_export"


def read_export(stream: BinaryIO, put: Put, limit: int) -> Iterator[tuple[int, Loadable] | LeftOut]:
    """Yield (line, record) for what is to be loaded. Files are put into the store, each at most `limit` bytes.

    BadExport when the first line is not an export's, or the last one is missing: the file was cut off.
    """
    lines = _Lines(stream)
    first = next(lines, None)
    if not isinstance(first, tuple) or not isinstance(first[1], HeadLine):
        raise BadExport("The first line is not that of an export of this version (`ombud export jsonl`).")
    pieces = _Pieces(put, limit)
    ended = False
    for entry in lines:
        if isinstance(entry, LeftOut):
            yield entry
            continue
        yield from pieces.cut_short(*entry)
        ended = isinstance(entry[1], EndLine) or ended
        yield from _entry(pieces, *entry)
    if not ended:
        raise BadExport("The last line is missing: the file was cut off. What came before is loaded.")


def _entry(pieces: "_Pieces", number: int, record: AnyLine) -> Iterator[tuple[int, Loadable] | LeftOut]:
    if isinstance(record, FileLine):
        problem = pieces.add(record)
        if problem is not None:
            yield LeftOut(number, record.checksum[:12], {"file": problem})
    elif isinstance(record, TicketLine) and pieces.damaged & _files_of(record):
        yield LeftOut(number, record.number, {"files": "are damaged in this export."})
    elif not isinstance(record, HeadLine | EndLine):
        yield number, record


class _Lines:
    """The lines, parsed; bounded in length and depth."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._number = 0

    def __iter__(self) -> Iterator[tuple[int, AnyLine] | LeftOut]:
        return self

    def __next__(self) -> tuple[int, AnyLine] | LeftOut:
        line = self._stream.readline(LINE_LIMIT + 1)
        self._number += 1
        if not line:
            raise StopIteration
        if len(line) > LINE_LIMIT:
            while line and not line.endswith(b"\n"):
                line = self._stream.readline(1 << 20)
            return LeftOut(self._number, "", {"line": f"is longer than {LINE_LIMIT >> 20} MB."})
        try:
            return self._number, _ANY.validate_json(line)
        except ValidationError as error:
            problems = {".".join(map(str, one["loc"])) or "line": f"{one['msg']}." for one in error.errors()}
            return LeftOut(self._number, "", problems)


class _Pieces:
    """Puts files together from their pieces, one at a time, in memory that the limit bounds."""

    def __init__(self, put: Put, limit: int) -> None:
        self._put = put
        self._limit = limit
        self._checksum = ""
        self._data = bytearray()
        self.damaged: set[str] = set()
        """Checksums of files that did not come in: no record may stand without its bytes."""

    def cut_short(self, number: int, record: AnyLine) -> Iterator[LeftOut]:
        """Yield what is wrong when this line is not the next piece of a file that has begun."""
        goes_on = isinstance(record, FileLine) and record.start > 0
        if self._checksum and not goes_on:
            name = self._checksum[:12]
            yield LeftOut(number - 1, name, {"file": self._drop("ends before its size.")})

    def add(self, piece: FileLine) -> str | None:
        """Take a piece; returns what is wrong with its file, once, at its last piece or where it breaks."""
        if piece.start == 0:
            self._checksum, self._data = piece.checksum, bytearray()
        if piece.checksum != self._checksum or piece.start != len(self._data):
            self.damaged.add(piece.checksum)
            return None if not self._checksum else self._drop("has a piece out of its place.")
        if piece.size > self._limit:
            return self._drop(f"has more than {self._limit >> 20} MB.")
        try:
            self._data += base64.b64decode(piece.data, validate=True)
        except binascii.Error:
            return self._drop("has a piece that is not base64.")
        if len(self._data) < piece.size:
            return None
        if len(self._data) > piece.size or hashlib.sha256(self._data).hexdigest() != piece.checksum:
            return self._drop("is not what its checksum says.")
        try:
            self._put([bytes(self._data)])
        except TooLarge as error:
            return self._drop(error.fields.get("file", error.message))
        self._checksum = ""
        return None

    def _drop(self, problem: str) -> str:
        self.damaged.add(self._checksum)
        self._checksum, self._data = "", bytearray()
        return problem


def _files_of(ticket: TicketLine) -> set[str]:
    said = {file.checksum for comment in ticket.comments for file in comment.files}
    return said | {file.checksum for file in ticket.files}
