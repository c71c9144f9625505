"""A message made ready for its decision: everything slow is done before the transaction begins."""

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from ombud.errors import Invalid
from ombud.files import StoredBytes
from ombud.kit.text import MAX_BODY, excerpt, is_seen, seen_line
from ombud.mail.parse import ParsedMail, parse_message
from ombud.mail.parse.stream import Raw
from ombud.mail.tokens import without_tag
from ombud.models import MailField, MailRule
from ombud.people.addresses import as_stored, ascii_domain, clean_email
from ombud.tickets import StoredFile

MAX_RECIPIENTS = 200
MAX_REFERENCES = 50
_PIECE = 1 << 20
_BODY = re.compile(rb"\r?\n\r?\n")
_DELIVERED = ("delivered-to", "x-original-to", "envelope-to", "x-forwarded-to")
_ADDRESS = re.compile(r"[^\s@<>\"(),:;]+@[^\s@<>\"(),:;]+")

Keep = Callable[[Iterable[bytes]], StoredBytes]


@dataclass(frozen=True)
class PreparedMail:
    """What a decision needs: the parsed message, its files in the store, a hash of its body as it came."""

    parsed: ParsedMail
    files: tuple[StoredFile, ...]
    body_hash: str

    @property
    def sender(self) -> str:
        """The sender's address in lower case; empty when there is none that could be answered."""
        if self.parsed.sender is None:
            return ""
        try:
            return clean_email(self.parsed.sender.email).lower()
        except Invalid:
            return ""

    @property
    def sender_name(self) -> str:
        """The sender's name; empty where nothing of it can be seen: the address is shown then."""
        return seen_line(storable(self.parsed.sender.name), 255) if self.parsed.sender else ""

    @property
    def subject(self) -> str:
        """The subject on one line; words of ours where nothing of it can be seen."""
        line = excerpt(storable(self.parsed.subject), 500)
        return line if is_seen(line) else "(no subject)"

    @property
    def has_null_sender(self) -> bool:
        """True when the message says that nothing must answer it (RFC 3834, section 2)."""
        return any(
            name.lower() == "return-path" and value.strip() == "<>" for name, value in self.parsed.headers
        )

    @property
    def names(self) -> list[str]:
        """The Message-IDs that it names, the nearest first, then its own (a later message may have named it)."""
        named = [self.parsed.in_reply_to, *reversed(self.parsed.references), self.parsed.message_id]
        return list(dict.fromkeys(storable(name)[:500] for name in named if name))[:MAX_REFERENCES]

    @property
    def text(self) -> str:
        """All of the readable text; words of ours where nothing of it can be seen."""
        text = storable(self.parsed.text)[:MAX_BODY].strip()
        return text if is_seen(text) else "(no text)"

    @property
    def reply_text(self) -> str:
        """What the sender wrote now; all of the text where nothing is left without quotes."""
        text = storable(self.parsed.reply_text)[:MAX_BODY].strip()
        return text if is_seen(text) else self.text


def prepare(raw: Raw, keep: Keep) -> PreparedMail:
    """Parse a message and store its files with `keep`, each in pieces. Never raises on a message; the store may."""
    parsed = parse_message(raw)
    return PreparedMail(parsed, tuple(_files(parsed, keep)), body_hash(raw))


def body_hash(raw: Raw) -> str:
    """Return the SHA-256 of the body, line ends alike: servers on the way add headers and change line ends.

    Piece by piece: the body may be large.
    """
    blank = _BODY.search(raw)
    digest, held, view = hashlib.sha256(), b"", memoryview(raw)
    for start in range(blank.end() if blank else len(raw), len(raw), _PIECE):
        piece = held + bytes(view[start : start + _PIECE])
        # half of a line end, and ends of lines that may be the last ones, wait for what follows
        kept = piece.rstrip(b"\r\n")
        digest.update(kept.replace(b"\r\n", b"\n"))
        held = piece[len(kept) :]
    ends = held.replace(b"\r\n", b"\n").rstrip(b"\n")
    digest.update(ends)
    return digest.hexdigest()


def recipients(mail: ParsedMail, envelope: Iterable[str] = ()) -> list[str]:
    """Return all addresses that it was sent or delivered to, as written, the envelope's first."""
    found = [*envelope]
    for name, value in mail.headers:
        if name.lower() in _DELIVERED:
            found += _ADDRESS.findall(value)
    found += [address.email for address in (*mail.to, *mail.cc)]
    return list(dict.fromkeys(address for address in found if _ADDRESS.fullmatch(address)))[:MAX_RECIPIENTS]


def own_candidates(mail: ParsedMail, envelope: Iterable[str] = ()) -> list[str]:
    """Return the addresses that may be one of our mailboxes, as those are stored, and without tags."""
    return list(dict.fromkeys(plain_address(address) for address in recipients(mail, envelope)))


def plain_address(address: str) -> str:
    """Return an address as one of the desk's is stored: its domain in ASCII, in lower case, and without a tag."""
    return without_tag(as_stored(address)).lower()


def matches(rule: MailRule, mail: PreparedMail, envelope: Iterable[str] = ()) -> bool:
    """True when the rule's pattern is found in the field that it looks at, a domain in either spelling."""
    patterns = [rule.pattern]
    if rule.field in (MailField.SENDER, MailField.RECIPIENT) and not rule.pattern.isascii():
        patterns += [as_stored(rule.pattern), ascii_domain(rule.pattern) or rule.pattern]
    values = _looked_at(rule, mail, envelope)
    return any(_is_like(value, pattern) for value in values for pattern in patterns)


def storable(text: str) -> str:
    """Return text that can be stored: undecodable bytes become U+FFFD, NULs go."""
    return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace").replace("\0", "")


def _looked_at(rule: MailRule, mail: PreparedMail, envelope: Iterable[str]) -> list[str]:
    if rule.field is MailField.SENDER:
        return [mail.sender]
    if rule.field is MailField.SUBJECT:
        return [mail.subject]
    if rule.field is MailField.RECIPIENT:
        return own_candidates(mail.parsed, envelope)
    return [value for name, value in mail.parsed.headers if name.lower() == rule.header.lower()]


def _is_like(value: str, pattern: str) -> bool:
    value, pattern = value.casefold(), pattern.casefold()
    return fnmatchcase(value, pattern) if "*" in pattern or "?" in pattern else pattern in value


def _files(mail: ParsedMail, keep: Keep) -> Iterator[StoredFile]:
    for file in mail.attachments:
        stored = keep(file.pieces())
        name = excerpt(storable(file.filename), 255) or "attachment"
        kind = excerpt(storable(file.content_type), 255) or "application/octet-stream"
        yield StoredFile(name, kind, stored.size, stored.checksum, stored.storage_key)
