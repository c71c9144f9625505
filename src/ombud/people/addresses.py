"""Mail addresses and domains of people, as they are stored."""

import re
from collections.abc import Iterable
from unicodedata import is_normalized, normalize

from ombud.errors import Invalid
from ombud.kit.text import clean_line, is_all_seen

_ADDRESS = re.compile(r"[^\s@<>\"(),:;]+@[^\s@<>\"(),:;.]+(\.[^\s@<>\"(),:;.]+)*")
_LIMIT = 255
_LABEL = 63
"""Of a name in the DNS (RFC 1035)."""
_KEPT = "\u00df\u1e9e\u03c2"
"""Sharp s and final sigma: letters of their own since RFC 5891, which folding would make others of."""


def clean_email(email: str) -> str:
    """Return an address as stored: trimmed, one line; its form is checked by the database too.

    Whatever leads to the same mailbox is stored alike, so that nobody has two accounts by it (`as_stored`). What nobody
    sees is refused, and other widths before the @: two addresses would look the same.
    """
    address = clean_line("email", email, limit=_LIMIT)
    local, _, typed = address.rpartition("@")
    seen = _folded(typed)
    domain = _in_ascii(seen)
    if not (
        domain is not None
        and len(local) + len(domain) < _LIMIT
        and _ADDRESS.fullmatch(f"{local}@{seen}")
        and is_all_seen(local + seen)
        and is_normalized("NFKC", local)
    ):
        raise Invalid(fields={"email": "must be an address such as ann@example.com."})
    return f"{local}@{domain}"


def as_stored(email: str) -> str:
    """Return an address that somebody typed as it is stored, without asking whether it is one.

    Composed (some keyboards write accents apart), the domain in other widths folded as on its way to the name servers
    (RFC 5895), without the root's dot, and in ASCII (RFC 5891): `bücher.example` is `xn--bcher-kva.example`, and no
    two that look alike are one.
    """
    local, at, domain = normalize("NFC", email.strip()).rpartition("@")
    return f"{local}@{ascii_domain(domain) or domain}" if at else domain


def ascii_domain(domain: str) -> str | None:
    """Return a domain as the name servers know it; None for what cannot be a name there."""
    return _in_ascii(_folded(domain))


def clean_domains(domains: Iterable[str]) -> list[str]:
    """Return mail domains as stored: in ASCII, lower case, each once, in order; the database checks their form."""
    return list(dict.fromkeys(map(_clean_domain, domains)))


def _clean_domain(domain: str) -> str:
    cleaned = ascii_domain(clean_line("domain", domain, limit=_LIMIT))
    if cleaned is None:
        raise Invalid(fields={"domain": "must be a domain such as example.com."})
    return cleaned.lower()


def _folded(domain: str) -> str:
    return normalize("NFKC", domain).replace("\u3002", ".").removesuffix(".")


def _in_ascii(folded: str) -> str | None:
    if folded.isascii():
        return folded
    try:
        labels = [_label(one) for one in folded.split(".")]
    except UnicodeError:  # a lone half of a pair
        return None
    return ".".join(labels) if max(map(len, labels)) <= _LABEL else None


def _label(label: str) -> str:
    """Return a label as the DNS has it. ASCII ones stay as they are, so that a name keeps its capitals."""
    if label.isascii():
        return label
    if len(label) > _LABEL:
        raise UnicodeError("too long")  # and to encode takes the square of its length
    # Each letter by itself, as UTS 46 maps them: in a word Python makes two kinds of sigma of a capital one.
    small = "".join(letter.lower() if letter in _KEPT else letter.casefold() for letter in label)
    return "xn--" + normalize("NFKC", small).encode("punycode").decode("ascii")
