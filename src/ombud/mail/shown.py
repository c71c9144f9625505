"""A message's HTML as a document for a frame that can do nothing: no script, no form, no request of its own.

The markup is sanitised when the message is read (`parse.html_clean`). Here inline pictures become `data:` addresses,
because a sandboxed frame has no session to fetch them with, and remote ones get their address back if somebody asked
for them. Both change the value of an attribute, to one of an alphabet that cannot end it.
"""

import html
import re
from base64 import b64encode

from ombud.mail.parse import ParsedMail
from ombud.mail.parse.model import Protection

PICTURE_BYTES = 5 * 2**20
"""The largest inline picture that is shown; larger ones are among the files."""
PICTURES_BYTES = 20 * 2**20
"""All inline pictures of a message together."""
_ATTACHED = re.compile(r'src="attachment:([0-9a-f]{64})"')
_REMOTE = re.compile(r'data-remote-src="((?:https?:)?//[^"]*)"', re.IGNORECASE)
_MAGIC = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
}
_PROTECTION = {
    Protection.SMIME_SIGNED: "Signed with S/MIME; the signature is not checked here.",
    Protection.SMIME_ENCRYPTED: "Encrypted with S/MIME: only the recipient's mail program can read it.",
    Protection.PGP_SIGNED: "Signed with PGP; the signature is not checked here.",
    Protection.PGP_ENCRYPTED: "Encrypted with PGP: only the recipient's mail program can read it.",
}
_STYLE = (
    ":root{color-scheme:light}body{margin:12px;background:#fff;color:#111;font:15px/1.5 system-ui,sans-serif;"
    "overflow-wrap:anywhere}img{max-width:100%;height:auto}pre{white-space:pre-wrap}"
    "blockquote{margin:0 0 0 4px;padding-left:12px;border-left:2px solid #ccc}"
)


def has_remote_pictures(mail: ParsedMail) -> bool:
    """True when the message shows pictures that its sender's server would be asked for."""
    return bool(mail.html and _REMOTE.search(mail.html))


def html_document(mail: ParsedMail, *, remote_pictures: bool = False) -> str:
    """Return the message's HTML as a whole document; remote pictures only when asked for.

    Links open in a window of their own that does not know where it came from.
    """
    body = _ATTACHED.sub(_Inline(mail), mail.html or "")
    if remote_pictures:
        body = _REMOTE.sub(_address, body)
    return (
        '<!doctype html><html><head><meta charset="utf-8"><base target="_blank">'
        f"<title>{html.escape(mail.subject)}</title><style>{_STYLE}</style></head><body>{body}</body></html>"
    )


def notes_on(mail: ParsedMail) -> list[str]:
    """Return what a reader should know about the message: how it is protected, and what in it is damaged."""
    found = [_PROTECTION[kind] for kind in mail.protection]
    if mail.has_calendar:
        found.append("An invitation to a calendar; it is among the files.")
    return [*found, *(f"{defect[:1].upper()}{defect[1:]}." for defect in mail.defects)]


class _Inline:
    """Gives each inline picture as data, while the total stays within bounds."""

    def __init__(self, mail: ParsedMail) -> None:
        self._files = {file.sha256: file for file in mail.attachments if file.size <= PICTURE_BYTES}
        self._left = PICTURES_BYTES

    def __call__(self, match: re.Match[str]) -> str:
        file = self._files.get(match[1])
        if file is None or file.size > self._left:
            return 'src=""'
        kind = _kind_of(content := file.content)
        if not kind:
            return 'src=""'
        self._left -= file.size
        return f'src="data:{kind};base64,{b64encode(content).decode()}"'


def _kind_of(content: bytes) -> str:
    """Name the format by the first bytes: what the sender calls it decides nothing."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for magic, kind in _MAGIC.items() if content.startswith(magic)), "")


def _address(match: re.Match[str]) -> str:
    address = match[1]
    return f'src="{"https:" if address.startswith("//") else ""}{address}"'
