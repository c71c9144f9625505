"""Headers under which a file from outside is handed out, so that no browser ever runs it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

from ombud.errors import Invalid

# What a browser can do no harm with; everything else goes out as bytes without a meaning.
_HARMLESS = re.compile(
    r"(image/(png|jpeg|gif|webp)|application/(pdf|zip|json)|text/(plain|csv)|(audio|video)/[a-z0-9.+-]+)"
)
RANGE_LIMIT = 60
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")
_UNSAFE_NAME = re.compile(r"[^A-Za-z0-9 ._()-]")


@dataclass(frozen=True, slots=True)
class Part:
    """Which bytes of a file: from `start` to before `end`, of `size`."""

    start: int
    end: int
    size: int

    @property
    def bounds(self) -> tuple[int, int]:
        """The first byte and the one after the last."""
        return self.start, self.end

    @property
    def is_there(self) -> bool:
        """False where the file has no byte of it: the answer is 416."""
        return self.start < self.end

    @property
    def headers(self) -> dict[str, str]:
        """The headers of an answer with this part (RFC 9110 section 15.3.7), or that there is none (15.5.17)."""
        if not self.is_there:
            return {"Content-Range": f"bytes */{self.size}"}
        said = f"bytes {self.start}-{self.end - 1}/{self.size}"
        return {"Content-Range": said, "Content-Length": str(self.end - self.start)}


class NoSuchPart(Invalid):
    """A file was asked for bytes behind its end. `part` is what was asked for; its headers say how long the file is."""

    code = "no_such_part"
    default_message = "The file has no byte of the part that was asked for."

    def __init__(self, part: Part) -> None:
        self.part = part
        super().__init__()


def part_of(asked: Mapping[str, str], headers: Mapping[str, str]) -> Part | None:
    """Return the part that a request asks for of a download with these `headers`, None for the whole; NoSuchPart."""
    part = wanted_part(asked, size=int(headers["Content-Length"]), etag=headers["ETag"])
    if part is not None and not part.is_there:
        raise NoSuchPart(part)
    return part


def wanted_part(headers: Mapping[str, str], *, size: int, etag: str) -> Part | None:
    """Read the Range of a request's headers (names in lower case): None for the whole file.

    One range of bytes is honoured. Several are answered with the whole file, as RFC 9110 section 14.2 allows, so that
    ten thousand of them cost nothing; so is a part of another version of the file (If-Range).
    """
    header = headers.get("range", "")
    found = _RANGE.fullmatch(header.strip()) if len(header) < RANGE_LIMIT else None
    if found is None or headers.get("if-range", etag) != etag:
        return None
    first, last = found.groups()
    if not first and not last:
        return None
    start = int(first) if first else max(0, size - int(last))
    end = min(size, int(last) + 1) if first and last else size
    if first and last and int(last) < int(first):
        return None  # RFC 9110 section 14.1.1: not valid, so it is ignored
    return Part(start, end, size)


def content_disposition(file_name: str) -> str:
    """Return the header that saves a file under its name, in any script (RFC 6266, RFC 8187)."""
    plain = _UNSAFE_NAME.sub("_", file_name).strip(" .") or "file"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file_name, safe='')}"


def download_headers(*, file_name: str, content_type: str, size: int, checksum: str = "") -> dict[str, str]:
    """Return the headers of a download: always an attachment (RFC 6266), never sniffed, never with an origin.

    With a `checksum` a part of it can be asked for, and a download that broke off be gone on with.
    """
    again = {"ETag": f'"{checksum}"', "Accept-Ranges": "bytes"} if checksum else {}
    return {
        **again,
        "Content-Type": content_type if _HARMLESS.fullmatch(content_type) else "application/octet-stream",
        "Content-Length": str(size),
        "Content-Disposition": content_disposition(file_name),
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "private, no-store",
    }
