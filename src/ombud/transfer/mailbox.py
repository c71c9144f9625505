"""Mailboxes (mbox, RFC 4155), streamed: each mail becomes a message record.

Here a mail is split off and read as plainly as possible; `read_message` is the seam where the mail slice's
parser takes over. Which ticket a mail belongs to is decided by the loader, from its references.
"""

import email
import hashlib
import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage, MIMEPart
from email.policy import default
from email.utils import mktime_tz, parseaddr, parsedate_tz
from typing import BinaryIO

from ombud.clock import now
from ombud.errors import Invalid
from ombud.files import StoredBytes
from ombud.kit.text import MAX_BODY, clean_body, excerpt, is_seen, seen_line
from ombud.people.addresses import clean_email
from ombud.tickets import StoredFile
from ombud.transfer.cells import Problems
from ombud.transfer.records import LeftOut, MessageRecord, PersonRecord

MESSAGE_LIMIT = 64 * 2**20
"""Bytes of one mail, above which it is left out."""
PIECE = 1 << 20
_ESCAPED = re.compile(rb"^>+From ")
# Not over the next "<": a mail of nothing but "<br " would take the square of its length.
_BREAK = re.compile(r"(?i)<(br|/p|/div|/tr|/h\d)\b[^<>]*>")
_ID = re.compile(r"<[^<>\s]+>")

Keep = Callable[[bytes], StoredBytes]


@dataclass(frozen=True, slots=True)
class RawMessage:
    """A mail as it lies in the mailbox; `data` is None when it is larger than MESSAGE_LIMIT."""

    line: int
    envelope: str
    data: bytes | None


def read_mbox(stream: BinaryIO, keep: Keep) -> Iterator[MessageRecord | LeftOut]:
    """Yield a record for each mail. `keep` stores an attachment's bytes. Invalid when it is no mailbox."""
    for raw in raw_messages(stream):
        if raw.data is None:
            yield LeftOut(raw.line, "", {"message": f"is larger than {MESSAGE_LIMIT // 2**20} MB."})
        else:
            yield read_message(raw.data, raw.line, raw.envelope, keep)


def raw_messages(stream: BinaryIO, limit: int = MESSAGE_LIMIT) -> Iterator[RawMessage]:
    """Split a mailbox at its `From ` lines, undoing their quoting in texts."""
    parts: list[bytes] = []
    start, size, number = 0, 0, 0
    envelope, after_blank, at_start = "", True, True
    while piece := stream.readline(PIECE):
        number += at_start
        if at_start and after_blank and piece.startswith(b"From "):
            if start:
                yield RawMessage(start, envelope, b"".join(parts) if size <= limit else None)
            parts, start, size, envelope = [], number, 0, piece[5:].decode("ascii", "replace").strip()
        elif not start:
            if piece.strip():
                raise Invalid("This is not a mailbox (mbox): it does not begin with a line `From ...`.")
        else:
            if at_start and _ESCAPED.match(piece):
                piece = piece[1:]
            size += len(piece)
            if size <= limit:
                parts.append(piece)
        after_blank = at_start and not piece.strip(b"\r\n")
        at_start = piece.endswith(b"\n")
    if start:
        yield RawMessage(start, envelope, b"".join(parts) if size <= limit else None)


def read_message(data: bytes, line: int, envelope: str, keep: Keep) -> MessageRecord | LeftOut:
    """Return what one mail says, or why it cannot be imported."""
    try:
        return _read(data, line, envelope, keep)
    except RecursionError:  # of parts in parts, or brackets in brackets, a thousand deep
        return LeftOut(line, "", {"message": "is nested too deeply."})


def _read(data: bytes, line: int, envelope: str, keep: Keep) -> MessageRecord | LeftOut:
    message = email.message_from_bytes(data, policy=default)
    problems = Problems()
    key = _message_id(message, data)
    name, address = parseaddr(_header(message, "From"))
    sender = problems.take(
        "from", lambda: PersonRecord(clean_email(address), seen_line(_plain(name), 255)), PersonRecord("")
    )
    at = problems.take("date", lambda: _date(message, envelope), now())
    body = problems.take(
        "body", lambda: clean_body("body", _plain(_text(message)), limit=MAX_BODY, required=False), ""
    )
    if problems:
        return LeftOut(line, key, problems)
    subject = excerpt(_plain(_header(message, "Subject")), 500)
    return MessageRecord(
        key=key,
        line=line,
        references=_references(message),
        sender=sender,
        subject=subject if is_seen(subject) else "(no subject)",
        body=body if is_seen(body) else "(no text)",
        at=at,
        files=tuple(_files(message, keep)),
    )


def _message_id(message: EmailMessage, data: bytes) -> str:
    found = _ID.search(_header(message, "Message-ID"))
    if found and len(found[0]) <= 255:
        return _plain(found[0])
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _references(message: EmailMessage) -> tuple[str, ...]:
    named = f"{_header(message, 'References')} {_header(message, 'In-Reply-To')}"
    return tuple(dict.fromkeys(_plain(found) for found in _ID.findall(named) if len(found) <= 255))[-100:]


def _date(message: EmailMessage, envelope: str) -> datetime:
    """Return the mail's date, or the one of the mailbox's `From ` line where it has none."""
    for said in (_header(message, "Date"), envelope.partition(" ")[2]):
        fields = parsedate_tz(said)
        if fields is None:
            continue
        try:
            at = datetime.fromtimestamp(mktime_tz(fields), UTC)
        except (ValueError, OverflowError, OSError):
            continue
        if at > now() + timedelta(days=1):
            raise Invalid(f"{at:%Y-%m-%d} lies in the future.")
        return at
    raise Invalid("is missing or is not a date.")


def _text(message: EmailMessage) -> str:
    part = message.get_body(preferencelist=("plain", "html"))
    if part is None:
        return ""
    text = _content(part)
    if part.get_content_type() != "text/html":
        return text
    import nh3

    return html.unescape(nh3.clean(_BREAK.sub("\n", text), tags=set()))


def _content(part: MIMEPart) -> str:
    try:
        return str(part.get_content())
    except (LookupError, ValueError):
        payload = part.get_payload(decode=True)
        return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""


def _files(message: EmailMessage, keep: Keep) -> Iterator[StoredFile]:
    for part in message.iter_attachments():
        payload = part.get_payload(decode=True)
        if not isinstance(payload, bytes):
            payload = part.as_bytes()
        stored = keep(payload)
        name = excerpt(_plain(part.get_filename() or ""), 255) or f"attachment.{part.get_content_subtype()}"
        kind = excerpt(part.get_content_type(), 255)
        yield StoredFile(name, kind, stored.size, stored.checksum, stored.storage_key)


def _header(message: EmailMessage, name: str) -> str:
    """Return a header as text; broken ones are read as they are, never refused."""
    try:
        return str(message.get(name, ""))
    except (ValueError, LookupError, IndexError, AttributeError, TypeError):
        return next((str(value) for key, value in message.raw_items() if key.lower() == name.lower()), "")


def _plain(text: str) -> str:
    """Return text that can be stored: undecodable bytes become U+FFFD, NULs go."""
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace").replace("\0", "")
