"""Addresses that a request may leave the desk for, as far as their text tells: https, public, on a known port.

The client that asks them is `ombud.kit.http_guard`; it looks again at what a name means when it connects.
"""

import ipaddress
import socket
from urllib.parse import urlsplit

from ombud.errors import Invalid
from ombud.kit.guard import Guard, Unreachable, is_public

PORTS = frozenset({80, 443, 8080, 8443})
"""Ports of public servers; one inside that the operator allows may listen on any."""
URL_LIMIT = 2_000
FAILED = "The other side could not be reached."


def checked_url(field: str, url: str, guard: Guard) -> str:
    """Return an address that may be asked as far as its text tells; Invalid names `field` and the rule.

    Names are not looked up here: the answer may be another one when the connection is made.
    """
    rule = f"must be a public https address of at most {URL_LIMIT:,} characters, without user and fragment."
    if len(url) > URL_LIMIT or not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise Invalid(fields={field: rule})
    try:
        host_and_port(url, guard)
    except (Unreachable, ValueError):
        raise Invalid(fields={field: rule}) from None
    return url


def host_and_port(url: str, guard: Guard) -> tuple[str, int]:
    """Return host and port of an address whose text is in order; Unreachable otherwise."""
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    port = parts.port or (80 if parts.scheme == "http" else 443)
    is_ours = guard.names(host)
    plain_text = parts.scheme == "https" or (parts.scheme == "http" and is_ours)
    whole = bool(host) and parts.username is None and parts.password is None and not parts.fragment
    if not (plain_text and whole and (port in PORTS or is_ours)):
        raise Unreachable(FAILED)
    number = _number(host)
    if number and not is_ours and not is_public(number):
        raise Unreachable(FAILED)
    return host, port


def _number(host: str) -> str:
    """Return the IP address that a host is spelled as, octal and the like included; empty for a name."""
    try:
        return str(ipaddress.ip_address(host.partition("%")[0]))
    except ValueError:
        try:
            return socket.inet_ntoa(socket.inet_aton(host))
        except OSError:
            return ""
