"""Whether the mailbox's own server confirms who sent a message (Authentication-Results, RFC 8601).

Only the header that a server which we name put on top is believed: anybody can write one further down.
"""

import re

from ombud.mail.parse import ParsedMail
from ombud.people.addresses import as_stored

_FIELD = "authentication-results"
_RESULT = re.compile(r"\b(dmarc|dkim)\s*=\s*([a-z]+)([^;]*)", re.IGNORECASE)
_DKIM_DOMAIN = re.compile(r"\bheader\.(?:d|i)\s*=\s*(?:[^@\s;]*@)?([a-z0-9.-]+)", re.IGNORECASE)
_COMMENT = re.compile(r"\([^()]*\)")


def sender_verdict(mail: ParsedMail, trusted_authserv: str) -> bool | None:
    """Return True when the sender's domain is confirmed, False when it is denied, None when nobody says.

    Confirmed: DMARC passes, or a DKIM signature passes whose domain is the sender's or one above it. Without a
    trusted server nothing is confirmed.
    """
    if not trusted_authserv or mail.sender is None:
        return None
    field = next((value for name, value in mail.headers if name.lower() == _FIELD), "")
    server, _, results = _COMMENT.sub(" ", field).partition(";")
    # "mx.example.com 1": a version may follow the name
    if not server.split() or server.split()[0].lower() != trusted_authserv.lower():
        return None
    domain = as_stored(mail.sender.email).rpartition("@")[2].lower()
    found: list[tuple[str, str, str]] = [
        (kind.lower(), result.lower(), rest) for kind, result, rest in _RESULT.findall(results)
    ]
    dmarc = [result for kind, result, _ in found if kind == "dmarc"]
    if dmarc and dmarc[0] in ("pass", "fail"):
        return dmarc[0] == "pass"
    if any(kind == "dkim" and result == "pass" and _is_aligned(rest, domain) for kind, result, rest in found):
        return True
    return None


def _is_aligned(result: str, domain: str) -> bool:
    signer = _DKIM_DOMAIN.search(result)
    if signer is None:
        return False
    name = signer[1].lower().rstrip(".")
    return bool(name) and "." in name and (domain == name or domain.endswith("." + name))
