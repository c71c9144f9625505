"""Connections that leave the house: to public addresses only, unless the operator names an internal one.

The name is resolved once, every address that it has is checked, and the connection goes to one that was checked:
a name that means something else a moment later changes nothing (TRUST.md T50). What goes wrong is said in words
that tell nothing about what answered inside.
"""

import ipaddress
import socket
import ssl
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ombud.errors import Unavailable

TIMEOUT = 15.0
ANSWER_LIMIT = 64 * 1024
_CARRIERS = tuple(
    ipaddress.IPv6Network(network)
    for network in ("::/96", "64:ff9b::/96", "64:ff9b:1::/48", "2001::/32", "2002::/16", "fec0::/10")
)
"""Networks whose addresses carry an IPv4 one that a gateway may hand on to the inside, or that are old and local."""


Resolve = Callable[..., Sequence[tuple[Any, ...]]]
"""What `socket.getaddrinfo` does."""


class Unreachable(Unavailable):
    """The other side did not take the connection, or it may not be talked to."""

    code = "unreachable"


class Guard:
    """Opens connections. `internal`: names, addresses or networks inside the house that may be reached."""

    def __init__(self, internal: Iterable[str] = (), *, resolve: Resolve = socket.getaddrinfo) -> None:
        self._resolve = resolve
        self._names: set[str] = set()
        self._networks: list[ipaddress.IPv4Network | ipaddress.IPv6Network] = []
        for entry in internal:
            try:
                self._networks.append(ipaddress.ip_network(entry.strip(), strict=False))
            except ValueError:
                self._names.add(entry.strip().lower())

    def connect(self, host: str, port: int, *, timeout: float = TIMEOUT) -> socket.socket:
        """Return a connected socket; Unreachable says why not."""
        last = "nothing answers there"
        for family, address in self.addresses(host, port):
            connection = socket.socket(family, socket.SOCK_STREAM)
            connection.settimeout(timeout)
            try:
                connection.connect(address)
            except TimeoutError:
                connection.close()
                last = f"no answer within {timeout:.0f} seconds"
            except OSError:
                connection.close()
            else:
                return connection
        raise Unreachable(f"{host}, port {port}: {last}.")

    def names(self, host: str) -> bool:
        """True when the operator allows this very name or address, or a network that the address is in."""
        if host.lower() in self._names:
            return True
        try:
            found = _plain(ipaddress.ip_address(host))
        except ValueError:
            return False
        return any(found.version == network.version and found in network for network in self._networks)

    def is_internal(self, host: str, port: int) -> bool:
        """True when a host is inside, and the operator allows it."""
        return all(not is_public(str(address[0])) for _, address in self.addresses(host, port))

    def addresses(self, host: str, port: int) -> list[tuple[int, tuple[Any, ...]]]:
        """Return the addresses of a host, every one of them checked; Unreachable when one may not be talked to."""
        try:
            found = self._resolve(host.encode("idna").decode(), port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise Unreachable(f"{host}: there is no server of that name.") from None
        if not all(self._is_allowed(host, str(entry[4][0])) for entry in found):
            raise Unreachable(
                f"{host} is inside this network. Whoever runs the desk can allow it: OMBUD_INTERNAL_HOSTS."
            )
        return [(entry[0], entry[4]) for entry in found]

    def _is_allowed(self, host: str, address: str) -> bool:
        found = _plain(ipaddress.ip_address(address.partition("%")[0]))
        return self.names(host) or self.names(str(found)) or is_public(address)


def is_public(address: str) -> bool:
    """True when an IP address is on the public Internet, whatever older form of IPv4 it carries."""
    found = _plain(ipaddress.ip_address(address.partition("%")[0]))
    if isinstance(found, ipaddress.IPv6Address) and any(found in network for network in _CARRIERS):
        return False
    return found.is_global and not found.is_multicast and not found.is_reserved


def _plain(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """Return the IPv4 address that an IPv6 one stands for on this machine, or the address itself."""
    return getattr(address, "ipv4_mapped", None) or address


def tls_context() -> ssl.SSLContext:
    """Return how the desk speaks TLS as a client: certificate and name verified, 1.2 or newer."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def said_of_tls(error: BaseException) -> str:
    """Return what is wrong with a server's TLS in words; empty when it is something else."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not valid for that name ({error.verify_message})"
    if isinstance(error, ssl.SSLError):
        return "it does not speak TLS on that port"
    return ""
