"""A letter as the bytes of a message: headers of ours, and MIME parts by the standard library.

Every line ends in CRLF, none is longer than 998 characters, and bodies are quoted-printable or base64: no text
holds a bare CR or LF that a server could take for the end of a message (SMTP smuggling).
"""

import hashlib
import re
from email.message import EmailMessage, MIMEPart
from email.policy import SMTP

from ombud.mail.compose import headers
from ombud.mail.compose.letter import Letter, Part
from ombud.mail.outgoing.rules import one_line

_TYPE = re.compile(r"[a-z0-9][a-z0-9.+-]{0,60}/[a-z0-9][a-z0-9.+-]{0,80}")
_NEVER_AS_SUCH = ("multipart/", "message/")
"""Types that the standard library would read as structure; they go as plain bytes."""


class Unsendable(ValueError):
    """A message that must not go out in this form: a defect of ours, never a matter of content."""


def build_message(letter: Letter) -> bytes:
    """Return the message, ready for SMTP but for the dots of RFC 5321, 4.5.2."""
    raw = (_head(letter) + _body(letter)).encode("ascii")
    _check(raw)
    return raw


def _head(letter: Letter) -> str:
    lines = [
        headers.date_header(letter.date),
        headers.people_header("From", [letter.sender]),
        headers.people_header("To", letter.to),
    ]
    if letter.cc:
        lines.append(headers.people_header("Cc", letter.cc))
    if letter.reply_to is not None:
        lines.append(headers.people_header("Reply-To", [letter.reply_to]))
    lines.append(headers.text_header("Subject", letter.subject))
    lines.append(headers.ids_header("Message-ID", [letter.message_id]))
    if letter.in_reply_to:
        lines.append(headers.ids_header("In-Reply-To", [letter.in_reply_to]))
    if letter.references:
        lines.append(headers.ids_header("References", letter.references))
    if letter.topic:
        # Older Outlook groups by it.
        lines.append(headers.text_header("Thread-Topic", letter.topic))
    if letter.is_automatic:
        lines.append(f"Auto-Submitted: auto-{'replied' if letter.in_reply_to else 'generated'}\r\n")
        # What Exchange asks for before it sends an out-of-office answer.
        lines.append("X-Auto-Response-Suppress: All\r\n")
    return "".join(lines)


def _body(letter: Letter) -> str:
    message = EmailMessage(policy=SMTP)
    message.set_content(_text(letter.text), subtype="plain", charset="utf-8", cte=_encoding(letter.text))
    message.add_alternative(_text(letter.html), subtype="html", charset="utf-8", cte=_encoding(letter.html))
    pictures = [part for part in letter.parts if part.content_id]
    payload = message.get_payload()
    html = payload[1] if isinstance(payload, list) else None
    if not isinstance(html, MIMEPart):
        raise Unsendable("no HTML part")
    for part in pictures:
        main, sub = _type(part)
        html.add_related(
            part.content,
            maintype=main,
            subtype=sub,
            cid=f"<{part.content_id}>",
            filename=_name(part),
            disposition="inline",
        )
    for part in letter.parts:
        if not part.content_id:
            main, sub = _type(part)
            message.add_attachment(part.content, maintype=main, subtype=sub, filename=_name(part))
    _name_boundaries(message, letter.message_id)
    return message.as_bytes().decode("ascii")


def _name_boundaries(message: EmailMessage, message_id: str) -> None:
    """Make boundaries of the Message-ID, so that a message made again after a crash is the same one.

    `=_` occurs in neither quoted-printable nor base64, so no content can end a part.
    """
    seed = hashlib.sha256(message_id.encode()).hexdigest()[:24]
    for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
        part.set_boundary(f"=_{seed}.{number}")


def _text(text: str) -> str:
    """Return text with LF line ends only and nothing that UTF-8 cannot say."""
    ends = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    return ends.encode("utf-8", "replace").decode("utf-8")


def _encoding(text: str) -> str:
    """Quoted-printable is readable for mostly Latin text; other scripts are shorter in base64."""
    sample = text[:10_000]
    return "base64" if sum(ord(char) > 127 for char in sample) * 4 > len(sample) else "quoted-printable"


def _type(part: Part) -> tuple[str, str]:
    kind = part.content_type.partition(";")[0].strip().lower()
    if not _TYPE.fullmatch(kind) or kind.startswith(_NEVER_AS_SUCH):
        kind = "application/octet-stream"
    main, _, sub = kind.partition("/")
    return main, sub


def _name(part: Part) -> str:
    return one_line(part.file_name, 150) or "attachment"


def _check(raw: bytes) -> None:
    if b"\0" in raw or raw.count(b"\r") != raw.count(b"\r\n") or raw.count(b"\n") != raw.count(b"\r\n"):
        raise Unsendable("a line does not end in CRLF")
    if any(len(line) > 998 for line in raw.split(b"\r\n")):
        raise Unsendable("a line is too long")
