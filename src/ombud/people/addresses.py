"""Mail addresses and domains of people, as they are stored."""

import re
from collections.abc import Iterable
from unicodedata import is_normalized, normalize

from ombud.errors import Invalid
from ombud.kit.text import clean_line, is_all_seen

_ADDRESS = re.compile(r"[^\s@<>\"(),:;]+@[^\s@<>\"(),:;.]+(\.[^\s@<>\"(),:;.]+)*")


def clean_email(email: str) -> str:
    """Return an address as stored: trimmed, one line; its form is checked by the database too.

    Whatever leads to the same mailbox is stored alike, so that nobody has two accounts by it: a domain in other widths
    is folded as on its way to the name servers (RFC 5895), the root's dot goes. What nobody sees is refused, and other
    widths before the @: two addresses would look the same.
    """
    address = clean_line("email", email, limit=255)
    local, _, typed = address.rpartition("@")
    domain = _folded(typed)
    if not (
        _ADDRESS.fullmatch(f"{local}@{domain}")
        and is_all_seen(local + domain)
        and is_normalized("NFKC", local)
    ):
        raise Invalid(fields={"email": "must be an address such as ann@example.com."})
    return f"{local}@{domain}"


def clean_domains(domains: Iterable[str]) -> list[str]:
    """Return mail domains as stored: lower case, each once, in order; their form is checked by the database."""
    lines = (clean_line("domain", domain, limit=255) for domain in domains)
    return list(dict.fromkeys(_folded(line).lower() for line in lines))


def _folded(domain: str) -> str:
    return normalize("NFKC", domain).replace("\u3002", ".").removesuffix(".")
